#include "diagnosis.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::TableDescription;
using State = Diagnosis::State;

/// How a request ended that only asks.
struct Answer {
    enum class Kind { answered, denied, unknown };
    Kind kind = Kind::unknown;
    json::Value body;
};

Answer ask(dynamodb::Service& service, std::string_view operation, std::string_view body) {
    dynamodb::Reply reply;
    try {
        service.call({operation, body}, reply);
        return {Answer::Kind::answered, json::parse_json(reply.body, "answer")};
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::cancelled) {
            throw;
        }
        return {error.kind() == ErrorKind::permission_denied ? Answer::Kind::denied
                                                             : Answer::Kind::unknown,
                {}};
    }
}

std::string named(const TableDescription& table) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table.name).end_object();
    return body;
}

const json::Value* at(const json::Value& root, std::initializer_list<std::string_view> path) {
    const json::Value* value = &root;
    for (std::string_view name : path) {
        value = value == nullptr || !value->is_object() ? nullptr : value->find(name);
    }
    return value;
}

std::string text_at(const json::Value& root, std::initializer_list<std::string_view> path) {
    const json::Value* value = at(root, path);
    return value != nullptr && value->is_string() ? value->text() : std::string();
}

Diagnosis not_answered(const std::string& check, const Answer& answer) {
    return unavailable(
        check, answer.kind == Answer::Kind::denied ? "not allowed to ask" : "not available here");
}

Diagnosis diagnose_state(const TableDescription& table) {
    std::vector<std::string> busy;
    if (table.status != "ACTIVE") {
        busy.push_back(table.status);
    }
    for (const dynamodb::IndexDescription& index : table.indexes) {
        if (!index.is_local && index.status != "ACTIVE") {
            busy.push_back(fmt::format("index {} is {}", index.name, index.status));
        }
    }
    if (!busy.empty()) {
        return {State::note, "state", fmt::format("{}", fmt::join(busy, ", ")), "table_busy",
                "changes of its shape wait until that has ended"};
    }
    return good("state",
                fmt::format("active, about {} items, {:.1f} MB, {} indexes", table.item_count,
                            static_cast<double>(table.size_bytes) / 1e6, table.indexes.size()));
}

Diagnosis diagnose_capacity(const TableDescription& table) {
    std::string text = table.is_on_demand ? std::string("on demand")
                                          : fmt::format("{} RCU, {} WCU", table.provisioned.read,
                                                        table.provisioned.write);
    if (table.on_demand_maximum) {
        text += fmt::format(", at most {} RCU, {} WCU", table.on_demand_maximum->read,
                            table.on_demand_maximum->write);
    }
    text += table.warm ? fmt::format(", warm for {} reads, {} writes a second", table.warm->read,
                                     table.warm->write)
                       : std::string(", warm throughput not told");
    return good("capacity", std::move(text));
}

Diagnosis diagnose_recovery(dynamodb::Service& service, const TableDescription& table,
                            const migrate::Settings& settings) {
    const std::string check = "point-in-time recovery";
    Answer answer = ask(service, "DescribeContinuousBackups", named(table));
    std::string state =
        answer.kind == Answer::Kind::answered
            ? text_at(answer.body, {"ContinuousBackupsDescription",
                                    "PointInTimeRecoveryDescription", "PointInTimeRecoveryStatus"})
            : std::string();
    if (state.empty()) {
        return not_answered(check, answer);
    }
    if (state == "ENABLED") {
        return good(check, "on");
    }
    return {settings.has_backups ? State::warning : State::good, check, "off",
            settings.has_backups ? "pitr_off" : "",
            settings.has_backups ? "switch it on before a migration" : ""};
}

Diagnosis diagnose_expiry(dynamodb::Service& service, const TableDescription& table) {
    Answer answer = ask(service, "DescribeTimeToLive", named(table));
    if (answer.kind != Answer::Kind::answered) {
        return not_answered("time to live", answer);
    }
    std::string status = text_at(answer.body, {"TimeToLiveDescription", "TimeToLiveStatus"});
    std::string attribute = text_at(answer.body, {"TimeToLiveDescription", "AttributeName"});
    return good("time to live",
                attribute.empty() ? "off" : fmt::format("{} by {}", status, attribute));
}

/// What reads the stream besides AWS Lambda, which is another service.
std::string kinesis_destinations(dynamodb::Service& service, const TableDescription& table) {
    Answer answer = ask(service, "DescribeKinesisStreamingDestination", named(table));
    if (answer.kind != Answer::Kind::answered) {
        return "Kinesis destinations: not available here";
    }
    const json::Value* destinations = at(answer.body, {"KinesisDataStreamDestinations"});
    std::vector<std::string> streams;
    if (destinations != nullptr && destinations->is_array()) {
        for (const json::Value& destination : destinations->elements()) {
            streams.push_back(text_at(destination, {"StreamArn"}));
        }
    }
    return streams.empty() ? std::string("no Kinesis destinations")
                           : fmt::format("Kinesis: {}", fmt::join(streams, ", "));
}

std::string lambda_functions(const std::string& stream, const StreamReaders& readers) {
    try {
        auto functions = readers && !stream.empty() ? readers(stream) : std::nullopt;
        return !functions           ? "Lambda functions: not available here"
               : functions->empty() ? "no Lambda functions"
                                    : fmt::format("Lambda: {}", fmt::join(*functions, ", "));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::cancelled) {
            throw;
        }
        return error.kind() == ErrorKind::permission_denied ? "Lambda functions: not allowed to ask"
                                                            : "Lambda functions: not checked";
    }
}

Diagnosis diagnose_stream(dynamodb::Service& service, const TableDescription& table,
                          const StreamReaders& readers) {
    std::string kinesis = kinesis_destinations(service, table);
    bool has_kinesis = kinesis.starts_with("Kinesis: ");
    if (!table.has_stream && !has_kinesis) {
        return good("stream", "off; " + kinesis);
    }
    json::Value raw = json::parse_json(table.raw, "the table's description");
    std::string view = text_at(raw, {"StreamSpecification", "StreamViewType"});
    return {State::note, "stream",
            fmt::format("{}{}{}", table.has_stream ? "on, " + view + "; " : "off; ",
                        table.has_stream
                            ? lambda_functions(text_at(raw, {"LatestStreamArn"}), readers) + "; "
                            : "",
                        kinesis),
            "stream_consumers",
            "each changed item gives a record: see that its readers can take that, let them pass "
            "over it, or lower --max-wcu"};
}

Diagnosis diagnose_replicas(const TableDescription& table, const migrate::Settings& settings) {
    if (table.replicas.empty()) {
        return good("replicas", "none");
    }
    std::string text = fmt::format("{}", fmt::join(table.replicas, ", "));
    if (settings.single_region_writers) {
        return good("replicas", text + "; one Region writes");
    }
    return {State::error, "replicas", std::move(text), "replicated_table",
            "stop the writers of the other Regions and write `single_region_writers: true` into "
            "the configuration"};
}

/// The value of a key attribute that no item has.
void write_key_value(json::Writer& out, const dynamodb::KeyAttribute& attribute) {
    bool is_number = attribute.type == dynamodb::AttributeType::number;
    out.begin_object().key(dynamodb::to_string(attribute.type));
    out.string(is_number ? "-9e125" : "ZHluYW1pZ3JhdGUtZG9jdG9y").end_object();
}

void write_key(json::Writer& out, const TableDescription& table) {
    out.begin_object();
    write_key_value(out.key(table.key.hash.name), table.key.hash);
    if (table.key.sort) {
        write_key_value(out.key(table.key.sort->name), *table.key.sort);
    }
    out.end_object();
}

/// A condition that cannot hold.
void write_condition(json::Writer& out, const TableDescription& table) {
    out.key("ConditionExpression").string("attribute_exists(#k) AND attribute_not_exists(#k)");
    out.key("ExpressionAttributeNames").begin_object();
    out.key("#k").string(table.key.hash.name).end_object();
}

std::string conditional(const TableDescription& table, std::string_view member) {
    std::string body;
    json::Writer out(body);
    write_key(out.begin_object().key("TableName").string(table.name).key(member), table);
    write_condition(out, table);
    out.end_object();
    return body;
}

std::string get_body(const TableDescription& table) {
    std::string body;
    json::Writer out(body);
    write_key(out.begin_object().key("TableName").string(table.name).key("Key"), table);
    out.end_object();
    return body;
}

std::string batch_get_body(const TableDescription& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("RequestItems").begin_object().key(table.name).begin_object();
    write_key(out.key("Keys").begin_array(), table);
    out.end_array().end_object().end_object().end_object();
    return body;
}

std::string scan_body(const TableDescription& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table.name);
    out.key("Limit").number(1).end_object();
    return body;
}

std::string query_body(const TableDescription& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table.name);
    out.key("KeyConditionExpression").string("#k = :k");
    out.key("ExpressionAttributeNames").begin_object();
    out.key("#k").string(table.key.hash.name).end_object();
    out.key("ExpressionAttributeValues").begin_object();
    write_key_value(out.key(":k"), table.key.hash);
    out.end_object().end_object();
    return body;
}

std::string check_body(const TableDescription& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TransactItems").begin_array().begin_object().key("ConditionCheck");
    write_key(out.begin_object().key("TableName").string(table.name).key("Key"), table);
    write_condition(out, table);
    out.end_object().end_object().end_array().end_object();
    return body;
}

std::string statement_body(const TableDescription& table, std::string_view begin) {
    std::string statement = fmt::format("{} WHERE \"{}\" = ?", begin, table.key.hash.name);
    if (table.key.sort) {
        statement += fmt::format(" AND \"{}\" = ?", table.key.sort->name);
    }
    std::string body;
    json::Writer out(body);
    out.begin_object().key("Statement").string(statement).key("Parameters").begin_array();
    write_key_value(out, table.key.hash);
    if (table.key.sort) {
        write_key_value(out, *table.key.sort);
    }
    out.end_array().end_object();
    return body;
}

/// The request that asks whether the action is allowed; no operation for what cannot be asked.
std::pair<std::string_view, std::string> probe(const TableDescription& table,
                                               std::string_view action) {
    if (action == "DescribeTable" || action == "DescribeTimeToLive" ||
        action == "DescribeContinuousBackups") {
        return {action, named(table)};
    }
    if (action == "Scan") {
        return {action, scan_body(table)};
    }
    if (action == "Query") {
        return {action, query_body(table)};
    }
    if (action == "GetItem") {
        return {action, get_body(table)};
    }
    if (action == "BatchGetItem") {
        return {action, batch_get_body(table)};
    }
    if (action == "UpdateItem" || action == "DeleteItem") {
        return {action, conditional(table, "Key")};
    }
    if (action == "PutItem") {
        return {action, conditional(table, "Item")};
    }
    if (action == "ConditionCheckItem") {
        return {"TransactWriteItems", check_body(table)};
    }
    if (action == "PartiQLSelect") {
        return {"ExecuteStatement",
                statement_body(table, fmt::format("SELECT * FROM \"{}\"", table.name))};
    }
    if (action == "PartiQLUpdate") {  // which changes only what is there
        return {"ExecuteStatement",
                statement_body(table, fmt::format("UPDATE \"{}\" SET \"_dm\" = 1", table.name))};
    }
    return {};
}

}  // namespace

std::vector<Diagnosis> diagnose_table(dynamodb::Service& service, const TableDescription& table,
                                      const migrate::Settings& settings,
                                      const StreamReaders& readers) {
    return {diagnose_state(table),
            diagnose_capacity(table),
            diagnose_recovery(service, table, settings),
            diagnose_stream(service, table, readers),
            diagnose_expiry(service, table),
            diagnose_replicas(table, settings)};
}

Diagnosis diagnose_permissions(dynamodb::Service& service, const TableDescription& table,
                               const std::set<std::string>& actions) {
    std::vector<std::string> allowed;
    std::vector<std::string> denied;
    std::vector<std::string> unchecked;
    for (const std::string& action : actions) {
        std::string name = action.substr(action.find(':') + 1);
        auto [operation, body] = probe(table, name);
        Answer answer = operation.empty() ? Answer{} : ask(service, operation, body);
        (answer.kind == Answer::Kind::answered ? allowed
         : answer.kind == Answer::Kind::denied ? denied
                                               : unchecked)
            .push_back(std::move(name));
    }
    std::string text;
    auto tell = [&](std::string_view what, const std::vector<std::string>& names) {
        if (!names.empty()) {
            text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", what, fmt::join(names, ", "));
        }
    };
    tell("denied", denied);
    tell("allowed", allowed);
    tell("not checked", unchecked);
    if (denied.empty()) {
        return good("permissions", text.empty() ? "none needed" : std::move(text));
    }
    return {State::error, "permissions", std::move(text), "missing_permission",
            "`dynamigrate iam-policy` prints the policy that the migrations need"};
}

}  // namespace dynamigrate::cli
