#include "template_parts.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::cloud {

using base::Error;
using base::ErrorKind;
using json::Value;

namespace {

/// It hands back a minute before its end.
constexpr std::chrono::seconds kLeastCall{120};
constexpr std::chrono::seconds kLongestCall{900};

constexpr std::uint32_t kMostConcurrency = 10'000;
constexpr std::size_t kMostResources = 500;
constexpr std::size_t kMostParameters = 200;
constexpr std::size_t kMostOutputs = 200;
/// Managed policies that a role takes unless AWS was asked for more.
constexpr std::size_t kMostPolicies = 10;
/// Of a function's variables together, less some room for the rest.
constexpr std::size_t kMostVariables = 4096 - 512;
/// Of a role's own policies, less some room for what the stack puts in.
constexpr std::size_t kMostPolicyText = 10'240 - 512;

Error too_much(const std::string& message) { return {ErrorKind::failed_precondition, message}; }

std::size_t count(const Value& content, std::string_view section) {
    const Value* found = content.find(section);
    return found == nullptr ? 0 : found->members().size();
}

std::size_t policy_text(const TemplateRequest& request) {
    std::size_t characters = 0;
    for (const migrate::PolicyStatement& statement : request.statements) {
        characters += 64 + statement.id.size();
        for (const std::string& action : statement.actions) {
            characters += action.size() + 3;
        }
        for (const std::string& resource : statement.resources) {
            characters += resource.size() + 3;
        }
    }
    return characters;
}

std::size_t variables_text(const TemplateRequest& request) {
    std::size_t characters = 0;
    for (const TemplateTable& table : request.tables) {
        characters += table.name.size() + table.real_name.size() + 2;
    }
    return characters;
}

}  // namespace

void check_timeout(std::chrono::minutes timeout) {
    if (timeout > kLongestTimeout) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("a deployment cannot wait {} minutes for its migrations: CloudFormation "
                        "waits one hour at most for a custom resource, {} minutes with room for "
                        "the answer; with `--on-timeout detach` the deployment succeeds then, the "
                        "run goes on, and the next deployment checks it",
                        timeout.count(), kLongestTimeout.count()));
    }
}

void check_request(const TemplateRequest& request) {
    check_timeout(request.timeout);
    if (request.concurrency == 0 || request.concurrency > kMostConcurrency) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a state machine works on 1 to {} segments at once, not {}",
                                kMostConcurrency, request.concurrency));
    }
    if (request.memory_mb < kLeastMemory || request.memory_mb > kMostMemory) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("`cloud.memory` of the function is {} to {} MB, not {}",
                                kLeastMemory, kMostMemory, request.memory_mb));
    }
    if (request.call_timeout < kLeastCall || request.call_timeout > kLongestCall) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("`cloud.timeout` of the function is {} to {} seconds, not {}",
                        kLeastCall.count(), kLongestCall.count(), request.call_timeout.count()));
    }
    if (request.migrations.size() > kMachinesOfARole * kMostPolicies) {
        throw too_much(fmt::format(
            "there are {} migrations; one stack takes {}, since IAM attaches {} policies to a role "
            "and one has room for {} state machines: move migrations that are applied everywhere "
            "out of the directory",
            request.migrations.size(), kMachinesOfARole * kMostPolicies, kMostPolicies,
            kMachinesOfARole));
    }
    if (variables_text(request) > kMostVariables) {
        throw too_much(fmt::format(
            "the names of the {} tables take {} bytes; a function has room for {} in its "
            "variables: use shorter names, or split the project",
            request.tables.size(), variables_text(request), kMostVariables));
    }
    if (policy_text(request) > kMostPolicyText) {
        throw too_much(fmt::format(
            "what the function may do takes {} characters, and a role's policies hold {}: the "
            "migrations work on too many tables for one function; split the project, or move "
            "migrations that are applied everywhere out of the directory",
            policy_text(request), kMostPolicyText));
    }
}

void check_counts(const Value& content, bool is_nested) {
    const std::string advice =
        is_nested ? "split the project"
                  : "give --nested for a stack of its own for each migration, or split the project";
    for (const auto& [section, most] :
         {std::pair<std::string_view, std::size_t>{"Resources", kMostResources},
          {"Parameters", kMostParameters},
          {"Outputs", kMostOutputs}}) {
        if (count(content, section) > most) {
            throw too_much(fmt::format("the template has {} {}; CloudFormation takes {}: {}",
                                       count(content, section), section, most, advice));
        }
    }
}

void check_template_size(std::string_view name, std::string_view text, bool is_nested) {
    if (text.size() > kMaxTemplate) {
        throw too_much(fmt::format("{} has {} bytes; CloudFormation takes {} at most: {}", name,
                                   text.size(), kMaxTemplate,
                                   is_nested ? "move migrations that are applied everywhere out of "
                                               "the directory"
                                             : "give --nested for a stack of its own for each "
                                               "migration"));
    }
}

}  // namespace dynamigrate::cloud
