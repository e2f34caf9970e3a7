#pragma once

#include <dynamigrate/http/client.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::http {

/// A request as a server sees it; valid during the handler's call.
struct ServedRequest {
    std::string_view method;
    std::string_view target;  ///< path and query, as sent
    std::string_view body;
    /// The first value of the header (case does not matter), or "".
    std::function<std::string(const std::string& name)> header;
};

struct ServedResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<Header> headers;
    std::string body;
};

/// Answers one request. Called from many threads at once; an exception becomes status 500.
using Handler = std::function<void(const ServedRequest& request, ServedResponse& response)>;

struct ServerOptions {
    std::string host = "127.0.0.1";
    int port = 0;      ///< 0: a free one is chosen
    int threads = 64;  ///< connections served at once; further ones wait
};

/// Serves HTTP/1.1 with connections kept alive without a count limit.
///
/// Owns: its threads; the destructor stops and joins them.
class Server {
public:
    virtual ~Server() = default;
    virtual int port() const = 0;
    /// "http://127.0.0.1:8000"
    virtual std::string origin() const = 0;
    /// Ends the handlers' connections and returns when no handler runs any more.
    virtual void stop() = 0;
};

/// Begins to serve. Errors: unavailable when the address cannot be bound.
std::unique_ptr<Server> make_server(const ServerOptions& options, Handler handler);

}  // namespace dynamigrate::http
