#include <dynamigrate/http/server.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <httplib.h>

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

namespace dynamigrate::http {

namespace {

int local_port(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    }
    if (address.ss_family == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    }
    return 0;
}

/// cpp-httplib waits for idle clients to go away by themselves and does not tell their sockets:
/// they are the connected ones of this process at the server's port.
void shut_connections(int port) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 65'536));
    for (int fd = 0; fd < end; ++fd) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        if (local_port(fd) == port &&
            getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0) {
            shutdown(fd, SHUT_RDWR);
        }
    }
}

class HttplibServer final : public Server {
public:
    HttplibServer(const ServerOptions& options, Handler handler)
        : host_(options.host),
          handler_(std::move(handler)) {
        auto serve = [this](const httplib::Request& request, httplib::Response& response) {
            answer(request, response);
        };
        constexpr const char* kAny = ".*";
        server_.Get(kAny, serve).Post(kAny, serve).Put(kAny, serve).Delete(kAny, serve);
        server_.Patch(kAny, serve).Options(kAny, serve);
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_max_count(std::numeric_limits<std::size_t>::max());
        server_.set_keep_alive_timeout(60);
        server_.set_read_timeout(60);
        auto threads = static_cast<std::size_t>(options.threads);
        server_.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
        server_.set_socket_options([this](socket_t listening) {
            // Not SO_REUSEPORT, cpp-httplib's default: two servers would share a port unnoticed.
            int on = 1;
            setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            listening_ = listening;
        });
        bind(options.port);
        listener_ = std::jthread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) {
            std::this_thread::yield();
        }
    }

    ~HttplibServer() override { stop(); }

    int port() const override { return port_; }

    std::string origin() const override { return fmt::format("http://{}:{}", host_, port_); }

    void stop() override {
        if (listener_.joinable()) {
            server_.stop();
            shut_connections(port_);
            listener_.join();
        }
    }

private:
    void bind(int port) {
        port_ = port;
        bool bound = true;
        if (port == 0) {
            port_ = server_.bind_to_any_port(host_);
            bound = port_ > 0;
        } else {
            bound = server_.bind_to_port(host_, port);
        }
        if (!bound) {
            throw base::Error(
                base::ErrorKind::unavailable,
                fmt::format("cannot listen on {}:{}; is another program there?", host_, port));
        }
        ::listen(listening_, SOMAXCONN);  // cpp-httplib's own backlog is 5
    }

    void answer(const httplib::Request& request, httplib::Response& response) {
        auto header = [&request](const std::string& name) {
            return request.get_header_value(name);
        };
        ServedResponse served;
        handler_({request.method, request.target, request.body, header}, served);
        response.status = served.status;
        for (const Header& extra : served.headers) {
            response.set_header(extra.name, extra.value);
        }
        response.body = std::move(served.body);
        response.set_header("Content-Type", served.content_type);
    }

    std::string host_;
    Handler handler_;
    httplib::Server server_;
    int port_ = 0;
    int listening_ = -1;
    std::jthread listener_;
};

}  // namespace

std::unique_ptr<Server> make_server(const ServerOptions& options, Handler handler) {
    return std::make_unique<HttplibServer>(options, std::move(handler));
}

}  // namespace dynamigrate::http
