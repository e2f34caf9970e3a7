#pragma once

#include "fixture.hpp"

#include <dynamigrate/expressions/partiql.hpp>

namespace dynamigrate::expressions {

/// Parses statements whose parameters are written as a wire list: `[{"S":"a"}]`.
class PartiqlTest : public ExpressionTest {
protected:
    std::vector<dynamodb::AttributeValue> parameters(std::string_view wire) {
        const dynamodb::Item list = item(R"({"all":{"L":)" + std::string(wire) + "}}");
        const auto elements = list.find("all")->elements();
        return {elements.begin(), elements.end()};
    }

    PartiqlStatement parse(std::string_view text, std::string_view wire = "[]") {
        return parse_partiql(arena.copy(text), parameters(wire), arena);
    }

    std::string refusal(std::string_view text, std::string_view wire = "[]") {
        return error_of([&] { parse(text, wire); });
    }

    /// The WHERE, read as that of a SELECT.
    std::string where(const std::string& text, std::string_view wire = "[]") {
        return parse("SELECT * FROM tab WHERE " + text, wire).condition.to_string();
    }
    std::string where_refusal(const std::string& text, std::string_view wire = "[]") {
        return refusal("SELECT * FROM tab WHERE " + text, wire);
    }

    dynamodb::KeySchema composite{{"pk", dynamodb::AttributeType::string},
                                  dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::number}};
    dynamodb::KeySchema simple{{"pk", dynamodb::AttributeType::string}, std::nullopt};
};

inline std::string malformed(const std::string& statement) {
    return "Statement wasn't well formed, can't be processed: " + statement;
}

}  // namespace dynamigrate::expressions
