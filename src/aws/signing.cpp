#include <dynamigrate/aws/signing.hpp>

#include "basic_date.hpp"
#include "canonical_request.hpp"
#include "signing_key.hpp"

#include <fmt/format.h>

namespace dynamigrate::aws {

Signer::Signer(std::string region, std::string service)
    : region_(std::move(region)),
      service_(std::move(service)) {}

void Signer::sign(const SigningInput& input, const Credentials& credentials, base::WallTime now,
                  Signature& out) {
    bool is_s3 = service_ == "s3";
    out.date = basic_date(now);
    out.payload_hash = base::sha256_hex(input.payload);
    std::string_view day = std::string_view(out.date).substr(0, 8);

    std::vector<SignedHeader> headers;
    headers.reserve(input.headers.size() + 3);
    headers.assign(input.headers.begin(), input.headers.end());
    headers.push_back({"x-amz-date", out.date});
    if (!credentials.session_token.empty()) {
        headers.push_back({"x-amz-security-token", credentials.session_token});
    }
    if (is_s3) {
        headers.push_back({"x-amz-content-sha256", out.payload_hash});
    }
    CanonicalRequest request =
        make_canonical_request(input, std::move(headers), out.payload_hash, is_s3);

    std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region_, service_);
    std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", out.date, scope,
                                   base::sha256_hex(request.text));
    base::Sha256Digest key = signing_key(credentials.secret_access_key, day);
    base::Sha256Digest signature = base::hmac_sha256(base::as_view(key), text);
    out.authorization.clear();
    fmt::format_to(std::back_inserter(out.authorization),
                   "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                   credentials.access_key_id, scope, request.signed_names,
                   base::to_hex(base::as_view(signature)));
}

base::Sha256Digest Signer::signing_key(const std::string& secret, std::string_view day) {
    std::lock_guard lock(mutex_);
    if (key_day_ != day || key_secret_ != secret) {
        key_ = derive_signing_key(secret, day, region_, service_);
        key_day_ = day;
        key_secret_ = secret;
    }
    return key_;
}

}  // namespace dynamigrate::aws
