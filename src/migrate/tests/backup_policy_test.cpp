#include <dynamigrate/migrate/restore.hpp>

#include "fixtures.hpp"

#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using testing::fake_step;
using testing::Project;
using testing::simple;

/// Migrations of a table that exists.
struct BackupPolicyCase : ::testing::Test {
    Project project;
    BackupPolicyCase() {
        project.memory.create_table("app", {{"id", dynamodb::AttributeType::string}, std::nullopt});
    }
    std::size_t backups() {
        dynamodb::Reply reply;
        project.memory.call({"ListBackups", "{}"}, reply);
        return json::parse_json(reply.body, "").find("BackupSummaries")->elements().size();
    }
    void refuse(const std::string& operation) {
        project.memory.before_call = [operation](const dynamodb::Call& call) {
            if (call.operation == operation) {
                throw dynamodb::make_service_error(
                    operation, 400,
                    R"({"__type":"com.amazon.coral.service#UnknownOperationException"})");
            }
        };
    }
    RunResult run(const std::vector<PlannedMigration>& plan) {
        return project.migrator().run(plan, project.listener, {}, {});
    }
    /// "" when it succeeds.
    std::string error_of_up() {
        try {
            project.up();
        } catch (const base::Error& error) {
            return error.what();
        }
        return {};
    }
};

TEST_F(BackupPolicyCase, BacksUpEachTableOnceBeforeTheFirstWriteOfAPlan) {
    project.settings.backs_up = true;
    std::size_t backups_at_first_step = 0;
    Migration first("1.0.0");
    first.step(fake_step("look", [&](const StepRun&) {
        backups_at_first_step = backups();
        return StepResult{};
    }));
    project.registry.add(first);
    project.registry.add(simple("1.1.0"));

    RunResult result = project.up();

    EXPECT_EQ(backups_at_first_step, 1u);
    EXPECT_EQ(backups(), 1u);
    for (const HistoryRow& row : result.rows) {
        std::vector<TableBackup> noted = project.migrator().backups(row.run);
        ASSERT_EQ(noted.size(), 1u) << row.id;
        EXPECT_EQ(noted[0].table, "app");
        EXPECT_TRUE(noted[0].name.starts_with("dynamigrate-1.0.0-"));
        EXPECT_FALSE(noted[0].arn.empty());
    }
    run(project.migrator().plan_down({}));
    EXPECT_EQ(backups(), 1u) << "a rollback makes none";
}

TEST_F(BackupPolicyCase, MakesNoSecondBackupForAResumedRun) {
    project.settings.backs_up = true;
    bool fails = true;
    Migration migration("1.0.0");
    migration.step(fake_step("fail once", [&](const StepRun&) -> StepResult {
        if (fails) {
            fails = false;
            throw base::Error(base::ErrorKind::failed_precondition, "not yet");
        }
        return {};
    }));
    project.registry.add(migration);
    EXPECT_NE(error_of_up(), "");
    project.up();
    EXPECT_EQ(backups(), 1u);
}

TEST_F(BackupPolicyCase, FailsWhereThereAreNoBackupsUnlessForced) {
    project.settings.backs_up = true;
    project.registry.add(simple("1.0.0"));
    refuse("ListBackups");
    EXPECT_NE(error_of_up().find("cannot be backed up before the run"), std::string::npos);
    project.settings.force = true;
    EXPECT_EQ(project.up().rows.size(), 1u);
}

TEST_F(BackupPolicyCase, WantsPointInTimeRecoveryWhereConfigured) {
    project.settings.requires_pitr = true;
    project.registry.add(simple("1.0.0"));
    EXPECT_NE(error_of_up().find("point-in-time recovery of table app is off"), std::string::npos);
    dynamodb::Reply reply;
    project.memory.call(
        {"UpdateContinuousBackups", R"({"TableName":"app","PointInTimeRecoverySpecification":)"
                                    R"({"PointInTimeRecoveryEnabled":true}})"},
        reply);
    EXPECT_EQ(error_of_up(), "");
}

TEST_F(BackupPolicyCase, SaysWhatToDoWhereThereIsNoRecoveryToRequire) {
    project.settings.requires_pitr = true;
    project.registry.add(simple("1.0.0"));
    refuse("DescribeContinuousBackups");
    EXPECT_NE(error_of_up().find("set `require_pitr: false`"), std::string::npos);
}

TEST_F(BackupPolicyCase, LetsAMigrationSwitchRecoveryOnFirst) {
    project.settings.requires_pitr = true;
    Migration migration("1.0.0");
    migration.step(make_pitr({"app", true})).step(fake_step("then write"));
    project.registry.add(migration);
    EXPECT_EQ(error_of_up(), "");
}

RestoreFacts facts() {
    RestoreFacts facts;
    facts.table = "shop";
    facts.arn = "arn:aws:dynamodb:eu-west-1:1:table/shop";
    facts.before = "2026-01-31T10:00:00.000Z";
    return facts;
}

std::vector<std::string> commands(const RestoreFacts& facts, const std::string& options = "") {
    std::vector<std::string> list;
    for (const RestoreCommand& command : restore_guide(facts, options).commands) {
        list.push_back(command.command);
    }
    return list;
}

using Strings = std::vector<std::string>;

TEST(RestoreGuide, PrefersTheBackupOfTheRunAndBringsSettingsAlong) {
    RestoreFacts with = facts();
    with.backup = TableBackup{"shop", "b", "arn:b"};
    with.has_pitr = true;
    with.ttl_attribute = "expires at";
    with.stream_view = "NEW_IMAGE";
    with.tags = {{"team", "it's"}};
    with.has_deletion_protection = true;
    EXPECT_EQ(
        commands(with, "--region eu-west-1"),
        (Strings{
            std::string("aws dynamodb restore-table-from-backup --target-table-name shop-restored "
                        "--backup-arn ") +
                "arn:b --region eu-west-1",
            "aws dynamodb wait table-exists --table-name shop-restored --region eu-west-1",
            std::string("aws dynamodb update-time-to-live --table-name shop-restored ") +
                "--time-to-live-specification 'Enabled=true,AttributeName=expires at' --region " +
                "eu-west-1",
            std::string(
                "aws dynamodb update-table --table-name shop-restored --stream-specification ") +
                "StreamEnabled=true,StreamViewType=NEW_IMAGE --region eu-west-1",
            std::string("aws dynamodb tag-resource --resource-arn ") +
                "arn:aws:dynamodb:eu-west-1:1:table/shop-restored --tags "
                "'Key=team,Value=it'\\''s' " +
                "--region eu-west-1",
            std::string("aws dynamodb update-continuous-backups --table-name shop-restored ") +
                "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true --region " +
                "eu-west-1",
            std::string("aws dynamodb update-table --table-name shop-restored "
                        "--deletion-protection-enabled ") +
                "--region eu-west-1",
        }));
}

TEST(RestoreGuide, GoesToTheMomentBeforeTheRunOrSaysThatNothingCan) {
    RestoreFacts with = facts();
    with.has_pitr = true;
    EXPECT_EQ(commands(with).front(),
              "aws dynamodb restore-table-to-point-in-time --source-table-name shop "
              "--target-table-name shop-restored --restore-date-time 2026-01-31T10:00:00.000Z");
    RestoreFacts without = facts();
    without.others = {{"shop", "old", "arn:old"}};
    RestoreGuide guide = restore_guide(without, "");
    EXPECT_FALSE(guide.is_possible);
    EXPECT_TRUE(guide.commands.empty());
    ASSERT_EQ(guide.remarks.size(), 2u);
    EXPECT_NE(guide.remarks[0].find("neither a backup"), std::string::npos);
    EXPECT_NE(guide.remarks[1].find("--backup-arn arn:old"), std::string::npos);
}

TEST_F(BackupPolicyCase, RestoreFactsAreReadOfTheService) {
    HistoryRow row;
    row.started_at = "2026-01-31T10:00:00.500Z";
    RestoreFacts found = restore_facts(project.memory, "app", row, {{"app", "b", "arn:b"}});
    EXPECT_EQ(found.before, "2026-01-31T10:00:00.000Z");
    EXPECT_EQ(found.backup->arn, "arn:b");
    EXPECT_TRUE(found.unknown.empty());
    refuse("DescribeContinuousBackups");
    EXPECT_EQ(restore_facts(project.memory, "app", row, {}).unknown,
              (Strings{"point-in-time recovery"}));
    EXPECT_THROW(restore_facts(project.memory, "gone", row, {}), base::Error);
}

}  // namespace
}  // namespace dynamigrate::migrate
