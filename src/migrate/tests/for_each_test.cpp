#include "fixtures.hpp"

#include <dynamigrate/dynamigrate.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/testing/failing_service.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;
using ::testing::SizeIs;

/// Three orders of two customers, and a table of totals.
struct Orders : Project {
    Orders() {
        memory.create_table("orders", {{"id", dynamodb::AttributeType::string}, {}});
        memory.create_table("totals", {{"pk", dynamodb::AttributeType::string}, {}});
        memory.put("orders", order("1", "ann"));
        memory.put("orders", order("2", "bob"));
        memory.put("orders", order("3", "ann"));
    }
    static std::string order(const std::string& id, const std::string& who) {
        return R"({"id":{"S":")" + id + R"("},"who":{"S":")" + who + R"("}})";
    }
    std::string total(const std::string& who) {
        const std::string json = memory.item("totals", R"({"pk":{"S":")" + who + R"("}})");
        base::Arena arena;
        return json.empty() ? "" : std::string(dynamodb::parse_item(json, arena).text("n"));
    }
    Runner runner(dynamodb::Service* service = nullptr) {
        return Runner(registry, settings, world(service));
    }
    RunnerResult migrate(dynamodb::Service* service = nullptr) {
        return runner(service).migrate({}, {&listener});
    }
    std::vector<backfill::QuarantinedItem> failures() {
        return migrator().quarantined(migrator().history().back().run);
    }
};

UpdateAction raise_total(Actions& actions, const std::string& who) {
    return {.table = "totals",
            .key = actions.build().string("pk", who).build(),
            .expression = "SET #n = if_not_exists(#n, :zero) + :one",
            .names = {{"#n", "n"}},
            .values = actions.build().number(":one", 1).number(":zero", 0).build()};
}

/// Marks the order now, and counts it afterwards.
ForEach count_orders() {
    ForEach step;
    step.name = "count orders";
    step.callback = [](ItemEditor& order, Actions& actions) {
        order.set("seen", true);
        actions.update(raise_total(actions, order.string("who")));
    };
    return step;
}

Migration counting(ForEach step) {
    Migration migration("1", "Count orders");
    migration.on("orders").for_each(std::move(step)).down_auto();
    return migration;
}

TEST(ForEach, DefersActionsUntilEveryCallbackSucceeded) {
    Orders project;
    std::atomic<int> callbacks = 0;
    ForEach step = count_orders();
    step.callback = [&](ItemEditor& order, Actions& actions) {
        EXPECT_THAT(project.memory.items("totals"), IsEmpty());
        actions.update(raise_total(actions, order.string("who")));
        ++callbacks;
    };
    project.registry.add(counting(step));

    const RunnerResult result = project.migrate();

    EXPECT_EQ(callbacks, 3);
    EXPECT_EQ(project.total("ann"), "2");
    EXPECT_EQ(project.total("bob"), "1");
    EXPECT_EQ(result.rows.at(0).counts.read, 3U);
    EXPECT_THAT(project.listener.lines, ::testing::Contains("3 deferred actions done"));
}

TEST(ForEach, IsUndoneFromTheJournalActionsIncluded) {
    Orders project;
    project.memory.put("totals", R"({"pk":{"S":"ann"},"n":{"N":"40"}})");
    project.registry.add(counting(count_orders()));
    const auto orders = project.memory.items("orders");
    const auto totals = project.memory.items("totals");
    project.migrate();
    ASSERT_EQ(project.total("ann"), "42");

    project.runner().rollback();

    EXPECT_EQ(project.memory.items("orders"), orders);
    EXPECT_EQ(project.memory.items("totals"), totals);
}

TEST(ForEach, RunsACallbackOnTheWayBackWhereOneIsWritten) {
    Orders project;
    Migration migration = Migration("1").on("orders");
    migration.for_each([](ItemEditor& order, Actions&) { order.set("seen", true); });
    migration.down().for_each([](ItemEditor& order, Actions&) { order.remove("seen"); });
    project.registry.add(migration);
    const auto before = project.memory.items("orders");
    project.migrate();
    EXPECT_NE(project.memory.items("orders"), before);

    project.runner().rollback();

    EXPECT_EQ(project.memory.items("orders"), before);
    EXPECT_THAT(project.runner().applied(), IsEmpty());
}

TEST(ForEach, InsertsUpdatesAndDeletesInAnyTable) {
    for (const When when : {When::deferred, When::immediate}) {
        Orders project;
        project.memory.put("totals", R"({"pk":{"S":"old"}})");
        ForEach step;
        step.actions = when;
        step.callback = [](ItemEditor& order, Actions& actions) {
            actions.insert({.table = "totals",
                            .item = actions.build().string("pk", order.string("id")).build()});
            actions.update({.table = "totals",
                            .key = actions.build().string("pk", "last").build(),
                            .expression = "SET seen = :yes",
                            .values = actions.build().boolean(":yes", true).build()});
            actions.remove({.table = "totals", .key = actions.build().string("pk", "old").build()});
            actions.update({.key = actions.build().string("id", "gone").build(),
                            .expression = "SET a = :yes",
                            .values = actions.build().boolean(":yes", true).build(),
                            .creates = false});
        };
        project.registry.add(counting(step));

        project.migrate();

        EXPECT_THAT(project.memory.items("totals"), SizeIs(4));
        EXPECT_EQ(project.memory.item("totals", R"({"pk":{"S":"old"}})"), "");
        EXPECT_EQ(project.memory.item("totals", R"({"pk":{"S":"last"}})"),
                  R"({"pk":{"S":"last"},"seen":{"BOOL":true}})");
        EXPECT_THAT(project.memory.items("orders"), SizeIs(3));
    }
}

TEST(ForEach, DoesImmediateActionsBeforeTheNextPage) {
    Orders project;
    int done = 0;
    ForEach step;
    step.concurrency = 1;
    step.actions = When::immediate;
    step.options.segments = 1;
    step.callback = [&](ItemEditor& order, Actions& actions) {
        actions.insert(
            {.table = "totals", .item = actions.build().string("pk", order.string("id")).build()});
    };
    step.on_progress = [&](const ForEachProgress& progress) {
        done = static_cast<int>(project.memory.items("totals").size());
        EXPECT_EQ(progress.actions, 0U);
    };
    project.registry.add(counting(step));

    project.migrate();

    EXPECT_EQ(done, 3);
}

TEST(ForEach, RefusesAnImmediateUpdateThatMayNotBeRepeated) {
    Orders project;
    ForEach step = count_orders();
    step.actions = When::immediate;
    project.registry.add(counting(step));

    error_of([&] { project.migrate(); });

    ASSERT_THAT(project.failures(), ::testing::Not(IsEmpty()));
    EXPECT_THAT(project.failures()[0].message, HasSubstr("defer the action"));
}

TEST(ForEach, RefusesActionsOfTheItemWhereThoseAreDeferred) {
    Orders project;
    ForEach step;
    step.callback = [](ItemEditor& order, Actions&) { order.put("totals", order.item()); };
    project.registry.add(counting(step));

    error_of([&] { project.migrate(); });

    EXPECT_THAT(project.failures().at(0).message, HasSubstr("ask Actions for it"));
}

TEST(ForEach, StopsAtTheFirstErrorAndDoesNothingDeferred) {
    Orders project;
    std::atomic<int> errors = 0;
    ForEach step = count_orders();
    step.concurrency = 1;
    step.callback = [](ItemEditor& order, Actions& actions) {
        actions.update(raise_total(actions, order.string("who")));
        throw std::runtime_error("no " + order.string("id"));
    };
    step.on_error = [&](const backfill::QuarantinedItem& item) {
        EXPECT_THAT(item.message, HasSubstr("no "));
        ++errors;
    };
    project.registry.add(counting(step));

    const base::Error error = error_of([&] { project.migrate(); });

    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_GT(errors, 0);
    EXPECT_THAT(project.memory.items("totals"), IsEmpty());
    EXPECT_THAT(project.runner().applied(), IsEmpty());
    EXPECT_EQ(project.runner().history().at(0).status, Status::failed);
}

TEST(ForEach, CollectsAllErrorsWhenAskedTo) {
    Orders project;
    bool fails = true;
    ForEach step = count_orders();
    step.fail_on_first_error = false;
    step.options.segments = 3;
    step.concurrency = 2;
    step.callback = [&](ItemEditor& order, Actions& actions) {
        if (fails && order.string("who") == "ann") {
            throw std::runtime_error("not ann");
        }
        actions.update(raise_total(actions, order.string("who")));
    };
    project.registry.add(counting(step));

    EXPECT_THAT(error_of([&] { project.migrate(); }).what(), HasSubstr("2 of 3 items"));
    EXPECT_THAT(project.failures(), SizeIs(2));
    EXPECT_THAT(project.memory.items("totals"), IsEmpty());
    fails = false;
    project.migrate();

    EXPECT_EQ(project.total("ann"), "2");
    EXPECT_EQ(project.total("bob"), "1");
    EXPECT_THAT(project.runner().applied(), SizeIs(1));
}

TEST(ForEach, FailsWhenADeferredActionDoesAndGoesOnThere) {
    Orders project;
    project.memory.put("totals", R"({"pk":{"S":"ann"},"n":{"S":"text"}})");
    project.registry.add(counting(count_orders()));

    EXPECT_THAT(error_of([&] { project.migrate(); }).what(), HasSubstr("deferred actions on 1"));
    EXPECT_THAT(project.runner().applied(), IsEmpty());
    project.memory.put("totals", R"({"pk":{"S":"ann"},"n":{"N":"0"}})");
    project.migrate();

    EXPECT_EQ(project.total("ann"), "2");
    EXPECT_EQ(project.total("bob"), "1");
    EXPECT_THAT(project.runner().applied(), SizeIs(1));
}

TEST(ForEach, TellsItsProgress) {
    Orders project;
    ForEachProgress last;
    ForEach step = count_orders();
    step.on_progress = [&](const ForEachProgress& progress) { last = progress; };
    project.registry.add(counting(step));

    project.migrate();

    EXPECT_EQ(last.callbacks, 3U);
    EXPECT_EQ(last.callback_errors, 0U);
    EXPECT_EQ(last.actions, 3U);
    EXPECT_EQ(last.actions_done, 3U);
    EXPECT_EQ(last.action_errors, 0U);
}

TEST(ForEach, KeepsTheOrderWithOneCallbackAtATime) {
    Orders project;
    std::vector<std::string> asked;
    ForEach step;
    step.concurrency = 1;
    step.callback = [&](ItemEditor& order, Actions& actions) {
        asked.push_back(order.string("id"));
        actions.insert(
            {.table = "totals",
             .item = actions.build().string("pk", "last").string("id", asked.back()).build()});
    };
    project.registry.add(counting(step));

    project.migrate();

    ASSERT_THAT(asked, SizeIs(3));
    EXPECT_THAT(project.memory.item("totals", R"({"pk":{"S":"last"}})"), HasSubstr(asked.back()));
}

TEST(ForEach, GivesAClientWhoseWritesAreJournalled) {
    Orders project;
    ForEach step;
    step.callback = [](ItemEditor& order, Actions& actions) {
        Client& client = actions.client();
        EXPECT_TRUE(client.get("", actions.build().string("id", order.string("id")).build()));
        client.put("totals", actions.build().string("pk", order.string("id")).build());
    };
    project.registry.add(counting(step));

    const RunnerResult result = project.migrate();
    EXPECT_THAT(project.memory.items("totals"), SizeIs(3));
    EXPECT_EQ(result.rows.at(0).counts.changed, 3U);
    project.runner().rollback();

    EXPECT_THAT(project.memory.items("totals"), IsEmpty());
}

TEST(ForEach, CancelledIsNotAppliedAndGoesOnLater) {
    Orders project;
    std::stop_source stop;
    ForEach step = count_orders();
    step.concurrency = 1;
    step.callback = [&](ItemEditor& order, Actions& actions) {
        stop.request_stop();
        actions.update(raise_total(actions, order.string("who")));
    };
    project.registry.add(counting(step));

    const RunnerResult cancelled =
        project.runner().migrate({}, {&project.listener, stop.get_token()});
    EXPECT_TRUE(cancelled.interrupted);
    EXPECT_THAT(project.runner().applied(), IsEmpty());
    EXPECT_THAT(project.memory.items("totals"), IsEmpty());
    project.migrate();

    EXPECT_THAT(project.runner().applied(), SizeIs(1));
    EXPECT_EQ(project.total("ann"), "2");
    EXPECT_EQ(project.total("bob"), "1");
}

TEST(ForEach, IsDoneExactlyOnceWhateverRequestFails) {
    bool fired = true;
    int n = 1;
    for (; fired && n < 200; n += 3) {
        Orders project;
        project.registry.add(counting(count_orders()));
        expressions::FailingService failing(project.memory, n, expressions::Failure::lost_answer);
        project.identity = testing::dead_identity();
        try {
            project.migrate(&failing);
        } catch (const base::Error&) {
            project.identity = base::ProcessIdentity::of_process();
            project.migrate();
        }
        fired = failing.fired();

        ASSERT_EQ(project.total("ann"), "2") << n;
        ASSERT_EQ(project.total("bob"), "1") << n;
    }
    EXPECT_GT(n, 20);
}

TEST(ForEach, IsCheckedBeforeItRuns) {
    ForEach wrong;
    wrong.table = "orders";
    wrong.concurrency = 64;
    wrong.options.passes = std::nullopt;
    std::vector<Finding> findings;
    make_for_each(wrong)->validate("here", findings);

    std::vector<std::string> codes;
    for (const Finding& finding : findings) {
        codes.push_back(finding.code);
    }
    EXPECT_THAT(codes, ElementsAre("nothing_to_do", "bad_option", "bad_option"));
}

TEST(ForEach, TakesNoConcurrencyAsTheSettingsHaveIt) {
    Orders project;
    ForEach step = count_orders();
    step.concurrency = 0;
    project.registry.add(counting(step));

    project.migrate();

    EXPECT_EQ(project.total("ann"), "2");
}

TEST(ForEach, SaysInAPlanWhatItDoes) {
    ForEach step = count_orders();
    step.table = "orders";
    step.tables = {"totals"};
    EXPECT_EQ(make_for_each(step)->summary(), "for each item of orders: count orders");
    EXPECT_THAT(make_for_each(step)->tables(), ElementsAre("orders", "totals"));
    step.actions = When::immediate;
    EXPECT_EQ(make_for_each(step)->summary(),
              "for each item of orders: count orders, actions at once");
}

TEST(ForEach, WantsAnUpdateExpression) {
    Orders project;
    ForEach step;
    step.callback = [](ItemEditor&, Actions& actions) {
        actions.update({.key = actions.build().string("id", "1").build()});
    };
    project.registry.add(counting(step));

    error_of([&] { project.migrate(); });

    EXPECT_THAT(project.failures().at(0).message, HasSubstr("needs an update expression"));
}

}  // namespace
}  // namespace dynamigrate::migrate
