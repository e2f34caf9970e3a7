#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::migrate {
namespace {

Version parsed(const std::string& text) {
    auto version = Version::parse(text);
    EXPECT_TRUE(version) << text;
    return *version;
}

TEST(Version, TellsItsKind) {
    EXPECT_EQ(parsed("1.2.0").kind(), Version::Kind::semver);
    EXPECT_EQ(parsed("7").kind(), Version::Kind::integer);
    EXPECT_EQ(parsed("0007").kind(), Version::Kind::integer);
    EXPECT_EQ(parsed("20240115120000").kind(), Version::Kind::timestamp);
    EXPECT_EQ(parsed("2024011512").kind(), Version::Kind::integer);
}

TEST(Version, RefusesWhatIsNone) {
    for (const char* text : {"", "1.2", "1.2.3.4", "v1.2.3", "01.2.3", "1.02.3", "1.2.3-", "1.2.3+",
                             "1.2.3-01", "1.2.3-a..b", "1.2.x", "reset", "1.2.3-ä", "-1", "1.2.-3",
                             "99999999999999999999999", "99999999999999999999.0.0"}) {
        EXPECT_FALSE(Version::parse(text)) << text;
    }
}

TEST(Version, OrdersByPrecedence) {
    const std::vector<std::string> ascending = {
        "0.0.1",       "0.0.2",         "0.0.10",
        "0.1.0-alpha", "0.1.0-alpha.1", "0.1.0-alpha.beta",
        "0.1.0-beta",  "0.1.0-beta.2",  "0.1.0-beta.11",
        "0.1.0-rc.1",  "0.1.0",         "1.0.0-9999999999999999999999",
        "1.0.0-a",     "1.0.0",         "2.0.0"};
    for (std::size_t i = 0; i < ascending.size(); ++i) {
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            EXPECT_EQ(parsed(ascending[i]) <=> parsed(ascending[j]), i <=> j)
                << ascending[i] << " " << ascending[j];
        }
    }
}

TEST(Version, IgnoresBuildMetadataAndLeadingZeros) {
    EXPECT_EQ(parsed("1.0.0+a"), parsed("1.0.0+001"));
    EXPECT_EQ(parsed("7"), parsed("007"));
    EXPECT_LT(parsed("9"), parsed("010"));
}

TEST(Version, IsBumped) {
    EXPECT_EQ(parsed("1.2.3").bumped("major").text(), "2.0.0");
    EXPECT_EQ(parsed("1.2.3").bumped("minor").text(), "1.3.0");
    EXPECT_EQ(parsed("1.2.3+x").bumped("patch").text(), "1.2.4");
    EXPECT_EQ(parsed("1.2.3-rc.1").bumped("patch").text(), "1.2.3");
    EXPECT_EQ(parsed("7").bumped("major").text(), "8");
    EXPECT_EQ(parsed("0009").bumped("patch").text(), "0010");
    EXPECT_THROW(parsed("1.2.3").bumped("huge"), base::Error);
}

TEST(Version, EndsInAFileNameAtTheFirstUnderscoreOrAfterADate) {
    EXPECT_EQ(version_part("1.2.0_lower-case"), "1.2.0");
    EXPECT_EQ(version_part("1.2.0-rc.1_lower-case"), "1.2.0-rc.1");
    EXPECT_EQ(version_part("20220801-step_two"), "20220801");
    EXPECT_EQ(version_part("20220801"), "20220801");
    EXPECT_EQ(version_part("20220801235959-step"), "20220801235959");
    EXPECT_EQ(version_part("20220801246060-step"), "20220801246060-step");
    EXPECT_EQ(version_part("20221301-step"), "20221301-step");
    EXPECT_EQ(version_part("12345678-step"), "12345678-step");
}

}  // namespace
}  // namespace dynamigrate::migrate
