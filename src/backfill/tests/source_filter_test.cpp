#include "../page_source.hpp"
#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

class ServerFilter : public ::testing::Test {
protected:
    std::string filter(Source source, std::string where) {
        Plan plan;
        plan.key = {{"pk", dynamodb::AttributeType::string}, {}};
        plan.source = std::move(source);
        plan.where.text = std::move(where);
        return server_filter(plan, arena_).text;
    }

private:
    base::Arena arena_;
};

TEST_F(ServerFilter, IsTheWholeConditionOfAScan) {
    EXPECT_EQ(filter(ScanSource{}, "attribute_exists(pk) AND attribute_exists(a)"),
              "attribute_exists(pk) AND attribute_exists(a)");
    EXPECT_EQ(filter(ScanSource{}, ""), "");
}

TEST_F(ServerFilter, NamesNoKeyInAQuery) {
    EXPECT_EQ(filter(QuerySource{}, "attribute_exists(pk) AND attribute_exists(a)"),
              "attribute_exists(a)");
    EXPECT_EQ(filter(QuerySource{}, "attribute_exists(pk)"), "");
    EXPECT_EQ(filter(QuerySource{}, ""), "");
}

TEST_F(ServerFilter, IsLeftOutOnAnIndexWhichMayLackAttributes) {
    EXPECT_EQ(filter(ScanSource{"by_a"}, "attribute_exists(b)"), "");
    QuerySource query;
    query.index = "by_a";
    EXPECT_EQ(filter(query, "attribute_exists(b)"), "");
}

}  // namespace
}  // namespace dynamigrate::backfill
