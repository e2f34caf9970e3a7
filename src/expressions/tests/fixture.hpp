#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace dynamigrate::expressions {

/// Makes items and expressions from wire JSON, in an arena that lives as long as the test.
class ExpressionTest : public testing::Test {
protected:
    dynamodb::Item item(std::string_view json) { return dynamodb::parse_item(json, arena); }

    ExpressionText text(std::string text, std::string_view values = "{}",
                        std::vector<std::pair<std::string, std::string>> names = {}) {
        return {std::move(text), std::move(names), item(values)};
    }

    base::Arena arena;
};

/// The message of the Error that the function throws, or "no error".
template <class Function>
std::string error_of(const Function& function) {
    try {
        function();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        EXPECT_EQ(error.service_code(), "ValidationException");
        return error.message();
    }
    return "no error";
}

}  // namespace dynamigrate::expressions
