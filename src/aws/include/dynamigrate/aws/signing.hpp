#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/hash.hpp>

#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// A header that is signed. Names in any case.
struct SignedHeader {
    std::string_view name;
    std::string_view value;
};

/// What Signature Version 4 covers of a request.
struct SigningInput {
    std::string_view method;
    std::string_view path = "/";                 ///< as on the request line
    std::string_view query = {};                 ///< as on the request line
    std::span<const SignedHeader> headers = {};  ///< with `host`; without date, token, payload hash
    std::string_view payload = {};
};

/// The headers to add to the request. Reused from call to call.
struct Signature {
    std::string date;           ///< x-amz-date
    std::string authorization;  ///< authorization
    std::string payload_hash;   ///< x-amz-content-sha256, which s3 wants
};

/// Signs requests to one service in one region (Signature Version 4).
///
/// Signs `headers`, x-amz-date, x-amz-security-token when the credentials have a token, and for
/// s3 x-amz-content-sha256; all of these must be sent. The derived key is kept for the day.
/// Threads: any.
class Signer {
public:
    Signer(std::string region, std::string service);

    void sign(const SigningInput& input, const Credentials& credentials, base::WallTime now,
              Signature& out);

private:
    base::Sha256Digest signing_key(const std::string& secret, std::string_view day);

    std::string region_, service_;
    std::mutex mutex_;
    std::string key_day_, key_secret_;
    base::Sha256Digest key_{};
};

}  // namespace dynamigrate::aws
