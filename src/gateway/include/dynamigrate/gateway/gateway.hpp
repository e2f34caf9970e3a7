#pragma once

#include <dynamigrate/aws/verification.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::gateway {

struct GatewayOptions {
    std::string host = "127.0.0.1";
    int port = 0;  ///< 0: a free one is chosen
    /// Who may call. Empty: everybody on this machine, signatures are not looked at.
    std::vector<aws::AccessKey> access_keys;
    std::size_t max_request_bytes = 16 << 20;  ///< of a body, also when unpacked
    int threads = 64;                          ///< calls answered at once; further ones wait
};

/// Serves a Service over HTTP as DynamoDB's SDKs expect it: JSON 1.0, error documents, checksums,
/// request ids, signatures, gzip, and CORS for pages that may ask.
///
/// Without access keys only this machine's own programs and pages are answered: a page of another
/// site gets nothing, neither across origins nor by a host name that it made point here.
/// The service's answers pass unchanged; an Error becomes the document of the nearest DynamoDB
/// error, its `service_body` where it has one.
/// Owns: its threads; the destructor stops and joins them. The references must outlive it.
class Gateway {
public:
    /// Begins to serve.
    /// Errors: failed_precondition for a host that other machines reach, without access keys;
    ///         unavailable when the address cannot be bound.
    Gateway(dynamodb::Service& service, const GatewayOptions& options, base::Clock& clock,
            base::Random& random, base::Log& log);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;

    int port() const;
    /// Where clients on this machine reach it: "http://127.0.0.1:8000".
    std::string origin() const;
    /// Cancels the calls under way and returns when none runs any more.
    void stop();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// A new key that nobody can guess, for a child process that shall be let in.
aws::AccessKey make_access_key(base::Random& random);

}  // namespace dynamigrate::gateway
