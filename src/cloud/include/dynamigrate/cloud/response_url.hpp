#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::cloud {

/// Puts the answer to where CloudFormation wants it, a few times if need be; twice does no harm.
///
/// Errors: unavailable when it could not be put; failed_precondition when it is refused for good (the
/// URL has expired). Never with the URL, which is a secret.
/// Cancel: cancelled.
void put_answer(http::Client& http, base::Clock& clock, const std::string& url,
                std::string_view body, std::stop_token stop);

}  // namespace dynamigrate::cloud
