#include "template_parts.hpp"
#include "template_values.hpp"

namespace dynamigrate::cloud {

using json::Value;

namespace {

constexpr std::string_view kTableName = "^[a-zA-Z0-9_.-]{3,255}$";
constexpr std::string_view kRate = R"(^([0-9]+(\.[0-9]+)?%?)?$)";
/// What CloudWatch takes.
constexpr int kRetentions[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                               365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

Value parameter(std::string_view type, std::string_view description) {
    return object({{"Type", text(type)}, {"Description", text(description)}});
}

Value parameter(std::string_view type, std::string_view description, std::string_view value) {
    Value made = parameter(type, description);
    made.set("Default", text(value));
    return made;
}

Value one_of(std::string_view description, std::string_view value, Value allowed) {
    Value made = parameter("String", description, value);
    made.set("AllowedValues", std::move(allowed));
    return made;
}

Value matching(std::string_view description, std::string_view value, std::string_view pattern) {
    Value made = parameter("String", description, value);
    made.set("AllowedPattern", text(pattern));
    return made;
}

Value between(std::string_view description, std::int64_t value, std::int64_t least,
              std::int64_t most) {
    Value made = parameter("Number", description);
    made.set("Default", number(value));
    made.set("MinValue", number(least));
    made.set("MaxValue", number(most));
    return made;
}

Value retention() {
    Value days = Value::array();
    for (const int allowed : kRetentions) {
        days.elements().push_back(number(allowed));
    }
    Value made = parameter("Number", "Days for which logs are kept");
    made.set("Default", number(30));
    made.set("AllowedValues", std::move(days));
    return made;
}

}  // namespace

Value conditions() {
    const auto is_not = [](Value a, Value b) {
        Value same = object({{"Fn::Equals", list({std::move(a), std::move(b)})}});
        return object({{"Fn::Not", list({std::move(same)})}});
    };
    return object({
        {"CreatesHistoryTable",
         object({{"Fn::Equals", list({reference("CreateHistoryTable"), text("true")})}})},
        {"HasLayers", is_not(reference("LayerArns"), text(""))},
        {"HasNode", is_not(reference("Runtime"), text(kNativeRuntime))},
    });
}

Value parameters_of(const TemplateRequest& request) {
    Value parameters = object({
        {"PackageBucket", parameter("String", "S3 bucket of the zip file of deploy package")},
        {"PackageKey", parameter("String", "Key of that zip file")},
        {"Architecture", one_of("The processor that the package was made on", request.architecture,
                                texts({"x86_64", "arm64"}))},
        {"Runtime", one_of("Migrations in JavaScript need one with Node",
                           request.needs_node ? "nodejs22.x" : kNativeRuntime,
                           texts({kNativeRuntime, "nodejs22.x", "nodejs24.x"}))},
        {"LayerArns",
         parameter(
             "String",
             "Layers of the function, such as one with node_modules, with commas between them",
             "")},
        {"HistoryTableName",
         matching("Table of the migrations' history", request.history_table, kTableName)},
        {"CreateHistoryTable",
         one_of("false where that table exists already", "true", texts({"true", "false"}))},
        {"MaxRcu", matching("Read units per second, or a share such as 40%, of all workers "
                            "together; empty: as configured",
                            request.max_rcu, kRate)},
        {"MaxWcu", matching("Write units per second, or a share, of all workers together; empty: "
                            "as configured",
                            request.max_wcu, kRate)},
        {"Concurrency",
         between("Segments that are worked at once", request.concurrency, 1, 10'000)},
        {"ToleratedFailures",
         between("Percent of the segments that may fail before a round of them does", 0, 0, 100)},
        {"MemorySize",
         between("Of the function, MB", request.memory_mb, kLeastMemory, kMostMemory)},
        {"LogRetentionDays", retention()},
        {"OnTimeout", one_of("What a deployment does when its time is over: fail, the run pausing, "
                             "or detach, the run going on",
                             request.on_timeout, texts({"fail", "detach"}))},
        {"OnRollback", one_of("Whether a stack that rolls back takes down what it applied",
                              request.on_rollback, texts({"keep", "down"}))},
        {"TimeoutMinutes", between("For which a deployment waits for its migrations",
                                   request.timeout.count(), 1, kLongestTimeout.count())},
    });
    for (const TemplateTable& table : request.tables) {
        parameters.set(table.parameter, matching("Real name of the table " + table.name,
                                                 table.real_name, kTableName));
    }
    return parameters;
}

}  // namespace dynamigrate::cloud
