#include <dynamigrate/cloud/event_settings.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::cloud {

namespace {

TEST(EventSettings, StandInsteadOfTheFunctionsOwn) {
    const base::Environment own(
        {{"DYNAMIGRATE_TABLES", "app=old"}, {"DYNAMIGRATE_MAX_RCU", "10"}, {"HOME", "/home"}});
    const json::Value event = json::parse_json(
        R"({"environment":{"DYNAMIGRATE_TABLES":"app=new","DYNAMIGRATE_MAX_RCU":"",)"
        R"("AWS_PROFILE":"other","HOME":"/","DYNAMIGRATE_MAX_WCU":7}})",
        "event");
    const base::Environment made = with_settings(own, event);
    EXPECT_EQ(made.get("DYNAMIGRATE_TABLES"), "app=new");
    EXPECT_FALSE(made.get("DYNAMIGRATE_MAX_RCU"));
    EXPECT_FALSE(made.get("DYNAMIGRATE_MAX_WCU"));
    EXPECT_FALSE(made.get("AWS_PROFILE"));
    EXPECT_EQ(made.get("HOME"), "/home");
}

TEST(EventSettings, MayBeAbsent) {
    const base::Environment own(std::map<std::string, std::string>{{"A", "1"}});
    EXPECT_EQ(with_settings(own, json::parse_json("{}", "event")).variables(), own.variables());
}

}  // namespace

}  // namespace dynamigrate::cloud
