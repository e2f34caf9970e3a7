#include "engine_fixture.hpp"
#include "engine_parts.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/json5.hpp>

#include <filesystem>
#include <semaphore>
#include <thread>

namespace dynamigrate::engine {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class BackupsOfTables : public EngineFixture {
protected:
    void SetUp() override { make_table(); }

    void make_table() {
        call("CreateTable", R"({"TableName":"tab","ProvisionedThroughput":
             {"ReadCapacityUnits":1,"WriteCapacityUnits":2},"AttributeDefinitions":[
             {"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"x","AttributeType":"N"}],
             "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"GlobalSecondaryIndexes":[{
             "IndexName":"by-x","KeySchema":[{"AttributeName":"x","KeyType":"HASH"}],
             "Projection":{"ProjectionType":"KEYS_ONLY"},"ProvisionedThroughput":
             {"ReadCapacityUnits":3,"WriteCapacityUnits":4}}],"Tags":[{"Key":"k","Value":"v"}]})");
    }
    void put(int first, int last) {
        for (int i = first; i < last; ++i) {
            std::string number = std::to_string(i);
            call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":")" + number +
                                R"("},"x":{"N":")" + number + R"("}}})");
        }
    }
    std::string back_up(const std::string& name = "first") {
        json::Value answer =
            parsed(call("CreateBackup", R"({"TableName":"tab","BackupName":")" + name + "\"}"));
        return answer.find("BackupDetails")->find("BackupArn")->text();
    }
    static json::Value parsed(const std::string& body) { return json::parse_json(body, "answer"); }
    static std::string restoration(const std::string& arn, const std::string& more = "",
                                   const std::string& name = "restored") {
        return R"({"TargetTableName":")" + name + R"(","BackupArn":")" + arn + "\"" + more + "}";
    }
    static std::string of(const std::string& arn) { return R"({"BackupArn":")" + arn + "\"}"; }
    json::Value described(const std::string& name = "restored") {
        return *parsed(call("DescribeTable", R"({"TableName":")" + name + "\"}")).find("Table");
    }
    std::string count(const std::string& name = "restored", const std::string& more = "") {
        std::string answer =
            call("Scan", R"({"TableName":")" + name + R"(","Select":"COUNT")" + more + "}");
        return answer.substr(1, answer.find(',') - 1);
    }
    /// Waits for the restoration, which goes on in a thread.
    void settle() {
        while (described().find("TableStatus")->text() != "ACTIVE") {
            std::this_thread::yield();
        }
    }
};

TEST_F(BackupsOfTables, HoldTheItemsAndIndexesOfTheirTime) {
    put(0, 700);
    std::string arn = back_up();
    put(700, 710);
    call("DeleteItem", R"({"TableName":"tab","Key":{"pk":{"S":"0"}}})");
    call("RestoreTableFromBackup", restoration(arn));
    settle();
    EXPECT_EQ(count(), R"("Count":700)");
    EXPECT_EQ(count("restored", R"(,"IndexName":"by-x")"), R"("Count":700)");
    EXPECT_EQ(count("tab"), R"("Count":709)");
    EXPECT_EQ(described().find("ItemCount")->text(), "700");
    EXPECT_EQ(call("GetItem", R"({"TableName":"restored","Key":{"pk":{"S":"5"}}})"),
              R"({"Item":{"pk":{"S":"5"},"x":{"N":"5"}}})");
}

TEST_F(BackupsOfTables, OutliveTheirTable) {
    put(0, 3);
    std::string arn = back_up();
    call("DeleteTable", R"({"TableName":"tab"})");
    call("RestoreTableFromBackup", restoration(arn, "", "tab"));
    EXPECT_EQ(described("tab").find("TableStatus")->text(), "ACTIVE");
    EXPECT_EQ(count("tab"), R"("Count":3)");
}

TEST_F(BackupsOfTables, MakeATableThatIsCreatingAndTellsItsSource) {
    std::string arn = back_up();
    json::Value table =
        *parsed(call("RestoreTableFromBackup", restoration(arn))).find("TableDescription");
    EXPECT_EQ(table.find("TableStatus")->text(), "CREATING");
    std::string source = R"("SourceBackupArn":")" + arn +
                         R"(","SourceTableArn":"arn:aws:dynamodb:local:000000000000:table/tab",)"
                         R"("RestoreDateTime":1700000000.000)";
    EXPECT_EQ(json::to_json(*table.find("RestoreSummary")),
              "{" + source + R"(,"RestoreInProgress":true})");
    settle();
    EXPECT_EQ(json::to_json(*described().find("RestoreSummary")),
              "{" + source + R"(,"RestoreInProgress":false})");
    EXPECT_EQ(call("ListTagsOfResource",
                   R"({"ResourceArn":"arn:aws:dynamodb:local:000000000000:table/restored"})"),
              R"({"Tags":[]})");
}

TEST_F(BackupsOfTables, AreRestoredWithOtherCapacityAndFewerIndexes) {
    put(0, 2);
    std::string arn = back_up();
    call("RestoreTableFromBackup", restoration(arn, R"(,"BillingModeOverride":"PAY_PER_REQUEST",
                             "GlobalSecondaryIndexOverride":[])"));
    settle();
    EXPECT_EQ(described().find("GlobalSecondaryIndexes"), nullptr);
    EXPECT_EQ(described().find("BillingModeSummary")->find("BillingMode")->text(),
              "PAY_PER_REQUEST");
    EXPECT_EQ(described().find("AttributeDefinitions")->elements().size(), 1U);
    call("RestoreTableFromBackup",
         restoration(arn, R"(,"ProvisionedThroughputOverride":{"ReadCapacityUnits":8,
                             "WriteCapacityUnits":9})",
                     "other"));
    EXPECT_EQ(described("other").find("ProvisionedThroughput")->find("ReadCapacityUnits")->text(),
              "8");
    EXPECT_EQ(refusal("RestoreTableFromBackup",
                      restoration(arn, R"(,"GlobalSecondaryIndexOverride":[{"IndexName":"new",
                                  "KeySchema":[{"AttributeName":"x","KeyType":"HASH"}],
                                  "Projection":{"ProjectionType":"ALL"},"ProvisionedThroughput":
                                  {"ReadCapacityUnits":3,"WriteCapacityUnits":4}}])",
                                  "third")),
              "ValidationException: One or more parameter values were invalid: Index new does not "
              "match an index of the backed up table");
}

TEST_F(BackupsOfTables, AreRefusedForWhatIsNotThereOrAlreadyThere) {
    EXPECT_EQ(refusal("CreateBackup", R"({"TableName":"nope","BackupName":"bbb"})"),
              "TableNotFoundException: Table not found: nope");
    EXPECT_EQ(refusal("CreateBackup", R"({"TableName":"tab","BackupName":"b"})"),
              "ValidationException: 1 validation error detected: Value 'b' at 'backupName' failed "
              "to satisfy constraint: Member must have length greater than or equal to 3");
    std::string unknown =
        "arn:aws:dynamodb:local:000000000000:table/tab/backup/01700000000000-00000000";
    for (const char* operation : {"DescribeBackup", "DeleteBackup"}) {
        EXPECT_EQ(refusal(operation, of(unknown)),
                  "BackupNotFoundException: Backup not found: " + unknown);
    }
    EXPECT_EQ(refusal("RestoreTableFromBackup", restoration(unknown)),
              "BackupNotFoundException: Backup not found: " + unknown);
    EXPECT_EQ(refusal("RestoreTableFromBackup", restoration(back_up(), "", "tab")),
              "TableAlreadyExistsException: Table already exists: tab");
}

TEST_F(BackupsOfTables, AreDescribedUntilDeleted) {
    put(1, 2);
    std::string arn = back_up();
    json::Value answer = parsed(call("DescribeBackup", of(arn)));
    const json::Value& backup = *answer.find("BackupDescription");
    EXPECT_EQ(json::to_json(*backup.find("BackupDetails")),
              R"({"BackupArn":")" + arn +
                  R"(","BackupName":"first","BackupSizeBytes":6,"BackupStatus":"AVAILABLE",)"
                  R"("BackupType":"USER","BackupCreationDateTime":1700000000.000})");
    const json::Value& source = *backup.find("SourceTableDetails");
    EXPECT_EQ(source.find("TableName")->text(), "tab");
    EXPECT_EQ(source.find("ItemCount")->text(), "1");
    EXPECT_EQ(source.find("BillingMode")->text(), "PROVISIONED");
    EXPECT_EQ(json::to_json(*backup.find("SourceTableFeatureDetails")),
              R"({"GlobalSecondaryIndexes":[{"IndexName":"by-x","KeySchema":[{"AttributeName":"x",)"
              R"("KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"},)"
              R"("ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4}}]})");
    json::Value deleted = parsed(call("DeleteBackup", of(arn)));
    EXPECT_EQ(
        deleted.find("BackupDescription")->find("BackupDetails")->find("BackupStatus")->text(),
        "DELETED");
    EXPECT_NE(refusal("DescribeBackup", of(arn)), "");
}

TEST_F(BackupsOfTables, AreListedByTableAndTimeInPages) {
    std::string first = back_up("first");
    clock.advance(10s);
    std::string second = back_up("second");
    auto listed = [&](const std::string& members) {
        json::Value answer = parsed(call("ListBackups", "{" + members + "}"));
        std::string names;
        for (const json::Value& summary : answer.find("BackupSummaries")->elements()) {
            names += summary.find("BackupName")->text() + " ";
        }
        const json::Value* last = answer.find("LastEvaluatedBackupArn");
        return names + (last == nullptr ? "" : last->text() == first ? "then" : "?");
    };
    EXPECT_EQ(listed(""), "first second ");
    EXPECT_EQ(listed(R"("Limit":1)"), "first then");
    EXPECT_EQ(listed(R"("ExclusiveStartBackupArn":")" + first + "\""), "second ");
    EXPECT_EQ(listed(R"("TimeRangeLowerBound":1700000001)"), "second ");
    EXPECT_EQ(listed(R"("TimeRangeUpperBound":1700000010)"), "first ");
    EXPECT_EQ(listed(R"("TableName":"other")"), "");
    EXPECT_EQ(listed(R"("BackupType":"SYSTEM")"), "");
}

TEST_F(BackupsOfTables, ContinuousAreSwitchedOnAndOff) {
    EXPECT_EQ(call("DescribeContinuousBackups", R"({"TableName":"tab"})"),
              R"({"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",)"
              R"("PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"DISABLED"}}})");
    auto wish = [](bool is_wanted) {
        return R"({"TableName":"tab","PointInTimeRecoverySpecification":
                   {"PointInTimeRecoveryEnabled":)" +
               std::string(is_wanted ? "true" : "false") + "}}";
    };
    std::string enabled =
        R"({"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",)"
        R"("PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"ENABLED",)"
        R"("RecoveryPeriodInDays":35,"EarliestRestorableDateTime":1700000000.000,)"
        R"("LatestRestorableDateTime":)";
    EXPECT_EQ(call("UpdateContinuousBackups", wish(true)), enabled + "1700000000.000}}}");
    clock.advance(1s);
    EXPECT_EQ(call("DescribeContinuousBackups", R"({"TableName":"tab"})"),
              enabled + "1700000001.000}}}");
    call("UpdateContinuousBackups", wish(false));
    EXPECT_EQ(refusal("UpdateContinuousBackups", R"({"TableName":"tab"})"),
              "ValidationException: 1 validation error detected: Value null at "
              "'pointInTimeRecoverySpecification' failed to satisfy constraint: Member must not be "
              "null");
    EXPECT_EQ(refusal("DescribeContinuousBackups", R"({"TableName":"nope"})"),
              "TableNotFoundException: Table not found: nope");
}

TEST(Backups, AreNotRemovedWhileATableIsRestoredFromThem) {
    MemoryParts parts;
    Table definition;
    definition.name = "tab";
    definition.arn = "arn:aws:dynamodb:local:000000000000:table/tab";
    definition.key.hash.name = "pk";
    TablePointer table = parts.catalog.put(definition);
    Backup backup = parts.backups.create(parts.database, *table, "first");
    std::binary_semaphore go(0), done(0);
    parts.transitions.begin("busy", [&](const std::stop_token&) { go.acquire(); });
    parts.backups.restore(parts.database, backup, *table);
    try {
        parts.backups.remove(backup.arn);
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.service_code(), "BackupInUseException");
    }
    parts.transitions.begin("after", [&](const std::stop_token&) { done.release(); });
    go.release();
    done.acquire();
    EXPECT_TRUE(parts.backups.remove(backup.arn));
    EXPECT_FALSE(parts.backups.remove(backup.arn));
}

class BackupsOnDisk : public BackupsOfTables {
protected:
    void SetUp() override { open(); }
    void open() {
        engine.reset();
        engine =
            Engine::open(directory.path(), {.clock = &clock, .random = &random, .sweeps = false});
    }
    std::vector<std::string> checkpoints() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory.path() / "backups")) {
            names.push_back(entry.path().filename());
        }
        return names;
    }

    base::TemporaryDirectory directory;
};

TEST_F(BackupsOnDisk, AreCheckpointsThatAreThereAgain) {
    make_table();
    put(0, 5);
    std::string arn = back_up();
    EXPECT_EQ(checkpoints(), std::vector<std::string>{arn.substr(arn.rfind('/') + 1)});
    put(5, 9);
    open();
    call("RestoreTableFromBackup", restoration(arn));
    settle();
    EXPECT_EQ(count(), R"("Count":5)");
    call("DeleteBackup", of(arn));
    EXPECT_TRUE(checkpoints().empty());
}

TEST_F(BackupsOnDisk, RemoveCheckpointsThatNoRecordNames) {
    make_table();
    std::string arn = back_up();
    fs::create_directories(directory.path() / "backups" / "01700000000000-killed.tmp");
    open();
    EXPECT_EQ(checkpoints(), std::vector<std::string>{arn.substr(arn.rfind('/') + 1)});
}

TEST_F(BackupsOnDisk, GoOnBeingRestoredWhenTheStoreWasClosed) {
    make_table();
    put(0, 600);
    std::string arn = back_up();
    call("RestoreTableFromBackup", restoration(arn));
    open();
    settle();
    EXPECT_EQ(count(), R"("Count":600)");
    EXPECT_EQ(described().find("ItemCount")->text(), "600");
}

}  // namespace
}  // namespace dynamigrate::engine
