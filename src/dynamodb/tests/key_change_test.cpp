#include <dynamigrate/dynamodb/key_change.hpp>

#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::dynamodb {
namespace {

std::string changed(const std::string& before, const std::string& after) {
    base::Arena arena;
    const KeySchema key{{"pk", AttributeType::string}, KeyAttribute{"sk", AttributeType::number}};
    return changed_key_attribute(key, parse_item(before, arena), parse_item(after, arena));
}

TEST(KeyChange, NamesTheAttributeThatIsNotTheSame) {
    const std::string item = R"({"pk":{"S":"a"},"sk":{"N":"1"},"n":{"N":"1"}})";
    EXPECT_EQ(changed(item, R"({"pk":{"S":"a"},"sk":{"N":"1.0"}})"), "");
    EXPECT_EQ(changed(item, R"({"pk":{"S":"b"},"sk":{"N":"2"}})"), "pk");
    EXPECT_EQ(changed(item, R"({"pk":{"S":"a"},"sk":{"N":"2"}})"), "sk");
    EXPECT_EQ(changed(item, R"({"pk":{"S":"a"}})"), "sk");
}

TEST(KeyChange, AHashKeyMayBeAllOfIt) {
    base::Arena arena;
    const KeySchema key{{"pk", AttributeType::string}, std::nullopt};
    const Item before = parse_item(R"({"pk":{"S":"a"},"sk":{"N":"1"}})", arena);
    EXPECT_EQ(changed_key_attribute(key, before, parse_item(R"({"pk":{"S":"a"}})", arena)), "");
}

}  // namespace
}  // namespace dynamigrate::dynamodb
