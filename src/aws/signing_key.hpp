#pragma once

#include <dynamigrate/base/hash.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// The key that signs requests to one service in one region on one day ("20150830").
base::Sha256Digest derive_signing_key(const std::string& secret, std::string_view day,
                                      std::string_view region, std::string_view service);

}  // namespace dynamigrate::aws
