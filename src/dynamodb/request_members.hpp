#pragma once

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/json/writer.hpp>

#include <string_view>

namespace dynamigrate::dynamodb {

/// Appends the member `role` (ConditionExpression, KeyConditionExpression ...) when it has text.
void write_expression(json::Writer& out, std::string_view role, std::string_view text);
/// Appends ExpressionAttributeNames and ExpressionAttributeValues, when there are any.
void write_substitutions(json::Writer& out, const ExpressionText& expression);

}  // namespace dynamigrate::dynamodb
