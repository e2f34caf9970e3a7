#pragma once

#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::http {

/// A header as it was received.
struct ServedHeader {
    std::string_view name;
    std::string_view value;
};

/// A request as a server sees it; valid during the handler's call.
struct ServedRequest {
    std::string_view method;
    std::string_view target;  ///< path and query, as sent
    std::string_view body;
    std::span<const ServedHeader> headers;

    /// The first value of the header (case does not matter), or "".
    std::string header(std::string_view name) const;
};

/// An answer. Content-Length and, where it is due, Connection are added.
struct ServedResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<Header> headers;
    std::string body;
};

/// Answers one request. Called from many threads at once; an exception becomes status 500.
using Handler = std::function<void(const ServedRequest& request, ServedResponse& response)>;

/// Words the answer to a request that no handler sees, because it is malformed (400, 501, 505), too
/// large (413, 431) or one too many (503), or whose handler threw (500). The status is set.
using Refuser = std::function<void(std::string_view reason, ServedResponse& response)>;

struct ServerOptions {
    std::string host = "127.0.0.1";
    int port = 0;               ///< 0: a free one is chosen
    int threads = 64;           ///< requests answered at once; further ones wait
    int max_connections = 900;  ///< beyond it the one that is silent for longest is closed
    std::size_t max_body_bytes = std::numeric_limits<std::size_t>::max();
    std::size_t max_received_bytes = 512 << 20;       ///< of all requests not yet answered together
    std::chrono::milliseconds idle_timeout{300'000};  ///< between requests
    std::chrono::milliseconds request_timeout{60'000};  ///< from a request's first byte to its last
    std::chrono::milliseconds answer_timeout{60'000};   ///< for a client that does not read on
    Refuser refuse = {};                                ///< empty: the reason as plain text
};

/// Serves HTTP/1.1, connections kept alive.
///
/// A thread is taken by a request that has arrived whole, never by a connection that is silent, sends
/// slowly or does not read its answer; such a one is closed when its time is over.
/// Owns: its threads; the destructor stops and joins them.
class Server {
public:
    virtual ~Server() = default;
    virtual int port() const = 0;
    /// "http://127.0.0.1:8000"; where it listens on all addresses, the loopback one.
    virtual std::string origin() const = 0;
    /// Closes the connections, those whose handler runs once it is done, and returns then.
    virtual void stop() = 0;
};

/// Begins to serve. Errors: unavailable when the address cannot be bound.
std::unique_ptr<Server> make_server(const ServerOptions& options, Handler handler);

}  // namespace dynamigrate::http
