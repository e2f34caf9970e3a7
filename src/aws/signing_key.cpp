#include "signing_key.hpp"

namespace dynamigrate::aws {

base::Sha256Digest derive_signing_key(const std::string& secret, std::string_view day,
                                      std::string_view region, std::string_view service) {
    auto of_day = base::hmac_sha256("AWS4" + secret, day);
    auto of_region = base::hmac_sha256(base::as_view(of_day), region);
    auto of_service = base::hmac_sha256(base::as_view(of_region), service);
    return base::hmac_sha256(base::as_view(of_service), "aws4_request");
}

}  // namespace dynamigrate::aws
