#pragma once

#include <dynamigrate/aws/signing.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::aws {

/// The text whose hash is signed, and the names of the signed headers joined by ';'.
struct CanonicalRequest {
    std::string text;
    std::string signed_names;
};

/// `headers`: all that are signed, in any order and case. `is_s3`: the path is taken as it is, where
/// other services want it normalised and encoded once more.
CanonicalRequest make_canonical_request(const SigningInput& input,
                                        std::vector<SignedHeader> headers,
                                        std::string_view payload_hash, bool is_s3);

}  // namespace dynamigrate::aws
