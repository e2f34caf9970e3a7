#include <dynamigrate/cloud/onetable_request.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/event.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;
using enum OneTableCommand;

/// The first name of a command is the one that today's functions know.
constexpr std::array<std::pair<std::string_view, OneTableCommand>, 10> kCommands = {{
    {"apply", apply},
    {"getCurrentVersion", current_version},
    {"getPastMigrations", past_migrations},
    {"findPastMigrations", past_migrations},
    {"getPastVersions", past_versions},
    {"findPastVersions", past_versions},
    {"getOutstandingMigrations", outstanding_migrations},
    {"getOutstandingVersions", outstanding_versions},
    {"getNamedVersions", named_versions},
    {"getNamedMigrations", named_versions},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDirections = {{
    {"1", "up"},
    {"-1", "down"},
    {"0", "reset"},
    {"2", "repeat"},
    {"latest", "reset"},
}};

/// Of a string or a number.
std::string word_member(const json::Value* object, std::string_view key) {
    const json::Value* value = object ? object->find(key) : nullptr;
    return value && (value->is_string() || value->is_number()) ? value->text() : std::string();
}

OneTableCommand command_of(const json::Value& event) {
    std::string word = json::text_of(event, "cmd");
    if (word.empty()) {
        word = json::text_of(event, "action");
    }
    std::string known;
    for (const auto& [name, command] : kCommands) {
        if (name == word) {
            return command;
        }
        known += known.empty() ? "" : ", ";
        known += name;
    }
    throw Error(ErrorKind::invalid_argument,
                fmt::format("unknown command \"{}\"; known are {}", word, known));
}

std::string action_of(const json::Value* args) {
    std::string word = word_member(args, "action");
    if (word.empty()) {
        word = word_member(args, "direction");
    }
    for (const auto& [number, action] : kDirections) {
        if (number == word) {
            return std::string(action);
        }
    }
    if (word.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "apply needs `args.action` (up, down, reset, repeat or a migration's name) or "
                    "`args.direction` (1, -1, 0, 2)");
    }
    return word;
}

void read_config(const json::Value* config, OneTableRequest& request) {
    if (!config) {
        return;
    }
    request.table = word_member(config, "name");
    const json::Value* crypto = config->find("crypto");
    const json::Value* primary = crypto ? crypto->find("primary") : nullptr;
    const json::Value* keys = primary ? primary : crypto;
    request.cipher = word_member(keys, "cipher");
    request.password = word_member(keys, "password");
}

bool wants_dry(const json::Value& event, const json::Value* args) {
    const json::Value* params = args ? args->find("params") : nullptr;
    return is_truthy(event.find("dry")) || (args && is_truthy(args->find("dry"))) ||
           (params && is_truthy(params->find("dry")));
}

}  // namespace

OneTableRequest read_onetable_request(const json::Value& event) {
    OneTableRequest request;
    request.command = command_of(event);
    const json::Value* args = event.find("args");
    if (request.command == apply) {
        request.action = action_of(args);
    }
    request.version = word_member(args, "version");
    request.dry = wants_dry(event, args);
    const std::string limit = word_member(args, "limit");
    std::from_chars(limit.data(), limit.data() + limit.size(), request.limit);
    read_config(event.find("config"), request);
    return request;
}

std::string to_event(const OneTableRequest& request, const json::Value& config) {
    using json::Value;
    const std::string command(to_string(request.command));
    Value event = Value::object();
    event.set("cmd", Value::string(command));
    event.set("action", Value::string(command));
    if (!config.is_null()) {
        event.set("config", config);
    }
    Value args = Value::object();
    if (request.command == apply) {
        args.set("action", Value::string(request.action));
        args.set("direction", Value::string(request.action));
        for (const auto& [number, action] : kDirections) {
            if (action == request.action && number != "latest") {
                args.set("direction", Value::number(std::string(number)));
            }
        }
        args.set("version", Value::string(request.version));
        Value params = Value::object();
        params.set("dry", Value::string(request.dry ? "Dry Run: " : ""));
        args.set("params", params);
        args.set("dry", Value::boolean(request.dry));
        event.set("dry", Value::boolean(request.dry));
    }
    event.set("args", args);
    return json::to_pretty_json(event);
}

std::string_view to_string(OneTableCommand command) noexcept {
    for (const auto& [name, known] : kCommands) {
        if (known == command) {
            return name;
        }
    }
    return "";
}

}  // namespace dynamigrate::cloud
