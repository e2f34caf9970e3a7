#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::http {

struct Header {
    std::string name;
    std::string value;
};

/// One request. Reused from call to call, so that its buffers are.
struct Request {
    std::string method = "GET";
    std::string url;  ///< http or https, path and query already percent-encoded
    std::vector<Header> headers;
    std::string_view body;  ///< must live until `send` returns
    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds timeout{60'000};  ///< for the whole exchange, connecting included
    std::stop_token stop;
};

/// One answer. Reused from call to call, so that its buffers are.
struct Response {
    int status = 0;
    std::string body;

    /// The value of the first header of this name (given in lower case).
    std::optional<std::string_view> header(std::string_view name) const;
    /// Makes it ready for the next call and keeps the buffers.
    void clear();
    /// Records a header; for clients and their replacements in tests.
    void add_header(std::string_view name, std::string_view value);

private:
    std::string head_;  ///< "name:value\n" lines, names in lower case
};

/// Sends HTTP requests.
///
/// Threads: any number at once, each with its own Request and Response.
class Client {
public:
    virtual ~Client() = default;

    /// Sends the request once and reads the whole answer, whatever its status.
    ///
    /// Ensures: the body goes out at most once; a request without body may be resent when a reused
    ///          connection turns out to be dead. Redirects are not followed.
    /// Errors:  unavailable (no connection, broken transfer, timeout; a timeout has service code
    ///          "RequestTimeout"); failed_precondition when the server's certificate is not
    ///          trusted; invalid_argument for a bad URL. `may_have_applied()` is true from
    ///          the first byte of the request on.
    /// Cancel:  cancelled within milliseconds, with the same `may_have_applied()`.
    virtual void send(const Request& request, Response& response) = 0;
};

struct ClientOptions {
    std::string ca_bundle;  ///< a PEM file; empty: libcurl's
    std::string user_agent = "dynamigrate";
    bool has_proxies = true;  ///< false: goes there directly, whatever the environment says
};

/// A client on libcurl: one connection for each request under way, kept alive and reused.
/// Proxies are those of the environment, as libcurl reads it.
std::unique_ptr<Client> make_curl_client(ClientOptions options = {});

}  // namespace dynamigrate::http
