#include "template_parts.hpp"
#include "template_values.hpp"

#include <dynamigrate/cloud/deployment_machine.hpp>

namespace dynamigrate::cloud {

using json::Value;

namespace {

constexpr int kServiceTimeout = 3600;
constexpr std::string_view kServiceArn = "arn:aws:states:::";

/// The definition names the service of one partition.
std::string in_any_partition(std::string definition) {
    for (std::size_t at = definition.find(kServiceArn); at != std::string::npos;
         at = definition.find(kServiceArn, at + 1)) {
        definition.replace(at, kServiceArn.size(), "arn:${Partition}:states:::");
    }
    return definition;
}

Value rule(Value machines) {
    Value pattern = object({
        {"source", texts({"aws.states"})},
        {"detail-type", texts({"Step Functions Execution Status Change"})},
        {"detail", object({{"status", texts({"FAILED", "TIMED_OUT", "ABORTED"})},
                           {"stateMachineArn", std::move(machines)}})},
    });
    Value target = object({{"Id", text("Function")}, {"Arn", attribute_of("Function", "Arn")}});
    return resource("AWS::Events::Rule",
                    object({{"Description", text("Executions that ended otherwise than well")},
                            {"EventPattern", std::move(pattern)},
                            {"Targets", list({std::move(target)})}}));
}

/// Adds the rules; returns what they need to work.
void add_rules(Value& resources, const TemplateRequest& request, Value& needed) {
    for (std::size_t from = 0; from < request.migrations.size(); from += kMachinesOfARule) {
        Value machines = Value::array();
        for (std::size_t i = from; i < std::min(from + kMachinesOfARule, request.migrations.size());
             ++i) {
            machines.elements().push_back(machine_arn(request, request.migrations[i]));
        }
        if (from == 0) {
            machines.elements().push_back(reference("DeploymentMachine"));
        }
        const std::string id = numbered("StoppedRule", from / kMachinesOfARule);
        const std::string permission = numbered("StoppedPermission", from / kMachinesOfARule);
        resources.set(id, rule(std::move(machines)));
        resources.set(permission, resource("AWS::Lambda::Permission",
                                           object({{"Action", text("lambda:InvokeFunction")},
                                                   {"FunctionName", reference("Function")},
                                                   {"Principal", text("events.amazonaws.com")},
                                                   {"SourceArn", attribute_of(id, "Arn")}})));
        needed.elements().push_back(text(permission));
    }
}

Value machines_by_migration(const TemplateRequest& request) {
    Value machines = Value::object();
    for (const TemplateMigration& migration : request.migrations) {
        machines.set(migration.id, machine_arn(request, migration));
    }
    return machines;
}

/// Until these are there, what the custom resource asks for would fail.
void add_policies(const Value& resources, Value& needed) {
    for (const Value::Member& member : resources.members()) {
        if (member.key.starts_with("FunctionMachines") || member.key.starts_with("StatesPolicy")) {
            needed.elements().push_back(text(member.key));
        }
    }
}

}  // namespace

void add_deployment(Value& resources, const TemplateRequest& request) {
    const std::string definition = in_any_partition(deployment_definition("${Function}"));
    resources.set(
        "DeploymentMachine",
        deployment_machine(text(definition), object({{"Function", attribute_of("Function", "Arn")},
                                                     {"Partition", reference("AWS::Partition")}})));
    Value needed = list({text("HistoryTable")});
    add_policies(resources, needed);
    add_rules(resources, request, needed);
    Value migrations = resource("Custom::DynamigrateMigrations",
                                object({
                                    {"ServiceToken", attribute_of("Function", "Arn")},
                                    {"ServiceTimeout", number(kServiceTimeout)},
                                    {"DeploymentMachine", reference("DeploymentMachine")},
                                    {"Machines", machines_by_migration(request)},
                                    {"Digest", text(digest_of(request.migrations))},
                                    {"OnTimeout", reference("OnTimeout")},
                                    {"OnRollback", reference("OnRollback")},
                                    {"TimeoutMinutes", reference("TimeoutMinutes")},
                                }));
    migrations.set("DependsOn", std::move(needed));
    resources.set("Migrations", std::move(migrations));
}

}  // namespace dynamigrate::cloud
