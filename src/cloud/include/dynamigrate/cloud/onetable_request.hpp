#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::cloud {

/// What OneTable's command line asks of a function.
enum class OneTableCommand {
    apply,
    current_version,
    past_migrations,
    past_versions,
    outstanding_migrations,
    outstanding_versions,
    named_versions
};

/// A request of OneTable's command line or controller, of either generation.
struct OneTableRequest {
    OneTableCommand command = OneTableCommand::current_version;
    std::string action;   ///< of apply: up, down, reset, repeat or the name of a migration
    std::string version;  ///< of apply; "" : none was given
    bool dry = false;
    std::string table;      ///< `config.name`
    std::string cipher;     ///< of `config.crypto`
    std::string password;   ///< of `config.crypto`; secret
    std::size_t limit = 0;  ///< of lists; 0: all
};

/// Reads an event. The command is `cmd` or `action`, under the names of both generations; what
/// apply does is `args.action` or `args.direction`, by name or number; anything truthy as `dry`,
/// `args.dry` or `args.params.dry` means a dry run.
/// Errors: invalid_argument, naming the commands that there are.
OneTableRequest read_onetable_request(const json::Value& event);

/// The event as OneTable's current command line sends it, readable for its controller and for
/// functions of the first generation as well.
/// `config`: the configuration's block `onetable`, which the function may want; null: none.
std::string to_event(const OneTableRequest& request, const json::Value& config);

/// The name under which the current generation knows it.
std::string_view to_string(OneTableCommand command) noexcept;

}  // namespace dynamigrate::cloud
