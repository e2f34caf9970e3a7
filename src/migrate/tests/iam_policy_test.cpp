#include <dynamigrate/migrate/iam_policy.hpp>

#include "fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Strings = std::vector<std::string>;

Strings actions(const StepPtr& step) {
    std::set<std::string> all = actions_of(*step).on_table;
    Strings list;
    for (const std::string& action : all) {
        EXPECT_TRUE(action.starts_with("dynamodb:")) << action;
        list.push_back(action.substr(action.find(':') + 1));
    }
    std::erase(list, "DescribeTable");
    std::erase(list, "DescribeTimeToLive");
    std::erase(list, "DescribeContinuousBackups");
    return list;
}

StepPtr transform_from(backfill::Source source) {
    TransformStep step;
    step.table = "app";
    step.function = [](ItemEditor&) {};
    step.options.source = std::move(source);
    return make_transform(step);
}

TEST(IamPolicy, NeedsOfEachKindOnlyWhatItDoes) {
    IndexDefinition index;
    index.name = "by_a";
    EXPECT_THAT(actions(make_create_index("app", index)), ElementsAre("Scan", "UpdateTable"));
    EXPECT_THAT(actions(make_delete_index("app", "by_a")), ElementsAre("UpdateTable"));
    EXPECT_THAT(actions(make_delete_table("app")), ElementsAre("DeleteTable"));
    EXPECT_THAT(actions(make_update_table({})), ElementsAre("UpdateTable"));
    EXPECT_THAT(actions(make_ttl({"app", "at", true})), ElementsAre("UpdateTimeToLive"));
    EXPECT_THAT(actions(make_verify({})), ElementsAre("BatchGetItem", "GetItem", "Scan"));
    EXPECT_THAT(actions(make_remove_attribute("app", "x")),
                ElementsAre("BatchGetItem", "GetItem", "PartiQLUpdate", "Scan", "UpdateItem"));
    EXPECT_THAT(actions(make_delete({})),
                ElementsAre("BatchGetItem", "DeleteItem", "GetItem", "PartiQLDelete", "Scan"));
    EXPECT_THAT(actions(make_create_table({})),
                IsSupersetOf({"CreateTable", "DeleteTable", "UpdateTimeToLive"}));
    EXPECT_THAT(actions(make_put({})), IsSupersetOf({"PutItem", "PartiQLInsert"}));
    EXPECT_THAT(actions(make_put({})), Not(::testing::Contains("DeleteItem")));
}

TEST(IamPolicy, ReadsAnIndexOnlyWhereAStepIsDrivenByOne) {
    EXPECT_THAT(actions_of(*transform_from(backfill::ScanSource{})).on_indexes, IsEmpty());
    EXPECT_THAT(actions_of(*transform_from(backfill::ScanSource{"by_a"})).on_indexes,
                ElementsAre("dynamodb:Scan"));
    EXPECT_THAT(actions_of(*transform_from(backfill::QuerySource{"by_a", {}})).on_indexes,
                ElementsAre("dynamodb:Query"));
}

TEST(IamPolicy, CopiesReadOneTableAndWriteTheOther) {
    CopyStep step;
    step.table = "a";
    step.to = "b";
    StepActions needed = actions_of(*make_copy(step));
    EXPECT_FALSE(needed.on_table.contains("dynamodb:PutItem"));
    EXPECT_TRUE(needed.on_target.contains("dynamodb:PutItem"));
    EXPECT_FALSE(needed.on_target.contains("dynamodb:Scan"));
}

TEST(IamPolicy, RaisesTheCapacityOfTablesWhoseItemsSegmentsChange) {
    Registry registry;
    Migration migration("1.0.0", "change");
    migration.step(make_remove_attribute("app", "x"));
    registry.add(std::move(migration));
    Settings settings;
    const auto may_update = [&] {
        for (const PolicyStatement& statement : iam_statements(registry, settings, {})) {
            if (statement.resources.front().ends_with("table/app")) {
                return statement.actions.contains("dynamodb:UpdateTable");
            }
        }
        return false;
    };
    EXPECT_FALSE(may_update());
    settings.cloud.prewarm = dynamodb::Throughput{100, 100};
    EXPECT_TRUE(may_update());
}

TEST(IamPolicy, UndoOfTheJournalNeedsWritesOfItsOwn) {
    Settings settings;
    auto can_delete = [&](Migration migration) {
        Registry registry;
        registry.add(std::move(migration));
        std::string policy = iam_policy(iam_statements(registry, settings, {}));
        return policy.find("PartiQLDelete") != std::string::npos;
    };
    Migration remove("1.0.0", "text");
    remove.on("app").remove_attribute("x");
    EXPECT_FALSE(can_delete(remove));
    EXPECT_TRUE(can_delete(remove.down_auto()));
}

TEST(IamPolicy, CoversBackupsAnotherToolsHistoryAndTheJournalsKey) {
    Registry registry;
    Migration migration("1.0.0", "text");
    registry.add(migration.on("app").remove_attribute("x"));
    auto policy_of = [&](const Settings& settings, const PolicyScope& scope) {
        return iam_policy(iam_statements(registry, settings, scope));
    };
    Settings settings;
    std::string plain = policy_of(settings, {});
    for (const char* absent : {"Backup\"", "kms:", "HistoryLayout"}) {
        EXPECT_EQ(plain.find(absent), std::string::npos) << absent;
    }
    settings.backs_up = true;
    settings.history_layout = "onetable";
    settings.default_table = "app";
    PolicyScope scope;
    scope.journal_bucket = "bucket";
    scope.journal_key = "arn:aws:kms:eu-west-1:123456789012:key/1";
    std::string full = policy_of(settings, scope);
    for (const char* wanted :
         {"dynamodb:CreateBackup", "dynamodb:ListBackups", "table/app/backup/*", "HistoryLayout",
          "kms:GenerateDataKey", "123456789012:key/1"}) {
        EXPECT_NE(full.find(wanted), std::string::npos) << wanted;
    }
}

TEST(IamPolicy, IsTheLeastForASet) {
    Registry registry;
    IndexDefinition index;
    index.name = "by_a";
    Migration first("1.0.0", "text");
    registry.add(first.on("app").create_index(index));
    Migration second("1.1.0", "text");
    registry.add(second.on("other").delete_index("by_b"));
    Migration third("1.2.0", "text");
    registry.add(third.on("third").delete_index("by_b"));
    Settings settings;
    settings.tables["app"] = "prod-app";
    PolicyScope scope;
    scope.region = "eu-west-1";
    scope.account = "123456789012";
    scope.journal_bucket = "journals";
    scope.journal_prefix = "shop/";
    EXPECT_EQ(
        iam_policy(iam_statements(registry, settings, scope)),
        R"({"Version":"2012-10-17","Statement":[)"
        R"({"Sid":"History","Effect":"Allow","Action":["dynamodb:ConditionCheckItem",)"
        R"("dynamodb:CreateTable","dynamodb:DeleteItem","dynamodb:DescribeTable","dynamodb:GetItem",)"
        R"("dynamodb:PutItem","dynamodb:Query","dynamodb:UpdateItem"],"Resource":[)"
        R"("arn:aws:dynamodb:eu-west-1:123456789012:table/dynamigrate-history"]},)"
        R"({"Sid":"Tables1","Effect":"Allow","Action":["dynamodb:DescribeContinuousBackups",)"
        R"("dynamodb:DescribeTable","dynamodb:DescribeTimeToLive","dynamodb:UpdateTable"],"Resource":[)"
        R"("arn:aws:dynamodb:eu-west-1:123456789012:table/other",)"
        R"("arn:aws:dynamodb:eu-west-1:123456789012:table/third"]},)"
        R"({"Sid":"Tables2","Effect":"Allow","Action":["dynamodb:DescribeContinuousBackups",)"
        R"("dynamodb:DescribeTable","dynamodb:DescribeTimeToLive","dynamodb:Scan",)"
        R"("dynamodb:UpdateTable"],"Resource":[)"
        R"("arn:aws:dynamodb:eu-west-1:123456789012:table/prod-app"]},)"
        R"({"Sid":"JournalBucket","Effect":"Allow","Action":["s3:ListBucket"],"Resource":[)"
        R"("arn:aws:s3:::journals"]},)"
        R"({"Sid":"JournalObjects","Effect":"Allow","Action":["s3:DeleteObject","s3:GetObject",)"
        R"("s3:PutObject"],"Resource":["arn:aws:s3:::journals/shop/*"]},)"
        R"({"Sid":"Account","Effect":"Allow","Action":["sts:GetCallerIdentity"],"Resource":["*"]}]})");
}

}  // namespace
}  // namespace dynamigrate::migrate
