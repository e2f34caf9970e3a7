#include "steps_fixture.hpp"

#include <dynamigrate/base/error.hpp>

#include "../index_progress.hpp"
#include "../index_snippets.hpp"
#include "../index_violations.hpp"

#include <algorithm>

namespace dynamigrate::migrate {
namespace {

using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::Throughput;

IndexDefinition by_email() {
    IndexDefinition index;
    index.name = "by_email";
    index.hash = {"email", AttributeType::string};
    index.sort = KeyAttribute{"at", AttributeType::number};
    return index;
}

class IndexSteps : public StepsTest {
protected:
    IndexSteps() : StepsTest({.describes_until_active = 3}) {}

    void create_provisioned() {
        CreateTable definition;
        definition.name = "app";
        definition.hash = {"id", AttributeType::string};
        definition.billing.provisioned = Throughput{5, 6};
        run(make_create_table(definition));
    }
    Throughput capacity() const { return described().index("by_email")->provisioned; }
    bool was_told(const std::string& part) const {
        return std::any_of(told.begin(), told.end(), [&](const std::string& line) {
            return line.find(part) != std::string::npos;
        });
    }
};

TEST_F(IndexSteps, ListItemsThatViolateTheKeyBeforeTheBuild) {
    create_app();
    put(R"({"id":{"S":"good"},"email":{"S":"a"},"at":{"N":"1"}})");
    put(R"({"id":{"S":"sparse"}})");
    put(R"({"id":{"S":"typed"},"email":{"N":"7"},"at":{"N":"1"}})");
    put(R"({"id":{"S":"empty"},"email":{"S":""},"at":{"N":"1"}})");
    put(R"({"id":{"S":"long"},"email":{"S":")" + std::string(2049, 'x') + R"("}})");
    put(R"({"id":{"S":"sort"},"email":{"S":"a"},"at":{"S":"x"}})");

    std::string text = error_of(make_create_index("app", by_email()));

    EXPECT_EQ(kind, ErrorKind::failed_precondition);
    EXPECT_NE(text.find("4 of 6 items violate the key of index by_email"), std::string::npos)
        << text;
    EXPECT_NE(text.find("email is N, not S"), std::string::npos);
    EXPECT_NE(text.find("email is empty"), std::string::npos);
    EXPECT_NE(text.find("email has 2049 bytes, more than 2048"), std::string::npos);
    EXPECT_NE(text.find("at is S, not N"), std::string::npos);
    EXPECT_EQ(text.find("typed"), std::string::npos) << "a key in a message";
    EXPECT_EQ(service.request_count("UpdateTable"), 0);
}

TEST_F(IndexSteps, NamesKeysWhereAskedTo) {
    create_app();
    put(R"({"id":{"S":"typed"},"email":{"N":"7"}})");
    StepRun verbose = step_run(service);
    verbose.shows_keys = true;

    KeyViolations found = find_violations(verbose, described(), by_email());

    ASSERT_EQ(found.first.size(), 1U);
    EXPECT_EQ(found.first.front().key, R"({"id":{"S":"typed"}})");
}

TEST_F(IndexSteps, CountMoreViolationsThanTheyName) {
    create_app();
    for (int i = 0; i < 30; ++i) {
        put(R"({"id":{"S":")" + std::to_string(i) + R"("},"email":{"BOOL":true}})");
    }
    EXPECT_NE(error_of(make_create_index("app", by_email())).find("and 10 more"),
              std::string::npos);
}

TEST_F(IndexSteps, BuildAnIndexWithoutViolatingItemsWhereAllowed) {
    create_app();
    put(R"({"id":{"S":"typed"},"email":{"N":"7"}})");
    IndexBuild build;
    build.violations = Violations::allow;
    run(make_create_index("app", by_email(), build));
    EXPECT_EQ(described().index("by_email")->status, "ACTIVE");
    EXPECT_TRUE(was_told("1 of 1 items violate"));

    build.violations = Violations::ignore;
    IndexDefinition other = by_email();
    other.name = "by_mail";
    int scans = service.request_count("Scan");
    run(make_create_index("app", other, build));
    EXPECT_EQ(service.request_count("Scan"), scans);
}

TEST_F(IndexSteps, GiveCapacityForTheBuildAndTakeItBack) {
    create_provisioned();
    IndexBuild build;
    build.capacity = Throughput{5, 500};
    std::string first_request;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable" && first_request.empty()) {
            first_request = call.body;
            EXPECT_TRUE(notes.read("capacity")) << "noted before it is raised";
        }
    };

    run(make_create_index("app", by_email(), build));

    EXPECT_NE(first_request.find(R"("WriteCapacityUnits":500)"), std::string::npos);
    EXPECT_EQ(capacity().write, 6);
    EXPECT_FALSE(notes.read("capacity"));
    EXPECT_TRUE(was_told("has 5 RCU 6 WCU again"));
}

TEST_F(IndexSteps, TakeCapacityBackAfterADeath) {
    create_provisioned();
    IndexBuild build;
    build.capacity = Throughput{5, 500};
    StepPtr step = make_create_index("app", by_email(), build);
    struct Death {};
    int updates = 0;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable" && ++updates == 2) {
            throw Death();
        }
    };
    EXPECT_THROW(run(step), Death);
    EXPECT_EQ(capacity().write, 500);

    run(step);

    EXPECT_EQ(capacity().write, 6);
    EXPECT_FALSE(notes.read("capacity"));
}

TEST_F(IndexSteps, GoOnWithAnIndexThatIsBeingCreated) {
    create_app();
    stop.request_stop();
    StepPtr step = make_create_index("app", by_email());
    IndexBuild unchecked;
    unchecked.violations = Violations::ignore;
    EXPECT_TRUE(run(make_create_index("app", by_email(), unchecked)).stopped);
    EXPECT_TRUE(was_told("`dynamigrate down` deletes it"));
    stop = {};

    EXPECT_FALSE(run(step).stopped);

    EXPECT_EQ(service.request_count("UpdateTable"), 1);
}

TEST_F(IndexSteps, CancelACreationThatWasBegun) {
    create_app();
    IndexBuild unchecked;
    unchecked.violations = Violations::ignore;
    StepPtr step = make_create_index("app", by_email(), unchecked);
    stop.request_stop();
    run(step);
    stop = {};
    EXPECT_EQ(described().index("by_email")->status, "CREATING");

    run(*step->inverse_of_unfinished());

    EXPECT_EQ(described().index("by_email"), nullptr);
}

TEST_F(IndexSteps, DoNotCancelWhatSomebodyElseCreated) {
    create_app();
    run(make_create_index("app", by_email()));
    notes.notes.clear();

    run(*make_create_index("app", by_email())->inverse_of_unfinished());

    EXPECT_NE(described().index("by_email"), nullptr);
}

TEST_F(IndexSteps, OnlyVerifyWhereSomebodyElseOwnsTheTable) {
    create_app();
    IndexBuild build;
    build.verify_only = true;
    StepPtr step = make_create_index("app", by_email(), build);

    std::string text = error_of(step);

    EXPECT_EQ(kind, ErrorKind::failed_precondition);
    EXPECT_NE(text.find("index by_email of table prod-app is not as declared: it is not there"),
              std::string::npos)
        << text;
    EXPECT_TRUE(was_told("table.addGlobalSecondaryIndex({"));
    EXPECT_TRUE(was_told("global_secondary_index {"));
    EXPECT_TRUE(was_told("GlobalSecondaryIndexes:"));
    EXPECT_EQ(service.request_count("UpdateTable"), 0);

    run(make_create_index("app", by_email()));
    EXPECT_FALSE(run(step).stopped);
    IndexDefinition other = by_email();
    other.projection = dynamodb::ProjectionType::keys_only;
    EXPECT_NE(error_of(make_create_index("app", other, build)).find("the projection of index"),
              std::string::npos);
    EXPECT_NE(error_of(StepPtr(step->inverse())).find("is still there"), std::string::npos);
    run(make_delete_index("app", by_email()));
    EXPECT_FALSE(run(*step->inverse()).stopped);
}

TEST_F(IndexSteps, VerifyAllStepsOfATableThatTheConfigurationSaysSo) {
    create_app();
    StepRun guarded = step_run(service);
    guarded.is_verify_only = [](const std::string& table) { return table == "app"; };
    for (const StepPtr& step :
         {make_create_index("app", by_email()),
          make_update_index({"app", "by_email", Throughput{1, 1}, {}, {}, false})}) {
        EXPECT_THROW(step->run(guarded), base::Error);
    }
    EXPECT_FALSE(make_delete_index("app", "by_email")->run(guarded).stopped);
    EXPECT_EQ(service.request_count("UpdateTable"), 0);
}

TEST_F(IndexSteps, ChangeCapacityAndBack) {
    create_provisioned();
    run(make_create_index("app", by_email()));
    notes.notes.clear();
    StepPtr step = make_update_index({"app", "by_email", Throughput{7, 8}, {}, {}, false});

    run(step);
    run(step);

    EXPECT_EQ(capacity().write, 8);
    EXPECT_EQ(service.request_count("UpdateTable"), 2);
    run(*step->inverse());
    EXPECT_EQ(capacity().write, 6);
}

TEST_F(IndexSteps, RefuseSettingsThatTheBillingModeDoesNotHave) {
    create_app();
    run(make_create_index("app", by_email()));
    EXPECT_NE(error_of(make_update_index({"app", "by_email", Throughput{7, 8}, {}, {}, false}))
                  .find("is on demand"),
              std::string::npos);
    EXPECT_NE(error_of(make_update_index({"app", "gone", {}, {}, Throughput{7, 8}, false}))
                  .find("has no global index gone"),
              std::string::npos);
    EXPECT_EQ(codes(make_update_index({"app", "by_email", {}, {}, {}, false})),
              (Strings{"nothing_to_do"}));
}

TEST_F(IndexSteps, RefuseToReverseWhatTheyDoNotKnow) {
    create_provisioned();
    run(make_create_index("app", by_email()));
    notes.notes.clear();
    StepPtr step = make_update_index({"app", "by_email", Throughput{7, 8}, {}, {}, false});
    EXPECT_NE(error_of(StepPtr(step->inverse())).find("is not in the records of the run"),
              std::string::npos);
    EXPECT_FALSE(run(*step->inverse_of_unfinished()).stopped);
}

TEST(IndexProgress, EstimatesFromCountsAndSaysWhenItCannot) {
    using std::chrono::seconds;
    dynamodb::TableDescription table;
    table.name = "app";
    table.item_count = 1000;
    dynamodb::IndexDescription index;
    index.name = "by_email";
    index.status = "CREATING";
    index.is_backfilling = true;

    IndexProgress unknown;
    EXPECT_EQ(unknown.line(table, index, seconds(1)), "index by_email of table app: backfilling");
    EXPECT_EQ(unknown.line(table, index, seconds(120)),
              "index by_email of table app: backfilling, how far is told by CloudWatch only "
              "(OnlineIndexPercentageProgress), for 2 min");
    IndexProgress known;
    index.item_count = 100;
    EXPECT_EQ(known.line(table, index, seconds(0)),
              "index by_email of table app: backfilling, about 10 % of the table's items");
    index.item_count = 400;
    EXPECT_EQ(known.line(table, index, seconds(300)),
              "index by_email of table app: backfilling, about 40 % of the table's items, for 5 "
              "min, about 10 min left");
}

TEST(IndexSnippets, AreWhatTheOwnersPaste) {
    IndexDefinition index = by_email();
    index.hash.name = "e${x}";
    index.projection = dynamodb::ProjectionType::include;
    index.attributes = {"name", "n"};
    EXPECT_EQ(cloudformation_snippet(index, Throughput{5, 6}),
              R"(AttributeDefinitions:   # those that are not there yet
  - { AttributeName: "e${x}", AttributeType: S }
  - { AttributeName: "at", AttributeType: N }
GlobalSecondaryIndexes:
  - IndexName: "by_email"
    KeySchema:
      - { AttributeName: "e${x}", KeyType: HASH }
      - { AttributeName: "at", KeyType: RANGE }
    Projection:
      ProjectionType: INCLUDE
      NonKeyAttributes: ["name", "n"]
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 }
)");
    EXPECT_EQ(cdk_snippet(index, std::nullopt), R"(table.addGlobalSecondaryIndex({
  indexName: "by_email",
  partitionKey: { name: "e${x}", type: dynamodb.AttributeType.STRING },
  sortKey: { name: "at", type: dynamodb.AttributeType.NUMBER },
  projectionType: dynamodb.ProjectionType.INCLUDE,
  nonKeyAttributes: ["name", "n"],
});
)");
    EXPECT_EQ(terraform_snippet(index, std::nullopt), R"(attribute {   # if it is not there yet
  name = "e$${x}"
  type = "S"
}
attribute {   # if it is not there yet
  name = "at"
  type = "N"
}
global_secondary_index {
  name            = "by_email"
  hash_key        = "e$${x}"
  range_key       = "at"
  projection_type = "INCLUDE"
  non_key_attributes = ["name", "n"]
}
)");
}

}  // namespace
}  // namespace dynamigrate::migrate
