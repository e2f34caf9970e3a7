#include "server_connection.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <iterator>

namespace dynamigrate::http {

namespace {

/// How long a thread stays with a client that is likely to ask again at once.
constexpr suseconds_t kLingerMicroseconds = 8'000;
/// How long the rest of a refused request is read, so that its sender sees the answer.
constexpr std::chrono::milliseconds kDrainTime{5'000};
constexpr std::size_t kKeptBytes = 64 * 1024;

std::string_view phrase(int status) noexcept {
    switch (status) {
        case 200:
            return "OK";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 413:
            return "Content Too Large";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        default:
            return "Status";
    }
}

bool would_block() noexcept { return errno == EAGAIN || errno == EINTR; }

void clear(ServedResponse& response) {
    response.status = 200;
    response.content_type.assign("application/json");
    response.headers.clear();
    if (response.body.capacity() > kKeptBytes) {
        response.body = {};
    }
    response.body.clear();
}

}  // namespace

Connection::Connection(int socket, const ConnectionSurroundings& surroundings)
    : socket_(socket),
      surroundings_(surroundings),
      reader_(surroundings.options.max_body_bytes) {
    int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    timeval linger{0, kLingerMicroseconds};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &linger, sizeof linger);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &linger, sizeof linger);
    set_deadline(surroundings.options.request_timeout);
}

Connection::~Connection() {
    surroundings_.received -= counted_;
    close(socket_);
}

void Connection::count_received() {
    surroundings_.received += reader_.size() - counted_;
    counted_ = reader_.size();
}

void Connection::set_deadline(std::chrono::milliseconds from_now) {
    deadline_ = std::chrono::steady_clock::now() + from_now;
}

Connection::Wants Connection::go_on() {
    while (true) {
        Step step = place_ == Place::receiving ? receive()
                    : place_ == Place::sending ? send()
                                               : drain();
        switch (step) {
            case Step::again:
                break;
            case Step::input:
                return Wants::input;
            case Step::output:
                return Wants::output;
            case Step::turn:
                return Wants::turn;
            case Step::nothing:
                return Wants::nothing;
        }
    }
}

Connection::Step Connection::receive() {
    switch (reader_.advance()) {
        case RequestReader::Progress::complete:
            answer();
            return Step::again;
        case RequestReader::Progress::refused:
            refuse_request(reader_.status(), reader_.reason());
            return Step::again;
        case RequestReader::Progress::incomplete:
            break;
    }
    if (!is_in_request_ && !reader_.is_empty()) {
        is_in_request_ = true;
        set_deadline(surroundings_.options.request_timeout);
    }
    if (reader_.take_expectation()) {
        constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        ::send(socket_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    return read_more();
}

int Connection::linger_flag() const noexcept {
    return surroundings_.is_crowded.load(std::memory_order_relaxed) ? MSG_DONTWAIT : 0;
}

Connection::Step Connection::read_more() {
    std::array<char, 64 * 1024> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    ssize_t count = recv(socket_, bytes.data(), bytes.size(), linger_flag());
    if (count > 0) {
        reader_.append({bytes.data(), static_cast<std::size_t>(count)});
        count_received();
        if (surroundings_.received.load() > surroundings_.options.max_received_bytes) {
            refuse_request(503, "too many large requests at once");
            return Step::again;
        }
        bool is_late = is_in_request_ && std::chrono::steady_clock::now() > deadline_;
        return is_late ? Step::nothing : Step::again;
    }
    return count < 0 && would_block() ? Step::input : Step::nothing;
}

void Connection::answer() {
    is_last_ = !reader_.keeps_alive();
    clear(response_);
    try {
        surroundings_.handler(reader_.request(), response_);
        place_ = Place::sending;
        compose_head();
    } catch (...) {
        // The connection has nobody to tell but its client, who learns no more than that.
        answer_refusal(500, "this request could not be answered");
    }
    reader_.next();
    count_received();
}

/// Answers a request of which bytes may still be coming.
void Connection::refuse_request(int status, std::string_view reason) {
    is_refused_ = true;
    answer_refusal(status, reason);
    reader_.discard();
    count_received();
}

void Connection::answer_refusal(int status, std::string_view reason) {
    is_last_ = is_last_ || is_refused_;
    clear(response_);
    response_.status = status;
    if (surroundings_.options.refuse) {
        surroundings_.options.refuse(reason, response_);
    } else {
        response_.content_type = "text/plain";
        response_.body.append(reason).push_back('\n');
    }
    place_ = Place::sending;
    compose_head();
}

void Connection::compose_head() {
    is_last_ = is_last_ || surroundings_.is_stopping.load(std::memory_order_relaxed);
    head_.clear();
    auto out = std::back_inserter(head_);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n",
                   response_.status, phrase(response_.status), response_.content_type,
                   response_.body.size());
    for (const Header& header : response_.headers) {
        head_.append(header.name).append(": ").append(header.value).append("\r\n");
    }
    head_.append(is_last_ ? "Connection: close\r\n\r\n" : "\r\n");
    if (reader_.is_head_request()) {
        response_.body.clear();
    }
    sent_ = 0;
    set_deadline(surroundings_.options.answer_timeout);
}

Connection::Step Connection::send() {
    while (sent_ < head_.size() + response_.body.size()) {
        std::string_view head = std::string_view(head_).substr(std::min(sent_, head_.size()));
        std::size_t body_sent = sent_ > head_.size() ? sent_ - head_.size() : 0;
        std::string_view body = std::string_view(response_.body).substr(body_sent);
        iovec parts[] = {{const_cast<char*>(head.data()), head.size()},
                         {const_cast<char*>(body.data()), body.size()}};
        msghdr message{};
        message.msg_iov = parts;
        message.msg_iovlen = 2;
        ssize_t count = sendmsg(socket_, &message, MSG_NOSIGNAL | linger_flag());
        if (count < 0) {
            return would_block() ? Step::output : Step::nothing;
        }
        sent_ += static_cast<std::size_t>(count);
        set_deadline(surroundings_.options.answer_timeout);
    }
    return finish_answer();
}

Connection::Step Connection::finish_answer() {
    if (is_last_) {
        shutdown(socket_, SHUT_WR);
        place_ = Place::draining;
        set_deadline(kDrainTime);
        return is_refused_ ? Step::again : Step::nothing;
    }
    place_ = Place::receiving;
    is_in_request_ = false;
    set_deadline(surroundings_.options.idle_timeout);
    if (surroundings_.is_stopping.load(std::memory_order_relaxed)) {
        return Step::nothing;
    }
    if (surroundings_.is_crowded.load(std::memory_order_relaxed)) {
        return reader_.is_empty() ? Step::input : Step::turn;
    }
    return Step::again;
}

Connection::Step Connection::drain() {
    std::array<char, 64 * 1024> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    ssize_t count = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && would_block()) {
        return Step::input;
    }
    bool is_over = count <= 0 || std::chrono::steady_clock::now() > deadline_;
    return is_over ? Step::nothing : Step::turn;
}

}  // namespace dynamigrate::http
