#include "steps_fixture.hpp"

#include <dynamigrate/base/error.hpp>

#include "../table_requests.hpp"

namespace dynamigrate::migrate {
namespace {

using base::ErrorKind;
using dynamodb::AttributeType;

CreateTable app_table() {
    CreateTable definition;
    definition.name = "app";
    definition.hash = {"id", AttributeType::string};
    definition.indexes.push_back({"by_email",
                                  {"email", AttributeType::string},
                                  KeyAttribute{"at", AttributeType::number},
                                  dynamodb::ProjectionType::include,
                                  {"name"},
                                  std::nullopt});
    return definition;
}

IndexDefinition by_city() {
    IndexDefinition index;
    index.name = "by_city";
    index.hash = {"city", AttributeType::string};
    return index;
}

class TableSteps : public StepsTest {
protected:
    TableSteps() : StepsTest({.describes_until_active = 3}) {}
};

TEST_F(TableSteps, CreatesATableAndWaitsForIt) {
    CreateTable definition = app_table();
    definition.ttl = "expires";

    StepResult result = run(make_create_table(definition));

    EXPECT_FALSE(result.stopped);
    EXPECT_EQ(described().status, "ACTIVE");
    EXPECT_EQ(described().index("by_email")->key.sort->type, AttributeType::number);
    EXPECT_EQ(service.request_count("UpdateTimeToLive"), 1);
    EXPECT_GT(clock.waited().count(), 0);
}

TEST_F(TableSteps, CountsAnEqualTableAsDone) {
    run(make_create_table(app_table()));
    StepResult again = run(make_create_table(app_table()));

    EXPECT_EQ(service.request_count("CreateTable"), 1);
    EXPECT_EQ(again.lines.front(), "table prod-app was there already");
}

TEST_F(TableSteps, RefusesAnotherDefinitionByItsDifferences) {
    run(make_create_table(app_table()));
    CreateTable other = app_table();
    other.hash.type = AttributeType::number;
    other.indexes.front().name = "by_mail";

    std::string text = error_of(make_create_table(other));

    EXPECT_EQ(kind, ErrorKind::failed_precondition);
    EXPECT_NE(text.find("its key is id (S), not id (N)"), std::string::npos) << text;
    EXPECT_NE(text.find("it has no index by_mail"), std::string::npos);
    EXPECT_NE(text.find("it has one more index, by_email"), std::string::npos);
}

TEST_F(TableSteps, StopsWhileItWaits) {
    stop.request_stop();

    EXPECT_TRUE(run(make_create_table(app_table())).stopped);
}

TEST_F(TableSteps, DeletesATableAndWaitsUntilItIsGone) {
    run(make_create_table(app_table()));

    run(make_delete_table("app"));
    run(make_delete_table("app"));

    EXPECT_EQ(service.description("prod-app"), "");
    EXPECT_EQ(service.request_count("DeleteTable"), 1);
    EXPECT_EQ(make_delete_table("app")->reversal().kind, Reversal::Kind::impossible);
}

TEST_F(TableSteps, ReversesACreationOnlyWhileTheTableIsEmpty) {
    StepPtr create = make_create_table(app_table());
    run(create);
    put(R"({"id":{"S":"1"}})");

    try {
        run(*create->inverse());
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::failed_precondition);
        EXPECT_NE(std::string(error.what()).find("still holds items"), std::string::npos);
    }
    service.remove("prod-app", R"({"id":{"S":"1"}})");
    run(*create->inverse());
    EXPECT_EQ(service.description("prod-app"), "");
}

TEST_F(TableSteps, CreatesAndDeletesIndexesOneAtATime) {
    run(make_create_table(app_table()));
    StepPtr create = make_create_index("app", by_city());

    run(create);
    run(create);

    EXPECT_EQ(described().index("by_city")->status, "ACTIVE");
    EXPECT_EQ(service.request_count("UpdateTable"), 1);
    run(*create->inverse());
    EXPECT_EQ(described().index("by_city"), nullptr);
    EXPECT_EQ(create->inverse()->reversal().kind, Reversal::Kind::inverse);
    EXPECT_EQ(make_delete_index("app", "x")->reversal().kind, Reversal::Kind::impossible);
}

TEST_F(TableSteps, WaitsForAnotherIndexFirst) {
    run(make_create_table(app_table()));
    IndexDefinition other = by_city();
    other.name = "by_street";
    IndexBuild unchecked;
    unchecked.violations = Violations::ignore;
    stop.request_stop();
    make_create_index("app", other, unchecked)->run(step_run(service));
    stop = {};

    run(make_create_index("app", by_city()));

    EXPECT_EQ(described().index("by_street")->status, "ACTIVE");
    EXPECT_EQ(described().index("by_city")->status, "ACTIVE");
}

TEST_F(TableSteps, RefusesAnotherDefinitionOfAnIndex) {
    run(make_create_table(app_table()));
    IndexDefinition index = by_city();
    index.name = "by_email";

    EXPECT_NE(error_of(make_create_index("app", index))
                  .find("the key of index by_email is email (S), at (N), not city (S)"),
              std::string::npos);
    index = by_city();
    index.hash = {"at", AttributeType::string};
    EXPECT_NE(error_of(make_create_index("app", index)).find("type N in table prod-app already"),
              std::string::npos);
    EXPECT_NE(error_of(make_create_index("gone", by_city())).find("there is no table gone"),
              std::string::npos);
}

TEST_F(TableSteps, WaitsWhileTheServiceIsBusy) {
    run(make_create_table(app_table()));
    int refused = 0;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable" && refused++ < 2) {
            throw dynamodb::make_service_error(
                "UpdateTable", 400,
                R"({"__type":"com.amazonaws.dynamodb.v20120810#LimitExceededException","message":"busy"})");
        }
    };

    run(make_create_index("app", by_city()));

    EXPECT_EQ(refused, 3);
    EXPECT_EQ(described().index("by_city")->status, "ACTIVE");
}

/// As dynalite: demands capacity for an index, also of a table on demand.
TEST_F(TableSteps, GivesCapacityToAnEndpointThatDemandsIt) {
    run(make_create_table(app_table()));
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable" &&
            call.body.find("ProvisionedThroughput") == std::string_view::npos) {
            throw dynamodb::make_service_error(
                "UpdateTable", 400,
                R"({"__type":"com.amazon.coral.validate#ValidationException","message":)"
                R"("Value null at 'globalSecondaryIndexUpdates.1.member.create.provisionedThroughput'"})");
        }
    };

    run(make_create_index("app", by_city()));

    EXPECT_EQ(described().index("by_city")->status, "ACTIVE");
}

TEST_F(TableSteps, SwitchesExpiryOnAndOff) {
    run(make_create_table(app_table()));
    StepPtr on = make_ttl({"app", "expires", true});

    run(on);
    run(on);
    EXPECT_EQ(service.request_count("UpdateTimeToLive"), 1);
    EXPECT_NE(error_of(make_ttl({"app", "other", true})).find("expire by attribute expires"),
              std::string::npos);
    run(*on->inverse());
    EXPECT_EQ(service.request_count("UpdateTimeToLive"), 2);
}

TEST_F(TableSteps, AsksOnlyForWhatDiffers) {
    run(make_create_table(app_table()));
    UpdateTable change;
    change.table = "app";
    change.billing = Billing{dynamodb::Throughput{3, 4}};

    std::vector<std::string> bodies = update_table_bodies(change, described(), "prod-app");

    ASSERT_EQ(bodies.size(), 1U);
    EXPECT_NE(bodies[0].find(R"("BillingMode":"PROVISIONED")"), std::string::npos);
    EXPECT_NE(bodies[0].find(R"("Update":{"IndexName":"by_email")"), std::string::npos);
    change.billing = Billing{};
    EXPECT_TRUE(update_table_bodies(change, described(), "prod-app").empty());
    change.stream = "NEW_IMAGE";
    change.deletion_protection = true;
    EXPECT_EQ(update_table_bodies(change, described(), "prod-app").size(), 2U);
}

TEST_F(TableSteps, FindsWhatIsWrongWithADefinition) {
    CreateTable bad = app_table();
    bad.name = "x";
    bad.hash.type = AttributeType::boolean;
    bad.indexes.push_back(bad.indexes.front());
    bad.indexes.back().sort = KeyAttribute{"at", AttributeType::string};
    bad.indexes.back().attributes.clear();
    bad.local_indexes.push_back(by_city());
    bad.stream = "ALL";
    bad.billing = Billing{dynamodb::Throughput{0, 1}};

    EXPECT_EQ(codes(make_create_table(bad)),
              (Strings{"bad_name", "bad_key", "bad_billing", "bad_projection", "duplicate_index",
                       "bad_local_index", "conflicting_types", "bad_stream"}));
    EXPECT_TRUE(codes(make_create_table(app_table())).empty());
    for (int i = 0; i < 21; ++i) {
        bad.indexes.push_back(by_city());
    }
    Strings found = codes(make_create_table(bad));
    EXPECT_NE(std::find(found.begin(), found.end(), "too_many_indexes"), found.end());
    EXPECT_EQ(codes(make_update_table({"app", {}, {}, {}, ""})), (Strings{"nothing_to_do"}));
    EXPECT_EQ(codes(make_ttl({"", "", true})), (Strings{"no_table", "no_attribute"}));
}

}  // namespace
}  // namespace dynamigrate::migrate
