#include "template_parts.hpp"
#include "template_values.hpp"

namespace dynamigrate::cloud {

using json::Value;

namespace {

constexpr std::string_view kExecutions =
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${Name}:*";
/// Of a distributed map's segments.
constexpr std::string_view kMapExecutions =
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${Name}/*";

Value executions_of(const Value& name, std::string_view form) {
    return substituted(form, object({{"Name", name}}));
}

Value policy_of(std::string_view name, std::vector<Value> statements) {
    return object(
        {{"PolicyName", text(name)}, {"PolicyDocument", policy_document(std::move(statements))}});
}

Value statement_of(const migrate::PolicyStatement& needed) {
    std::vector<Value> actions;
    for (const std::string& action : needed.actions) {
        actions.push_back(text(action));
    }
    std::vector<Value> resources;
    for (const std::string& resource : needed.resources) {
        resources.push_back(substituted(resource));
    }
    return allowing(needed.id, std::move(actions), list(std::move(resources)));
}

Value function_role(const TemplateRequest& request) {
    std::vector<Value> statements;
    for (const migrate::PolicyStatement& needed : request.statements) {
        statements.push_back(statement_of(needed));
    }
    statements.push_back(allowing("Log", {text("logs:CreateLogStream"), text("logs:PutLogEvents")},
                                  list({attribute_of("FunctionLogGroup", "Arn")})));
    statements.push_back(allowing("Stack", {text("cloudformation:DescribeStacks")},
                                  list({reference("AWS::StackId")})));
    return resource("AWS::IAM::Role",
                    object({{"AssumeRolePolicyDocument", trusting("lambda.amazonaws.com")},
                            {"Policies", list({policy_of("migrations", std::move(statements))})}}));
}

/// Deliveries of logs know no resources.
Value log_deliveries() {
    std::vector<Value> actions;
    for (const std::string_view action :
         {"CreateLogDelivery", "DeleteLogDelivery", "DescribeLogGroups", "DescribeResourcePolicies",
          "GetLogDelivery", "ListLogDeliveries", "PutResourcePolicy", "UpdateLogDelivery"}) {
        actions.push_back(text("logs:" + std::string(action)));
    }
    return allowing("LogDeliveries", std::move(actions), list({text("*")}));
}

Value states_role() {
    Value this_account =
        object({{"StringEquals", object({{"aws:SourceAccount", reference("AWS::AccountId")}})}});
    Value invoke =
        allowing("Function", {text("lambda:InvokeFunction")},
                 list({attribute_of("Function", "Arn"), substituted("${Function.Arn}:*")}));
    return resource(
        "AWS::IAM::Role",
        object(
            {{"AssumeRolePolicyDocument",
              trusting("states.amazonaws.com", std::move(this_account))},
             {"Policies", list({policy_of("machines", {std::move(invoke), log_deliveries()})})}}));
}

/// What one policy is for.
struct Group {
    std::vector<Value> machines;
    std::vector<Value> names;
};

std::vector<Group> groups_of(const TemplateRequest& request) {
    std::vector<Group> groups(1);
    for (const TemplateMigration& migration : request.migrations) {
        if (groups.back().machines.size() == kMachinesOfARole) {
            groups.emplace_back();
        }
        groups.back().machines.push_back(machine_arn(request, migration));
        groups.back().names.push_back(machine_name(request, migration));
    }
    return groups;
}

std::vector<Value> statements_on(const Group& group, bool with_maps) {
    std::vector<Value> executions;
    for (const Value& name : group.names) {
        executions.push_back(executions_of(name, kExecutions));
        if (with_maps) {
            executions.push_back(executions_of(name, kMapExecutions));
        }
    }
    return {allowing("Start", {text("states:StartExecution")}, list(group.machines)),
            allowing("Executions", {text("states:DescribeExecution"), text("states:StopExecution")},
                     list(std::move(executions)))};
}

/// Policies that the function's role takes.
constexpr std::size_t kMostPolicies = 10;

/// Another one with other migrations, as far as the role has room for both: until an update or its
/// rollback is over the newer policy is there, and the function may still execute the newer machines.
std::string function_machines_id(const TemplateRequest& request, std::size_t group,
                                 std::size_t groups) {
    constexpr std::size_t kDigits = 8;
    const bool has_room = 2 * groups <= kMostPolicies;
    return numbered(
        "FunctionMachines" + (has_room ? digest_of(request.migrations).substr(0, kDigits) : ""),
        group);
}

}  // namespace

std::string states_role_id(std::size_t machine) {
    return numbered("StatesRole", machine / kMachinesOfARole);
}

void add_roles(Value& resources, const TemplateRequest& request) {
    resources.set("FunctionRole", function_role(request));
    for (std::size_t i = 0; i < groups_of(request).size(); ++i) {
        resources.set(numbered("StatesRole", i), states_role());
    }
}

void add_machine_policies(Value& resources, const TemplateRequest& request) {
    std::vector<Group> groups = groups_of(request);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!groups[i].machines.empty()) {  // a distributed map starts its own machine
            resources.set(
                numbered("StatesPolicy", i),
                resource(
                    "AWS::IAM::Policy",
                    object({{"PolicyName", text("maps")},
                            {"Roles", list({reference(numbered("StatesRole", i))})},
                            {"PolicyDocument", policy_document(statements_on(groups[i], true))}})));
        }
        if (i == 0) {
            groups[i].machines.push_back(reference("DeploymentMachine"));
            groups[i].names.push_back(attribute_of("DeploymentMachine", "Name"));
        }
        resources.set(
            function_machines_id(request, i, groups.size()),
            resource(
                "AWS::IAM::ManagedPolicy",
                object({{"Roles", list({reference("FunctionRole")})},
                        {"PolicyDocument", policy_document(statements_on(groups[i], false))}})));
    }
}

}  // namespace dynamigrate::cloud
