#include "../live_checks.hpp"

#include "fixtures.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

namespace dynamigrate::migrate {
namespace {

using dynamodb::AttributeType;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;

/// Adds members to the descriptions of tables.
class DescribedOtherwise final : public dynamodb::Service {
public:
    DescribedOtherwise(dynamodb::Service& inner, std::string members)
        : inner_(inner),
          members_(std::move(members)) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        inner_.call(call, reply);
        if (call.operation == "DescribeTable") {
            reply.body.insert(reply.body.rfind("}}"), "," + members_);
        }
    }
    std::string location() const override { return "elsewhere"; }

private:
    dynamodb::Service& inner_;
    std::string members_;
};

/// Table app with the key pk and ten items with a counter and a time, 1970 in June.
struct LiveCase : ::testing::Test {
    Project project;
    std::string described;  ///< members for descriptions

    LiveCase() {
        project.settings.has_backups = false;
        project.memory.create_table("app", {{"pk", AttributeType::string}, {}});
        for (int i = 0; i < 10; ++i) {
            project.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) +
                                          R"("},"n":{"N":"1"},"at":{"N":"100"}})");
        }
        now = base::WallTime(std::chrono::hours(4000));
    }
    std::vector<Finding> check(Migration migration) {
        Migration& kept = migrations.emplace_back(std::move(migration));
        DescribedOtherwise service(project.memory, described);
        dynamodb::Service& chosen =
            described.empty() ? static_cast<dynamodb::Service&>(project.memory) : service;
        LiveChecks checks(chosen, project.settings, now);
        PlannedMigration planned;
        planned.migration = &kept;
        checks.check(planned);
        return planned.findings;
    }
    std::vector<std::string> codes(Migration migration) {
        std::vector<std::string> codes;
        for (const Finding& finding : check(std::move(migration))) {
            codes.push_back(finding.code);
        }
        return codes;
    }
    static Migration setting(const std::string& name, const std::string& value_json5,
                             std::string table = "app") {
        Migration migration("1.0.0", "text");
        TransformStep step;
        step.table = std::move(table);
        step.transformation.set.emplace_back(name, json::parse_json5(value_json5, "test"));
        return migration.on("app").step(make_transform(std::move(step)), "m.yaml:3:5");
    }
    std::list<Migration> migrations;
    base::WallTime now;
};

TEST_F(LiveCase, FindsNothingInASoundPlan) {
    EXPECT_THAT(check(setting("emailLower", "'x'")), IsEmpty());
}

/// Remembers what is read.
class Reading final : public dynamodb::Service {
public:
    explicit Reading(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (call.operation == "Scan" || call.operation == "Query") {
            reads.emplace_back(call.body);
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return "reading"; }

    std::vector<std::string> reads;

private:
    dynamodb::Service& inner_;
};

TEST_F(LiveCase, ReadsAFewItemsOnceOfATableWhoseItemsAreTried) {
    Migration first = setting("a", "1");
    first.remove_attribute("b");
    Migration second = setting("c", "1");
    Migration third("1.2.0", "text");
    third.on("app").step(make_ttl({"", "at", false}));
    Reading service(project.memory);
    LiveChecks checks(service, project.settings, now);
    for (Migration* migration : {&third, &first, &second}) {
        PlannedMigration planned;
        planned.migration = migration;
        checks.check(planned);
        EXPECT_EQ(service.reads.size(), migration == &third ? 0u : 1u);
    }
    ASSERT_EQ(service.reads.size(), 1u);
    EXPECT_EQ(service.reads[0], R"({"TableName":"app","Limit":25})");
}

TEST_F(LiveCase, KeepsOneOfLargeItemsOnly) {
    for (int i = 0; i < 3; ++i) {
        project.memory.put("app", R"({"pk":{"S":"large)" + std::to_string(i) + R"("},"x":{"S":")" +
                                      std::string(300'000, 'x') + R"("}})");
    }
    int tried = 0;
    Migration migration("1.0.0", "text");
    migration.on("app").transform([&](ItemEditor& item) { tried += item.has("x") ? 1 : 0; });
    EXPECT_THAT(check(migration), IsEmpty());
    EXPECT_LE(tried, 1);
}

TEST_F(LiveCase, FindsUnknownTablesButNotThoseMadeBefore) {
    auto findings = check(setting("a", "1", "nope"));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "unknown_table");
    EXPECT_EQ(findings[0].place, "m.yaml:3:5");
    EXPECT_THAT(findings[0].message, HasSubstr("nope at memory"));
    Migration calls("1.0.0", "text");
    calls.on("nope").for_each([](ItemEditor&, Actions&) {});
    EXPECT_THAT(codes(calls), ElementsAre("unknown_table"));
    Migration makes("1.0.0", "text");
    CreateTable created;
    created.name = "later";
    created.hash = {"pk", AttributeType::string};
    makes.on("later").create_table(created).remove_attribute("x");
    EXPECT_THAT(codes(makes), IsEmpty());
}

TEST_F(LiveCase, RefusesReplicatedTablesUnlessOneRegionWrites) {
    described = R"("Replicas":[{"RegionName":"eu-west-1","ReplicaStatus":"ACTIVE"}])";
    auto findings = check(setting("a", "1"));
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "replicated_table");
    EXPECT_EQ(findings[0].severity, Finding::Severity::error);
    EXPECT_THAT(findings[0].message, HasSubstr("eu-west-1"));
    EXPECT_THAT(findings[0].remedy, HasSubstr("single_region_writers: true"));
    project.settings.single_region_writers = true;
    EXPECT_THAT(codes(setting("a", "1")), IsEmpty());
}

TEST_F(LiveCase, WarnsOfStreams) {
    described = R"("StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"})";
    Migration twice = setting("a", "1");
    twice.remove_attribute("b");
    EXPECT_THAT(codes(twice), ElementsAre("stream_consumers"));
}

TEST_F(LiveCase, WarnsWhenThereIsNoPointInTimeRecovery) {
    project.settings.has_backups = true;
    EXPECT_THAT(codes(setting("a", "1")), ElementsAre("pitr_off"));
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "DescribeContinuousBackups") {
            throw base::Error(base::ErrorKind::permission_denied, "not allowed");
        }
    };
    EXPECT_THAT(codes(setting("a", "1")), IsEmpty());
}

TEST_F(LiveCase, FindsProtectedTablesThatWouldBeDeleted) {
    described = R"("DeletionProtectionEnabled":true)";
    Migration migration("1.0.0", "text");
    migration.delete_table("app");
    EXPECT_THAT(codes(migration), ElementsAre("deletion_protected"));
}

TEST_F(LiveCase, FindsTablesOfAnotherAccountOrRegion) {
    described = R"("TableArn":"arn:aws:dynamodb:eu-west-1:111122223333:table/app")";
    project.settings.account = "444455556666";
    project.settings.region = "us-east-1";
    EXPECT_THAT(codes(setting("a", "1")), ElementsAre("wrong_region", "wrong_account"));
    project.settings.account = "111122223333";
    project.settings.region = "eu-west-1";
    EXPECT_THAT(codes(setting("a", "1")), IsEmpty());
}

TEST_F(LiveCase, FindsItemsThatWouldExpireAtOnce) {
    Migration migration("1.0.0", "text");
    migration.step(make_ttl({"app", "at", true}));
    auto findings = check(migration);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "expires_at_once");
    EXPECT_THAT(findings[0].message, HasSubstr("10 of 10"));
    Migration off("1.0.0", "text");
    off.step(make_ttl({"app", "at", false}));
    EXPECT_THAT(codes(off), IsEmpty());
    now = base::WallTime{};
    EXPECT_THAT(codes(migration), IsEmpty());
}

TEST_F(LiveCase, FindsItemsThatAStepLetsExpire) {
    Migration migration("1.0.0", "text");
    migration.on("app").step(make_ttl({"app", "gone", true}));
    TransformStep step;
    step.table = "app";
    step.transformation.set.emplace_back("gone", json::parse_json5("'${at}'", "test"));
    migration.step(make_transform(step));
    EXPECT_THAT(codes(migration), ElementsAre("expires_at_once"));
}

TEST_F(LiveCase, AppliesATransformTwiceToASample) {
    Migration raises("1.0.0", "text");
    raises.on("app").transform([](ItemEditor& item) { item.set("n", item.integer("n") + 1); });
    auto findings = check(raises);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "not_idempotent");
    EXPECT_EQ(findings[0].severity, Finding::Severity::note);
    project.settings.journal = false;
    EXPECT_EQ(check(raises).at(0).severity, Finding::Severity::error);
    Migration settles("1.0.0", "text");
    settles.on("app").transform([](ItemEditor& item) { item.set("m", item.integer("n") + 1); });
    EXPECT_THAT(codes(settles), IsEmpty());
}

TEST_F(LiveCase, TriesAStepOnWhatTheOnesBeforeLeave) {
    Migration raises("1.0.0", "text");
    raises.on("app");
    raises.transform([](ItemEditor& item) { item.set("kind", "user"); });
    raises.transform([](ItemEditor& item) { item.set("n", item.string("kind") + "!"); });
    raises.transform([](ItemEditor& item) { item.set("n", item.string("n") + "!"); });
    EXPECT_THAT(codes(raises), ElementsAre("not_idempotent"));
}

TEST_F(LiveCase, TriesUpdateExpressions) {
    UpdateStep step;
    step.table = "app";
    step.expression.text = "SET n = n + n";
    Migration migration("1.0.0", "text");
    migration.step(make_update(step));
    EXPECT_THAT(codes(migration), ElementsAre("not_idempotent"));
}

TEST_F(LiveCase, FindsKeyAttributesOfTheWrongType) {
    described = R"("AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},)"
                R"({"AttributeName":"gsi1pk","AttributeType":"N"}])";
    auto findings = check(setting("gsi1pk", "'USER'"));
    std::vector<std::string> found;
    for (const Finding& finding : findings) {
        found.push_back(finding.code);
    }
    EXPECT_THAT(found, Contains("index_key_type"));
}

TEST_F(LiveCase, CountsTheIndexesThatAreThere) {
    Migration migration("1.0.0", "text");
    IndexDefinition index;
    index.name = "by_pk";
    index.hash = {"pk", AttributeType::number};
    migration.on("app").create_index(index);
    EXPECT_THAT(codes(migration), ElementsAre("conflicting_types"));
}

TEST_F(LiveCase, KeepsARunFromBeginning) {
    described = R"("Replicas":[{"RegionName":"eu-west-1","ReplicaStatus":"ACTIVE"}])";
    DescribedOtherwise service(project.memory, described);
    project.registry.add(setting("a", "1").down_auto());
    auto before = project.memory.items("app");
    auto error = error_of([&] { project.up(&service); });
    EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("replicated"));
    EXPECT_EQ(project.memory.items("app"), before);
    project.settings.force = true;
    EXPECT_EQ(project.up(&service).rows.size(), 1u);
}

}  // namespace
}  // namespace dynamigrate::migrate
