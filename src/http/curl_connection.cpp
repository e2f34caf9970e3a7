#include "curl_connection.hpp"

#include "message_syntax.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <new>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace dynamigrate::http {

namespace {

constexpr std::size_t kReceiveBuffer = 128 * 1024;  ///< pages of a scan have a megabyte
constexpr std::size_t kSentWithHead = 64 * 1024;    ///< bodies up to this go out in one call
/// Routers and balancers forget silent connections without telling.
constexpr std::chrono::seconds kIdleLimit{60};

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

std::string describe(const Request& request, std::string_view reason) {
    return fmt::format("{} {}: {}", request.method, request.url.substr(0, request.url.find('?')),
                       reason);
}

bool has_header(const Request& request, std::string_view name) {
    return std::ranges::any_of(
        request.headers, [name](const Header& header) { return is_same_name(header.name, name); });
}

/// Errors: invalid_argument for what would end the line early.
void append_header(std::string& head, std::string_view name, std::string_view value) {
    if (!is_token(name) || std::ranges::any_of(value, is_control)) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          fmt::format("the header '{}' cannot be sent: it holds a character that "
                                      "no header may hold",
                                      is_token(name) ? name : "?"));
    }
    head.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

WakeUp::WakeUp() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ < 0) {
        throw std::system_error(errno, std::generic_category(), "eventfd");
    }
}

WakeUp::~WakeUp() { ::close(descriptor_); }

void WakeUp::ring() const noexcept {
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = ::write(descriptor_, &one, sizeof one);
}

void WakeUp::silence() const noexcept {
    std::uint64_t rings = 0;
    [[maybe_unused]] ssize_t taken = ::read(descriptor_, &rings, sizeof rings);
}

CurlConnection::CurlConnection(const ClientOptions& options)
    : multi_(curl_multi_init()),
      easy_(curl_easy_init()),
      user_agent_(options.user_agent),
      received_(kReceiveBuffer) {
    if (!multi_ || !easy_) {
        throw std::bad_alloc();
    }
    set_constant_options(options);
}

CurlConnection::~CurlConnection() { close(); }

void CurlConnection::set_constant_options(const ClientOptions& options) {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_CONNECT_ONLY, 1L);
    set(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_TCP_NODELAY, 1L);
    set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
    set(easy, CURLOPT_ERRORBUFFER, reason_);
    if (!options.has_proxies) {
        set(easy, CURLOPT_PROXY, "");
    }
    if (!options.ca_bundle.empty()) {
        set(easy, CURLOPT_CAINFO, options.ca_bundle.c_str());
    }
}

void CurlConnection::send(const Request& request, Response& response) {
    response.clear();
    has_sent_ = false;
    reason_[0] = '\0';
    if (request.stop.stop_requested()) {
        throw base::Error(base::ErrorKind::cancelled, "stopped");
    }
    if (request.url != url_text_) {
        url_ = parse_url(request.url);
        origin_ = url_.origin();
        url_text_ = request.url;
    }
    write_head(request);
    bool rang = false;
    try {
        std::stop_callback ring(request.stop, [&] {
            rang = true;
            wake_up_.ring();
        });
        exchange(request, response);
    } catch (...) {
        close();
        wake_up_.silence();
        throw;
    }
    if (rang) {
        wake_up_.silence();
    }
}

void CurlConnection::write_head(const Request& request) {
    head_.clear();
    head_.append(request.method).append(" ").append(url_.path);
    if (!url_.query.empty()) {
        head_.append("?").append(url_.query);
    }
    head_.append(" HTTP/1.1\r\n");
    if (!has_header(request, "host")) {
        append_header(head_, "Host", url_.authority());
    }
    if (!has_header(request, "user-agent")) {
        append_header(head_, "User-Agent", user_agent_);
    }
    if (!has_header(request, "accept")) {
        append_header(head_, "Accept", "*/*");
    }
    for (const Header& header : request.headers) {
        append_header(head_, header.name, header.value);
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        append_header(head_, "Content-Length", std::to_string(request.body.size()));
    }
    head_.append("\r\n");
}

void CurlConnection::exchange(const Request& request, Response& response) {
    Moment now = std::chrono::steady_clock::now();
    deadline_ = now + request.timeout;
    bool is_reused = is_usable(now);
    if (!is_reused) {
        connect(request);
    }
    bool in_one = request.body.size() <= kSentWithHead;
    if (in_one) {
        head_.append(request.body);
    }
    while (true) {
        ResponseReader reader(response, request.method == "HEAD");
        answer_begins_ = false;
        try {
            send_bytes(head_, request);
            if (!in_one) {
                send_bytes(request.body, request);
            }
            receive(reader, request);
        } catch (const base::Error& error) {
            bool is_dead = is_reused && !reader.has_begun() && request.body.empty() &&
                           error.kind() == base::ErrorKind::unavailable &&
                           error.service_code() != "RequestTimeout";
            if (!is_dead) {
                throw;
            }
            is_reused = false;
            connect(request);
            continue;
        }
        last_use_ = now;
        if (!reader.keeps_alive() || answer_begins_) {
            close();
        }
        return;
    }
}

bool CurlConnection::is_usable(Moment now) const {
    if (connected_origin_ != origin_ || now - last_use_ > kIdleLimit) {
        return false;
    }
    // What can be read now is the end of the connection, or an answer to nothing.
    pollfd wanted{socket_, POLLIN, 0};
    return ::poll(&wanted, 1, 0) == 0;
}

void CurlConnection::connect(const Request& request) {
    close();
    CURL* easy = easy_.get();
    set(easy, CURLOPT_URL, origin_.c_str());
    set(easy, CURLOPT_CONNECTTIMEOUT_MS,
        static_cast<long>(std::min(request.connect_timeout, request.timeout).count()));
    if (curl_multi_add_handle(multi_.get(), easy) != CURLM_OK) {
        throw std::bad_alloc();
    }
    std::optional<CURLcode> result = wait_until_connected(request.stop);
    if (!result || *result != CURLE_OK) {
        curl_multi_remove_handle(multi_.get(), easy);
        if (!result) {
            throw base::Error(base::ErrorKind::cancelled, "stopped").may_have_applied(has_sent_);
        }
        throw failure(*result, request);
    }
    connected_origin_ = origin_;
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &socket);
    socket_ = static_cast<int>(socket);
}

std::optional<CURLcode> CurlConnection::wait_until_connected(std::stop_token stop) {
    int running = 1;
    while (!stop.stop_requested()) {
        if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
            return CURLE_FAILED_INIT;
        }
        if (running == 0) {
            int left = 0;
            CURLMsg* message = curl_multi_info_read(multi_.get(), &left);
            return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
        }
        curl_waitfd ring{wake_up_.descriptor(), CURL_WAIT_POLLIN, 0};
        curl_multi_poll(multi_.get(), &ring, 1, 1000, nullptr);
    }
    return std::nullopt;
}

void CurlConnection::close() noexcept {
    if (!connected_origin_.empty()) {
        curl_multi_remove_handle(multi_.get(), easy_.get());
        connected_origin_.clear();
        socket_ = -1;
    }
}

void CurlConnection::send_bytes(std::string_view bytes, const Request& request) {
    while (!bytes.empty() && !answer_begins_) {
        std::size_t sent = 0;
        CURLcode code = curl_easy_send(easy_.get(), bytes.data(), bytes.size(), &sent);
        if (code == CURLE_AGAIN) {
            // Over TLS, what comes now may be no answer.
            wait_for(url_.scheme == "http" ? POLLIN | POLLOUT : POLLOUT, request);
        } else if (code != CURLE_OK) {
            throw failure(code, request);
        }
        has_sent_ = has_sent_ || sent > 0;
        bytes.remove_prefix(sent);
    }
}

void CurlConnection::receive(ResponseReader& reader, const Request& request) {
    auto progress = ResponseReader::Progress::incomplete;
    wait_for(POLLIN, request);
    while (progress == ResponseReader::Progress::incomplete) {
        std::size_t count = 0;
        CURLcode code = curl_easy_recv(easy_.get(), received_.data(), received_.size(), &count);
        if (code == CURLE_AGAIN) {
            wait_for(POLLIN, request);
        } else if (code != CURLE_OK) {
            throw failure(code, request);
        } else {
            progress = count > 0 ? reader.append({received_.data(), count}) : reader.end();
        }
    }
    if (progress == ResponseReader::Progress::malformed) {
        throw failure(reader.reason(), request);
    }
}

void CurlConnection::wait_for(short events, const Request& request) {
    while (true) {
        auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ -
                                                                 std::chrono::steady_clock::now());
        pollfd wanted[] = {{socket_, events, 0}, {wake_up_.descriptor(), POLLIN, 0}};
        int ready = left.count() > 0 ? ::poll(wanted, 2, static_cast<int>(left.count())) : 0;
        if (ready < 0 && errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "poll");
        }
        if (ready == 0) {
            throw failure(fmt::format("no answer within {} ms", request.timeout.count()), request)
                .service_code("RequestTimeout");
        }
        if (ready > 0 && wanted[1].revents != 0) {
            throw base::Error(base::ErrorKind::cancelled, "stopped").may_have_applied(has_sent_);
        }
        if (ready > 0) {
            answer_begins_ = (events & POLLOUT) != 0 && (wanted[0].revents & POLLIN) != 0;
            return;
        }
    }
}

base::Error CurlConnection::failure(CURLcode code, const Request& request) const {
    const char* reason = reason_[0] != '\0' ? reason_ : curl_easy_strerror(code);
    auto error = base::Error(kind_of(code), describe(request, reason)).may_have_applied(has_sent_);
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return std::move(error).service_code("RequestTimeout");
    }
    return error;
}

base::Error CurlConnection::failure(std::string_view reason, const Request& request) const {
    return base::Error(base::ErrorKind::unavailable, describe(request, reason))
        .may_have_applied(has_sent_);
}

}  // namespace dynamigrate::http
