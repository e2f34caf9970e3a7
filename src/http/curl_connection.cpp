#include "curl_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>

namespace dynamigrate::http {

namespace {

/// Pages of a scan have a megabyte.
constexpr long kReceiveBuffer = 128 * 1024;

/// libcurl's setter takes any type through an ellipsis: this keeps the call sites short.
template <class T>
void set(CURL* easy, CURLoption option, T value) {
    CURLcode code = curl_easy_setopt(easy, option, value);
    if (code != CURLE_OK) {
        throw base::Error(base::ErrorKind::internal,
                          fmt::format("libcurl refuses option {}: {}", static_cast<int>(option),
                                      curl_easy_strerror(code)));
    }
}

base::ErrorKind kind_of(CURLcode code) {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return base::ErrorKind::invalid_argument;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
            return base::ErrorKind::failed_precondition;
        default:
            return base::ErrorKind::unavailable;
    }
}

bool is_content_type(const Header& header) {
    return curl_strequal(header.name.c_str(), "content-type") != 0;
}

/// Makes room for the whole body at once, and for the bytes that a JSON reader wants behind it.
void reserve_body(Response& response) {
    constexpr std::size_t kSpare = 64;
    constexpr std::size_t kMost = 64 * 1024 * 1024;
    std::string_view text = response.header("content-length").value_or("");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    if (length > 0 && length < kMost) {
        response.body.reserve(length + kSpare);
    }
}

std::string_view without_line_end(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    return line;
}

}  // namespace

CurlConnection::CurlConnection(const ClientOptions& options)
    : multi_(curl_multi_init()),
      easy_(curl_easy_init()) {
    if (!multi_ || !easy_) {
        throw std::bad_alloc();
    }
    set_constant_options(options);
}

void CurlConnection::set_constant_options(const ClientOptions& options) {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    set(easy, CURLOPT_ERRORBUFFER, reason_);
    set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(easy, CURLOPT_BUFFERSIZE, kReceiveBuffer);
    set(easy, CURLOPT_READFUNCTION, &CurlConnection::on_body_wanted);
    set(easy, CURLOPT_READDATA, static_cast<void*>(this));
    set(easy, CURLOPT_PREREQFUNCTION, &CurlConnection::on_sending);
    set(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
    set(easy, CURLOPT_HEADERFUNCTION, &CurlConnection::on_header);
    set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
    set(easy, CURLOPT_WRITEFUNCTION, &CurlConnection::on_body);
    set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
    if (!options.ca_bundle.empty()) {
        set(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
    }
}

void CurlConnection::send(const Request& request, Response& response) {
    response.clear();
    response_ = &response;
    body_left_ = request.body;
    may_send_again_ = request.body.empty();
    head_is_complete_ = false;
    reason_[0] = '\0';
    set_url(request.url);
    set_method(request);
    set_timeouts(request);
    set_headers(request.headers);
    std::optional<CURLcode> result = transfer(request.stop);
    if (!result) {
        throw base::Error(base::ErrorKind::cancelled, "stopped")
            .may_have_applied(may_have_applied());
    }
    if (*result != CURLE_OK) {
        throw failure(*result, request);
    }
    if (!head_is_complete_) {  // which libcurl takes for an answer
        throw failure(CURLE_PARTIAL_FILE, request);
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
}

void CurlConnection::set_url(const std::string& url) {
    if (url != url_) {
        set(easy_.get(), CURLOPT_URL, url.c_str());
        url_ = url;
    }
}

void CurlConnection::set_method(const Request& request) {
    CURL* easy = easy_.get();
    if (request.method != method_) {
        method_.clear();
        set(easy, CURLOPT_HTTPGET, 1L);
        set(easy, CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
        if (request.method == "POST") {
            set(easy, CURLOPT_POST, 1L);
        } else if (request.method == "PUT") {
            set(easy, CURLOPT_UPLOAD, 1L);
        } else if (request.method == "HEAD") {
            set(easy, CURLOPT_NOBODY, 1L);
        } else if (request.method != "GET") {
            set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
        method_ = request.method;
    }
    auto size = static_cast<curl_off_t>(request.body.size());
    if (method_ == "POST") {
        set(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
        set(easy, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    } else if (method_ == "PUT") {
        set(easy, CURLOPT_INFILESIZE_LARGE, size);
    } else if (size != 0) {
        throw base::Error(base::ErrorKind::internal, "a body needs method POST or PUT");
    }
}

void CurlConnection::set_timeouts(const Request& request) {
    if (request.connect_timeout != connect_timeout_) {
        set(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS,
            static_cast<long>(request.connect_timeout.count()));
        connect_timeout_ = request.connect_timeout;
    }
    if (request.timeout != timeout_) {
        set(easy_.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
        timeout_ = request.timeout;
    }
}

void CurlConnection::set_headers(const std::vector<Header>& headers) {
    header_text_.clear();
    header_offsets_.clear();
    auto begin_line = [this] { header_offsets_.push_back(header_text_.size()); };
    for (const Header& header : headers) {
        begin_line();
        // "Name;" is how libcurl is told to send a header without value.
        header_text_.append(header.name).append(header.value.empty() ? ";" : ": ");
        header_text_.append(header.value).push_back('\0');
    }
    // Without these lines libcurl sends such headers of its own.
    begin_line();
    header_text_.append("Expect:").push_back('\0');
    if (std::ranges::none_of(headers, is_content_type)) {
        begin_line();
        header_text_.append("Content-Type:").push_back('\0');
    }
    header_nodes_.resize(header_offsets_.size());
    for (std::size_t i = 0; i < header_nodes_.size(); ++i) {
        header_nodes_[i].data = header_text_.data() + header_offsets_[i];
        header_nodes_[i].next = i + 1 < header_nodes_.size() ? &header_nodes_[i + 1] : nullptr;
    }
    set(easy_.get(), CURLOPT_HTTPHEADER, header_nodes_.data());
}

std::optional<CURLcode> CurlConnection::transfer(std::stop_token stop) {
    CURLM* multi = multi_.get();
    if (curl_multi_add_handle(multi, easy_.get()) != CURLM_OK) {
        throw std::bad_alloc();
    }
    struct Removal {
        CURLM* multi;
        CURL* easy;
        ~Removal() { curl_multi_remove_handle(multi, easy); }
    } removal{multi, easy_.get()};
    std::stop_callback wake(stop, [multi] { curl_multi_wakeup(multi); });
    int running = 1;
    while (!stop.stop_requested()) {
        CURLMcode code = curl_multi_perform(multi, &running);
        if (code != CURLM_OK) {
            return CURLE_FAILED_INIT;
        }
        if (running == 0) {
            int left = 0;
            CURLMsg* message = curl_multi_info_read(multi, &left);
            return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
        }
        curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    return std::nullopt;
}

bool CurlConnection::may_have_applied() const {
    long sent = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

base::Error CurlConnection::failure(CURLcode code, const Request& request) const {
    const char* reason = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
    std::string message = fmt::format("{} {}: {}", request.method,
                                      request.url.substr(0, request.url.find('?')), reason);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        message = fmt::format("{} {}: the server closed the connection without an answer",
                              request.method, request.url.substr(0, request.url.find('?')));
    }
    auto error =
        base::Error(kind_of(code), std::move(message)).may_have_applied(may_have_applied());
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return std::move(error).service_code("RequestTimeout");
    }
    return error;
}

std::size_t CurlConnection::on_body_wanted(char* place, std::size_t size, std::size_t count,
                                           void* self) {
    auto* me = static_cast<CurlConnection*>(self);
    std::size_t length = std::min(size * count, me->body_left_.size());
    if (length != 0) {
        std::memcpy(place, me->body_left_.data(), length);
        me->body_left_.remove_prefix(length);
    }
    return length;
}

int CurlConnection::on_sending(void* self, char*, char*, int, int) {
    // When a reused connection dies libcurl sends the request again by itself: that is not its to
    // decide once a byte of the request has gone out.
    auto* me = static_cast<CurlConnection*>(self);
    return me->may_send_again_ || !me->may_have_applied() ? CURL_PREREQFUNC_OK
                                                          : CURL_PREREQFUNC_ABORT;
}

std::size_t CurlConnection::on_header(char* line, std::size_t size, std::size_t count, void* self) {
    auto* me = static_cast<CurlConnection*>(self);
    std::string_view text = without_line_end({line, size * count});
    if (text.starts_with("HTTP/")) {
        me->response_->clear();
        me->head_is_complete_ = false;
    } else if (text.empty()) {
        me->head_is_complete_ = true;
        reserve_body(*me->response_);
    } else if (std::size_t colon = text.find(':'); colon != text.npos) {
        std::string_view value = text.substr(colon + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        me->response_->add_header(text.substr(0, colon), value);
    }
    return size * count;
}

std::size_t CurlConnection::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    static_cast<CurlConnection*>(self)->response_->body.append(bytes, size * count);
    return size * count;
}

}  // namespace dynamigrate::http
