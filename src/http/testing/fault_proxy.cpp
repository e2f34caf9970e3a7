#include <dynamigrate/http/testing/fault_proxy.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace dynamigrate::http::testing {

namespace {

/// A connected TCP socket.
class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {
        int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(fd_); }

    bool send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// Reads one message: head, and a body by Content-Length or chunks; nothing at the end.
    std::optional<std::string> read_message() {
        std::size_t head_end = 0;
        while ((head_end = pending_.find("\r\n\r\n")) == pending_.npos) {
            if (!read_more()) {
                return std::nullopt;
            }
        }
        std::string head = pending_.substr(0, head_end + 4);
        std::ranges::transform(head, head.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        std::optional<std::size_t> end = head.find("transfer-encoding: chunked") != head.npos
                                             ? end_of_chunks(head.size())
                                             : end_of_body(head);
        if (!end) {
            return std::nullopt;
        }
        std::string message = pending_.substr(0, *end);
        pending_.erase(0, *end);
        return message;
    }

    void shut() { ::shutdown(fd_, SHUT_RDWR); }

    /// Makes the close that follows a reset.
    void reset_on_close() {
        linger hard{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }

private:
    bool read_more() {
        char bytes[16'384];
        ssize_t length = ::recv(fd_, bytes, sizeof bytes, 0);
        if (length > 0) {
            pending_.append(bytes, static_cast<std::size_t>(length));
        }
        return length > 0;
    }

    bool read_until(std::size_t size) {
        while (pending_.size() < size) {
            if (!read_more()) {
                return false;
            }
        }
        return true;
    }

    std::optional<std::size_t> end_of_body(const std::string& head) {
        constexpr std::string_view kName = "\r\ncontent-length:";
        std::size_t at = head.find(kName);
        std::size_t length = at == head.npos ? 0 : std::stoul(head.substr(at + kName.size()));
        return read_until(head.size() + length) ? std::optional(head.size() + length)
                                                : std::nullopt;
    }

    std::optional<std::size_t> end_of_chunks(std::size_t at) {
        while (true) {
            std::size_t line_end = 0;
            while ((line_end = pending_.find("\r\n", at)) == pending_.npos) {
                if (!read_more()) {
                    return std::nullopt;
                }
            }
            std::size_t size = std::stoul(pending_.substr(at, line_end - at), nullptr, 16);
            at = line_end + 2 + size + 2;
            if (!read_until(at)) {
                return std::nullopt;
            }
            if (size == 0) {
                return at;
            }
        }
    }

    int fd_;
    std::string pending_;
};

std::unique_ptr<Socket> connect_to(const std::string& host, int port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return nullptr;
    }
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
    for (addrinfo* address = found; address != nullptr; address = address->ai_next) {
        int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0) {
            return std::make_unique<Socket>(fd);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return nullptr;
}

std::string answer_text(const Fault& fault) {
    return fmt::format(
        "HTTP/1.1 {} Fault\r\nContent-Type: application/x-amz-json-1.0\r\n"
        "Content-Length: {}\r\n\r\n{}",
        fault.status, fault.body.size(), fault.body);
}

bool is_forwarded(Fault::Kind kind) {
    return kind != Fault::Kind::drop && kind != Fault::Kind::reset && kind != Fault::Kind::answer;
}

}  // namespace

Fault throttle() {
    return {
        Fault::Kind::answer,
        400,
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",)"
        R"("message":"The level of configured provisioned throughput for the table was exceeded."})",
        {}};
}

struct FaultProxy::State {
    struct Pair {
        std::mutex mutex;
        std::unique_ptr<Socket> client, server;
        std::jthread thread;
    };

    std::string host;
    int upstream_port = 0;
    FaultPlan plan;
    int listener = -1;
    int port = 0;
    std::atomic<std::uint64_t> requests{0}, forwarded{0}, connections{0};
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::vector<std::unique_ptr<Pair>> pairs;
    std::jthread acceptor;

    void listen_on_free_port() {
        listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* place = reinterpret_cast<sockaddr*>(&address);
        if (listener < 0 || bind(listener, place, length) != 0 || listen(listener, 128) != 0 ||
            getsockname(listener, place, &length) != 0) {
            throw base::Error(base::ErrorKind::unavailable, "the fault proxy cannot listen");
        }
        port = ntohs(address.sin_port);
    }

    void accept_all(std::stop_token stop) {
        while (!stop.stop_requested()) {
            int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            ++connections;
            auto pair = std::make_unique<Pair>();
            pair->client = std::make_unique<Socket>(fd);
            std::lock_guard lock(mutex);
            pair->thread = std::jthread([this, p = pair.get()](std::stop_token end) {
                while (!end.stop_requested() && pass_one(*p, end)) {}
                std::lock_guard closing(p->mutex);
                p->client.reset();
                p->server.reset();
            });
            pairs.push_back(std::move(pair));
        }
    }

    /// Handles one request; false when the connection is over.
    bool pass_one(Pair& pair, std::stop_token stop) {
        std::optional<std::string> request = pair.client->read_message();
        if (!request) {
            return false;
        }
        Fault fault = plan(++requests);
        if (fault.delay.count() > 0) {
            std::unique_lock lock(mutex);
            stopped.wait_for(lock, stop, fault.delay, [] { return false; });
        }
        std::string answer;
        if (is_forwarded(fault.kind)) {
            std::optional<std::string> real = forward(pair, *request, stop);
            if (!real) {
                return false;
            }
            answer = std::move(*real);
        }
        return deliver(*pair.client, fault, answer);
    }

    std::optional<std::string> forward(Pair& pair, const std::string& request,
                                       const std::stop_token& stop) {
        for (int attempt = 0; attempt < 2 && !stop.stop_requested(); ++attempt) {
            bool fresh = pair.server == nullptr;
            if (fresh) {
                auto server = connect_to(host, upstream_port);
                std::lock_guard lock(pair.mutex);
                pair.server = std::move(server);
            }
            if (pair.server == nullptr || !pair.server->send_all(request)) {
                std::lock_guard lock(pair.mutex);
                pair.server.reset();
                continue;
            }
            ++forwarded;
            return pair.server->read_message();
        }
        return std::nullopt;
    }

    static bool deliver(Socket& client, const Fault& fault, const std::string& answer) {
        switch (fault.kind) {
            case Fault::Kind::none:
                return client.send_all(answer);
            case Fault::Kind::answer:
            case Fault::Kind::replace_answer:
                return client.send_all(answer_text(fault));
            case Fault::Kind::truncate_answer:
                client.send_all(std::string_view(answer).substr(0, answer.size() / 2));
                return false;
            case Fault::Kind::reset:
            case Fault::Kind::reset_answer:
                client.reset_on_close();
                return false;
            case Fault::Kind::drop:
            case Fault::Kind::lose_answer:
                return false;
        }
        return false;
    }

    void end() {
        acceptor.request_stop();
        ::shutdown(listener, SHUT_RDWR);
        acceptor.join();
        for (auto& pair : pairs) {
            pair->thread.request_stop();
            std::lock_guard lock(pair->mutex);
            for (auto* socket : {pair->client.get(), pair->server.get()}) {
                if (socket != nullptr) {
                    socket->shut();
                }
            }
        }
        pairs.clear();
        close(listener);
    }
};

FaultProxy::FaultProxy(std::string host, int port, FaultPlan plan)
    : state_(std::make_unique<State>()) {
    state_->host = std::move(host);
    state_->upstream_port = port;
    state_->plan = std::move(plan);
    state_->listen_on_free_port();
    state_->acceptor =
        std::jthread([state = state_.get()](std::stop_token stop) { state->accept_all(stop); });
}

FaultProxy::~FaultProxy() { state_->end(); }

int FaultProxy::port() const { return state_->port; }
std::string FaultProxy::origin() const { return fmt::format("http://127.0.0.1:{}", port()); }
std::uint64_t FaultProxy::requests() const { return state_->requests; }
std::uint64_t FaultProxy::forwarded() const { return state_->forwarded; }
std::uint64_t FaultProxy::connections() const { return state_->connections; }

}  // namespace dynamigrate::http::testing
