#pragma once

#include <dynamigrate/json/value.hpp>

#include <string_view>

namespace dynamigrate::dynamodb {

/// The tree of a service's answer, for answers off the hot path.
/// Errors: Error corrupted ("what: reason") for what is no JSON object.
json::Value parse_answer(std::string_view body, std::string_view what);

}  // namespace dynamigrate::dynamodb
