#include <dynamigrate/migrate/finding.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace dynamigrate::migrate {
namespace {

using Severity = Finding::Severity;

TEST(Finding, IsOneLineWithItsNumber) {
    Finding finding{Severity::warning, "irreversible", "m.yaml:3:5", "it has no down",
                    "add down: auto"};
    EXPECT_EQ(to_line(finding), "warning DM109: m.yaml:3:5: it has no down; add down: auto");
    finding.remedy.clear();
    finding.code = "of a plug-in";
    EXPECT_EQ(to_line(finding), "warning: m.yaml:3:5: it has no down");
}

TEST(Finding, BlocksGroupByPlaceAndCount) {
    std::vector<Finding> findings{
        {Severity::error, "bad_key", "a.yaml", "no key", "give one"},
        {Severity::note, "no_steps", "b.yaml", "no steps", ""},
        {Severity::error, "bad_name", "a.yaml", "no name", ""},
    };
    EXPECT_EQ(to_block(findings),
              "a.yaml\n"
              "  error DM203 bad_key: no key\n"
              "    give one\n"
              "  error DM202 bad_name: no name\n"
              "b.yaml\n"
              "  note DM108 no_steps: no steps\n"
              "2 errors, 1 note\n");
    EXPECT_EQ(to_block({}), "");
    EXPECT_TRUE(has_error(findings));
    EXPECT_EQ(count(findings, Severity::note), 1u);
    EXPECT_FALSE(has_error({findings[1]}));
}

TEST(Finding, KindsHaveNumbersAndCodesOfTheirOwn) {
    std::set<std::string_view> seen;
    std::string_view last;
    for (const FindingKind& kind : finding_kinds()) {
        EXPECT_TRUE(seen.insert(kind.code).second) << kind.code;
        EXPECT_LT(last, kind.number);
        EXPECT_EQ(kind.number.size(), 5u);
        EXPECT_EQ(finding_number(kind.code), kind.number);
        last = kind.number;
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
