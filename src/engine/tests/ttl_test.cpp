#include "engine_fixture.hpp"

namespace dynamigrate::engine {
namespace {

using namespace std::chrono_literals;

class TimeToLive : public EngineFixture {
protected:
    void SetUp() override { create_table(false); }

    static std::string wish(bool is_enabled, const std::string& attribute = "ttl") {
        return R"({"TableName":"tab","TimeToLiveSpecification":{"Enabled":)" +
               std::string(is_enabled ? "true" : "false") + R"(,"AttributeName":")" + attribute +
               "\"}}";
    }
    void put(const std::string& key, const std::string& ttl) {
        call("PutItem",
             R"({"TableName":"tab","Item":{"pk":{"S":")" + key + R"("},"ttl":)" + ttl + "}}");
    }
    std::string count() {
        std::string answer = call("Scan", R"({"TableName":"tab","Select":"COUNT"})");
        return answer.substr(0, answer.find(','));
    }
    /// The clock's seconds, and so many more.
    std::string seconds(std::int64_t more) {
        auto now = std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch();
        return R"({"N":")" + std::to_string(now.count() + more) + "\"}";
    }
};

TEST_F(TimeToLive, IsSwitchedOnAndOff) {
    EXPECT_EQ(call("DescribeTimeToLive", R"({"TableName":"tab"})"),
              R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
    EXPECT_EQ(refusal("UpdateTimeToLive", wish(false)),
              "ValidationException: TimeToLive is already disabled");
    EXPECT_EQ(call("UpdateTimeToLive", wish(true)),
              R"({"TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}})");
    EXPECT_EQ(call("DescribeTimeToLive", R"({"TableName":"tab"})"),
              R"({"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}})");
    EXPECT_EQ(refusal("UpdateTimeToLive", wish(true)),
              "ValidationException: TimeToLive is already enabled");
    for (bool is_enabled : {true, false}) {
        EXPECT_EQ(refusal("UpdateTimeToLive", wish(is_enabled, "other")),
                  "ValidationException: TimeToLive is active on a different AttributeName: current "
                  "AttributeName is ttl");
    }
    call("UpdateTimeToLive", wish(false));
    EXPECT_EQ(call("DescribeTimeToLive", R"({"TableName":"tab"})"),
              R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})");
}

TEST_F(TimeToLive, NeedsAWholeSpecification) {
    EXPECT_EQ(refusal("UpdateTimeToLive", R"({"TableName":"tab"})"),
              "ValidationException: 1 validation error detected: Value null at "
              "'timeToLiveSpecification' failed to satisfy constraint: Member must not be null");
    EXPECT_EQ(refusal("UpdateTimeToLive", R"({"TableName":"tab","TimeToLiveSpecification":{}})"),
              "ValidationException: 2 validation errors detected: Value null at "
              "'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must "
              "not be null; Value null at 'timeToLiveSpecification.enabled' failed to satisfy "
              "constraint: Member must not be null");
    EXPECT_EQ(refusal("UpdateTimeToLive", wish(true, "")),
              "ValidationException: 1 validation error detected: Value '' at "
              "'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must "
              "have length greater than or equal to 1");
    EXPECT_EQ(refusal("DescribeTimeToLive", R"({"TableName":"nope"})"),
              "ResourceNotFoundException: Requested resource not found: Table: nope not found");
}

TEST_F(TimeToLive, DeletesWhatHasExpired) {
    put("old", seconds(0));
    put("young", seconds(1));
    put("text", R"({"S":"1"})");
    put("ancient", seconds(-6LL * 366 * 24 * 3600));
    EXPECT_EQ(engine->delete_expired(), 0U);
    call("UpdateTimeToLive", wish(true));
    EXPECT_EQ(count(), R"({"Count":4)");
    EXPECT_EQ(engine->delete_expired(), 1U);
    EXPECT_EQ(call("GetItem", R"({"TableName":"tab","Key":{"pk":{"S":"old"}}})"), "{}");
    clock.advance(1s);
    EXPECT_EQ(engine->delete_expired(), 1U);
    EXPECT_EQ(count(), R"({"Count":2)");
}

TEST_F(TimeToLive, FollowsChangesOfTheItem) {
    call("UpdateTimeToLive", wish(true));
    put("kept", seconds(0));
    put("kept", seconds(100));
    put("removed", seconds(0));
    call("UpdateItem", R"({"TableName":"tab","Key":{"pk":{"S":"removed"}},
                           "UpdateExpression":"REMOVE #t","ExpressionAttributeNames":{"#t":"ttl"}})");
    EXPECT_EQ(engine->delete_expired(), 0U);
    call("UpdateTimeToLive", wish(false));
    clock.advance(100s);
    EXPECT_EQ(engine->delete_expired(), 0U);
}

TEST_F(TimeToLive, DeletesMoreThanOneBatch) {
    call("UpdateTimeToLive", wish(true));
    for (int i = 0; i < 250; ++i) {
        put(std::to_string(i), seconds(-1));
    }
    EXPECT_EQ(engine->delete_expired(), 250U);
    EXPECT_EQ(count(), R"({"Count":0)");
}

}  // namespace
}  // namespace dynamigrate::engine
