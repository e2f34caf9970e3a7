#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dynamigrate::http::testing {

/// What befalls one request.
struct Fault {
    enum class Kind {
        none,             ///< passes
        drop,             ///< read, not forwarded, connection closed
        reset,            ///< read, not forwarded, connection reset
        answer,           ///< not forwarded; `status` and `body` are the answer
        lose_answer,      ///< forwarded; the answer is swallowed and the connection closed
        reset_answer,     ///< forwarded; the answer is swallowed and the connection reset
        truncate_answer,  ///< forwarded; half of the answer, then the connection is closed
        replace_answer,   ///< forwarded; `status` and `body` instead of the answer
    };
    Kind kind = Kind::none;
    int status = 500;
    std::string body = R"({"__type":"com.amazon.coral.service#InternalServerError","message":""})";
    std::chrono::milliseconds delay{0};  ///< before anything is done with the request
};

/// Throttling as DynamoDB answers it.
Fault throttle();

/// Chooses the fault of the n-th request, counted from 1 over all connections. Any thread.
using FaultPlan = std::function<Fault(std::uint64_t n)>;

/// A proxy for HTTP/1.1 between a client and a server, which breaks what its plan says.
///
/// Requests and answers need a Content-Length or no body (answers may also be chunked).
/// Owns: its threads and connections; the destructor ends them.
class FaultProxy {
public:
    /// Listens on a free port of 127.0.0.1.
    FaultProxy(std::string host, int port, FaultPlan plan);
    ~FaultProxy();
    FaultProxy(const FaultProxy&) = delete;
    FaultProxy& operator=(const FaultProxy&) = delete;

    int port() const;
    std::string origin() const;
    std::uint64_t requests() const;     ///< received from clients
    std::uint64_t forwarded() const;    ///< handed to the server
    std::uint64_t connections() const;  ///< accepted from clients

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::http::testing
