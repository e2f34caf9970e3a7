#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/prepared_partiql.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;

const dynamodb::KeySchema kKey{{"pk", AttributeType::string}, {{"sk", AttributeType::number}}};
constexpr const char* kUpdate =
    "UPDATE tab SET a=? SET b=if_not_exists(b, ?) WHERE pk=? AND sk=? AND a=? "
    "AND (m IS MISSING OR m<>?)";

class PreparedPartiqlTest : public testing::Test {
protected:
    void prepare(std::string_view text, std::string_view parameters) {
        parameters_ = dynamodb::parse_value(parameters, arena_).elements();
        prepared_.prepare(text, parameters_);
    }
    PartiqlTarget target() { return prepared_.target(kKey, arena_); }
    dynamodb::Item item(std::string_view text) { return dynamodb::parse_item(text, arena_); }
    std::string updated(std::string_view text) {
        return dynamodb::to_wire_json(prepared_.statement().update.apply(item(text), arena_));
    }

    base::Arena arena_;
    std::span<const AttributeValue> parameters_;
    PreparedPartiql prepared_;
};

TEST_F(PreparedPartiqlTest, TakesOtherParameters) {
    for (std::string number : {"1", "2", "3"}) {
        prepare(kUpdate, R"({"L":[{"S":"new)" + number + R"("},{"N":"7"},{"S":"p)" + number +
                             R"("},{"N":")" + number + R"("},{"S":"old)" + number +
                             R"("},{"S":"run"}]})");
        const PartiqlTarget it = target();
        EXPECT_EQ(it.key,
                  item(R"({"pk":{"S":"p)" + number + R"("},"sk":{"N":")" + number + R"("}})"));
        EXPECT_TRUE(it.condition.matches(item(R"({"a":{"S":"old)" + number + R"("}})")));
        EXPECT_FALSE(it.condition.matches(item(R"({"a":{"S":"old9"}})")));
        EXPECT_FALSE(
            it.condition.matches(item(R"({"a":{"S":"old)" + number + R"("},"m":{"S":"run"}})")));
        EXPECT_EQ(updated("{}"), R"({"a":{"S":"new)" + number + R"("},"b":{"N":"7"}})");
    }
}

TEST_F(PreparedPartiqlTest, ParsesAgainForOtherTypes) {
    constexpr const char* kText = "UPDATE tab SET a=? WHERE pk=? AND sk=?";
    prepare(kText, R"({"L":[{"S":"x"},{"S":"p"},{"N":"1"}]})");
    target();
    prepare(kText, R"({"L":[{"N":"5"},{"S":"p"},{"N":"1"}]})");
    EXPECT_EQ(updated("{}"), R"({"a":{"N":"5"}})");
    prepare(kText, R"({"L":[{"N":"5"},{"N":"1"},{"N":"1"}]})");
    EXPECT_THROW(target(), base::Error);
    EXPECT_THROW(prepare(kText, R"({"L":[{"N":"5"}]})"), base::Error);
}

TEST_F(PreparedPartiqlTest, ParsesAnotherText) {
    prepare("UPDATE tab SET a=? WHERE pk='p' AND sk=1", R"({"L":[{"S":"x"}]})");
    target();
    prepare("UPDATE tab SET b=? WHERE pk='q' AND sk=2", R"({"L":[{"S":"x"}]})");
    EXPECT_EQ(updated("{}"), R"({"b":{"S":"x"}})");
    EXPECT_EQ(target().key, item(R"({"pk":{"S":"q"},"sk":{"N":"2"}})"));
}

TEST_F(PreparedPartiqlTest, ChecksWhatDependsOnValues) {
    constexpr const char* kBetween = "DELETE FROM tab WHERE pk='p' AND sk=1 AND a BETWEEN ? AND ?";
    prepare(kBetween, R"({"L":[{"N":"1"},{"N":"2"}]})");
    EXPECT_THROW(prepare(kBetween, R"({"L":[{"N":"2"},{"N":"1"}]})"), base::Error);
    constexpr const char* kType = "DELETE FROM tab WHERE pk='p' AND sk=1 AND attribute_type(a, ?)";
    prepare(kType, R"({"L":[{"S":"N"}]})");
    prepare(kType, R"({"L":[{"S":"S"}]})");
    EXPECT_TRUE(target().condition.matches(item(R"({"a":{"S":"x"}})")));
    EXPECT_THROW(prepare(kType, R"({"L":[{"S":"nonsense"}]})"), base::Error);
    constexpr const char* kKeys = "DELETE FROM tab WHERE pk=? AND sk=1";
    prepare(kKeys, R"({"L":[{"S":"p"}]})");
    target();
    prepare(kKeys, R"({"L":[{"S":""}]})");
    EXPECT_THROW(target(), base::Error);
}

TEST_F(PreparedPartiqlTest, GoesOnAfterARefusal) {
    constexpr const char* kText = "UPDATE tab SET a=? WHERE pk='p' AND sk=1";
    EXPECT_THROW(prepare("UPDATE tab SET", R"({"L":[]})"), base::Error);
    prepare(kText, R"({"L":[{"S":"x"}]})");
    EXPECT_EQ(updated("{}"), R"({"a":{"S":"x"}})");
}

TEST_F(PreparedPartiqlTest, AnotherTableHasAnotherKey) {
    prepare("UPDATE tab SET a=1 WHERE pk=? AND sk=? AND b=?",
            R"({"L":[{"S":"p"},{"N":"1"},{"S":"x"}]})");
    target();
    const PartiqlTarget it = prepared_.target({{"pk", AttributeType::string}, {}}, arena_);
    EXPECT_EQ(it.key, item(R"({"pk":{"S":"p"}})"));
    EXPECT_FALSE(it.condition.matches(item(R"({"b":{"S":"x"}})")));
    EXPECT_TRUE(it.condition.matches(item(R"({"b":{"S":"x"},"sk":{"N":"1"}})")));
}

}  // namespace
}  // namespace dynamigrate::expressions
