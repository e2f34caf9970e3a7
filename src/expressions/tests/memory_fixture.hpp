#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

#include <string>

namespace dynamigrate::expressions {

/// Calls a service with JSON5 bodies and shows what it answered.
class MemoryTest : public testing::Test {
protected:
    static std::string json(std::string_view json5) {
        return json::to_json(json::parse_json5(json5, "test"));
    }

    static std::string call_on(dynamodb::Service& service, std::string_view operation,
                               std::string_view json5) {
        dynamodb::Reply reply;
        std::string body = json(json5);
        service.call({operation, body}, reply);
        return reply.body;
    }

    std::string call(std::string_view operation, std::string_view json5) {
        return call_on(memory, operation, json5);
    }

    /// "Code: message" of the refusal (as errors of services say it), or "no error".
    std::string refusal(std::string_view operation, std::string_view json5) {
        try {
            call(operation, json5);
        } catch (const base::Error& error) {
            return error.message();
        }
        return "no error";
    }

    /// The member of an answer, or null.
    static json::Value member(const std::string& answer, std::string_view name) {
        json::Value tree = json::parse_json(answer, "answer");
        const json::Value* found = tree.find(name);
        return found == nullptr ? json::Value() : *found;
    }

    MemoryService memory;
};

}  // namespace dynamigrate::expressions
