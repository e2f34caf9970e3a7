#include "template_values.hpp"

#include <fmt/format.h>

namespace dynamigrate::cloud {

using json::Value;

Value number(std::int64_t value) { return Value::number(std::to_string(value)); }

Value object(std::initializer_list<Value::Member> members) {
    return Value::object(Value::Object(members));
}

Value list(std::vector<Value> elements) { return Value::array(std::move(elements)); }

Value texts(std::initializer_list<std::string_view> elements) {
    Value made = Value::array();
    for (const std::string_view element : elements) {
        made.elements().push_back(text(element));
    }
    return made;
}

Value reference(std::string_view id) { return object({{"Ref", text(id)}}); }

Value attribute_of(std::string_view id, std::string_view attribute) {
    return object({{"Fn::GetAtt", list({text(id), text(attribute)})}});
}

Value substituted(std::string_view value) {
    return value.find("${") == std::string_view::npos ? text(value)
                                                      : object({{"Fn::Sub", text(value)}});
}

Value substituted(std::string_view value, Value values) {
    return object({{"Fn::Sub", list({text(value), std::move(values)})}});
}

Value resource(std::string_view type, Value properties) {
    return object({{"Type", text(type)}, {"Properties", std::move(properties)}});
}

Value allowing(std::string_view id, std::vector<Value> actions, Value resources) {
    return object({{"Sid", text(id)},
                   {"Effect", text("Allow")},
                   {"Action", list(std::move(actions))},
                   {"Resource", std::move(resources)}});
}

Value policy_document(std::vector<Value> statements) {
    return object({{"Version", text("2012-10-17")}, {"Statement", list(std::move(statements))}});
}

Value trusting(std::string_view service, Value condition) {
    Value statement = object({{"Effect", text("Allow")},
                              {"Principal", object({{"Service", text(service)}})},
                              {"Action", text("sts:AssumeRole")}});
    if (!condition.is_null()) {
        statement.set("Condition", std::move(condition));
    }
    return policy_document({std::move(statement)});
}

std::string numbered(std::string_view name, std::size_t index) {
    return index == 0 ? std::string(name) : fmt::format("{}{}", name, index + 1);
}

}  // namespace dynamigrate::cloud
