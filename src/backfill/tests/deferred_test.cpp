#include "backfill_fixture.hpp"

#include <algorithm>
#include <set>

namespace dynamigrate::backfill {
namespace {

using dynamodb::AttributeValue;
using dynamodb::Item;
using expressions::CountedCalls;
using expressions::Failure;

constexpr int kCount = 6;
constexpr int kTotals = 3;

/// A transform that defers.
class Deferring final : public Transform {
public:
    using Function = std::function<void(const Item&, base::Arena&, TransformOutput&)>;
    explicit Deferring(Function function) : function_(std::move(function)) {}
    void apply(const Item& item, base::Arena& arena, TransformOutput& out) const override {
        function_(item, arena, out);
    }
    bool may_defer() const override { return true; }

private:
    Function function_;
};

/// "ADD n :one" on an item of table `totals`, which is created where it is absent.
Action raise(base::Arena& arena, std::string_view pk, std::string_view expression = "ADD n :one") {
    Action action;
    action.kind = Action::Kind::update;
    action.table = "totals";
    action.item = dynamodb::ItemBuilder(arena).string("pk", pk).build();
    action.expression = arena.copy(expression);
    action.update = dynamodb::ItemBuilder(arena).number(":one", 1).build();
    action.creates = true;
    return action;
}

class DeferredWorld : public World {
public:
    DeferredWorld() {
        service.create_table("totals", key);
        fill(kCount);
    }

    std::string total(int i, const std::string& name = "n") {
        base::Arena arena;
        const std::string json = service.item("totals", key_of(i));
        return json.empty() ? "" : std::string(dynamodb::parse_item(json, arena).text(name));
    }
    static std::string key_of(int i) { return R"({"pk":{"S":"t)" + std::to_string(i) + R"("}})"; }

    /// Dies without a checkpoint at the n-th call, then resumes. Returns whether it died.
    bool die_and_resume(const Transform& transform, int n, Failure failure) {
        records.drops_checkpoints = true;
        expressions::FailingService failing(service, n, failure, CountedCalls::all);
        bool has_died = false;
        try {
            run_over(failing, transform);
        } catch (const base::Error&) {
            has_died = true;
        }
        records.drops_checkpoints = false;
        if (has_died) {
            result = run(transform, 2);
        }
        return has_died;
    }
    std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path())) {
            count += entry.path().string().find("deferred-") != std::string::npos ? 1 : 0;
        }
        return count;
    }

    Result result;
};

std::string total_of(const Item& item) {
    const std::string pk(item.text("pk"));
    return "t" + std::to_string(std::stoi(pk.substr(1)) % kTotals);
}

/// Raises the item's own counter now, and a total twice afterwards.
Deferring count_all() {
    return Deferring([](const Item& item, base::Arena& arena, TransformOutput& out) {
        out.reads("c");
        const std::string next = dynamodb::add_numbers(item.text("c"), "1");
        out.change(item.with(arena, "c", AttributeValue::number(arena.copy(next))));
        const std::string total = total_of(item);
        out.defer(raise(arena, arena.copy(total)));
        out.defer(raise(arena, arena.copy(total)));
    });
}

void expect_counted_once(DeferredWorld& world, const std::string& where) {
    for (int i = 0; i < kTotals; ++i) {
        ASSERT_EQ(world.total(i), std::to_string(2 * kCount / kTotals)) << where;
    }
    for (int i = 0; i < kCount; ++i) {
        ASSERT_EQ(world.number(i, "c"), std::to_string(i + 1)) << where;
    }
    ASSERT_TRUE(world.records.quarantined(0).empty()) << where;
    ASSERT_EQ(world.files(), 0U) << where;
}

TEST(DeferredActions, AreExecutedWhenTheTransformWasAskedForEveryItem) {
    DeferredWorld world;
    std::set<std::string> seen;
    const Deferring transform([&](const Item& item, base::Arena& arena, TransformOutput& out) {
        EXPECT_TRUE(world.service.items("totals").empty());
        out.defer(raise(arena, arena.copy(total_of(item))));
    });

    const Result result = world.run(transform);

    EXPECT_EQ(result.deferred, static_cast<std::uint64_t>(kCount));
    EXPECT_EQ(result.counts.read, static_cast<std::uint64_t>(kCount));
    for (int i = 0; i < kTotals; ++i) {
        EXPECT_EQ(world.total(i), std::to_string(kCount / kTotals));
    }
    EXPECT_EQ(world.files(), 0U);
}

TEST(DeferredActions, OfEveryKindReachAnyTable) {
    DeferredWorld world;
    world.service.put("totals", R"({"pk":{"S":"old"},"n":{"N":"7"}})");
    const Deferring transform([&](const Item& item, base::Arena& arena, TransformOutput& out) {
        if (item.text("pk") != "k1") {
            return;
        }
        Action put;
        put.table = "totals";
        put.item = dynamodb::ItemBuilder(arena).string("pk", "new").boolean("b", true).build();
        out.defer(put);
        Action remove;
        remove.kind = Action::Kind::remove;
        remove.table = "totals";
        remove.item = dynamodb::ItemBuilder(arena).string("pk", "old").build();
        out.defer(remove);
        Action set;
        set.kind = Action::Kind::update;
        set.item = dynamodb::ItemBuilder(arena).string("pk", "k2").build();
        set.update = dynamodb::ItemBuilder(arena).string("seen", "yes").build();
        static constexpr std::string_view kRemoved[] = {"name"};
        set.removed = kRemoved;
        out.defer(set);
        Action named = raise(arena, "named", "SET #n = if_not_exists(#n, :zero) + :one");
        static constexpr std::pair<std::string_view, std::string_view> kNames[] = {{"#n", "size"}};
        named.names = kNames;
        named.update = dynamodb::ItemBuilder(arena).number(":one", 1).number(":zero", 41).build();
        out.defer(named);
        Action absent = named;
        absent.creates = false;
        absent.item = dynamodb::ItemBuilder(arena).string("pk", "absent").build();
        out.defer(absent);
    });

    world.run(transform);

    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"new"}})"),
              R"({"b":{"BOOL":true},"pk":{"S":"new"}})");
    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"old"}})"), "");
    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"absent"}})"), "");
    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"named"}})"),
              R"({"pk":{"S":"named"},"size":{"N":"42"}})");
    EXPECT_EQ(world.number(2, "seen"), "yes");
    EXPECT_EQ(world.number(2, "name"), "");
}

TEST(DeferredActions, KeepTheirOrderOnAKey) {
    for (const std::uint32_t lanes : {1U, 3U}) {
        DeferredWorld world;
        world.plan.lanes = lanes;
        const Deferring transform([](const Item& item, base::Arena& arena, TransformOutput& out) {
            const std::string_view own = arena.copy("own" + std::string(item.text("pk")));
            for (const char* expression :
                 {"SET n = :one", "SET n = n + :one", "REMOVE gone", "ADD n :one"}) {
                Action action = raise(arena, own, expression);
                if (std::string_view(expression).find(":one") == std::string_view::npos) {
                    action.update = {};
                }
                out.defer(action);
            }
            Action remove = raise(arena, own);
            remove.kind = Action::Kind::remove;
            remove.expression = {};
            remove.update = {};
            out.defer(remove);
            out.defer(raise(arena, own, "ADD latest :one"));
        });

        world.run(transform);

        EXPECT_EQ(world.service.items("totals").size(), static_cast<std::size_t>(kCount));
        EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"ownk3"}})"),
                  R"({"latest":{"N":"1"},"pk":{"S":"ownk3"}})");
    }
}

TEST(DeferredActions, KeepTheWholeOrderWithOneLaneAndOneSegment) {
    DeferredWorld world;
    world.plan.lanes = 1;
    world.plan.segments = 1;
    std::vector<std::string> asked;
    std::vector<std::string> written;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement" || call.operation == "PutItem") {
            for (std::size_t at = 0; (at = call.body.find("one-", at)) != std::string_view::npos;
                 at += 4) {
                const std::string name(call.body.substr(at, 6));
                if (written.empty() || written.back() != name) {
                    written.push_back(name);
                }
            }
        }
    };
    const Deferring transform([&](const Item& item, base::Arena& arena, TransformOutput& out) {
        const std::string pk = "one-" + std::string(item.text("pk")) + "-";
        if (asked.empty() || asked.back() != pk.substr(0, 6)) {
            asked.push_back(pk.substr(0, 6));
        }
        out.defer(raise(arena, arena.copy(pk)));
    });

    world.run(transform);

    EXPECT_EQ(asked, written);
}

TEST(DeferredActions, AreExecutedExactlyOnceWhateverRequestFails) {
    for (const Failure failure : {Failure::throttle, Failure::statement_internal_error_applied}) {
        bool fired = true;
        int n = 1;
        for (; fired && n < 200; ++n) {
            DeferredWorld world;
            const auto transform = count_all();

            fired = world.run_with_failure(transform, n, failure);

            expect_counted_once(world, std::to_string(n));
        }
        EXPECT_GT(n, 2);
    }
}

TEST(DeferredActions, AreExecutedExactlyOnceWhenTheRunDiesAnywhereBeforeACheckpoint) {
    for (const Failure failure : {Failure::lost_answer, Failure::reset}) {
        bool died = true;
        int n = 1;
        for (; died && n < 200; ++n) {
            DeferredWorld world;
            world.plan.page_items = 2;
            world.plan.segments = 2;
            const auto transform = count_all();

            died = world.die_and_resume(transform, n, failure);

            expect_counted_once(world, std::to_string(n));
        }
        EXPECT_GT(n, 10);
    }
}

TEST(DeferredActions, AreExecutedExactlyOnceThroughManyDeaths) {
    for (int step = 1; step <= 7; ++step) {
        DeferredWorld world;
        world.plan.page_items = 2;
        const auto transform = count_all();
        std::uint32_t attempt = 1;
        for (int n = 1;; n += step, ++attempt) {
            world.records.drops_checkpoints = attempt % 2 == 0;
            expressions::FailingService failing(
                world.service, n % 11 + 1, attempt % 3 == 0 ? Failure::reset : Failure::lost_answer,
                CountedCalls::all);
            try {
                world.run_over(failing, transform, attempt);
                break;
            } catch (const base::Error&) {
                ASSERT_LT(attempt, 200U);
            }
        }
        for (int i = 0; i < kTotals; ++i) {
            ASSERT_EQ(world.total(i), std::to_string(2 * kCount / kTotals)) << step;
        }
    }
}

TEST(DeferredActions, AreForgottenWithTheTransformThatFailed) {
    DeferredWorld world;
    bool fails = true;
    const Deferring transform([&](const Item& item, base::Arena& arena, TransformOutput& out) {
        out.defer(raise(arena, arena.copy(total_of(item))));
        if (fails && item.text("pk") == "k4") {
            throw base::Error(base::ErrorKind::invalid_argument, "no");
        }
    });
    world.plan.judges_at_end = true;

    EXPECT_THROW(world.run(transform), base::Error);
    EXPECT_TRUE(world.service.items("totals").empty());
    EXPECT_EQ(world.records.quarantined(0).size(), 1U);
    fails = false;
    world.run(transform, 2);

    for (int i = 0; i < kTotals; ++i) {
        EXPECT_EQ(world.total(i), std::to_string(kCount / kTotals));
    }
}

TEST(DeferredActions, FollowTheItemThatSomebodyElseChanged) {
    DeferredWorld world;
    world.plan.lanes = 1;
    bool interfered = false;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (!interfered && call.operation == "BatchExecuteStatement") {
            interfered = true;
            world.service.put("app", R"({"pk":{"S":"k0"},"c":{"N":"100"}})");
            world.service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"1"},"skip":{"BOOL":true}})");
        }
    };
    world.plan.segments = 1;
    const Deferring transform([](const Item& item, base::Arena& arena, TransformOutput& out) {
        out.reads_all();
        const std::string next = dynamodb::add_numbers(item.text("c"), "1");
        out.change(item.with(arena, "c", AttributeValue::number(arena.copy(next))));
        if (item.find("skip") == nullptr) {
            out.defer(raise(arena, arena.copy("c" + std::string(item.text("c")))));
        }
    });

    world.run(transform);

    EXPECT_TRUE(interfered);
    EXPECT_NE(world.service.item("totals", R"({"pk":{"S":"c100"}})"), "");
    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"c0"}})"), "");
    EXPECT_EQ(world.service.item("totals", R"({"pk":{"S":"c1"}})"), "");
    EXPECT_EQ(world.service.items("totals").size(), kCount - 1U);
}

TEST(DeferredActions, ThatFailKeepTheLaterOnesOnTheirItemWaitingUntilAResume) {
    for (const bool collects : {false, true}) {
        DeferredWorld world;
        world.plan.lanes = 1;
        world.plan.segments = 1;
        world.plan.judges_at_end = collects;
        world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"S":"text"}})");
        const Deferring transform([](const Item& item, base::Arena& arena, TransformOutput& out) {
            const std::string_view total = arena.copy(total_of(item));
            out.defer(raise(arena, total, "SET m = n + :one"));
            Action copy = raise(arena, total, "SET n = m");
            copy.update = {};
            out.defer(copy);
        });
        for (const int i : {0, 2}) {
            world.service.put("totals",
                              R"({"pk":{"S":"t)" + std::to_string(i) + R"("},"n":{"N":"0"}})");
        }

        try {
            world.run(transform);
            ADD_FAILURE();
        } catch (const base::Error& error) {
            EXPECT_NE(std::string(error.what()).find("deferred actions on 1 items"),
                      std::string::npos);
        }
        ASSERT_EQ(world.records.quarantined(0).size(), 1U);
        EXPECT_EQ(world.records.quarantined(0)[0].reason, "rejected");
        EXPECT_EQ(world.total(0), "2");
        EXPECT_EQ(world.total(1), "text");
        world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"N":"10"}})");
        const Result result = world.run(transform, 2);

        EXPECT_EQ(world.total(0), "2");
        EXPECT_EQ(world.total(1), "12");
        EXPECT_EQ(world.total(2), "2");
        EXPECT_EQ(result.deferred, 2U * kCount);
        EXPECT_TRUE(world.records.quarantined(0).empty());
        EXPECT_EQ(world.files(), 0U);
    }
}

TEST(DeferredActions, AreRetriedExactlyOnceWhateverRequestFailsMeanwhile) {
    bool fired = true;
    int n = 1;
    for (; fired && n < 100; ++n) {
        DeferredWorld world;
        world.plan.lanes = 1;
        world.plan.segments = 1;
        world.plan.judges_at_end = true;
        world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"S":"text"}})");
        const auto transform = count_all();
        EXPECT_THROW(world.run(transform), base::Error);
        world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"N":"0"}})");

        expressions::FailingService failing(world.service, n, Failure::lost_answer,
                                            CountedCalls::all);
        try {
            world.run_over(failing, transform, 2);
        } catch (const base::Error&) {
            world.run(transform, 3);
        }
        fired = failing.fired();

        expect_counted_once(world, std::to_string(n));
    }
    EXPECT_GT(n, 3);
}

TEST(DeferredActions, StoppedAreNotDone) {
    DeferredWorld world;
    std::stop_source stop;
    int executed = 0;
    world.plan.lanes = 1;
    const auto transform = count_all();
    world.plan.transform = &transform;
    Surroundings surroundings = world.surroundings(world.service);
    surroundings.on_progress = [&](const Progress& progress) {
        if (progress.deferred.is_executing) {
            ++executed;
            stop.request_stop();
        }
    };

    const Result stopped = backfill::run(world.plan, surroundings, stop.get_token());
    EXPECT_TRUE(stopped.stopped);
    EXPECT_GT(executed, 0);
    EXPECT_GT(world.files(), 0U);
    world.run(transform, 2);

    expect_counted_once(world, "");
}

TEST(DeferredActions, AreUndoneFromTheJournal) {
    DeferredWorld world;
    world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"N":"5"}})");
    const auto before_app = world.service.items("app");
    const auto before = world.service.items("totals");
    world.run(count_all());
    EXPECT_NE(world.service.items("totals"), before);

    const UndoResult undone = world.undo();

    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(world.service.items("totals"), before);
    EXPECT_EQ(world.service.items("app"), before_app);
}

TEST(DeferredActions, AreCheckedWhereTheyAreAskedFor) {
    struct Wrong {
        std::string what;
        std::function<void(base::Arena&, Action&)> change;
    };
    const std::vector<Wrong> cases = {
        {"does not exist", [](base::Arena&, Action& action) { action.table = "gone"; }},
        {"pk", [](base::Arena&, Action& action) { action.item = {}; }},
        {"key", [](base::Arena&, Action& action) { action.expression = "SET pk = :one"; }},
        {"xpression", [](base::Arena&, Action& action) { action.expression = "SET SET"; }},
    };
    for (const Wrong& wrong : cases) {
        DeferredWorld world;
        const Deferring transform([&](const Item&, base::Arena& arena, TransformOutput& out) {
            Action action = raise(arena, "t0");
            wrong.change(arena, action);
            out.defer(action);
        });

        EXPECT_THROW(world.run(transform), base::Error) << wrong.what;

        ASSERT_FALSE(world.records.quarantined(0).empty());
        EXPECT_NE(world.records.quarantined(0)[0].message.find(wrong.what), std::string::npos)
            << world.records.quarantined(0)[0].message;
    }
}

TEST(DeferredActions, CannotGoOnWithoutTheirFiles) {
    DeferredWorld world;
    world.plan.lanes = 1;
    world.plan.judges_at_end = true;
    world.service.put("totals", R"({"pk":{"S":"t1"},"n":{"S":"text"}})");
    const auto transform = count_all();
    EXPECT_THROW(world.run(transform), base::Error);
    std::filesystem::remove_all(world.directory.path() / "run1");

    try {
        world.run(transform, 2);
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    }
}

TEST(DeferredActions, NeedOnePassOverATable) {
    DeferredWorld world;
    world.plan.passes = 2;
    EXPECT_THROW(world.run(count_all()), base::Error);
}

TEST(ImmediateActions, ByAnExpressionAreWrittenWhenTheyMayBeRepeated) {
    DeferredWorld world;
    const FunctionTransform transform(
        [](const Item& item, base::Arena& arena, TransformOutput& out) {
            Action action = raise(arena, arena.copy(total_of(item)), "SET n = :one");
            out.act(action);
        },
        false, true);

    world.run(transform);

    EXPECT_EQ(world.total(0), "1");
}

TEST(ImmediateActions, ThatMayNotBeRepeatedAreRefused) {
    DeferredWorld world;
    const FunctionTransform transform(
        [](const Item& item, base::Arena& arena, TransformOutput& out) {
            out.act(raise(arena, arena.copy(total_of(item))));
        },
        false, true);

    EXPECT_THROW(world.run(transform), base::Error);

    ASSERT_FALSE(world.records.quarantined(0).empty());
    EXPECT_NE(world.records.quarantined(0)[0].message.find("defer the action"), std::string::npos);
}

}  // namespace
}  // namespace dynamigrate::backfill
