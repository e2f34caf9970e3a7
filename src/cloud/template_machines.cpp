#include "template_parts.hpp"
#include "template_values.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <fmt/format.h>

namespace dynamigrate::cloud {

using json::Value;

namespace {

/// What a definition leaves to the stack, by the names of parameters.
constexpr std::string_view kStackVariables[] = {"FunctionVersion", "Tables", "HistoryTableName",
                                                "MaxRcu",          "MaxWcu", "Concurrency"};
constexpr std::string_view kServiceArn = "arn:aws:states:::";
/// Its place among the mappings.
constexpr std::string_view kMapping = "Definitions";
constexpr std::string_view kMappedName = "Migration";

std::string placeholder(std::string_view name) { return fmt::format("${{{}}}", name); }

/// A version of the function keeps the variables that it was published with; so each call brings
/// them as the stack has them.
Value settings() {
    return object({{"DYNAMIGRATE_HISTORY_TABLE", text(placeholder("HistoryTableName"))},
                   {"DYNAMIGRATE_MAX_RCU", text(placeholder("MaxRcu"))},
                   {"DYNAMIGRATE_MAX_WCU", text(placeholder("MaxWcu"))},
                   {"DYNAMIGRATE_TABLES", text(placeholder("Tables"))}});
}

/// Puts in what the stack decides: texts, and numbers without quotes.
void leave_to_stack(Value& value) {
    if (value.is_string() && value.text().starts_with(kServiceArn)) {
        value = text(fmt::format("arn:{}:states:::{}", placeholder("Partition"),
                                 value.text().substr(kServiceArn.size())));
    }
    for (Value& element : value.elements()) {
        leave_to_stack(element);
    }
    for (Value::Member& member : value.members()) {
        const bool is_number = member.value.is_number();
        if (is_number && (member.key == "MaxConcurrency" || member.key == "concurrency")) {
            member.value = Value::number(placeholder("Concurrency"));
        } else if (is_number && member.key == "ToleratedFailurePercentage") {
            member.value = Value::number(placeholder("ToleratedFailures"));
        } else {
            leave_to_stack(member.value);
        }
    }
    if (value.find("work") != nullptr) {
        value.set("environment", settings());
    }
}

/// What stands between quotes in JSON.
std::string between_quotes(std::string_view words) {
    const std::string json = json::to_json(text(words));
    return json.substr(1, json.size() - 2);
}

/// What each machine says in its definition, from `values`, which say it by name.
Value substitutions(const TemplateMigration& migration, const Value& values) {
    Value made = object(
        {{"Partition", reference("AWS::Partition")},
         {"Migration", text(between_quotes(migration.id))},
         {"Action", text(migration.action)},
         {"ToleratedFailures", migration.tolerated_failure_percent > 0
                                   ? text(fmt::format("{}", migration.tolerated_failure_percent))
                                   : reference("ToleratedFailures")}});
    for (const std::string_view name : kStackVariables) {
        const Value* value = values.find(name);
        made.set(std::string(name), value == nullptr ? reference(name) : *value);
    }
    return made;
}

Value machine(Value definition, Value values, Value role_arn, Value log_group_arn) {
    Value destination =
        object({{"CloudWatchLogsLogGroup", object({{"LogGroupArn", std::move(log_group_arn)}})}});
    return resource("AWS::StepFunctions::StateMachine",
                    object({{"StateMachineType", text("STANDARD")},
                            {"RoleArn", std::move(role_arn)},
                            {"LoggingConfiguration",
                             object({{"Level", text("ERROR")},
                                     {"IncludeExecutionData", Value::boolean(false)},
                                     {"Destinations", list({std::move(destination)})}})},
                            {"DefinitionString", std::move(definition)},
                            {"DefinitionSubstitutions", std::move(values)}}));
}

/// What the stack's variables are in the main template, other than parameters.
Value main_values(const TemplateRequest& request) {
    return object({{"FunctionVersion", reference(function_version_id(request))},
                   {"Tables", substituted(table_names(request))}});
}

Value stack(const TemplateRequest& request, const TemplateMigration& migration, std::size_t index) {
    Value parameters = object({
        {"StatesRoleArn", attribute_of(states_role_id(index), "Arn")},
        {"StatesLogGroupArn", attribute_of("StatesLogGroup", "Arn")},
        {"ToleratedFailures", reference("ToleratedFailures")},
    });
    const Value values = main_values(request);
    for (const std::string_view name : kStackVariables) {
        const Value* value = values.find(name);
        parameters.set(std::string(name), value == nullptr ? reference(name) : *value);
    }
    return resource("AWS::CloudFormation::Stack",
                    object({{"TemplateURL", text("./" + nested_file(request, migration))},
                            {"Parameters", std::move(parameters)}}));
}

}  // namespace

std::string definition_text() {
    migrate::StateMachine machine;
    machine.migration = placeholder("Migration");
    machine.action = placeholder("Action");
    machine.function_arn = placeholder("FunctionVersion");
    Value definition = json::parse_json(migrate::definition(machine), "state machine");
    leave_to_stack(definition);
    return json::to_json(definition);
}

Value mappings() {
    return object(
        {{std::string(kMapping),
          object({{std::string(kMappedName), object({{"Text", text(definition_text())}})}})}});
}

std::string nested_file(const TemplateRequest& request, const TemplateMigration& migration) {
    return fmt::format("{}.{}", machine_id(migration.id), request.extension);
}

Value machine_template(const TemplateMigration& migration) {
    Value parameters = Value::object();
    for (const std::string_view name : {"StatesRoleArn", "StatesLogGroupArn"}) {
        parameters.set(std::string(name), object({{"Type", text("String")}}));
    }
    for (const std::string_view name : kStackVariables) {
        parameters.set(std::string(name), object({{"Type", text("String")}}));
    }
    for (const std::string_view name : {"Concurrency", "ToleratedFailures"}) {
        parameters.set(std::string(name), object({{"Type", text("Number")}}));
    }
    return object({
        {"AWSTemplateFormatVersion", text("2010-09-09")},
        {"Description", text("dynamigrate: migration " + migration.id)},
        {"Parameters", std::move(parameters)},
        {"Resources",
         object({{"Machine",
                  machine(text(definition_text()), substitutions(migration, Value::object()),
                          reference("StatesRoleArn"), reference("StatesLogGroupArn"))}})},
        {"Outputs", object({{"Arn", object({{"Value", reference("Machine")}})},
                            {"Name", object({{"Value", attribute_of("Machine", "Name")}})}})},
    });
}

void add_machines(Value& resources, const TemplateRequest& request) {
    const Value shared = object({{"Fn::FindInMap", texts({kMapping, kMappedName, "Text"})}});
    const Value values = main_values(request);
    for (std::size_t i = 0; i < request.migrations.size(); ++i) {
        const TemplateMigration& migration = request.migrations[i];
        resources.set(machine_id(migration.id),
                      request.is_nested ? stack(request, migration, i)
                                        : machine(shared, substitutions(migration, values),
                                                  attribute_of(states_role_id(i), "Arn"),
                                                  attribute_of("StatesLogGroup", "Arn")));
    }
}

Value deployment_machine(Value definition, Value values) {
    return machine(std::move(definition), std::move(values), attribute_of("StatesRole", "Arn"),
                   attribute_of("StatesLogGroup", "Arn"));
}

}  // namespace dynamigrate::cloud
