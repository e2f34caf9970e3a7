#include "server_socket.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace dynamigrate::http {

namespace {

[[noreturn]] void fail(const std::string& host, int port, std::string_view reason) {
    throw base::Error(base::ErrorKind::unavailable,
                      fmt::format("cannot listen on {}:{}: {}; give a host of this machine and a "
                                  "port that no other program uses",
                                  host, port, reason));
}

int listen_at(const addrinfo& address) noexcept {
    int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) {
        return -1;
    }
    int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(socket, address.ai_addr, address.ai_addrlen) != 0 || listen(socket, SOMAXCONN) != 0) {
        int reason = errno;
        close(socket);
        errno = reason;
        return -1;
    }
    return socket;
}

int bound_port(int socket) noexcept {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
    return address.ss_family == AF_INET6
               ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
               : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

ListeningSocket::ListeningSocket(const std::string& host, int port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* first = nullptr;
    int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &first);
    if (failure != 0) {
        fail(host, port, gai_strerror(failure));
    }
    std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(first, &freeaddrinfo);
    for (const addrinfo* address = first; address && socket_ < 0; address = address->ai_next) {
        socket_ = listen_at(*address);
    }
    if (socket_ < 0) {
        fail(host, port, std::strerror(errno));
    }
    port_ = bound_port(socket_);
}

void ListeningSocket::close() noexcept {
    if (socket_ >= 0) {
        ::close(socket_);
        socket_ = -1;
    }
}

int ListeningSocket::accept() const noexcept {
    return accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
}

}  // namespace dynamigrate::http
