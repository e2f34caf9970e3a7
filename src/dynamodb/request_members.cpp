#include "request_members.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

namespace dynamigrate::dynamodb {

void write_expression(json::Writer& out, std::string_view role, std::string_view text) {
    if (!text.empty()) {
        out.key(role).string(text);
    }
}

void write_substitutions(json::Writer& out, const ExpressionText& expression) {
    if (!expression.names.empty()) {
        out.key("ExpressionAttributeNames").begin_object();
        for (const auto& [placeholder, name] : expression.names) {
            out.key(placeholder).string(name);
        }
        out.end_object();
    }
    if (!expression.values.empty()) {
        out.key("ExpressionAttributeValues");
        write_item(out, expression.values);
    }
}

}  // namespace dynamigrate::dynamodb
