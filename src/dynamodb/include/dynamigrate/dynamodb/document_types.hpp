#pragma once

#include <dynamigrate/json/reader.hpp>

#include <string_view>

/// What a parsed document's elements are, or a refusal of another JSON type. Heavy: it includes
/// simdjson.
///
/// Errors: Error invalid_argument (SerializationException) in DynamoDB's words.
namespace dynamigrate::dynamodb {

[[noreturn]] void refuse_type(json::dom::element value, std::string_view expected);

std::string_view as_text(json::dom::element value);
bool as_boolean(json::dom::element value);
json::dom::array as_array(json::dom::element value);
json::dom::object as_object(json::dom::element value);

}  // namespace dynamigrate::dynamodb
