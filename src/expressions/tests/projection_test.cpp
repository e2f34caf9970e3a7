#include <dynamigrate/expressions/projection.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class ProjectionTest : public ExpressionTest {
protected:
    std::string apply(std::string expression) {
        auto projection = Projection::parse(text(std::move(expression)));
        return dynamodb::to_wire_json(projection.apply(subject, arena));
    }
    dynamodb::Item subject = item(
        R"({"a":{"N":"1"},"l":{"L":[{"N":"0"},{"M":{"x":{"N":"1"},"y":{"N":"2"}}},{"N":"2"}]},"m":{"M":{"b":{"S":"c"}}}})");
};

TEST_F(ProjectionTest, TakesWhatThePathsReach) {
    EXPECT_EQ(apply("m, a"), R"({"a":{"N":"1"},"m":{"M":{"b":{"S":"c"}}}})");
    EXPECT_EQ(apply("l[2], l[1].y"), R"({"l":{"L":[{"M":{"y":{"N":"2"}}},{"N":"2"}]}})");
    EXPECT_EQ(apply("m.b, m.z"), R"({"m":{"M":{"b":{"S":"c"}}}})");
}

TEST_F(ProjectionTest, LeavesOutWhatIsNotThere) { EXPECT_EQ(apply("m.z, l[9], a.b, z"), "{}"); }

TEST_F(ProjectionTest, NoTextTakesEverything) {
    EXPECT_TRUE(Projection().empty());
    EXPECT_EQ(Projection().apply(subject, arena), subject);
}

TEST_F(ProjectionTest, Refuses) {
    auto expect = [&](const std::string& expression, const std::string& message) {
        EXPECT_EQ(error_of([&] { apply(expression); }), "Invalid ProjectionExpression: " + message);
    };
    expect("a,", R"(Syntax error; token: "<EOF>", near: ",")");
    expect(":a", R"(Syntax error; token: ":a", near: ":a")");
    expect("size(a)", R"(Syntax error; token: "(", near: "size(a")");
    expect("name", "Attribute name is a reserved keyword; reserved keyword: name");
    expect("a.b, a",
           "Two document paths overlap with each other; must remove or rewrite one of these paths; "
           "path "
           "one: [a, b], path two: [a]");
    EXPECT_EQ(error_of([&] {
                  Projection::parse(text("a", "{}", {{"#b", "c"}}));
              }),
              "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}");
}

}  // namespace
}  // namespace dynamigrate::expressions
