#pragma once

#include <dynamigrate/json/value.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Words of CloudFormation's templates.
namespace dynamigrate::cloud {

inline json::Value text(std::string_view value) { return json::Value::string(std::string(value)); }
json::Value number(std::int64_t value);
json::Value object(std::initializer_list<json::Value::Member> members);
json::Value list(std::vector<json::Value> elements);
json::Value texts(std::initializer_list<std::string_view> elements);

json::Value reference(std::string_view id);
json::Value attribute_of(std::string_view id, std::string_view attribute);
/// Fn::Sub where the text holds `${`, else the text itself.
json::Value substituted(std::string_view text);
/// Fn::Sub with values for names that are none of the template's.
json::Value substituted(std::string_view text, json::Value values);

json::Value resource(std::string_view type, json::Value properties);
/// A statement of a policy that allows.
json::Value allowing(std::string_view id, std::vector<json::Value> actions, json::Value resources);
json::Value policy_document(std::vector<json::Value> statements);
/// For a role that the service takes on.
json::Value trusting(std::string_view service, json::Value condition = {});

/// "Name", "Name2", "Name3" ...
std::string numbered(std::string_view name, std::size_t index);

}  // namespace dynamigrate::cloud
