#include "backfill_fixture.hpp"

#include <dynamigrate/dynamodb/page.hpp>

#include <condition_variable>
#include <utility>

namespace dynamigrate::backfill {
namespace {

using expressions::Failure;

class ArchiveWorld : public World {
public:
    ArchiveWorld() {
        service.create_table("archive", key);
        plan.lanes = 1;
        plan.segments = 1;
    }
};

/// Archives the item as it is, then deletes it.
FunctionTransform archive_and_delete() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena&, TransformOutput& out) {
            Action action;
            action.table = "archive";
            action.item = item;
            out.reads_all();
            out.act(action);
            out.remove();
        },
        false, true);
}

TEST(Actions, AreNeverLostWhateverRequestFails) {
    constexpr int kCount = 5;
    for (const Failure failure : {Failure::throttle, Failure::lost_answer, Failure::reset,
                                  Failure::statement_internal_error_applied}) {
        bool fired = true;
        for (int n = 1; fired && n < 200; ++n) {
            ArchiveWorld world;
            world.fill(kCount);
            const auto before = world.service.items("app");
            const auto transform = archive_and_delete();

            fired = world.run_with_failure(transform, n, failure);

            ASSERT_EQ(world.service.items("archive"), before) << n;
            ASSERT_TRUE(world.service.items("app").empty()) << n;
        }
    }
}

TEST(Actions, AreAskedForAnewWhenTheItemChanged) {
    ArchiveWorld world;
    world.fill(3);
    bool interfered = false;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (!interfered && call.body.find("DELETE") != std::string_view::npos) {
            interfered = true;
            world.service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"1"},"late":{"S":"kept"}})");
            world.service.put("app", R"({"pk":{"S":"k2"},"c":{"N":"99"}})");
        }
    };
    const auto transform = archive_and_delete();

    world.run(transform);

    EXPECT_NE(world.service.item("archive", ArchiveWorld::key_json(2)).find("99"),
              std::string::npos);
    EXPECT_TRUE(interfered);
}

TEST(Actions, DoNotOverwriteWhatTheApplicationWroteSinceTheyWereDone) {
    ArchiveWorld world;
    world.fill(2);
    const FunctionTransform stamp(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            Action action;
            action.table = "archive";
            action.item = dynamodb::ItemBuilder(arena)
                              .string("pk", item.text("pk"))
                              .string("state", "new")
                              .build();
            out.act(action);
        },
        false, true);
    world.plan.page_items = 1;
    world.records.drops_checkpoints = true;
    int n = 1;
    while (world.service.items("archive").empty()) {  // dies after the first item's action
        expressions::FailingService failing(world.service, n++, Failure::reset);
        EXPECT_THROW(world.run_over(failing, stamp, static_cast<std::uint32_t>(n)), base::Error);
    }
    world.records.drops_checkpoints = false;
    const std::string done = world.service.items("archive").begin()->first;
    std::string used = done;
    used.insert(used.size() - 1, R"(,"state":{"S":"used"})");
    world.service.put("archive", used);

    world.run(stamp, 50);

    EXPECT_NE(world.service.item("archive", done).find("used"), std::string::npos);
    EXPECT_EQ(world.service.items("archive").size(), 2U);
}

TEST(Actions, GoGuardedToTheirOwnTablesWhenItemsAreOverwritten) {
    ArchiveWorld world;
    world.fill(3);
    world.plan.overwrite = true;
    world.service.put("archive", R"({"pk":{"S":"k1"},"mine":{"BOOL":true}})");
    const FunctionTransform act(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            Action action;
            action.table = "archive";
            action.item = item;
            action.if_exists = IfExists::keep;
            out.act(action);
            out.change(item.with(arena, "seen", dynamodb::AttributeValue::boolean(true)));
        },
        false, true);

    world.run(act);

    EXPECT_EQ(world.service.items("archive").size(), 3U);
    EXPECT_NE(world.service.item("archive", ArchiveWorld::key_json(1)).find("mine"),
              std::string::npos);
    EXPECT_EQ(world.service.items("app").size(), 3U);
    EXPECT_NE(world.service.item("app", ArchiveWorld::key_json(1)).find("seen"), std::string::npos);
}

/// Lets a put of the archive's item arrive before the other lane has read that item, and be done
/// after the other lane's deletion; a lane that reads the item first is let pass.
class PutAcrossDeletion final : public dynamodb::Service {
public:
    explicit PutAcrossDeletion(dynamodb::Service& inner) : inner_(inner) {}
    std::string location() const override { return inner_.location(); }
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        const bool is_of_archive = call.body.find("archive") != std::string_view::npos;
        const auto is = [&](std::string_view word) {
            return is_of_archive && call.body.find(word) != std::string_view::npos;
        };
        if (is_of_archive && call.operation == "GetItem") {
            wait([&] { return ++reads_ > 0; }, [&] { return reads_ > 1 || puts_ > 0; });
        } else if (is("INSERT")) {
            wait([&] { return ++puts_ > 0; }, [&] { return deletions_ > 0; });
        }
        inner_.call(call, reply);
        if (is("DELETE")) {
            wait([&] { return ++deletions_ > 0; }, [] { return true; });
        }
    }

private:
    void wait(const std::function<bool()>& note, const std::function<bool()>& until) {
        std::unique_lock lock(mutex_);
        note();
        changed_.notify_all();
        changed_.wait(lock, until);
    }

    dynamodb::Service& inner_;
    std::mutex mutex_;
    std::condition_variable changed_;
    int reads_ = 0, puts_ = 0, deletions_ = 0;
};

/// The second key of the segment: lanes work their first pages one after another.
std::string second_key_of(dynamodb::Service& service, int segment) {
    dynamodb::Reply reply;
    service.call({"Scan", R"({"TableName":"app","TotalSegments":2,"Segment":)" +
                              std::to_string(segment) + "}"},
                 reply);
    base::Arena arena;
    dynamodb::Page page;
    dynamodb::PageReader().read(reply, arena, page);
    return std::string(page.items.at(1).text("pk"));
}

TEST(Actions, OfTwoLanesOnOneItemAreTakenBackInTheOrderInWhichTheyWereDone) {
    ArchiveWorld world;
    world.fill(20);
    world.plan.lanes = 2;
    world.plan.segments = 2;
    world.plan.page_items = 1;
    const std::string item = R"({"pk":{"S":"one"},"was":{"S":"there"}})";
    world.service.put("archive", item);
    const std::string putting = second_key_of(world.service, 0);
    const std::string deleting = second_key_of(world.service, 1);
    const FunctionTransform transform(
        [&](const dynamodb::Item& read, base::Arena& arena, TransformOutput& out) {
            Action action;
            action.table = "archive";
            action.kind = read.text("pk") == deleting ? Action::Kind::remove : Action::Kind::put;
            action.if_exists = IfExists::keep;
            action.item = dynamodb::ItemBuilder(arena).string("pk", "one").build();
            if (read.text("pk") == putting || read.text("pk") == deleting) {
                out.act(action);
            }
        },
        false, true);
    PutAcrossDeletion service(world.service);

    world.run_over(service, transform);
    const UndoResult undone = world.undo();

    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(world.service.items("archive").size(), 1U);
    EXPECT_EQ(world.service.item("archive", R"({"pk":{"S":"one"}})"), item);
}

TEST(Moves, LeaveAnItemWhoseNewKeyIsRefused) {
    ArchiveWorld world;
    world.fill(3);
    world.plan.failure_budget.count = 3;
    const FunctionTransform spoil(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            const auto bad = item.text("pk") == "k1" ? dynamodb::AttributeValue::string("")
                                                     : dynamodb::AttributeValue::string(arena.copy(
                                                           "N" + std::string(item.text("pk"))));
            out.change(item.with(arena, "pk", bad));
        },
        true);

    const Result result = world.run(spoil);

    EXPECT_EQ(result.counts.quarantined, 1U);
    EXPECT_NE(world.service.item("app", ArchiveWorld::key_json(1)), "");
    EXPECT_EQ(world.service.items("app").size(), 3U);
}

/// Passes calls on; a deletion is applied, another item takes its place, and its answer is lost, so
/// that it is sent once more.
class LosesADeletion final : public dynamodb::Service {
public:
    LosesADeletion(expressions::MemoryService& inner, std::string item)
        : inner_(inner),
          item_(std::move(item)) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        const bool loses = call.operation == "DeleteItem" && !item_.empty();
        if (loses) {
            inner_.call(call, reply);
            inner_.put("app", std::exchange(item_, {}));
            reply.clear();
        }
        inner_.call(call, reply);
        reply.earlier_attempt_may_have_applied = loses;
    }
    std::string location() const override { return "here"; }

private:
    expressions::MemoryService& inner_;
    std::string item_;
};

TEST(Moves, AreWrittenDownAsDeletedBeforeTheyArePut) {
    ArchiveWorld world;
    world.fill(3);
    int puts = 0;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation != "PutItem") {
            return;
        }
        int deleted = 0;
        world.journal().read([](const auto&) { return true; },
                             [&](const auto&, const layers::JournalEntry& entry, auto outcome) {
                                 deleted += entry.kind == layers::EntryKind::move_remove &&
                                            outcome == layers::EntryOutcome::applied;
                             });
        EXPECT_EQ(deleted, ++puts);
    };
    const auto transform = prefix_key();

    world.run(transform);

    EXPECT_EQ(puts, 3);
}

TEST(Moves, DoNotTakeANewItemForTheDeletedOne) {
    ArchiveWorld world;
    world.fill(1);
    world.plan.failure_budget.count = 1;
    LosesADeletion losing(world.service, R"({"pk":{"S":"k0"},"new":{"BOOL":true}})");
    const auto transform = prefix_key();

    world.run_over(losing, transform);

    EXPECT_NE(world.service.item("app", ArchiveWorld::key_json(0)).find("new"), std::string::npos);
    EXPECT_EQ(world.service.items("app").size(), 1U);
    ASSERT_EQ(world.records.quarantined(0).size(), 1U);
    EXPECT_EQ(world.records.quarantined(0)[0].reason, "outcome_unknown");
}

TEST(Moves, ChangeAnItemThatNeedNotMoveAnyMore) {
    ArchiveWorld world;
    world.fill(2);
    bool interfered = false;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "DeleteItem" && !interfered) {
            interfered = true;
            for (int i = 0; i < 2; ++i) {
                std::string stays = ArchiveWorld::item_json(i);
                world.service.put("app", stays.replace(stays.find("Name"), 4, "Stay"));
            }
        }
    };
    const FunctionTransform transform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            const bool stays = item.text("name").starts_with("Stay");
            const std::string key = (stays ? "" : "P#") + std::string(item.text("pk"));
            out.change(item.with(arena, "pk", dynamodb::AttributeValue::string(arena.copy(key)))
                           .with(arena, "seen", dynamodb::AttributeValue::boolean(true)));
        },
        true);

    world.run(transform);

    EXPECT_EQ(world.service.items("app").size(), 2U);
    for (int i = 0; i < 2; ++i) {
        EXPECT_NE(world.service.item("app", ArchiveWorld::key_json(i)).find("seen"),
                  std::string::npos);
    }
}

TEST(Deletions, AreGuardedByTheWholeItem) {
    ArchiveWorld world;
    world.fill(2);
    bool interfered = false;
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (!interfered && call.body.find("DELETE") != std::string_view::npos) {
            interfered = true;
            world.service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"1"},"name":{"S":"paid"}})");
        }
    };
    const FunctionTransform remove_small(
        [](const dynamodb::Item& item, base::Arena&, TransformOutput& out) {
            out.reads("c");
            if (item.text("name") != "paid") {
                out.remove();
            }
        });

    world.run(remove_small);

    EXPECT_NE(world.service.item("app", ArchiveWorld::key_json(1)).find("paid"), std::string::npos);
    EXPECT_EQ(world.service.items("app").size(), 1U);
}

TEST(Markers, LetPassesUntilCleanEnd) {
    ArchiveWorld world;
    world.fill(4);
    world.plan.marker = true;
    world.plan.passes = std::nullopt;
    const auto transform = increment();

    world.run(transform);

    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(world.number(i, "c"), std::to_string(i + 1));
    }
}

TEST(Quarantine, ItemsOfUnsavedPagesAreNotDoneTwice) {
    ArchiveWorld world;
    world.fill(6);
    bool refuses = true;
    const FunctionTransform transform(
        [&](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            if (refuses && item.text("pk") == "k3") {
                throw base::Error(base::ErrorKind::invalid_argument, "not yet");
            }
            out.reads("c");
            const std::string next = dynamodb::add_numbers(item.text("c"), "1");
            out.change(item.with(arena, "c", dynamodb::AttributeValue::number(arena.copy(next))));
        });
    world.records.drops_checkpoints = true;
    EXPECT_THROW(world.run(transform), base::Error);
    world.records.drops_checkpoints = false;
    refuses = false;

    world.run(transform, 2);

    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(world.number(i, "c"), std::to_string(i + 1)) << i;
    }
    EXPECT_TRUE(world.records.quarantined(0).empty());
}

}  // namespace
}  // namespace dynamigrate::backfill
