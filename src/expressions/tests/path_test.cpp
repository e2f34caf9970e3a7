#include <dynamigrate/expressions/path.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

using PathTest = ExpressionTest;

TEST_F(PathTest, ReadsWhatItWrites) {
    for (const char* text :
         {"a", "a.b[0].c", "a-b._c[12][0]", "'odd.name'.x", "a.'it''s'", "'a b'[3]"}) {
        EXPECT_EQ(to_string(parse_path(text)), text);
    }
}

TEST_F(PathTest, SaysWhatWasExpectedAndWhere) {
    for (const char* text :
         {"", ".a", "a.", "a[", "a[x]", "a[-1]", "a[1", "a b", "'a", "''", "a]"}) {
        EXPECT_THROW(parse_path(text), base::Error) << text;
    }
    try {
        parse_path("a..b");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.where(), "column 3 of the path");
        EXPECT_EQ(error.message(), "the path \"a..b\" has '.' where an attribute name is expected");
    }
}

TEST_F(PathTest, ResolvesThroughMapsAndLists) {
    auto it = item(R"({"a":{"M":{"b":{"L":[{"S":"x"},{"M":{"c":{"N":"1"}}}]}}},"s":{"S":"t"}})");
    EXPECT_EQ(resolve(it, parse_path("a.b[0]"))->text(), "x");
    EXPECT_EQ(resolve(it, parse_path("a.b[1].c"))->text(), "1");
    for (const char* absent : {"z", "a.z", "a[0]", "a.b[2]", "a.b.c", "s.x", "s[0]", "a.b[0].c"}) {
        EXPECT_EQ(resolve(it, parse_path(absent)), nullptr) << absent;
    }
}

}  // namespace
}  // namespace dynamigrate::expressions
