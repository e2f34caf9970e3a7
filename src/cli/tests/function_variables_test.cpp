#include "../function_variables.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using Variables = std::map<std::string, std::string>;
using ::testing::ElementsAre;
using ::testing::Pair;

authoring::Config with(const Variables& variables) {
    authoring::Config config;
    config.history_table = "configured";
    config.tables = {{"app", "app-dev"}, {"log", "log-dev"}};
    config.segments = 4;
    set_from_variables(config, base::Environment(variables));
    return config;
}

TEST(FunctionVariables, SayNothingWhereTheyAreNotSet) {
    const authoring::Config config = with({{"DYNAMIGRATE_MAX_RCU", ""}});
    EXPECT_EQ(config.history_table, "configured");
    EXPECT_FALSE(config.max_rcu);
    EXPECT_EQ(config.segments, 4);
}

TEST(FunctionVariables, StandAboveTheConfiguration) {
    const authoring::Config config = with({{"DYNAMIGRATE_HISTORY_TABLE", "h"},
                                           {"DYNAMIGRATE_TABLES", "app=app-prod,new=n"},
                                           {"DYNAMIGRATE_MAX_RCU", "40%"},
                                           {"DYNAMIGRATE_MAX_WCU", "2500"},
                                           {"DYNAMIGRATE_SEGMENTS", "64"}});
    EXPECT_EQ(config.history_table, "h");
    EXPECT_THAT(config.tables,
                ElementsAre(Pair("app", "app-prod"), Pair("log", "log-dev"), Pair("new", "n")));
    EXPECT_EQ(config.max_rcu->percent, 40);
    EXPECT_EQ(config.max_wcu->units, 2500);
    EXPECT_EQ(config.segments, 64);
}

TEST(FunctionVariables, AreRefusedByName) {
    for (const auto& [name, text] : Variables{{"DYNAMIGRATE_MAX_RCU", "fast"},
                                              {"DYNAMIGRATE_MAX_WCU", "101%"},
                                              {"DYNAMIGRATE_SEGMENTS", "0"},
                                              {"DYNAMIGRATE_TABLES", "app"}}) {
        try {
            with({{name, text}});
            FAIL() << name;
        } catch (const base::Error& error) {
            EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
        }
    }
}

}  // namespace
}  // namespace dynamigrate::cli
