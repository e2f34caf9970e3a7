#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/json/writer.hpp>

#include <memory>
#include <string>
#include <string_view>

/// DynamoDB JSON ({"S": "text"}) to and from values; plain JSON for people.
namespace dynamigrate::dynamodb {

/// How many lists and maps a value may hold inside each other.
inline constexpr int kMaxNesting = 32;

/// Appends `{"S":"..."}`.
void write_value(json::Writer& out, const AttributeValue& value);
/// Appends `{"pk":{"S":"..."},...}`.
void write_item(json::Writer& out, const Item& item);
std::string to_wire_json(const AttributeValue& value);
std::string to_wire_json(const Item& item);

/// Parses DynamoDB JSON. Texts without escapes may point into `text` only if the arena owns it:
/// these functions copy everything into the arena.
/// Errors: Error invalid_argument in the style of DynamoDB (unknown type, bad number, bad base64,
/// empty or repeating set, more than 32 levels).
AttributeValue parse_value(std::string_view text, base::Arena& arena);
Item parse_item(std::string_view text, base::Arena& arena);

/// Parses like `parse_item` and `parse_value`, and keeps its buffers from call to call.
/// Threads: one at a time.
class WireParser {
public:
    WireParser();
    ~WireParser();
    WireParser(WireParser&&) noexcept;
    WireParser& operator=(WireParser&&) noexcept;

    AttributeValue value(std::string_view text, base::Arena& arena);
    Item item(std::string_view text, base::Arena& arena);

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// From a tree that a person wrote, in DynamoDB JSON. Errors name file:line:column.
AttributeValue value_from_wire(const json::Value& tree, const std::string& file,
                               base::Arena& arena);
Item item_from_wire(const json::Value& tree, const std::string& file, base::Arena& arena);
/// From plain JSON or YAML: strings S, numbers N, booleans, null, arrays L, objects M; tags
/// !ss !ns !bs !b; `{$dynamodb: {...}}` for a value in DynamoDB JSON.
AttributeValue value_from_plain(const json::Value& tree, const std::string& file,
                                base::Arena& arena);
Item item_from_plain(const json::Value& tree, const std::string& file, base::Arena& arena);

/// To plain JSON: numbers as written, binary as base64 text, sets as arrays. For output to people.
json::Value to_plain(const AttributeValue& value);
json::Value to_plain(const Item& item);

}  // namespace dynamigrate::dynamodb
