#pragma once

#include <string>

namespace dynamigrate::http {

/// A socket that listens without blocking; closes itself.
class ListeningSocket {
public:
    /// Errors: unavailable when the address cannot be bound.
    ListeningSocket(const std::string& host, int port);
    ~ListeningSocket() { close(); }
    ListeningSocket(const ListeningSocket&) = delete;
    ListeningSocket& operator=(const ListeningSocket&) = delete;

    int socket() const noexcept { return socket_; }
    int port() const noexcept { return port_; }
    /// The next client's socket, or -1 with errno.
    int accept() const noexcept;
    /// Refuses clients from now on.
    void close() noexcept;

private:
    int socket_ = -1;
    int port_ = 0;
};

}  // namespace dynamigrate::http
