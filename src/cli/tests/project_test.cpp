#include "../project.hpp"

#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

/// Whether recovery is required in the profile, where the configuration says so much more about it.
bool requires_pitr(const std::string& profile, const std::string& more, bool is_local) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "dynamigrate.yaml",
                                "table: app\n" + more + "profiles: { dev: {}, prod: {} }\n");
    Arguments arguments;
    arguments.profile = profile;
    Project project = load_project(arguments, base::Environment{}, directory.path());
    return project.fit_to(is_local).settings.requires_pitr;
}

TEST(Project, RequiresPointInTimeRecoveryInProductionUnlessToldOtherwise) {
    EXPECT_TRUE(requires_pitr("prod", "", false));
    EXPECT_FALSE(requires_pitr("dev", "", false));
    EXPECT_FALSE(requires_pitr("prod", "", true));
    EXPECT_FALSE(requires_pitr("prod", "require_pitr: false\n", false));
    EXPECT_TRUE(requires_pitr("dev", "require_pitr: true\n", true));
}

TEST(Project, RefusesInALambdaFunctionADatabaseOfOneMachine) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "dynamigrate.yaml",
                                "endpoint: embedded:./.dynamigrate/store\n");
    EXPECT_TRUE(load_project({}, base::Environment{}, directory.path()).is_embedded());
    const base::Environment function(
        std::map<std::string, std::string>{{kLambdaFunction, "migrations"}});
    try {
        load_project({}, function, directory.path());
        FAIL() << "it was taken";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        EXPECT_NE(std::string(error.what()).find("by the function's variable PROFILE"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace dynamigrate::cli
