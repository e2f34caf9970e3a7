#include <dynamigrate/authoring/environment_settings.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {

namespace {

base::Environment with(std::string name, std::string value) {
    return base::Environment(
        std::map<std::string, std::string>{{std::move(name), std::move(value)}});
}

TEST(EnvironmentSettings, StandInsteadOfTheConfiguration) {
    Config config;
    config.tables = {{"app", "app-dev"}, {"kept", "kept-dev"}};
    config.max_rcu = Rate{10, 0};
    apply_environment(config, base::Environment({{"DYNAMIGRATE_TABLES", "app=app-prod,new=n.2"},
                                                 {"DYNAMIGRATE_HISTORY_TABLE", "history-prod"},
                                                 {"DYNAMIGRATE_MAX_RCU", "40%"},
                                                 {"DYNAMIGRATE_MAX_WCU", "12.5"},
                                                 {"DYNAMIGRATE_SEGMENTS", "64"}}));
    const std::map<std::string, std::string> tables{
        {"app", "app-prod"}, {"kept", "kept-dev"}, {"new", "n.2"}};
    EXPECT_EQ(config.tables, tables);
    EXPECT_EQ(config.history_table, "history-prod");
    EXPECT_EQ(config.max_rcu->percent, 40);
    EXPECT_EQ(config.max_wcu->units, 12.5);
    EXPECT_EQ(config.segments, 64);
}

TEST(EnvironmentSettings, ChangeNothingWhereTheyAreEmpty) {
    Config config;
    config.max_wcu = Rate{10, 0};
    apply_environment(config, base::Environment({{"DYNAMIGRATE_TABLES", ""},
                                                 {"DYNAMIGRATE_MAX_RCU", ""},
                                                 {"DYNAMIGRATE_MAX_WCU", ""}}));
    EXPECT_TRUE(config.tables.empty());
    EXPECT_EQ(config.history_table, "dynamigrate-history");
    EXPECT_FALSE(config.max_rcu);
    EXPECT_EQ(config.max_wcu->units, 10);
}

TEST(EnvironmentSettings, NameTheVariableThatIsWrong) {
    for (const auto& [name, value] :
         {std::pair{"DYNAMIGRATE_TABLES", "app"}, std::pair{"DYNAMIGRATE_TABLES", "=x"},
          std::pair{"DYNAMIGRATE_TABLES", "app="}, std::pair{"DYNAMIGRATE_MAX_RCU", "fast"},
          std::pair{"DYNAMIGRATE_MAX_WCU", "101%"}, std::pair{"DYNAMIGRATE_MAX_WCU", "0"},
          std::pair{"DYNAMIGRATE_SEGMENTS", "0"}}) {
        Config config;
        try {
            apply_environment(config, with(name, value));
            ADD_FAILURE() << name << "=" << value;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
            EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
        }
    }
}

}  // namespace

}  // namespace dynamigrate::authoring
