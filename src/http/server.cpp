#include <dynamigrate/http/server.hpp>

#include "server_connection.hpp"
#include "server_socket.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace dynamigrate::http {

namespace {

using std::chrono::milliseconds;
using Wants = Connection::Wants;

/// How long nobody is let in when there is no room and nobody can be shown out.
constexpr milliseconds kListeningPause{50};

/// A file descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int number) : number_(number) {
        if (number < 0) {
            throw base::Error(base::ErrorKind::unavailable,
                              "the server got no file descriptor; raise `ulimit -n`");
        }
    }
    ~Descriptor() { close(number_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number() const noexcept { return number_; }

private:
    int number_;
};

/// One thread watches the silent connections; as many others as are needed, up to the limit, take
/// those that became ready.
class SocketServer final : public Server {
public:
    SocketServer(const ServerOptions& options, Handler handler)
        : options_(options),
          handler_(std::move(handler)),
          listener_(options.host, options.port),
          events_(epoll_create1(EPOLL_CLOEXEC)),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        options_.max_connections = std::min(options.max_connections, descriptor_limit());
        watch_always(wake_.number(), kWake);
        watch_always(listener_.socket(), kListener);
        watcher_ = std::jthread([this] { watch(); });
    }

    ~SocketServer() override { stop(); }

    int port() const override { return listener_.port(); }
    std::string origin() const override;
    void stop() override;

private:
    using Id = std::uint64_t;
    static constexpr Id kListener = 0, kWake = 1;

    struct Client {
        Client(int socket, const ConnectionSurroundings& surroundings)
            : connection(socket, surroundings) {}
        Connection connection;
        bool is_parked = false;
    };

    static int descriptor_limit();
    void watch_always(int descriptor, Id id) const;
    void watch();
    void accept_clients();
    bool close_most_silent();
    void pause_listening();
    void resume_listening();
    void close_late();
    milliseconds tick();
    void park(Id id, Client& client, Wants wants);
    void enqueue(Id id);
    void measure_crowd();
    void work();
    Wants serve(Client& client) noexcept;
    void settle(Id id, Wants wants);

    ServerOptions options_;
    Handler handler_;
    ListeningSocket listener_;
    Descriptor events_, wake_;
    std::atomic<bool> is_crowded_ = false;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<std::size_t> received_ = 0;
    ConnectionSurroundings surroundings_{options_, handler_, is_crowded_, is_stopping_, received_};

    std::mutex mutex_;  // for all below
    std::condition_variable ready_;
    std::unordered_map<Id, Client> clients_;
    Id next_id_ = 2;
    std::deque<Id> queue_;  ///< clients that wait for a thread
    int free_workers_ = 0;
    bool is_listening_ = true;
    Connection::Time pause_end_{};
    std::vector<std::jthread> workers_;
    std::jthread watcher_;
};

int SocketServer::descriptor_limit() {
    constexpr rlim_t kForOthers = 64;
    constexpr rlim_t kMost = 1'000'000;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t usable = std::clamp<rlim_t>(limit.rlim_cur, 2 * kForOthers, kMost) - kForOthers;
    return static_cast<int>(usable);
}

std::string SocketServer::origin() const {
    std::string host = options_.host;
    if (host == "0.0.0.0" || host.empty()) {
        host = "127.0.0.1";
    } else if (host == "::") {
        host = "::1";
    }
    if (host.find(':') != std::string::npos) {
        host = "[" + host + "]";
    }
    return fmt::format("http://{}:{}", host, port());
}

void SocketServer::watch_always(int descriptor, Id id) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    epoll_ctl(events_.number(), EPOLL_CTL_ADD, descriptor, &event);
}

void SocketServer::stop() {
    if (!watcher_.joinable()) {
        return;
    }
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
        std::erase_if(clients_, [](const auto& entry) { return entry.second.is_parked; });
        for (auto& [id, client] : clients_) {
            shutdown(client.connection.socket(), SHUT_RD);
        }
        ready_.notify_all();
    }
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(wake_.number(), &one, sizeof one);
    watcher_.join();
    workers_.clear();
    clients_.clear();
    listener_.close();
}

void SocketServer::watch() {
    std::array<epoll_event, 64> events{};
    while (true) {
        int timeout = static_cast<int>(tick().count());
        int count = epoll_wait(events_.number(), events.data(), events.size(), timeout);
        std::lock_guard lock(mutex_);
        if (is_stopping_) {
            return;
        }
        for (int i = 0; i < count; ++i) {
            Id id = events.at(static_cast<std::size_t>(i)).data.u64;
            if (id == kListener) {
                accept_clients();
            } else if (clients_.contains(id)) {
                clients_.at(id).is_parked = false;
                enqueue(id);
            }
        }
        close_late();
    }
}

/// How long the watcher may sleep before it must look at deadlines again.
milliseconds SocketServer::tick() {
    std::lock_guard lock(mutex_);
    if (clients_.empty() && is_listening_) {
        return milliseconds(-1);
    }
    milliseconds shortest = std::min({options_.idle_timeout, options_.request_timeout,
                                      options_.answer_timeout, milliseconds(4'000)});
    return is_listening_ ? std::max(shortest / 4, milliseconds(5)) : kListeningPause;
}

void SocketServer::accept_clients() {
    constexpr int kAtOnce = 64;
    for (int i = 0; i < kAtOnce; ++i) {
        int socket = listener_.accept();
        if (socket < 0) {
            bool is_short = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
            if (is_short && !close_most_silent()) {
                pause_listening();
            }
            return;
        }
        bool is_full = clients_.size() >= static_cast<std::size_t>(options_.max_connections);
        bool has_room = !is_full || close_most_silent();
        Id id = next_id_++;
        Client& client = clients_.try_emplace(id, socket, surroundings_).first->second;
        watch_always(socket, id);
        park(id, client, Wants::input);
        if (!has_room) {
            return pause_listening();
        }
    }
}

/// Makes room: of those that no answer is under way to, idle ones go first.
bool SocketServer::close_most_silent() {
    auto chosen = clients_.end();
    auto rank = [](const Client& client) {
        return std::pair(!client.connection.is_idle(), client.connection.deadline());
    };
    for (auto client = clients_.begin(); client != clients_.end(); ++client) {
        bool may_go = client->second.is_parked && client->second.connection.is_listening();
        if (may_go && (chosen == clients_.end() || rank(client->second) < rank(chosen->second))) {
            chosen = client;
        }
    }
    if (chosen == clients_.end()) {
        return false;
    }
    clients_.erase(chosen);
    return true;
}

void SocketServer::pause_listening() {
    epoll_ctl(events_.number(), EPOLL_CTL_DEL, listener_.socket(), nullptr);
    is_listening_ = false;
    pause_end_ = std::chrono::steady_clock::now() + kListeningPause;
}

void SocketServer::resume_listening() {
    is_listening_ = true;
    watch_always(listener_.socket(), kListener);
}

void SocketServer::close_late() {
    auto now = std::chrono::steady_clock::now();
    std::erase_if(clients_, [now](const auto& entry) {
        return entry.second.is_parked && entry.second.connection.deadline() < now;
    });
    if (!is_listening_ && now >= pause_end_) {
        resume_listening();
    }
}

void SocketServer::park(Id id, Client& client, Wants wants) {
    epoll_event event{};
    event.events = (wants == Wants::output ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT;
    event.data.u64 = id;
    client.is_parked = true;
    epoll_ctl(events_.number(), EPOLL_CTL_MOD, client.connection.socket(), &event);
}

void SocketServer::enqueue(Id id) {
    queue_.push_back(id);
    if (queue_.size() > static_cast<std::size_t>(free_workers_) &&
        workers_.size() < static_cast<std::size_t>(options_.threads)) {
        try {
            workers_.emplace_back([this] { work(); });
        } catch (const std::system_error&) {
            // The system has no more threads: the ones there are go on.
        }
    }
    measure_crowd();
    ready_.notify_one();
}

void SocketServer::measure_crowd() {
    is_crowded_ = queue_.size() > static_cast<std::size_t>(free_workers_) &&
                  workers_.size() >= static_cast<std::size_t>(options_.threads);
}

void SocketServer::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++free_workers_;
        ready_.wait(lock, [this] { return !queue_.empty() || is_stopping_; });
        --free_workers_;
        if (is_stopping_) {
            return;
        }
        Id id = queue_.front();
        queue_.pop_front();
        measure_crowd();
        Client& client = clients_.at(id);
        lock.unlock();
        Wants wants = serve(client);
        lock.lock();
        settle(id, wants);
    }
}

Wants SocketServer::serve(Client& client) noexcept {
    try {
        return client.connection.go_on();
    } catch (...) {
        return Wants::nothing;  // no memory for this client: the others shall not suffer
    }
}

void SocketServer::settle(Id id, Wants wants) {
    if (wants == Wants::nothing || is_stopping_) {
        clients_.erase(id);
    } else if (wants == Wants::turn) {
        enqueue(id);
    } else {
        park(id, clients_.at(id), wants);
    }
}

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options, Handler handler) {
    return std::make_unique<SocketServer>(options, std::move(handler));
}

}  // namespace dynamigrate::http
