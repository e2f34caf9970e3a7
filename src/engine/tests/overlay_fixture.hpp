#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// Passes reads on and counts them; a write fails the test and does not arrive.
class ReadsOnly final : public dynamodb::Service {
public:
    explicit ReadsOnly(dynamodb::Service& inner) : inner_(inner) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        {
            std::lock_guard lock(mutex_);
            ++counts_[std::string(call.operation)];
        }
        if (!dynamodb::is_read_only(call.operation)) {
            ADD_FAILURE() << "the base was sent " << call.operation << " " << call.body;
            throw base::Error(base::ErrorKind::internal, "a write");
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return inner_.location(); }

    int count(const std::string& operation) {
        std::lock_guard lock(mutex_);
        return counts_[operation];
    }
    void forget() {
        std::lock_guard lock(mutex_);
        counts_.clear();
    }

private:
    dynamodb::Service& inner_;
    std::mutex mutex_;
    std::map<std::string, int> counts_;
};

/// What a service answers; its refusal.
inline std::string answer(dynamodb::Service& service, std::string_view operation,
                          std::string_view body) {
    dynamodb::Reply reply;
    try {
        service.call({.operation = operation, .body = body}, reply);
    } catch (const base::Error& error) {
        return error.message();
    }
    return reply.body;
}

/// The document with the members of its objects sorted, so that equal ones have equal texts.
inline json::Value sorted(json::Value value) {
    for (json::Value& element : value.elements()) {
        element = sorted(element);
    }
    for (json::Value::Member& member : value.members()) {
        member.value = sorted(member.value);
    }
    std::sort(value.members().begin(), value.members().end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    return value;
}

inline json::Value parse(const std::string& body) {
    return sorted(json::parse_json(body, "an answer"));
}

inline std::string normal(const std::string& body) {
    return body.starts_with("{") ? json::to_json(parse(body)) : body;
}

/// All items that the request's pages hold, in their order. `members`: of the request, without
/// braces, after a comma.
inline std::vector<std::string> all_pages(dynamodb::Service& service, std::string_view operation,
                                          const std::string& members) {
    std::vector<std::string> items;
    std::string start;
    do {
        std::string body = R"({"TableName":"items")" + members + start + "}";
        std::string text = answer(service, operation, body);
        if (!text.starts_with("{")) {
            items.push_back(text);
            return items;
        }
        json::Value page = parse(text);
        for (const json::Value& item : page.find("Items")->elements()) {
            items.push_back(json::to_json(item));
        }
        const json::Value* last = page.find("LastEvaluatedKey");
        start = last == nullptr ? "" : ",\"ExclusiveStartKey\":" + json::to_json(*last);
    } while (!start.empty());
    return items;
}

/// The table "items": pk (S), sk (N); global indexes "by_g_n" (g S, n N; all), "by_g" (g; keys only),
/// local index "by_n" (n).
inline constexpr std::string_view kCreateTable = R"({"TableName":"items",
    "BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
      {"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
      {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
    "LocalSecondaryIndexes":[{"IndexName":"by_n","Projection":{"ProjectionType":"ALL"},
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
                   {"AttributeName":"n","KeyType":"RANGE"}]}],
    "GlobalSecondaryIndexes":[
      {"IndexName":"by_g_n","Projection":{"ProjectionType":"ALL"},
       "KeySchema":[{"AttributeName":"g","KeyType":"HASH"},
                    {"AttributeName":"n","KeyType":"RANGE"}]},
      {"IndexName":"by_g","Projection":{"ProjectionType":"KEYS_ONLY"},
       "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}]}]})";

/// An overlay over an engine in memory that must not be written to.
class OverlayFixture : public testing::Test {
protected:
    OverlayFixture() { answer(*base, "CreateTable", kCreateTable); }

    /// Puts into the base.
    void seed(std::string_view item) {
        answer(*base, "PutItem", R"({"TableName":"items","Item":)" + std::string(item) + "}");
    }
    std::string ask(std::string_view operation, std::string_view body) {
        return answer(*overlay, operation, body);
    }
    void put(std::string_view item) {
        EXPECT_EQ(ask("PutItem", R"({"TableName":"items","Item":)" + std::string(item) + "}"),
                  "{}");
    }
    std::string get(std::string_view key) {
        return normal(ask("GetItem", R"({"TableName":"items","Key":)" + std::string(key) + "}"));
    }
    void remove(std::string_view key) {
        EXPECT_EQ(ask("DeleteItem", R"({"TableName":"items","Key":)" + std::string(key) + "}"),
                  "{}");
    }

    base::FakeClock clock;
    base::SeededRandom random{1};
    base::TemporaryDirectory directory;
    std::unique_ptr<Engine> base =
        Engine::in_memory({.clock = &clock, .random = &random, .sweeps = false});
    ReadsOnly guarded{*base};
    std::unique_ptr<Engine> overlay =
        Engine::over(guarded, {.engine = {.clock = &clock, .random = &random},
                               .spill_directory = directory.path() / "spill",
                               .stop = {},
                               .on_change = {},
                               .on_build = {}});
};

}  // namespace dynamigrate::engine
