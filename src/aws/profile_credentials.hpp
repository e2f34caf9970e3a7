#pragma once

#include "fetching.hpp"
#include "sts.hpp"

#include <dynamigrate/aws/shared_config.hpp>

#include <optional>
#include <set>
#include <string>

namespace dynamigrate::aws {

/// From the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
std::optional<Credentials> environment_credentials(const base::Environment& environment);

/// From AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN.
std::optional<Credentials> web_identity_credentials(const Surroundings& surroundings,
                                                    const Sts& sts, std::stop_token stop);

/// Resolves what a profile of the shared files says.
class ProfileCredentials {
public:
    ProfileCredentials(const Surroundings& surroundings, const SharedConfig& config, const Sts& sts,
                       std::stop_token stop)
        : surroundings_(surroundings),
          config_(config),
          sts_(sts),
          stop_(std::move(stop)) {}

    /// Nothing when the profile does not say where credentials come from.
    /// Errors: unauthenticated when it does and they cannot be had.
    std::optional<Credentials> resolve(const std::string& name);

private:
    std::optional<Credentials> of_role(const std::string& name, const Section& profile);
    Credentials of_source_profile(const std::string& name, const std::string& source);
    Credentials of_credential_source(const std::string& name, const std::string& kind);
    Credentials of_sso(const std::string& name, const Section& profile);
    Credentials of_program(const std::string& name, const std::string& command);

    const Surroundings& surroundings_;
    const SharedConfig& config_;
    const Sts& sts_;
    std::stop_token stop_;
    std::set<std::string> visited_;
};

}  // namespace dynamigrate::aws
