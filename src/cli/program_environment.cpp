#include "program_environment.hpp"

#include <array>

namespace dynamigrate::cli {

namespace {

using Variables = std::map<std::string, std::string>;

bool is_of_aws(const std::string& name) {
    return (name.starts_with("AWS_") && name != "AWS_CA_BUNDLE") || name == "BOTO_CONFIG";
}

/// Nothing answers there: SDKs that ask the instance's metadata whoever they are get no credentials.
constexpr const char* kNobody = "http://127.0.0.1:1";

void hide_instance(Variables& variables) {
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = kNobody;
}

/// Proxies are not asked for what is on this machine.
void reach_own_machine(Variables& variables) {
    for (const char* name : {"NO_PROXY", "no_proxy"}) {
        std::string& hosts = variables[name];
        hosts += hosts.empty() ? "127.0.0.1,localhost" : ",127.0.0.1,localhost";
    }
}

}  // namespace

Variables program_environment(const base::Environment& own, const ProgramDoor& door,
                              bool inherits_aws) {
    Variables variables = own.variables();
    variables.erase("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    if (!inherits_aws) {
        std::erase_if(variables, [](const auto& variable) { return is_of_aws(variable.first); });
        variables["AWS_ACCESS_KEY_ID"] = door.key.id;
        variables["AWS_SECRET_ACCESS_KEY"] = door.key.secret;
        variables["AWS_CONFIG_FILE"] = door.directory / "config";
        variables["AWS_SHARED_CREDENTIALS_FILE"] = door.directory / "credentials";
        variables["BOTO_CONFIG"] = door.directory / "credentials";
        variables["AWS_SDK_LOAD_CONFIG"] = "1";  // else aws-sdk 2 looks into the home directory
        hide_instance(variables);
        variables["AWS_PAGER"] = "";
    }
    for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
        variables.try_emplace(name, door.region);
    }
    variables["AWS_ENDPOINT_URL_DYNAMODB"] = door.origin;
    reach_own_machine(variables);
    return variables;
}

Variables environment_without_aws(const base::Environment& own) {
    Variables variables = own.variables();
    std::erase_if(variables, [](const auto& variable) { return is_of_aws(variable.first); });
    variables["AWS_CONFIG_FILE"] = variables["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null";
    variables["AWS_SDK_LOAD_CONFIG"] = "1";
    hide_instance(variables);
    return variables;
}

}  // namespace dynamigrate::cli
