#include "profile_credentials.hpp"

#include "metadata_credentials.hpp"
#include "sso.hpp"

#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

namespace dynamigrate::aws {

namespace {

std::string label(const std::string& profile) { return fmt::format("profile '{}'", profile); }

std::optional<Credentials> static_keys(const Section& profile, const std::string& source) {
    auto id = setting(&profile, "aws_access_key_id");
    if (!id) {
        return std::nullopt;
    }
    auto secret = setting(&profile, "aws_secret_access_key");
    if (!secret) {
        throw no_credentials(source, "aws_access_key_id is set but aws_secret_access_key is not");
    }
    return Credentials{
        *id, *secret, setting(&profile, "aws_session_token").value_or(""), {}, source};
}

std::string read_token(const std::string& file, const std::string& source) {
    try {
        return base::read_file(file);
    } catch (const base::Error& error) {
        throw no_credentials(source, "the web identity token cannot be read").because(error);
    }
}

}  // namespace

std::optional<Credentials> environment_credentials(const base::Environment& environment) {
    auto id = environment.get("AWS_ACCESS_KEY_ID");
    auto secret = environment.get("AWS_SECRET_ACCESS_KEY");
    if (!id && !secret) {
        return std::nullopt;
    }
    if (!id || !secret) {
        throw no_credentials("the environment",
                             "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must both be set");
    }
    return Credentials{
        *id, *secret, environment.get("AWS_SESSION_TOKEN").value_or(""), {}, "the environment"};
}

std::optional<Credentials> web_identity_credentials(const Surroundings& surroundings,
                                                    const Sts& sts, std::stop_token stop) {
    const base::Environment& environment = surroundings.environment;
    auto file = environment.get("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!file) {
        return std::nullopt;
    }
    RoleRequest role;
    role.source = "the web identity";
    role.role_arn = environment.get("AWS_ROLE_ARN").value_or("");
    role.session_name = environment.get("AWS_ROLE_SESSION_NAME").value_or("");
    if (role.role_arn.empty()) {
        throw no_credentials(role.source,
                             "AWS_WEB_IDENTITY_TOKEN_FILE is set but AWS_ROLE_ARN is not");
    }
    return sts.assume_role_with_web_identity(role, read_token(*file, role.source), stop);
}

std::optional<Credentials> ProfileCredentials::resolve(const std::string& name) {
    const Section* profile = config_.profile(name);
    if (profile == nullptr) {
        return std::nullopt;
    }
    visited_.insert(name);
    if (auto credentials = of_role(name, *profile)) {
        return credentials;
    }
    if (setting(profile, "sso_account_id") || setting(profile, "sso_session") ||
        setting(profile, "sso_start_url")) {
        return of_sso(name, *profile);
    }
    if (auto credentials = static_keys(*profile, label(name))) {
        return credentials;
    }
    if (auto command = setting(profile, "credential_process")) {
        return of_program(name, *command);
    }
    return std::nullopt;
}

std::optional<Credentials> ProfileCredentials::of_role(const std::string& name,
                                                       const Section& profile) {
    auto arn = setting(&profile, "role_arn");
    if (!arn) {
        return std::nullopt;
    }
    RoleRequest role{*arn, setting(&profile, "role_session_name").value_or(""),
                     setting(&profile, "external_id").value_or(""),
                     setting(&profile, "duration_seconds").value_or(""), label(name)};
    if (auto file = setting(&profile, "web_identity_token_file")) {
        return sts_.assume_role_with_web_identity(role, read_token(*file, role.source), stop_);
    }
    if (setting(&profile, "mfa_serial")) {
        throw no_credentials(role.source,
                             "roles that ask for a code (mfa_serial) are not supported; get a "
                             "session first and use a profile with its keys");
    }
    if (auto source = setting(&profile, "source_profile")) {
        return sts_.assume_role(role, of_source_profile(name, *source), stop_);
    }
    if (auto source = setting(&profile, "credential_source")) {
        return sts_.assume_role(role, of_credential_source(name, *source), stop_);
    }
    throw no_credentials(role.source,
                         "role_arn needs source_profile, credential_source or "
                         "web_identity_token_file");
}

Credentials ProfileCredentials::of_source_profile(const std::string& name,
                                                  const std::string& source) {
    const Section* profile = config_.profile(source);
    if (profile == nullptr) {
        throw no_credentials(label(name),
                             fmt::format("its source_profile '{}' does not exist", source));
    }
    // A profile may name itself: its own keys then take on its role.
    if (source == name || visited_.contains(source)) {
        if (auto keys = static_keys(*profile, label(source)); keys && source == name) {
            return *keys;
        }
        throw no_credentials(label(name),
                             fmt::format("its source_profile '{}' leads back to itself", source));
    }
    auto credentials = resolve(source);
    if (!credentials) {
        throw no_credentials(label(name),
                             fmt::format("its source_profile '{}' has no credentials", source));
    }
    return *credentials;
}

Credentials ProfileCredentials::of_credential_source(const std::string& name,
                                                     const std::string& kind) {
    std::optional<Credentials> credentials;
    if (kind == "Environment") {
        credentials = environment_credentials(surroundings_.environment);
    } else if (kind == "EcsContainer") {
        credentials = container_credentials(surroundings_, stop_);
    } else if (kind == "Ec2InstanceMetadata") {
        credentials = instance_credentials(surroundings_, stop_);
    } else {
        throw no_credentials(label(name),
                             fmt::format("credential_source '{}' is none of Environment, "
                                         "EcsContainer and Ec2InstanceMetadata",
                                         kind));
    }
    if (!credentials) {
        throw no_credentials(label(name),
                             fmt::format("its credential_source {} has no credentials", kind));
    }
    return *credentials;
}

Credentials ProfileCredentials::of_sso(const std::string& name, const Section& profile) {
    SsoRequest request;
    request.profile = name;
    request.account_id = setting(&profile, "sso_account_id").value_or("");
    request.role_name = setting(&profile, "sso_role_name").value_or("");
    const Section* login = &profile;
    if (auto session = setting(&profile, "sso_session")) {
        login = config_.sso_session(*session);
        request.session = *session;
        if (login == nullptr) {
            throw no_credentials(label(name),
                                 fmt::format("there is no section [sso-session {}]", *session));
        }
    }
    request.start_url = setting(login, "sso_start_url").value_or("");
    request.region = setting(login, "sso_region").value_or("");
    return sso_credentials(surroundings_, config_, request, stop_);
}

Credentials ProfileCredentials::of_program(const std::string& name, const std::string& command) {
    constexpr auto kTimeout = std::chrono::minutes(1);
    std::string source = label(name) + " (credential_process)";
    base::ChildResult result;
    try {
        result = surroundings_.programs.run(base::split_command_line(command), std::nullopt,
                                            kTimeout, stop_);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::cancelled) {
            throw;
        }
        throw no_credentials(source, "the program cannot be run").because(error);
    }
    if (result.exit_code != 0) {
        throw no_credentials(source, fmt::format("the program ended with exit code {}: {}",
                                                 result.exit_code, result.err.substr(0, 500)));
    }
    return credentials_from_json(result.out, source);
}

}  // namespace dynamigrate::aws
