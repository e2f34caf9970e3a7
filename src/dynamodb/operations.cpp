#include <dynamigrate/dynamodb/operations.hpp>

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/dynamodb/wire_reader.hpp>
#include <dynamigrate/json/writer.hpp>

#include "request_members.hpp"

namespace dynamigrate::dynamodb {

namespace {

/// The answer's member of that name as an item; nothing when it is absent.
std::optional<OwnedItem> read_member_item(Reply& reply, std::string_view member) {
    return corrupted_unless_read("the service's answer", [&]() -> std::optional<OwnedItem> {
        json::Reader reader;
        json::wire::document document = reader.read(reply.body);
        json::wire::object object;
        auto code = document[member].get_object().get(object);
        if (code == simdjson::NO_SUCH_FIELD) {
            return std::nullopt;
        }
        if (code != simdjson::SUCCESS) {
            throw simdjson::simdjson_error(code);
        }
        std::optional<OwnedItem> found(std::in_place);
        found->item = read_item(object, found->arena);
        return found;
    });
}

void write_key(json::Writer& out, const Item& key) {
    out.key("Key");
    write_item(out, key);
}

void write_condition(json::Writer& out, const ExpressionText& condition) {
    write_expression(out, "ConditionExpression", condition.text);
    write_substitutions(out, condition);
    if (!condition.text.empty()) {
        out.key("ReturnValuesOnConditionCheckFailure").string("ALL_OLD");
    }
}

WriteResult call_write(Service& service, std::string_view operation, const std::string& body,
                       std::stop_token stop) {
    Reply reply;
    service.call({operation, body, std::move(stop)}, reply);
    WriteResult result;
    result.condition_failed = reply.outcome == Outcome::condition_failed;
    result.earlier_attempt_may_have_applied = reply.earlier_attempt_may_have_applied;
    result.attributes = read_member_item(reply, result.condition_failed ? "Item" : "Attributes");
    return result;
}

void begin_request(json::Writer& out, std::string_view table) {
    out.begin_object().key("TableName").string(table);
}

}  // namespace

std::optional<OwnedItem> get_item(Service& service, std::string_view table, const Item& key,
                                  std::stop_token stop) {
    std::string body;
    json::Writer out(body);
    begin_request(out, table);
    write_key(out, key);
    out.key("ConsistentRead").boolean(true).end_object();
    Reply reply;
    service.call({"GetItem", body, std::move(stop)}, reply);
    return read_member_item(reply, "Item");
}

WriteResult put_item(Service& service, std::string_view table, const Item& item,
                     const ExpressionText& condition, std::stop_token stop) {
    std::string body;
    json::Writer out(body);
    begin_request(out, table);
    out.key("Item");
    write_item(out, item);
    write_condition(out, condition);
    out.end_object();
    return call_write(service, "PutItem", body, std::move(stop));
}

WriteResult update_item(Service& service, std::string_view table, const Item& key,
                        std::string_view update_expression,
                        const ExpressionText& condition_and_substitutions,
                        std::string_view return_values, std::stop_token stop) {
    std::string body;
    json::Writer out(body);
    begin_request(out, table);
    write_key(out, key);
    write_expression(out, "UpdateExpression", update_expression);
    write_condition(out, condition_and_substitutions);
    write_expression(out, "ReturnValues", return_values);
    out.end_object();
    return call_write(service, "UpdateItem", body, std::move(stop));
}

WriteResult delete_item(Service& service, std::string_view table, const Item& key,
                        const ExpressionText& condition, std::string_view return_values,
                        std::stop_token stop) {
    std::string body;
    json::Writer out(body);
    begin_request(out, table);
    write_key(out, key);
    write_condition(out, condition);
    write_expression(out, "ReturnValues", return_values);
    out.end_object();
    return call_write(service, "DeleteItem", body, std::move(stop));
}

}  // namespace dynamigrate::dynamodb
