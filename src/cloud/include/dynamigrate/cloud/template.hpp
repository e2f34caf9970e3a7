#pragma once

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/iam_policy.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// CloudFormation's template of a project's function, state machines and deployment, as a value.
namespace dynamigrate::cloud {

/// A migration that gets a state machine.
struct TemplateMigration {
    std::string id;             ///< version or name
    std::string action = "up";  ///< what its machine does unless asked otherwise
    std::string checksum;
    /// Share of a round's segments that may fail; 0: what the stack's parameter says.
    double tolerated_failure_percent = 0;
};

/// A table that migrations name, whose real name a parameter of the stack says.
struct TemplateTable {
    std::string name;       ///< as written in the migrations
    std::string real_name;  ///< the parameter's default
    std::string parameter;
};

/// What a template is made of.
struct TemplateRequest {
    std::string project;  ///< for people: whose migrations these are
    std::vector<TemplateMigration> migrations;
    std::vector<TemplateTable> tables;
    /// What the function may do with tables and journals; `${...}` in resources are the template's.
    std::vector<migrate::PolicyStatement> statements;
    std::string history_table;       ///< default of its parameter
    std::string max_rcu, max_wcu;    ///< defaults: a rate, a share ("40%") or "": as configured
    std::uint32_t concurrency = 16;  ///< default: segments worked at once
    std::uint32_t memory_mb = 1024;  ///< default: of the function
    std::chrono::seconds call_timeout{900};  ///< of the function
    std::string architecture;                ///< default: x86_64 or arm64
    bool needs_node = false;           ///< the runtime is Node's unless the stack says otherwise
    std::string profile;               ///< of the configuration; "": none
    std::string package_digest;        ///< of what the function's package holds
    std::string on_timeout = "fail";   ///< default: fail or detach
    std::string on_rollback = "keep";  ///< default: keep or down
    std::chrono::minutes timeout{55};  ///< default
    bool is_nested = false;            ///< a stack of its own for each migration
    std::string extension = "json";    ///< of the nested templates' files
};

/// A nested stack's template.
struct NestedTemplate {
    std::string file;  ///< its name beside the main one, as that one says
    json::Value content;
};

struct StackTemplates {
    json::Value main;
    std::vector<NestedTemplate> nested;
};

/// Puts in the project's migrations and tables, with what they need.
void add_project(TemplateRequest& request, const migrate::Registry& registry,
                 const migrate::Settings& settings, const migrate::PolicyScope& scope);

/// The same for the same request.
/// Errors: failed_precondition for more than CloudFormation or IAM take, with what to do;
/// invalid_argument for a timeout above `kLongestTimeout`.
StackTemplates make_templates(const TemplateRequest& request);

/// Changes when a migration comes, goes or changes. SHA-256, hex.
std::string digest_of(const std::vector<TemplateMigration>& migrations);

/// The logical id of a migration's resource: always the same, and another one for each id.
std::string machine_id(std::string_view migration);

/// CloudFormation waits an hour at most; some of it is for the answer.
inline constexpr std::chrono::minutes kLongestTimeout{55};
/// Errors: invalid_argument for one that is longer, with what to do.
void check_timeout(std::chrono::minutes timeout);
/// A template's text: handed over with the call, and from S3.
inline constexpr std::size_t kMaxInlineTemplate = 51'200;
inline constexpr std::size_t kMaxTemplate = 1'000'000;

/// Errors: failed_precondition for a text that is longer than `kMaxTemplate`.
void check_template_size(std::string_view name, std::string_view text, bool is_nested);

}  // namespace dynamigrate::cloud
