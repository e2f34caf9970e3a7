#include <dynamigrate/cloud/onetable_request.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/event.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using ::testing::HasSubstr;

OneTableRequest read(const std::string& event) {
    return read_onetable_request(json::parse_json(event, "event"));
}

TEST(OneTableRequest, IsReadFromCmdOrAction) {
    for (const char* key : {"cmd", "action"}) {
        const std::string event = std::string("{\"") + key + R"(":"getCurrentVersion"})";
        EXPECT_EQ(kind_of(json::parse_json(event, "event")), EventKind::onetable);
        EXPECT_EQ(read(event).command, OneTableCommand::current_version);
    }
}

TEST(OneTableRequest, KnowsTheNamesOfBothGenerations) {
    using enum OneTableCommand;
    for (const auto& [name, command] : {std::pair{"getNamedMigrations", named_versions},
                                        {"getNamedVersions", named_versions},
                                        {"findPastMigrations", past_migrations},
                                        {"getPastMigrations", past_migrations},
                                        {"getPastVersions", past_versions},
                                        {"getOutstandingVersions", outstanding_versions},
                                        {"getOutstandingMigrations", outstanding_migrations}}) {
        EXPECT_EQ(read(std::string(R"({"cmd":")") + name + "\"}").command, command) << name;
    }
}

TEST(OneTableRequest, NamesTheCommandsThatThereAre) {
    try {
        read(R"({"cmd":"explode"})");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        EXPECT_THAT(error.what(), HasSubstr("\"explode\"; known are apply, getCurrentVersion"));
    }
}

TEST(OneTableRequest, AppliesByActionOrByDirection) {
    for (const auto& [args, action] : {std::pair{R"({"action":"up"})", "up"},
                                       {R"({"direction":1})", "up"},
                                       {R"({"direction":-1})", "down"},
                                       {R"({"direction":0})", "reset"},
                                       {R"({"direction":2})", "repeat"},
                                       {R"({"direction":"-1"})", "down"},
                                       {R"({"action":"latest"})", "reset"},
                                       {R"({"action":"cleanup"})", "cleanup"}}) {
        const std::string event = std::string(R"({"action":"apply","args":)") + args + "}";
        EXPECT_EQ(read(event).action, action) << event;
    }
    EXPECT_THROW(read(R"({"cmd":"apply","args":{"version":"1.0.0"}})"), base::Error);
}

TEST(OneTableRequest, IsDryWhereverItSaysSo) {
    for (const char* event :
         {R"({"cmd":"apply","dry":true,"args":{"action":"up"}})",
          R"({"cmd":"apply","args":{"action":"up","dry":1}})",
          R"({"cmd":"apply","args":{"action":"up","params":{"dry":"Dry Run: "}}})"}) {
        EXPECT_TRUE(read(event).dry) << event;
    }
    for (const char* event :
         {R"({"cmd":"apply","dry":false,"args":{"action":"up","dry":0,"params":{"dry":""}}})",
          R"({"cmd":"apply","args":{"action":"up"}})",
          R"({"cmd":"apply","dry":null,"args":{"action":"up"}})"}) {
        EXPECT_FALSE(read(event).dry) << event;
    }
}

TEST(OneTableRequest, TakesTableVersionAndKeysFromWhereTheyAre) {
    const OneTableRequest request = read(
        R"({"cmd":"apply","args":{"action":"up","version":"0.0.2"},
            "config":{"name":"App","crypto":{"primary":{"cipher":"aes-256-gcm","password":"p"}}}})");
    EXPECT_EQ(request.table, "App");
    EXPECT_EQ(request.version, "0.0.2");
    EXPECT_EQ(request.cipher, "aes-256-gcm");
    EXPECT_EQ(request.password, "p");
}

TEST(OneTableRequest, SaysItSoThatBothGenerationsUnderstand) {
    OneTableRequest request;
    request.command = OneTableCommand::apply;
    request.action = "down";
    request.version = "0.0.2";
    request.dry = true;
    const json::Value event = json::parse_json(to_event(request, json::Value()), "event");
    EXPECT_EQ(json::text_of(event, "cmd"), "apply");
    EXPECT_EQ(json::text_of(event, "action"), "apply");
    const json::Value& args = *event.find("args");
    EXPECT_EQ(json::text_of(args, "action"), "down");
    EXPECT_EQ(args.find("direction")->text(), "-1");
    EXPECT_TRUE(is_truthy(event.find("dry")));
    EXPECT_TRUE(is_truthy(args.find("dry")));
    EXPECT_TRUE(is_truthy(args.find("params")->find("dry")));
    const OneTableRequest again = read_onetable_request(event);
    EXPECT_EQ(again.action, "down");
    EXPECT_TRUE(again.dry);
}

TEST(OneTableRequest, WithoutADryRunIsNotDryAnywhere) {
    OneTableRequest request;
    request.command = OneTableCommand::apply;
    request.action = "up";
    EXPECT_FALSE(read(to_event(request, json::Value())).dry);
}

TEST(Event, IsKnownByItsShape) {
    for (const auto& [text, kind] :
         {std::pair{R"({"RequestType":"Create","ResponseURL":"x","StackId":"y"})",
                    EventKind::custom_resource},
          {R"({"work":{"run":"r","segment":3}})", EventKind::worker},
          {R"({"cmd":"start","run":"r"})", EventKind::command},
          {R"({"cmd":"getCurrentVersion"})", EventKind::onetable},
          {R"({"Records":[]})", EventKind::unknown},
          {R"("text")", EventKind::unknown}}) {
        EXPECT_EQ(kind_of(json::parse_json(text, "event")), kind) << text;
    }
}

TEST(Event, TruthIsJavaScripts) {
    for (const auto& [text, truth] : {std::pair{"true", true},
                                      {"false", false},
                                      {"null", false},
                                      {"0", false},
                                      {"0.0", false},
                                      {"-1", true},
                                      {"0.5", true},
                                      {"\"\"", false},
                                      {"\"false\"", true},
                                      {"{}", true},
                                      {"[]", true}}) {
        const json::Value value = json::parse_json(text, "value");
        EXPECT_EQ(is_truthy(&value), truth) << text;
    }
    EXPECT_FALSE(is_truthy(nullptr));
}

}  // namespace
}  // namespace dynamigrate::cloud
