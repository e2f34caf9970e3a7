#pragma once

#include <dynamigrate/cloud/template.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace dynamigrate::cloud {

/// Machines that one role and one policy are for, so that the policy's text is within IAM's limits.
inline constexpr std::size_t kMachinesOfARole = 18;
/// Machines that one rule is for, so that its pattern is within EventBridge's limit.
inline constexpr std::size_t kMachinesOfARule = 10;

/// Of the function, MB.
inline constexpr std::uint32_t kLeastMemory = 256;
inline constexpr std::uint32_t kMostMemory = 10'240;

/// `app=${TableApp},...`: the real names as the function's variable says them.
std::string table_names(const TemplateRequest& request);
std::string function_version_id(const TemplateRequest& request);
/// "StatesRole" of the machine, which is the index-th.
std::string states_role_id(std::size_t machine);

/// A machine as other resources name it.
json::Value machine_arn(const TemplateRequest& request, const TemplateMigration& migration);
json::Value machine_name(const TemplateRequest& request, const TemplateMigration& migration);

/// The runtime that has nothing of its own.
inline constexpr std::string_view kNativeRuntime = "provided.al2023";

json::Value conditions();
json::Value parameters_of(const TemplateRequest& request);
json::Value outputs_of(const TemplateRequest& request);

/// Each adds its resources.
void add_history(json::Value& resources);
void add_function(json::Value& resources, const TemplateRequest& request);
void add_roles(json::Value& resources, const TemplateRequest& request);
void add_machine_policies(json::Value& resources, const TemplateRequest& request);
void add_machines(json::Value& resources, const TemplateRequest& request);
void add_deployment(json::Value& resources, const TemplateRequest& request);

/// With the log and the role of the others.
json::Value deployment_machine(json::Value definition, json::Value values);
/// Of a migration's machine, with `${...}` for what differs or the stack decides.
std::string definition_text();
/// The same, once for all machines.
json::Value mappings();
json::Value machine_template(const TemplateMigration& migration);
std::string nested_file(const TemplateRequest& request, const TemplateMigration& migration);

/// Errors: as make_templates.
void check_request(const TemplateRequest& request);
/// Errors: failed_precondition for more than CloudFormation takes.
void check_counts(const json::Value& content, bool is_nested);

}  // namespace dynamigrate::cloud
