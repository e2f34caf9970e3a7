#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/engine/engine.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

namespace dynamigrate::engine {

/// An engine in memory whose time stands still and whose chance repeats.
class EngineFixture : public testing::Test {
protected:
    /// The answer's body; the test fails when the operation is refused.
    std::string call(std::string_view operation, std::string_view body) {
        dynamodb::Reply reply;
        try {
            engine->call({.operation = operation, .body = body}, reply);
        } catch (const base::Error& error) {
            ADD_FAILURE() << operation << " " << body << ": " << error.service_code() << ": "
                          << error.what();
        }
        return reply.body;
    }

    /// "ValidationException: message", also of failed conditions and cancelled transactions (their
    /// whole document); "" when it succeeds.
    std::string refusal(std::string_view operation, std::string_view body) {
        dynamodb::Reply reply;
        try {
            engine->call({.operation = operation, .body = body}, reply);
        } catch (const base::Error& error) {
            return error.message();
        }
        return reply.outcome == dynamodb::Outcome::success ? "" : reply.body;
    }

    /// A table "tab" with the partition key pk (S) and, if wanted, the sort key sk (S), on demand.
    void create_table(bool has_sort_key = true) {
        call("CreateTable",
             has_sort_key
                 ? R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
                       {"AttributeName":"pk","AttributeType":"S"},
                       {"AttributeName":"sk","AttributeType":"S"}],"KeySchema":[
                       {"AttributeName":"pk","KeyType":"HASH"},
                       {"AttributeName":"sk","KeyType":"RANGE"}]})"
                 : R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
                       {"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[
                       {"AttributeName":"pk","KeyType":"HASH"}]})");
    }

    base::FakeClock clock;
    base::SeededRandom random{1};
    std::unique_ptr<Engine> engine =
        Engine::in_memory({.clock = &clock, .random = &random, .sweeps = false});
};

}  // namespace dynamigrate::engine
