#pragma once

#include <dynamigrate/base/environment.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// Settings of one section; an indented group's members are named "group.member".
using Section = std::map<std::string, std::string>;

/// The shared config and credentials files (~/.aws/config, ~/.aws/credentials, or where
/// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE point).
class SharedConfig {
public:
    SharedConfig() = default;
    /// `config_text` and `credentials_text`: the files' contents; the names are for errors.
    /// Errors: invalid_argument with file:line for a line that is none of the format.
    SharedConfig(std::string_view config_text, const std::string& config_file,
                 std::string_view credentials_text, const std::string& credentials_file);
    /// Reads the files that exist.
    static SharedConfig load(const base::Environment& environment);

    /// The profile; where both files have it, settings of the credentials file win.
    const Section* profile(const std::string& name) const;
    const Section* sso_session(const std::string& name) const;
    const Section* services(const std::string& name) const;

private:
    void read_config(std::string_view text, const std::string& file);
    void read_credentials(std::string_view text, const std::string& file);

    std::map<std::string, Section> profiles_, sso_sessions_, services_;
};

/// The setting, or nothing when it is missing or empty.
std::optional<std::string> setting(const Section* section, const std::string& name);

/// The profile to use: the one asked for, else AWS_PROFILE, else "default".
std::string profile_name(const std::string& asked, const base::Environment& environment);

}  // namespace dynamigrate::aws
