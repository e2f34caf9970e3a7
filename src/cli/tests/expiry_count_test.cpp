#include "../expiry_count.hpp"

#include <dynamigrate/engine/engine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::cli {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class Expiry : public ::testing::Test {
protected:
    Expiry() {
        call("CreateTable", R"({"TableName":"items","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})");
    }
    void call(std::string_view operation, const std::string& body) {
        dynamodb::Reply reply;
        expiry.call({operation, body}, reply);
    }
    void put(const std::string& key, const std::string& until, std::size_t size = 1) {
        call("PutItem", R"({"TableName":"items","Item":{"pk":{"S":")" + key + R"("},"until":)" +
                            until + R"(,"fill":{"S":")" + std::string(size, 'x') + R"("}}})");
    }
    void set_expiry(bool enabled) {
        call("UpdateTimeToLive", R"({"TableName":"items","TimeToLiveSpecification":{"Enabled":)" +
                                     std::string(enabled ? "true" : "false") +
                                     R"(,"AttributeName":"until"}})");
    }

    base::FakeClock clock;
    std::unique_ptr<engine::Engine> engine =
        engine::Engine::in_memory({.clock = &clock, .random = nullptr, .sweeps = false});
    std::vector<std::string> begun, found;
    ExpiryCount expiry{{*engine, clock, 3,
                        [this](std::string_view table, std::string_view attribute) {
                            begun.push_back(std::string(table) + " " + std::string(attribute));
                        },
                        [this](std::string_view, std::string_view, const dynamodb::Item& key,
                               const dynamodb::Item& item) {
                            EXPECT_EQ(key.size(), 1U);
                            EXPECT_NE(item.find("until"), nullptr);
                            found.emplace_back(key.text("pk"));
                        }}};
};

TEST_F(Expiry, TellsOfItemsWhoseTimeIsOverWhenItIsSwitchedOn) {
    put("past", R"({"N":"1699999999"})");
    put("now", R"({"N":"1700000000"})");
    put("coming", R"({"N":"1700000001"})");
    put("text", R"({"S":"1699999999"})");
    EXPECT_THAT(begun, IsEmpty());
    set_expiry(true);
    EXPECT_THAT(begun, UnorderedElementsAre("items until"));
    EXPECT_THAT(found, UnorderedElementsAre("past", "now"));
}

TEST_F(Expiry, ReadsAllPages) {
    for (int i = 0; i < 20; ++i) {
        put(std::to_string(i), R"({"N":"1699999999"})", 300'000);
    }
    set_expiry(true);
    EXPECT_EQ(found.size(), 20U);
}

TEST_F(Expiry, ReadsNothingWhenItIsSwitchedOff) {
    set_expiry(true);
    put("past", R"({"N":"1699999999"})");
    begun.clear();
    set_expiry(false);
    EXPECT_THAT(begun, IsEmpty());
    EXPECT_THAT(found, IsEmpty());
}

}  // namespace
}  // namespace dynamigrate::cli
