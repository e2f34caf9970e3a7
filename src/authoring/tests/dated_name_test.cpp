#include "../dated_name.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

std::string id(std::string_view stem) {
    const auto name = parse_dated_name(stem);
    return name ? name->id + "|" + name->slug : "none";
}

TEST(DatedName, IsATimestampAndASlug) {
    EXPECT_EQ(id("2017-06-01T12:30:05.123Z-fix-things"), "20170601123005|fix-things");
    EXPECT_EQ(id("2017-06-01T12-30-05.123Z_fix"), "20170601123005|fix");
    EXPECT_EQ(id("2017-06-01T12:30Z"), "20170601123000|");
    EXPECT_EQ(id("20170601T123005Z-fix"), "20170601123005|fix");
    EXPECT_EQ(id("2017-06-01-fix_a"), "20170601000000|fix_a");
    EXPECT_EQ(id("2017-06-01"), "20170601000000|");
    EXPECT_EQ(id("2017-06-01T12-fix"), "20170601120000|fix");
}

TEST(DatedName, IsNothingElse) {
    for (const char* stem :
         {"20170601", "20170601_x", "20170601123005_x", "2017-13-01-x", "2017-02-30", "2017-06-01x",
          "2017-06-01T25:00-x", "1.2.0_x", "fix", ""}) {
        EXPECT_EQ(id(stem), "none") << stem;
    }
}

TEST(DatedName, OfAScriptIsAVersion) {
    EXPECT_EQ(parse_file_name("2017-06-01T12:30:05.000Z-fix.js")->id, "20170601123005");
    EXPECT_TRUE(parse_file_name("2017-06-01-fix.js")->is_version);
    EXPECT_FALSE(parse_file_name("2017-06-01-fix.yaml")->is_version);
    EXPECT_EQ(parse_file_name("20170601.js")->id, "20170601");
}

}  // namespace
}  // namespace dynamigrate::authoring
