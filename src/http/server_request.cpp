#include "server_request.hpp"

#include "message_syntax.hpp"

#include <algorithm>
#include <charconv>

namespace dynamigrate::http {

namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr std::size_t kMaxChunkLine = 1024;
constexpr std::size_t kKeptBytes = 64 * 1024;  ///< that a silent connection's buffers may hold
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

std::string ServedRequest::header(std::string_view name) const {
    auto found = std::ranges::find_if(
        headers, [name](const ServedHeader& header) { return is_same_name(header.name, name); });
    return found == headers.end() ? std::string() : std::string(found->value);
}

RequestReader::Progress RequestReader::refuse(int status, std::string_view reason) {
    status_ = status;
    reason_ = reason;
    return Progress::refused;
}

RequestReader::Progress RequestReader::advance() {
    bool moved = true;
    while (moved && place_ != Place::end && status_ == 0) {
        switch (place_) {
            case Place::head:
                moved = read_head();
                break;
            case Place::sized_body:
                moved = read_sized_body();
                break;
            case Place::chunk_size:
                moved = read_chunk_size();
                break;
            case Place::chunk:
                moved = read_chunk();
                break;
            case Place::chunk_end:
                moved = read_chunk_end();
                break;
            case Place::trailers:
                moved = read_trailers();
                break;
            case Place::end:
                break;
        }
    }
    if (status_ != 0) {
        return Progress::refused;
    }
    return place_ == Place::end ? Progress::complete : Progress::incomplete;
}

void RequestReader::next() {
    if (!is_chunked_) {
        position_ += length_;
    }
    compact();
    place_ = Place::head;
    length_ = 0;
    is_chunked_ = false;
    expects_continue_ = false;
    headers_.clear();
    chunks_.clear();
    for (std::string* buffer : {&bytes_, &chunks_}) {
        if (buffer->capacity() > kKeptBytes && buffer->size() <= kKeptBytes) {
            buffer->shrink_to_fit();
        }
    }
}

/// Drops what has been looked at, once that is worth moving the rest.
void RequestReader::compact() {
    if (position_ == bytes_.size() || position_ >= kKeptBytes) {
        bytes_.erase(0, position_);
        position_ = 0;
    }
}

void RequestReader::discard() {
    bytes_ = {};
    chunks_ = {};
    position_ = 0;
}

ServedRequest RequestReader::request() const {
    std::string_view body = is_chunked_ ? std::string_view(chunks_)
                                        : std::string_view(bytes_).substr(position_, length_);
    return {method_, target_, body, headers_};
}

bool RequestReader::take_expectation() {
    bool is_open = expects_continue_ && place_ != Place::head && place_ != Place::end;
    expects_continue_ = false;
    return is_open;
}

bool RequestReader::read_head() {
    // Empty lines before a request are to be ignored.
    while (bytes_.compare(position_, 2, kLineEnd) == 0) {
        position_ += 2;
    }
    compact();
    std::size_t end = bytes_.find(kHeadEnd, position_);
    if (std::min(end, bytes_.size()) - position_ > kMaxHeadBytes) {
        refuse(431, "the head of the request is larger than 64 KB");
        return true;
    }
    if (end == bytes_.npos) {
        return false;
    }
    head_.assign(bytes_, position_, end + 2 - position_);
    position_ = end + kHeadEnd.size();
    return parse_head() && choose_body();
}

bool RequestReader::parse_head() {
    std::string_view rest = head_;
    bool is_first = true;
    headers_.clear();
    while (!rest.empty()) {
        std::size_t end = rest.find(kLineEnd);
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end + kLineEnd.size());
        if (!(is_first ? parse_request_line(line) : parse_header(line))) {
            return false;
        }
        is_first = false;
    }
    return true;
}

bool RequestReader::parse_request_line(std::string_view line) {
    std::size_t first = line.find(' ');
    std::size_t last = line.rfind(' ');
    std::string_view version = last == line.npos ? "" : line.substr(last + 1);
    if (first == last || !version.starts_with("HTTP/")) {
        refuse(400, "the first line is not that of an HTTP request");
        return false;
    }
    method_ = line.substr(0, first);
    target_ = line.substr(first + 1, last - first - 1);
    bool is_plain = std::ranges::none_of(target_, [](char c) { return is_control(c) || c == ' '; });
    if (!is_token(method_) || !is_plain || target_.empty()) {
        refuse(400, "the first line is not that of an HTTP request");
        return false;
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        refuse(505, "only HTTP/1.1 is spoken here");
        return false;
    }
    keeps_alive_ = version == "HTTP/1.1";
    return true;
}

bool RequestReader::parse_header(std::string_view line) {
    std::size_t colon = line.find(':');
    std::string_view name = line.substr(0, colon);
    if (colon == line.npos || !is_token(name) || std::ranges::any_of(line, is_control)) {
        refuse(400, "a header is malformed");
        return false;
    }
    headers_.push_back({name, trimmed(line.substr(colon + 1))});
    return true;
}

bool RequestReader::choose_body() {
    std::optional<std::string_view> length, coding, host;
    for (const ServedHeader& header : headers_) {
        auto once = [&](std::optional<std::string_view>& value) {
            bool is_repeated = value.has_value() && *value != header.value;
            value = header.value;
            return !is_repeated;
        };
        bool is_consistent = true;
        if (is_same_name(header.name, "content-length")) {
            is_consistent = once(length);
        } else if (is_same_name(header.name, "transfer-encoding")) {
            is_consistent = once(coding);
        } else if (is_same_name(header.name, "host")) {
            is_consistent = once(host);
        } else if (is_same_name(header.name, "connection")) {
            keeps_alive_ = keeps_alive_ && !lists(header.value, "close");
        } else if (is_same_name(header.name, "expect")) {
            expects_continue_ = is_same_name(header.value, "100-continue");
        }
        if (!is_consistent) {
            refuse(400, "a header that may occur once occurs twice");
            return false;
        }
    }
    std::optional<std::uint64_t> number = parse_number(length.value_or("0"), 10);
    if (!number || (length && coding) || (!host && keeps_alive_)) {
        refuse(400,
               host ? "Content-Length is malformed or doubtful" : "the header Host is missing");
        return false;
    }
    is_chunked_ = coding.has_value();
    if (is_chunked_ && !is_same_name(*coding, "chunked")) {
        refuse(501, "of transfer encodings only chunked is understood");
        return false;
    }
    length_ = *number;
    if (length_ > max_body_bytes_) {
        refuse(413, "the body is too large");
        return false;
    }
    place_ = is_chunked_ ? Place::chunk_size : Place::sized_body;
    return true;
}

bool RequestReader::read_sized_body() {
    if (bytes_.size() - position_ < length_) {
        constexpr std::uint64_t kReserved = 1 << 20;  // no memory on mere announcement
        bytes_.reserve(position_ + std::min(length_, kReserved));
        return false;
    }
    place_ = Place::end;
    return true;
}

std::optional<std::string_view> RequestReader::take_line(std::size_t limit) {
    std::size_t end = bytes_.find(kLineEnd, position_);
    std::size_t length =
        end == bytes_.npos ? bytes_.size() - position_ - bytes_.ends_with('\r') : end - position_;
    if (length > limit && bytes_.size() > position_) {
        refuse(400, "a chunk of the body is malformed");
        return std::nullopt;
    }
    if (end == bytes_.npos) {
        return std::nullopt;
    }
    std::string_view line = std::string_view(bytes_).substr(position_, end - position_);
    position_ = end + kLineEnd.size();
    return line;
}

bool RequestReader::read_chunk_size() {
    std::optional<std::string_view> line = take_line(kMaxChunkLine);
    if (!line) {
        return false;
    }
    std::optional<std::uint64_t> size = parse_number(trimmed(line->substr(0, line->find(';'))), 16);
    if (!size) {
        refuse(400, "a chunk of the body is malformed");
        return false;
    }
    if (*size > max_body_bytes_ - chunks_.size()) {
        refuse(413, "the body is too large");
        return false;
    }
    length_ = *size;
    place_ = length_ == 0 ? Place::trailers : Place::chunk;
    trailers_begin_ = position_;
    return true;
}

bool RequestReader::read_chunk() {
    std::size_t taken = std::min<std::uint64_t>(length_, bytes_.size() - position_);
    chunks_.append(bytes_, position_, taken);
    position_ += taken;
    length_ -= taken;
    compact();
    if (length_ > 0) {
        return false;
    }
    place_ = Place::chunk_end;
    return true;
}

bool RequestReader::read_chunk_end() {
    std::optional<std::string_view> line = take_line(0);
    if (!line) {
        return false;
    }
    place_ = Place::chunk_size;
    return true;
}

bool RequestReader::read_trailers() {
    std::optional<std::string_view> line = take_line(kMaxHeadBytes);
    if (!line) {
        return false;
    }
    if (position_ - trailers_begin_ > kMaxHeadBytes) {
        refuse(431, "the trailers of the request are larger than 64 KB");
    }
    place_ = line->empty() ? Place::end : Place::trailers;
    return true;
}

}  // namespace dynamigrate::http
