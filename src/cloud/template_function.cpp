#include "template_parts.hpp"
#include "template_values.hpp"

namespace dynamigrate::cloud {

using json::Value;

namespace {

constexpr std::size_t kMostDescription = 256;

Value key_part(std::string_view name, std::string_view role) {
    return object({{"AttributeName", text(name)}, {"KeyType", text(role)}});
}

Value key_type(std::string_view name) {
    return object({{"AttributeName", text(name)}, {"AttributeType", text("S")}});
}

Value log_group(std::string_view name) {
    Value properties = Value::object();
    if (!name.empty()) {
        properties.set("LogGroupName", substituted(name));
    }
    properties.set("RetentionInDays", reference("LogRetentionDays"));
    return resource("AWS::Logs::LogGroup", std::move(properties));
}

Value retained(Value made) {
    made.set("DeletionPolicy", text("Retain"));
    made.set("UpdateReplacePolicy", text("Retain"));
    return made;
}

Value either(std::string_view condition, Value then, Value otherwise) {
    return object({{"Fn::If", list({text(condition), std::move(then), std::move(otherwise)})}});
}

Value environment(const TemplateRequest& request) {
    Value variables = object({
        {"DYNAMIGRATE_HISTORY_TABLE", reference("HistoryTableName")},
        {"DYNAMIGRATE_MAX_RCU", reference("MaxRcu")},
        {"DYNAMIGRATE_MAX_WCU", reference("MaxWcu")},
        {"DYNAMIGRATE_TABLES", substituted(table_names(request))},
        // A runtime with Node starts what this names in the place of its own program.
        {"AWS_LAMBDA_EXEC_WRAPPER", either("HasNode", text("/var/task/bootstrap"), text(""))},
    });
    if (!request.profile.empty()) {
        variables.set("PROFILE", text(request.profile));
    }
    return object({{"Variables", std::move(variables)}});
}

}  // namespace

void add_history(Value& resources) {
    Value table =
        resource("AWS::DynamoDB::Table",
                 object({
                     {"TableName", reference("HistoryTableName")},
                     {"BillingMode", text("PAY_PER_REQUEST")},
                     {"AttributeDefinitions", list({key_type("pk"), key_type("sk")})},
                     {"KeySchema", list({key_part("pk", "HASH"), key_part("sk", "RANGE")})},
                     {"PointInTimeRecoverySpecification",
                      object({{"PointInTimeRecoveryEnabled", Value::boolean(true)}})},
                 }));
    table.set("Condition", text("CreatesHistoryTable"));
    resources.set("HistoryTable", retained(std::move(table)));
}

void add_function(Value& resources, const TemplateRequest& request) {
    resources.set("FunctionLogGroup", log_group(""));
    // Groups of this prefix need no place in the Region's policy of log deliveries.
    resources.set("StatesLogGroup",
                  log_group("/aws/vendedlogs/states/${AWS::StackName}-${HistoryTableName}"));
    resources.set(
        "Function",
        resource("AWS::Lambda::Function",
                 object({
                     {"Description", text(("dynamigrate: migrations of " + request.project)
                                              .substr(0, kMostDescription))},
                     {"Runtime", reference("Runtime")},
                     {"Handler", text("bootstrap")},
                     {"Architectures", list({reference("Architecture")})},
                     {"Code", object({{"S3Bucket", reference("PackageBucket")},
                                      {"S3Key", reference("PackageKey")}})},
                     {"Role", attribute_of("FunctionRole", "Arn")},
                     {"Layers",
                      either("HasLayers",
                             object({{"Fn::Split", list({text(","), reference("LayerArns")})}}),
                             reference("AWS::NoValue"))},
                     {"Timeout", number(request.call_timeout.count())},
                     {"MemorySize", reference("MemorySize")},
                     {"LoggingConfig", object({{"LogGroup", reference("FunctionLogGroup")}})},
                     {"Environment", environment(request)},
                 })));
    resources.set(function_version_id(request),
                  retained(resource("AWS::Lambda::Version",
                                    object({{"FunctionName", reference("Function")}}))));
}

}  // namespace dynamigrate::cloud
