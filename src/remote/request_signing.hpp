#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/http/url.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynamigrate::remote {

/// Signs the requests of one endpoint by the server's clock, as far as its answers told it.
///
/// Threads: any.
class RequestSigner {
public:
    RequestSigner(const std::string& url, const std::string& region, const base::Clock& clock);

    /// Fills the headers of a DynamoDB request for this operation and the request's body.
    void sign(http::Request& request, std::string_view operation,
              const aws::Credentials& credentials, aws::Signature& scratch);

    /// Takes over the server's time when it is more than 4 minutes from what is signed with.
    /// Returns whether it was.
    bool adopt_time_of(const http::Response& response);

private:
    base::WallTime server_now() const;

    http::Url url_;
    std::string authority_;
    aws::Signer signer_;
    const base::Clock& clock_;
    std::atomic<std::int64_t> offset_ms_{0};
};

}  // namespace dynamigrate::remote
