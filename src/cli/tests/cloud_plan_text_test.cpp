#include "../cloud_plan_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using migrate::Estimate;
using ::testing::Contains;
using ::testing::HasSubstr;

std::vector<migrate::CloudMigration> planned() {
    migrate::CloudMigration migration;
    migration.id = "1.0.0";
    migration.action = "up";
    migrate::CloudStep shared;
    shared.line = "transform app: set a";
    shared.segments = 8;
    shared.items = 1000;
    shared.read_units = Estimate::exact(100);
    shared.write_units = {1000, 0, 2000};
    shared.has_filter = true;
    migrate::CloudStep by_turns;
    by_turns.line = "create_index by_a";
    by_turns.why_turns = "it is no scan";
    migrate::CloudStep unknown;
    unknown.line = "transform later: set a";
    unknown.is_unknown = true;
    migration.steps = {shared, by_turns, unknown};
    migration.cost.total = {1.5, 1, 2};
    migration.findings.push_back({migrate::Finding::Severity::error, "journal_out_of_reach",
                                  "1.0.0", "a directory", "take a table"});
    return {migration};
}

TEST(CloudPlanText, SaysHowEachStepIsWorkedAndWhatItCosts) {
    migrate::CloudTerms terms;
    terms.machine.concurrency = 4;
    const std::vector<std::string> lines = cloud_plan_lines(planned(), terms);
    EXPECT_THAT(lines, Contains(HasSubstr("8 segments, 4 at once")));
    EXPECT_THAT(lines, Contains(HasSubstr("1000 items at most")));
    EXPECT_THAT(lines, Contains(HasSubstr("1000 (0 to 2000) WCU")));
    EXPECT_THAT(lines, Contains(HasSubstr("one call after the other: it is no scan")));
    EXPECT_THAT(lines, Contains(HasSubstr("nothing is estimated")));
    EXPECT_THAT(lines, Contains(HasSubstr("total        1.5000 (1.0000 to 2.0000) USD")));
    EXPECT_THAT(lines, Contains(HasSubstr("error DM604: 1.0.0: a directory; take a table")));
}

TEST(CloudPlanText, TellsProgramsTheSame) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    write(writer, planned(), migrate::CloudTerms{});
    writer.end_object();
    EXPECT_THAT(text, HasSubstr(R"("worked_by":"segments")"));
    EXPECT_THAT(text, HasSubstr(R"("deployment_fits":true)"));
    EXPECT_THAT(text, HasSubstr(R"("total":{"value":1.5,"low":1,"high":2})"));
}

}  // namespace
}  // namespace dynamigrate::cli
