#include "response_reader.hpp"

#include "message_syntax.hpp"

#include <algorithm>

namespace dynamigrate::http {

namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr std::uint64_t kMostReserved = 64 * 1024 * 1024;
constexpr std::size_t kSpare = 64;  ///< that a JSON reader wants behind the body
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

ResponseReader::Progress ResponseReader::refuse(std::string_view reason) {
    reason_ = reason;
    keeps_alive_ = false;
    return Progress::malformed;
}

ResponseReader::Progress ResponseReader::append(std::string_view bytes) {
    while (!bytes.empty() && place_ != Place::end && reason_.empty()) {
        switch (place_) {
            case Place::head:
                if (take_until(bytes, kHeadEnd) && parse_head()) {
                    line_.clear();
                }
                break;
            case Place::sized_body:
            case Place::chunk:
                read_part(bytes);
                break;
            case Place::open_body:
                response_.body.append(bytes);
                bytes = {};
                break;
            default:
                if (take_until(bytes, kLineEnd) && read_chunk_line()) {
                    line_.clear();
                }
        }
    }
    if (!reason_.empty()) {
        return Progress::malformed;
    }
    keeps_alive_ = keeps_alive_ && bytes.empty();  // an answer to nothing would follow
    return place_ == Place::end ? Progress::complete : Progress::incomplete;
}

ResponseReader::Progress ResponseReader::end() {
    keeps_alive_ = false;
    if (place_ == Place::open_body || place_ == Place::end) {
        return Progress::complete;
    }
    return refuse(has_begun() ? "the server closed the connection in the middle of its answer"
                              : "the server closed the connection without an answer");
}

bool ResponseReader::take_until(std::string_view& bytes, std::string_view end) {
    std::size_t seen = line_.size() - std::min(line_.size(), end.size() - 1);
    std::size_t before = line_.size();
    line_.append(bytes.substr(0, kMaxHeadBytes));
    std::size_t found = line_.find(end, seen);
    if (found == line_.npos) {
        bytes = {};
        if (line_.size() >= kMaxHeadBytes) {
            refuse("the head of the answer is larger than 64 KB");
        }
        return false;
    }
    bytes.remove_prefix(found + end.size() - before);
    line_.resize(found);
    return true;
}

bool ResponseReader::parse_head() {
    std::string_view rest = line_;
    bool is_first = true;
    while (!rest.empty()) {
        std::size_t end = std::min(rest.find(kLineEnd), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + kLineEnd.size(), rest.size()));
        if (!(is_first ? parse_status_line(line) : parse_header(line))) {
            return false;
        }
        is_first = false;
    }
    if (response_.status >= 100 && response_.status < 200) {  // not yet the answer
        response_.clear();
        return true;
    }
    return choose_body();
}

bool ResponseReader::parse_status_line(std::string_view line) {
    std::optional<std::uint64_t> status =
        line.size() >= 12 ? parse_number(line.substr(9, 3), 10) : std::nullopt;
    bool is_http = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    if (!is_http || !status || *status < 100 || (line.size() > 12 && line[12] != ' ')) {
        refuse("the answer is not one of HTTP/1.1");
        return false;
    }
    response_.clear();
    response_.status = static_cast<int>(*status);
    keeps_alive_ = line[7] == '1';
    return true;
}

bool ResponseReader::parse_header(std::string_view line) {
    std::size_t colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon)) ||
        std::ranges::any_of(line, is_control)) {
        refuse("a header of the answer is malformed");
        return false;
    }
    response_.add_header(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    return true;
}

bool ResponseReader::choose_body() {
    auto header = [this](std::string_view name) { return response_.header(name).value_or(""); };
    std::string_view coding = header("transfer-encoding");
    std::optional<std::string_view> length = response_.header("content-length");
    keeps_alive_ = keeps_alive_ && !lists(header("connection"), "close");
    if (answers_head_ || response_.status == 204 || response_.status == 304) {
        place_ = Place::end;
    } else if (is_same_name(coding, "chunked")) {
        place_ = Place::chunk_size;
    } else if (!coding.empty()) {
        refuse("the answer comes in a transfer encoding other than chunked");
        return false;
    } else if (!length) {
        place_ = Place::open_body;
        keeps_alive_ = false;
    } else if (std::optional<std::uint64_t> number = parse_number(*length, 10)) {
        left_ = *number;
        response_.body.reserve(std::min(left_, kMostReserved) + kSpare);
        place_ = left_ == 0 ? Place::end : Place::sized_body;
    } else {
        refuse("the length of the answer is no number");
        return false;
    }
    return true;
}

void ResponseReader::read_part(std::string_view& bytes) {
    std::size_t taken = std::min<std::uint64_t>(left_, bytes.size());
    response_.body.append(bytes.substr(0, taken));
    bytes.remove_prefix(taken);
    left_ -= taken;
    if (left_ == 0) {
        place_ = place_ == Place::chunk ? Place::chunk_end : Place::end;
    }
}

bool ResponseReader::read_chunk_line() {
    std::string_view line = line_;
    if (place_ == Place::trailers) {
        place_ = line.empty() ? Place::end : Place::trailers;
        return true;
    }
    if (place_ == Place::chunk_end) {
        place_ = Place::chunk_size;
        if (!line.empty()) {
            refuse("a chunk of the answer is malformed");
        }
        return line.empty();
    }
    std::optional<std::uint64_t> size = parse_number(trimmed(line.substr(0, line.find(';'))), 16);
    if (!size) {
        refuse("a chunk of the answer is malformed");
        return false;
    }
    left_ = *size;
    place_ = left_ == 0 ? Place::trailers : Place::chunk;
    return true;
}

}  // namespace dynamigrate::http
