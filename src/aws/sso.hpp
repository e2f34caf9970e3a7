#pragma once

#include "fetching.hpp"

#include <dynamigrate/aws/shared_config.hpp>

#include <string>

namespace dynamigrate::aws {

/// What a profile says about single sign-on.
struct SsoRequest {
    std::string profile;
    std::string session;  ///< name of the [sso-session] section, or empty in the older form
    std::string start_url;
    std::string region;
    std::string account_id;
    std::string role_name;
};

/// Credentials of the role, by the token that `aws sso login` left in ~/.aws/sso/cache.
/// Errors: unauthenticated, saying which login to run.
Credentials sso_credentials(const Surroundings& surroundings, const SharedConfig& config,
                            const SsoRequest& request, std::stop_token stop);

}  // namespace dynamigrate::aws
