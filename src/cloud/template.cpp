#include <dynamigrate/cloud/template.hpp>

#include "template_parts.hpp"
#include "template_values.hpp"

#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cloud {

using json::Value;

namespace {

constexpr std::size_t kHashDigits = 8;
/// Of a logical id's 255.
constexpr std::size_t kMostLetters = 100;

std::string letters_of(std::string_view name) {
    std::string letters;
    std::ranges::copy_if(name, std::back_inserter(letters), [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    });
    return letters;
}

/// What the stack's owner sees first.
Value description(const TemplateRequest& request) {
    return text(fmt::format("dynamigrate: migrations of {}", request.project));
}

}  // namespace

std::string machine_id(std::string_view migration) {
    std::string letters = letters_of(migration).substr(0, kMostLetters);
    if (letters != migration) {
        letters += base::sha256_hex(migration).substr(0, kHashDigits);
    }
    return "Migration" + letters;
}

std::string digest_of(const std::vector<TemplateMigration>& migrations) {
    std::string all;
    for (const TemplateMigration& migration : migrations) {
        all += fmt::format("{}\n{}\n", migration.id, migration.checksum);
    }
    return base::sha256_hex(all);
}

std::string function_version_id(const TemplateRequest& request) {
    const std::string content = request.package_digest + digest_of(request.migrations);
    return "FunctionVersion" + base::sha256_hex(content).substr(0, kHashDigits);
}

std::string table_names(const TemplateRequest& request) {
    std::string names;
    for (const TemplateTable& table : request.tables) {
        names += fmt::format("{}{}=${{{}}}", names.empty() ? "" : ",", table.name, table.parameter);
    }
    return names;
}

Value machine_arn(const TemplateRequest& request, const TemplateMigration& migration) {
    const std::string id = machine_id(migration.id);
    return request.is_nested ? attribute_of(id, "Outputs.Arn") : reference(id);
}

Value machine_name(const TemplateRequest& request, const TemplateMigration& migration) {
    return attribute_of(machine_id(migration.id), request.is_nested ? "Outputs.Name" : "Name");
}

Value outputs_of(const TemplateRequest& request) {
    Value outputs = object({
        {"FunctionArn", object({{"Value", attribute_of("Function", "Arn")}})},
        {"FunctionVersionArn", object({{"Value", reference(function_version_id(request))}})},
        {"FunctionRoleArn", object({{"Value", attribute_of("FunctionRole", "Arn")}})},
        {"HistoryTableName", object({{"Value", reference("HistoryTableName")}})},
        {"DeploymentMachineArn", object({{"Value", reference("DeploymentMachine")}})},
    });
    for (const TemplateMigration& migration : request.migrations) {
        outputs.set(machine_id(migration.id) + "Arn",
                    object({{"Description", text("State machine of " + migration.id)},
                            {"Value", machine_arn(request, migration)}}));
    }
    return outputs;
}

StackTemplates make_templates(const TemplateRequest& request) {
    check_request(request);
    Value resources = Value::object();
    add_history(resources);
    add_function(resources, request);
    add_roles(resources, request);
    add_machines(resources, request);
    add_machine_policies(resources, request);
    add_deployment(resources, request);
    StackTemplates made;
    made.main = object({
        {"AWSTemplateFormatVersion", text("2010-09-09")},
        {"Description", description(request)},
        {"Parameters", parameters_of(request)},
        {"Conditions", conditions()},
        {"Resources", std::move(resources)},
        {"Outputs", outputs_of(request)},
    });
    check_counts(made.main, request.is_nested);
    if (!request.is_nested) {
        made.main.set("Mappings", mappings());
        return made;
    }
    for (const TemplateMigration& migration : request.migrations) {
        made.nested.push_back({nested_file(request, migration), machine_template(migration)});
    }
    return made;
}

}  // namespace dynamigrate::cloud
