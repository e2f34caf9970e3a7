#include <dynamigrate/migrate/steps.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

TEST(StepFindings, VerifyCountsTablesAndIndexesOnly) {
    VerifyStep step;
    step.table = "app";
    step.options.source = backfill::KeysSource{};
    std::vector<Finding> findings;
    make_verify(step)->validate("m.yaml:3:5", findings);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "bad_source");
    EXPECT_EQ(findings[0].place, "m.yaml:3:5");
}

}  // namespace
}  // namespace dynamigrate::migrate
