#include "steps_fixture.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

namespace dynamigrate::migrate {
namespace {

using base::ErrorKind;

class SettingSteps : public StepsTest {
protected:
    SettingSteps() : StepsTest({.describes_until_active = 2}) { create_app(); }

    bool has_recovery() {
        dynamodb::Reply reply;
        service.call({"DescribeContinuousBackups", R"({"TableName":"prod-app"})"}, reply);
        return reply.body.find(R"("PointInTimeRecoveryStatus":"ENABLED")") != std::string::npos;
    }
    std::string tags() {
        dynamodb::Reply reply;
        std::string body = R"({"ResourceArn":")" + described().arn + R"("})";
        service.call({"ListTagsOfResource", body}, reply);
        return reply.body;
    }
    int backups() {
        dynamodb::Reply reply;
        service.call({"ListBackups", R"({"TableName":"prod-app"})"}, reply);
        return static_cast<int>(
            json::parse_json(reply.body, "").find("BackupSummaries")->elements().size());
    }
    void refuse(const std::string& operation) {
        service.before_call = [operation](const dynamodb::Call& call) {
            if (call.operation == operation) {
                throw dynamodb::make_service_error(
                    operation, 400,
                    R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
            }
        };
    }
};

TEST_F(SettingSteps, SwitchRecoveryAndBackToWhatItWas) {
    StepPtr on = make_pitr({"app", true});
    run(on);
    run(on);
    EXPECT_TRUE(has_recovery());
    EXPECT_EQ(service.request_count("UpdateContinuousBackups"), 1);
    EXPECT_TRUE(on->secures_table());

    run(*on->inverse());
    EXPECT_FALSE(has_recovery());
}

TEST_F(SettingSteps, LeaveRecoveryOnThatWasOn) {
    run(make_pitr({"app", true}));
    notes.notes.clear();
    StepPtr again = make_pitr({"app", true});
    run(again);
    run(*again->inverse());
    EXPECT_TRUE(has_recovery());
}

TEST_F(SettingSteps, SayThatAnEndpointHasNone) {
    refuse("DescribeContinuousBackups");
    EXPECT_NE(error_of(make_pitr({"app", true})).find("memory has no point-in-time recovery"),
              std::string::npos);
    EXPECT_EQ(kind, ErrorKind::unimplemented);
    refuse("ListBackups");
    EXPECT_NE(error_of(make_backup({"app", "before"})).find("memory has no backups"),
              std::string::npos);
    refuse("ListTagsOfResource");
    EXPECT_NE(error_of(make_tag({"app", {{"a", "b"}}, {}})).find("memory has no tags"),
              std::string::npos);
}

TEST_F(SettingSteps, SetTagsAndBack) {
    run(make_tag({"app", {{"team", "core"}, {"old", "1"}}, {}}));
    notes.notes.clear();
    StepPtr step = make_tag({"app", {{"team", "shop"}, {"stage", "prod"}}, {"old"}});
    run(step);
    run(step);
    EXPECT_EQ(tags(), R"({"Tags":[{"Key":"stage","Value":"prod"},{"Key":"team","Value":"shop"}]})");
    EXPECT_EQ(service.request_count("TagResource"), 2);

    run(*step->inverse());
    EXPECT_EQ(tags(), R"({"Tags":[{"Key":"old","Value":"1"},{"Key":"team","Value":"core"}]})");
}

TEST_F(SettingSteps, BackUpOnce) {
    StepPtr step = make_backup({"app", "before-2.0"});
    StepResult result = run(step);
    EXPECT_NE(result.lines.front().find("backup before-2.0 of table prod-app is available: arn:"),
              std::string::npos);
    run(step);
    EXPECT_EQ(backups(), 1);
    EXPECT_GT(clock.waited().count(), 0) << "until it is available";
    EXPECT_TRUE(run(*step->inverse()).lines.empty());
    EXPECT_EQ(backups(), 1);
}

TEST_F(SettingSteps, FindABackupWhoseAnswerWasLost) {
    StepPtr step = make_backup({"app", "before-2.0"});
    run(step);
    notes.notes.clear();
    struct Death {};
    bool dies = true;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "DescribeBackup" && dies) {
            dies = false;
            throw Death();
        }
    };
    EXPECT_THROW(run(step), Death);
    EXPECT_EQ(backups(), 2) << "one of the same name was there before";
    notes.notes["backup"] = R"({"table":"prod-app","name":"before-2.0","known":[)" +
                            std::string(
                                "\"arn:aws:dynamodb:us-east-1:000000000000:table/"
                                "prod-app/backup/1\"]}");
    StepResult result = run(step);
    EXPECT_EQ(backups(), 2);
    EXPECT_NE(result.lines.front().find("backup/2"), std::string::npos);
}

TEST_F(SettingSteps, FindWhatIsWrong) {
    EXPECT_EQ(codes(make_backup({"app", "x y"})), (Strings{"bad_name"}));
    EXPECT_EQ(codes(make_tag({"app", {{"aws:x", "1"}}, {}})), (Strings{"bad_tags"}));
    EXPECT_EQ(codes(make_tag({"app", {}, {}})), (Strings{"bad_tags"}));
    EXPECT_EQ(codes(make_pitr({"", true})), (Strings{"no_table"}));
}

}  // namespace
}  // namespace dynamigrate::migrate
