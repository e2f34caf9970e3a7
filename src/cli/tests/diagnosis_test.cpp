#include "../diagnosis.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/engine/engine.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace dynamigrate::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using State = Diagnosis::State;

const base::WallTime kNow = base::parse_iso8601("2026-01-31T12:00:00.000Z");

/// Refuses some operations, and passes the others on.
class Denying final : public dynamodb::Service {
public:
    Denying(dynamodb::Service& inner, std::set<std::string> denied)
        : inner_(inner),
          denied_(std::move(denied)) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (denied_.contains(std::string(call.operation))) {
            throw base::Error(base::ErrorKind::permission_denied, "not authorised");
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return "denying"; }

private:
    dynamodb::Service& inner_;
    std::set<std::string> denied_;
};

struct TableDiagnosis : ::testing::Test {
    base::FakeClock clock;
    std::unique_ptr<engine::Engine> engine = engine::Engine::in_memory({.clock = &clock});
    migrate::Settings settings;

    TableDiagnosis() {
        call("CreateTable", R"({"TableName":"app","BillingMode":"PAY_PER_REQUEST",)"
                            R"("KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},)"
                            R"({"AttributeName":"n","KeyType":"RANGE"}],)"
                            R"("AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},)"
                            R"({"AttributeName":"n","AttributeType":"N"}]})");
    }
    void call(std::string_view operation, std::string_view body) {
        dynamodb::Reply reply;
        engine->call({operation, body}, reply);
    }
    dynamodb::TableDescription table() { return *dynamodb::describe_table(*engine, "app"); }
    Diagnosis look(const std::string& check) {
        for (const Diagnosis& it : diagnose_table(*engine, table(), settings)) {
            if (it.check == check) {
                return it;
            }
        }
        return {};
    }
};

TEST(Diagnosis, TellsOfCredentialsThatEndSoonAndNeverASecret) {
    aws::Credentials keys{"AKIAEXAMPLE", "verysecret", "token", {}, "environment"};
    Diagnosis lasting = diagnose_credentials(keys, kNow);
    EXPECT_EQ(lasting.state, State::good);
    EXPECT_THAT(lasting.text, HasSubstr("environment"));
    EXPECT_THAT(lasting.text, Not(HasSubstr("verysecret")));
    keys.expires = kNow + std::chrono::minutes(20);
    EXPECT_EQ(diagnose_credentials(keys, kNow).code, "credentials_expire");
    EXPECT_EQ(diagnose_credentials(keys, kNow).state, State::warning);
    keys.expires = kNow;
    EXPECT_EQ(diagnose_credentials(keys, kNow).state, State::error);
}

TEST(Diagnosis, TellsOfAClockThatIsOff) {
    EXPECT_EQ(diagnose_clock("Sat, 31 Jan 2026 12:00:30 GMT", kNow).state, State::good);
    Diagnosis behind = diagnose_clock("Sat, 31 Jan 2026 12:02:00 GMT", kNow);
    EXPECT_EQ(behind.code, "clock_skew");
    EXPECT_EQ(behind.state, State::warning);
    EXPECT_THAT(behind.text, HasSubstr("120 s behind"));
    EXPECT_EQ(diagnose_clock("Sat, 31 Jan 2026 11:50:00 GMT", kNow).state, State::error);
    EXPECT_EQ(diagnose_clock("yesterday", kNow).state, State::unavailable);
    EXPECT_EQ(diagnose_clock(std::nullopt, kNow).state, State::unavailable);
}

TEST(Diagnosis, TellsOfRoomForTheJournal) {
    base::TemporaryDirectory directory;
    migrate::Settings settings;
    settings.journal_directory = directory.path() / "not/there/yet";
    EXPECT_EQ(diagnose_journal(settings, 1000).state, State::good);
    EXPECT_EQ(diagnose_journal(settings, std::uint64_t{1} << 62).code, "journal_space");
    base::write_file_atomically(directory.path() / "file", "");
    settings.journal_directory = directory.path() / "file" / "journal";
    EXPECT_EQ(diagnose_journal(settings, 1000).code, "journal_not_writable");
    EXPECT_EQ(diagnose_journal(settings, 1000, "s3://bucket/journals").state, State::good);
    settings.journal_max_bytes = 500;
    EXPECT_EQ(diagnose_journal(settings, 1000, "s3://bucket/journals").code, "journal_space");
    settings.journal = false;
    EXPECT_EQ(diagnose_journal(settings, 1000).code, "no_journal");
}

TEST(Diagnosis, TellsWhetherTheStoreCanBeWritten) {
    base::TemporaryDirectory directory;
    EXPECT_EQ(diagnose_store(directory.path() / "store").state, State::good);
    base::write_file_atomically(directory.path() / "file", "");
    EXPECT_EQ(diagnose_store(directory.path() / "file").code, "store_not_writable");
    EXPECT_EQ(diagnose_store(directory.path() / "file" / "store").code, "store_not_writable");
}

TEST(Diagnosis, TellsOfTheLockAndOfUnfinishedRuns) {
    EXPECT_EQ(diagnose_lock(std::nullopt).state, State::good);
    migrate::LockOwner owner;
    owner.owner = "ann@host pid 1";
    owner.identity = base::ProcessIdentity::of_process();
    EXPECT_EQ(diagnose_lock(owner).code, "locked");
    owner.identity.pid = 0x3ffffff;
    EXPECT_EQ(diagnose_lock(owner).code, "stale_lock");
    migrate::Registry registry;
    EXPECT_EQ(diagnose_runs({}, registry).state, State::good);
    migrate::UnfinishedRun run;
    run.row.run = "run-1";
    run.row.id = "1.0.0";
    run.row.interrupted = true;
    EXPECT_EQ(diagnose_runs({run}, registry).state, State::good);
    EXPECT_THAT(diagnose_runs({run}, registry).text, HasSubstr("is running, and worked on"));
    run.owner_is_dead = true;
    EXPECT_EQ(diagnose_runs({run}, registry).code, "unfinished_run");
    EXPECT_THAT(diagnose_runs({run}, registry).text, HasSubstr("is interrupted"));
    EXPECT_THAT(diagnose_runs({run}, registry).remedy, HasSubstr("`dynamigrate undo run-1`"));
    registry.add(migrate::Migration("1.0.0"));
    EXPECT_THAT(diagnose_runs({run}, registry).remedy, HasSubstr("`dynamigrate resume run-1`"));
}

TEST_F(TableDiagnosis, TellsOfASoundTable) {
    for (const Diagnosis& it : diagnose_table(*engine, table(), settings)) {
        EXPECT_NE(it.state, State::error) << it.check << ": " << it.text;
    }
    EXPECT_THAT(look("state").text, HasSubstr("active"));
    EXPECT_THAT(look("capacity").text, HasSubstr("on demand"));
    EXPECT_EQ(look("replicas").text, "none");
    EXPECT_THAT(look("stream").text, HasSubstr("off"));
    EXPECT_EQ(look("time to live").text, "off");
}

TEST_F(TableDiagnosis, WarnsOfRecoveryOnlyWhereItMeansSomething) {
    EXPECT_EQ(look("point-in-time recovery").code, "pitr_off");
    settings.has_backups = false;
    EXPECT_EQ(look("point-in-time recovery").state, State::good);
}

TEST_F(TableDiagnosis, TellsOfReplicasAndOfChangesUnderWay) {
    dynamodb::TableDescription changed = table();
    changed.replicas = {"eu-west-1"};
    changed.status = "UPDATING";
    std::vector<Diagnosis> seen = diagnose_table(*engine, changed, settings);
    EXPECT_EQ(seen.front().code, "table_busy");
    EXPECT_EQ(seen.back().code, "replicated_table");
    settings.single_region_writers = true;
    EXPECT_EQ(diagnose_table(*engine, changed, settings).back().state, State::good);
}

TEST_F(TableDiagnosis, TellsOfTheStreamsConsumers) {
    call("UpdateTable", R"({"TableName":"app","StreamSpecification":{"StreamEnabled":true,)"
                        R"("StreamViewType":"NEW_IMAGE"}})");
    Diagnosis stream = look("stream");
    EXPECT_EQ(stream.code, "stream_consumers");
    EXPECT_THAT(stream.text, HasSubstr("NEW_IMAGE"));
    EXPECT_THAT(stream.text, HasSubstr("Lambda functions: not available here"));
    std::string asked;
    auto told = [&](std::vector<std::string> functions) {
        StreamReaders readers = [&](const std::string& arn) {
            asked = arn;
            return std::optional(functions);
        };
        return diagnose_table(*engine, table(), settings, readers)[3].text;
    };
    EXPECT_THAT(told({"index (Enabled)", "mail (Disabled)"}),
                HasSubstr("Lambda: index (Enabled), mail (Disabled)"));
    EXPECT_THAT(asked, HasSubstr("/stream/"));
    EXPECT_THAT(told({}), HasSubstr("no Lambda functions"));
    StreamReaders denied = [](const std::string&) -> std::optional<std::vector<std::string>> {
        throw base::Error(base::ErrorKind::permission_denied, "no");
    };
    EXPECT_THAT(diagnose_table(*engine, table(), settings, denied)[3].text,
                HasSubstr("Lambda functions: not allowed to ask"));
}

TEST_F(TableDiagnosis, LeavesOutWhatCannotBeAsked) {
    Denying service(*engine, {"DescribeContinuousBackups", "DescribeTimeToLive"});
    int left_out = 0;
    for (const Diagnosis& it : diagnose_table(service, table(), settings)) {
        EXPECT_NE(it.state, State::error) << it.check;
        left_out += it.state == State::unavailable ? 1 : 0;
    }
    EXPECT_EQ(left_out, 2);
}

TEST_F(TableDiagnosis, AsksForPermissionsWithoutChangingAnything) {
    std::set<std::string> actions{"dynamodb:Scan",
                                  "dynamodb:GetItem",
                                  "dynamodb:UpdateItem",
                                  "dynamodb:PutItem",
                                  "dynamodb:DeleteItem",
                                  "dynamodb:UpdateTable",
                                  "dynamodb:Query",
                                  "dynamodb:BatchGetItem",
                                  "dynamodb:PartiQLUpdate",
                                  "dynamodb:PartiQLSelect",
                                  "dynamodb:ConditionCheckItem",
                                  "dynamodb:DescribeTimeToLive"};
    Diagnosis all = diagnose_permissions(*engine, table(), actions);
    EXPECT_EQ(all.state, State::good);
    EXPECT_THAT(all.text, HasSubstr("allowed: BatchGetItem, ConditionCheckItem, DeleteItem, "
                                    "DescribeTimeToLive, GetItem, PartiQLSelect, PartiQLUpdate, "
                                    "PutItem, Query, Scan, UpdateItem"));
    EXPECT_THAT(all.text, HasSubstr("not checked: UpdateTable"));
    int items = 0;
    dynamodb::scan(*engine, "app", true, [&](const dynamodb::Item&) { return ++items > 0; });
    EXPECT_EQ(items, 0);
    Denying service(*engine, {"PutItem"});
    Diagnosis denied = diagnose_permissions(service, table(), actions);
    EXPECT_EQ(denied.code, "missing_permission");
    EXPECT_THAT(denied.text, HasSubstr("denied: PutItem"));
    EXPECT_THAT(denied.remedy, HasSubstr("iam-policy"));
}

}  // namespace
}  // namespace dynamigrate::cli
