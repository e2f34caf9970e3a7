#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/base/error.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// The error of credentials that are configured but cannot be had.
base::Error no_credentials(const std::string& source, const std::string& why);

/// Sends the request, again after failures that may pass (three attempts), and returns the answer,
/// whatever its status. Errors: as http::Client::send.
http::Response fetch(const Surroundings& surroundings, const http::Request& request);

/// Credentials from JSON as containers, instances and `credential_process` give them:
/// AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration.
/// Errors: unauthenticated, naming the source, without the text.
Credentials credentials_from_json(const std::string& text, const std::string& source);

/// The text of the first element of this name, entities resolved; empty when there is none.
std::string xml_element(std::string_view xml, std::string_view name);

/// The moment as AWS writes it: ISO 8601 with Z, with an offset, or with "UTC".
base::WallTime parse_expiry(std::string text, const std::string& source);

}  // namespace dynamigrate::aws
