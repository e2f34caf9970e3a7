#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/json/reader.hpp>

#include <string>
#include <vector>

/// Reads the values of a request that was parsed as a whole. Heavy: it includes simdjson.
namespace dynamigrate::dynamodb {

/// Makes values of parsed documents that nobody has checked yet. Texts point into the document's
/// parser; arrays, numbers in other than the canonical spelling, and bytes are in the arena.
///
/// Requires: the parser keeps the document, and the arena is not reset, while the values are used.
/// Errors:   Error invalid_argument in DynamoDB's words: SerializationException for another JSON
///           type than the value's, ValidationException for unknown types, bad numbers, empty or
///           repeating sets, more than 32 levels.
/// Threads:  one at a time.
class DocumentReader {
public:
    explicit DocumentReader(base::Arena& arena) : arena_(arena) {}

    /// A value such as {"S": "text"}.
    AttributeValue value(json::dom::element value) { return typed(value, 0); }
    /// Attributes such as {"pk": {"S": "text"}}.
    Item item(json::dom::element attributes);

private:
    AttributeValue typed(json::dom::element value, int nesting);
    AttributeValue of_type(std::string_view type, json::dom::element value, int nesting);
    AttributeValue list(json::dom::element value, int nesting);
    AttributeValue set(AttributeType type, json::dom::element value);
    std::span<const Attribute> attributes(json::dom::element value, int nesting);
    std::string_view digits(json::dom::element value);
    std::string_view bytes(json::dom::element value);

    base::Arena& arena_;
    std::vector<Attribute> attributes_;  ///< stacks of what is not complete yet
    std::vector<AttributeValue> elements_;
    std::string bytes_;
};

}  // namespace dynamigrate::dynamodb
