#include "call_traits.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string>

namespace dynamigrate::layers {

using dynamodb::Call;

namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr double kPageUnits = 128;  // 1 MB, eventually consistent

bool is_one_of(std::string_view operation, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), operation) != names.end();
}

/// What follows the member's colon, or "". Inside attribute values and names the text may occur
/// too: there another sign follows, or an object, never a plain text, number or truth value.
std::string_view after_member(std::string_view body, std::string_view name) noexcept {
    for (std::size_t at = 0; (at = body.find(name, at)) != body.npos; at += name.size()) {
        const std::size_t end = at + name.size();
        if (at == 0 || body[at - 1] != '"' || end >= body.size() || body[end] != '"') {
            continue;
        }
        const std::size_t colon = body.find_first_not_of(kWhiteSpace, end + 1);
        if (colon == body.npos || body[colon] != ':') {
            continue;
        }
        const std::size_t value = body.find_first_not_of(kWhiteSpace, colon + 1);
        if (value != body.npos && body[value] != '{') {
            return body.substr(value);
        }
    }
    return {};
}

std::size_t count(std::string_view body, std::string_view part) noexcept {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = body.find(part, at)) != body.npos; at += part.size()) {
        ++found;
    }
    return found;
}

/// The objects that follow another one in some array, white space between them or not.
std::size_t count_following_objects(std::string_view body) noexcept {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = body.find('}', at)) != body.npos; ++at) {
        std::size_t next = body.find_first_not_of(kWhiteSpace, at + 1);
        if (next != body.npos && body[next] == ',') {
            next = body.find_first_not_of(kWhiteSpace, next + 1);
            found += next != body.npos && body[next] == '{' ? 1 : 0;
        }
    }
    return found;
}

bool is_consistent(const Call& call) noexcept {
    return after_member(call.body, "ConsistentRead").starts_with("true");
}

/// Without white space at the beginning, escaped or not.
std::string_view without_indent(std::string_view text) noexcept {
    while (!text.empty()) {
        const bool is_escaped =
            text.starts_with("\\n") || text.starts_with("\\r") || text.starts_with("\\t");
        if (!is_escaped && kWhiteSpace.find(text.front()) == kWhiteSpace.npos) {
            break;
        }
        text.remove_prefix(is_escaped ? 2 : 1);
    }
    return text;
}

bool is_select(const Call& call) noexcept {
    std::string_view statement = after_member(call.body, "Statement");
    statement = without_indent(statement.substr(statement.starts_with('"') ? 1 : 0));
    constexpr std::string_view kSelect = "select";
    return statement.size() > kSelect.size() &&
           std::equal(kSelect.begin(), kSelect.end(), statement.begin(),
                      [](char a, char b) { return a == (b | 0x20); });
}

double page_units(const Call& call) noexcept {
    const std::string_view limit = after_member(call.body, "Limit");
    double items = kPageUnits / 0.5;
    std::from_chars(limit.data(), limit.data() + limit.size(), items);
    const double units = std::clamp(items * 0.5, 0.5, kPageUnits);
    return is_consistent(call) ? 2 * units : units;
}

double read_units(const Call& call) noexcept {
    const std::string_view operation = call.operation;
    if (is_one_of(operation, {"Query", "Scan"})) {
        return page_units(call);
    }
    if (operation == "TransactGetItems") {
        return 2 * static_cast<double>(std::max<std::size_t>(1, count(call.body, "\"Get\"")));
    }
    if (is_one_of(operation, {"BatchExecuteStatement", "ExecuteTransaction"})) {
        return static_cast<double>(std::max<std::size_t>(1, count(call.body, "\"Statement\"")));
    }
    const double keys = operation == "BatchGetItem"
                            ? 1 + static_cast<double>(count_following_objects(call.body))
                            : 1;
    return is_consistent(call) ? keys : keys * 0.5;
}

double write_units(const Call& call) noexcept {
    std::size_t items = 1;
    if (call.operation == "BatchWriteItem") {
        items = count(call.body, "\"PutRequest\"") + count(call.body, "\"DeleteRequest\"");
    } else if (call.operation == "TransactWriteItems") {
        items = count(call.body, "\"TableName\"");
    } else if (is_one_of(call.operation, {"BatchExecuteStatement", "ExecuteTransaction"})) {
        items = count(call.body, "\"Statement\"");
    }
    const double kilobytes = std::ceil(static_cast<double>(call.body.size()) / 1024);
    const double units = std::max({1.0, kilobytes, static_cast<double>(items)});
    const bool is_transaction =
        is_one_of(call.operation, {"TransactWriteItems", "ExecuteTransaction"});
    return is_transaction ? 2 * units : units;
}

}  // namespace

std::string_view text_member(std::string_view body, std::string_view name) noexcept {
    const std::string_view value = after_member(body, name);
    if (!value.starts_with('"')) {
        return {};
    }
    const std::size_t end = value.find_first_of("\"\\", 1);
    return end == value.npos || value[end] == '\\' ? std::string_view() : value.substr(1, end - 1);
}

CapacitySide capacity_side(const Call& call) noexcept {
    if (is_one_of(call.operation,
                  {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"})) {
        return CapacitySide::read;
    }
    if (is_one_of(call.operation, {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem",
                                   "TransactWriteItems"})) {
        return CapacitySide::write;
    }
    if (is_one_of(call.operation,
                  {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})) {
        return is_select(call) ? CapacitySide::read : CapacitySide::write;
    }
    return CapacitySide::none;
}

double likely_units(const Call& call) noexcept {
    if (call.expected_units > 0) {
        return call.expected_units;
    }
    switch (capacity_side(call)) {
        case CapacitySide::none:
            break;
        case CapacitySide::read:
            return read_units(call);
        case CapacitySide::write:
            return write_units(call);
    }
    return 0;
}

std::vector<std::string> touched_tables(const Call& call) {
    if (!call.table.empty()) {
        return {std::string(call.table)};
    }
    if (is_one_of(call.operation,
                  {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"})) {
        const std::string_view table = text_member(call.body, "TableName");
        if (!table.empty() && table.find(':') == table.npos) {
            return {std::string(table)};
        }
    }
    return dynamodb::tables_of(call);
}

bool changes_nothing(const Call& call) noexcept {
    return dynamodb::is_read_only(call.operation) || capacity_side(call) == CapacitySide::read;
}

bool is_repeatable(const Call& call) noexcept {
    if (is_one_of(call.operation,
                  {"PutItem", "DeleteItem", "BatchWriteItem", "BatchExecuteStatement"})) {
        return true;
    }
    if (call.operation == "UpdateItem") {
        return after_member(call.body, "ConditionExpression").starts_with('"');
    }
    if (is_one_of(call.operation, {"TransactWriteItems", "ExecuteTransaction"})) {
        return !text_member(call.body, "ClientRequestToken").empty();
    }
    return changes_nothing(call);
}

}  // namespace dynamigrate::layers
