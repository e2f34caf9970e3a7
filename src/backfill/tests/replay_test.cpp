#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using expressions::CountedCalls;
using expressions::Failure;

class ReplayTest : public World {
public:
    ReplayTest() {
        plan.lanes = 1;
        plan.segments = 1;
    }

    /// Dies at the n-th call without a checkpoint, then resumes. Returns whether it died.
    bool die_and_resume(const Transform& transform, int n, Failure failure,
                        CountedCalls counted = CountedCalls::all) {
        records.drops_checkpoints = true;
        expressions::FailingService failing(service, n, failure, counted);
        try {
            run_over(failing, transform);
            return false;
        } catch (const base::Error&) {
            records.drops_checkpoints = false;
            run(transform, 2);
            return true;
        }
    }
    std::string at(const std::string& pk) {
        return service.item("app", R"({"pk":{"S":")" + pk + R"("}})");
    }
};

/// The keys of `fill(count)` in the order in which a scan meets them.
std::vector<std::string> scan_order(int count) {
    ReplayTest world;
    world.fill(count);
    std::vector<std::string> keys;
    world.run(FunctionTransform([&](const dynamodb::Item& item, base::Arena&, TransformOutput&) {
        keys.emplace_back(item.text("pk"));
    }));
    return keys;
}

/// Each item takes the key that the one before it has just left.
FunctionTransform move_up(const std::vector<std::string>& keys) {
    return FunctionTransform(
        [keys](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("pk");
            const auto place = std::find(keys.begin(), keys.end(), item.text("pk"));
            const std::string next = place == keys.begin() ? "first" : *std::prev(place);
            out.change(item.with(arena, "pk", dynamodb::AttributeValue::string(arena.copy(next))));
        },
        true);
}

/// The key depends on an attribute that the application may add.
FunctionTransform key_from_late() {
    return FunctionTransform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.reads("pk");
            out.reads_all();
            const std::string next =
                "P#" + std::string(item.text("pk")) + std::string(item.text("late"));
            out.change(item.with(arena, "pk", dynamodb::AttributeValue::string(arena.copy(next))));
        },
        true);
}

class DieAtEveryRequest : public ::testing::TestWithParam<Failure> {};

TEST_P(DieAtEveryRequest, MovesAChainOfItemsOnce) {
    constexpr int kCount = 4;
    const std::vector<std::string> keys = scan_order(kCount);
    const auto transform = move_up(keys);
    bool fired = true;
    int n = 1;
    for (; fired && n < 100; ++n) {
        ReplayTest world;
        world.fill(kCount);

        fired = world.die_and_resume(transform, n, GetParam());

        ASSERT_EQ(world.service.items("app").size(), static_cast<std::size_t>(kCount)) << n;
        ASSERT_TRUE(world.records.quarantined(0).empty()) << n;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            const std::string item = world.at(i == 0 ? "first" : keys[i - 1]);
            ASSERT_NE(item.find("Name " + keys[i].substr(1)), std::string::npos) << n;
        }
    }
    EXPECT_GT(n, 10);
}

INSTANTIATE_TEST_SUITE_P(Backfill, DieAtEveryRequest,
                         ::testing::Values(Failure::reset, Failure::lost_answer),
                         [](const auto& parameter) {
                             return parameter.param == Failure::reset ? "before" : "after";
                         });

TEST(Replay, PutsAMovedItemWhereItsLatestContentBelongs) {
    for (const Failure failure : {Failure::reset, Failure::lost_answer}) {
        ReplayTest world;
        world.fill(1);
        bool interfered = false;
        world.service.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "DeleteItem" && !interfered) {
                interfered = true;
                std::string more = ReplayTest::item_json(0);
                world.service.put("app", more.insert(1, R"("late":{"S":"-late"},)"));
            }
        };
        const auto transform = key_from_late();

        // The first write is the deletion, the second one is the put.
        EXPECT_TRUE(world.die_and_resume(transform, 2, failure, CountedCalls::writes));

        EXPECT_EQ(world.service.items("app").size(), 1U);
        EXPECT_NE(world.at("P#k0-late"), "");
    }
}

TEST(Replay, MovesWithAnItemWhatWasAddedUntilItsDeletion) {
    // Other items have an attribute of that name, or none has.
    for (const bool is_known : {true, false}) {
        ReplayTest world;
        world.fill(1);
        if (is_known) {
            world.service.put("app", R"({"pk":{"S":"other"},"late":{"S":"known"}})");
        }
        bool has_read_page = false;
        bool has_interfered = false;
        world.service.before_call = [&](const dynamodb::Call& call) {
            const bool is_time =
                is_known ? call.operation == "DeleteItem" : has_read_page && !has_interfered;
            if (is_time && !has_interfered) {
                has_interfered = true;
                std::string more = ReplayTest::item_json(0);
                world.service.put("app", more.insert(1, R"("late":{"S":"kept"},)"));
            }
            has_read_page |= call.operation == "BatchGetItem";
        };
        const auto transform = prefix_key();

        bool has_died = true;
        for (int n = 1; has_died && n < 3; ++n) {
            has_died =
                world.die_and_resume(transform, n, Failure::lost_answer, CountedCalls::writes);
        }

        EXPECT_TRUE(has_interfered);
        EXPECT_NE(world.at("P#k0").find("kept"), std::string::npos) << is_known;
        EXPECT_EQ(world.at("k0"), "");
    }
}

/// Two lanes' moves at the moment of a death, as the journal has them: no outcome was flushed.
class MovesOfTwoLanes : public ReplayTest {
public:
    MovesOfTwoLanes() {
        plan.segments = 2;
        plan.failure_budget.count = 5;
        records.begin_step(0, 2);
        const auto spool = directory.path() / "run1" / "spool-0";
        base::create_directories(directory.path() / "run1", 0700);
        base::create_directories(spool, 0700);
        base::write_file_atomically(spool / "segment-0.ndjson", key_of("a") + "\n", 0600);
        base::write_file_atomically(spool / "segment-1.ndjson", key_of("b") + "\n", 0600);
        base::write_file_atomically(spool / "complete", "", 0600);
    }

    static std::string key_of(const std::string& pk) { return R"({"pk":{"S":")" + pk + R"("}})"; }
    static std::string item_of(const std::string& pk, const std::string& was) {
        return R"({"pk":{"S":")" + pk + R"("},"was":{"S":")" + was + R"("}})";
    }
    void put(const std::string& pk, const std::string& was) {
        service.put("app", item_of(pk, was));
    }
    std::string was_at(const std::string& pk) {
        base::Arena arena;
        const std::string json = at(pk);
        return json.empty() ? "" : std::string(dynamodb::parse_item(json, arena).text("was"));
    }
    /// Writes a move of the item that `was`, in the segment of the lane.
    void journal_move(std::uint32_t lane, const std::string& was, const std::string& from,
                      const std::string& to) {
        std::unique_ptr<layers::JournalWriter>& part = parts_[lane];
        if (!part) {
            part = journal().create_part({"run1", 1, lane, 1, ""});
        }
        base::Arena arena;
        part->begin_page({0, lane - 1, 0});
        part->add({0,
                   layers::EntryKind::move_remove,
                   "app",
                   dynamodb::parse_item(key_of(from), arena),
                   dynamodb::parse_item(item_of(from, was), arena),
                   {},
                   {}});
        part->add({0,
                   layers::EntryKind::move_insert,
                   "app",
                   dynamodb::parse_item(key_of(to), arena),
                   {},
                   dynamodb::parse_item(item_of(to, was), arena),
                   {}});
        part->commit_page();
    }
    void checkpoint_done(std::uint32_t lane) {
        SegmentState state;
        state.segment = lane - 1;
        state.is_done = true;
        state.pages_done = 1;
        records.save_segment(0, state);
    }
    /// a becomes b, b becomes c.
    Result resume() {
        parts_.clear();
        return run(FunctionTransform(
                       [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
                           std::string next(item.text("pk"));
                           ++next[0];
                           out.change(item.with(
                               arena, "pk", dynamodb::AttributeValue::string(arena.copy(next))));
                       },
                       true),
                   2);
    }

private:
    std::map<std::uint32_t, std::unique_ptr<layers::JournalWriter>> parts_;
};

TEST(Replay, KnowsAMovedItemFromOneThatAnotherLaneMovedToItsOldKey) {
    for (const bool has_arrived : {true, false}) {
        MovesOfTwoLanes world;
        world.journal_move(2, "b", "b", "c");
        world.journal_move(1, "a", "a", "b");
        world.checkpoint_done(1);
        world.put("b", "a");
        if (has_arrived) {
            world.put("c", "b");
        }

        world.resume();

        EXPECT_EQ(world.was_at("b"), "a") << has_arrived;
        EXPECT_EQ(world.was_at("c"), "b") << has_arrived;
        EXPECT_EQ(world.service.items("app").size(), 2U);
        EXPECT_TRUE(world.records.quarantined(0).empty());
    }
}

TEST(Replay, DoesNotPutAgainWhatAnotherLaneMovedOn) {
    MovesOfTwoLanes world;
    world.journal_move(1, "a", "a", "b");
    world.journal_move(2, "a", "b", "c");
    world.put("c", "a");

    world.resume();

    EXPECT_EQ(world.was_at("c"), "a");
    EXPECT_EQ(world.service.items("app").size(), 1U);
}

TEST(Replay, DoesNotTakeANewItemForTheMovedOne) {
    MovesOfTwoLanes world;
    world.journal_move(1, "a", "a", "b");
    world.put("a", "another");

    world.resume();

    EXPECT_EQ(world.was_at("a"), "another");
    EXPECT_EQ(world.was_at("b"), "");
    ASSERT_EQ(world.records.quarantined(0).size(), 1U);
    EXPECT_EQ(world.records.quarantined(0)[0].reason, "outcome_unknown");
}

TEST(Replay, LeavesANewItemAtTheKeyOfAMovedOne) {
    ReplayTest world;
    world.fill(1);
    world.service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "GetItem" && world.records.drops_checkpoints == false) {
            world.service.put("app", R"({"pk":{"S":"k0"},"new":{"BOOL":true}})");
        }
    };
    const auto transform = prefix_key();

    EXPECT_TRUE(world.die_and_resume(transform, 2, Failure::reset, CountedCalls::writes));

    EXPECT_NE(world.at("P#k0").find("Name 0"), std::string::npos);
    EXPECT_NE(world.at("k0").find("new"), std::string::npos);
    EXPECT_TRUE(world.records.quarantined(0).empty());
}

TEST(Replay, PutsBackAnItemThatCouldNotBeMoved) {
    for (const Failure failure : {Failure::reset, Failure::lost_answer}) {
        ReplayTest world;
        world.plan.failure_budget.count = 5;
        world.fill(1);
        world.service.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "DeleteItem") {
                world.service.put("app", R"({"pk":{"S":"P#k0"},"other":{"BOOL":true}})");
            }
        };
        const auto transform = prefix_key();

        // The third write puts the item back, after its deletion and the refused put.
        EXPECT_TRUE(world.die_and_resume(transform, 3, failure, CountedCalls::writes));

        EXPECT_NE(world.at("k0").find("Name 0"), std::string::npos);
        EXPECT_NE(world.at("P#k0").find("other"), std::string::npos);
    }
}

TEST(Replay, NeverPutsAgainWhatCannotBeKnown) {
    ReplayTest world;
    world.plan.failure_budget.count = 5;
    world.fill(2);
    const std::vector<std::string> keys = scan_order(2);
    const std::string first_key = R"({"pk":{"S":"P#)" + keys[0] + R"("}})";
    const auto transform = prefix_key();
    world.records.drops_checkpoints = true;
    expressions::FailingService first(world.service, 2, Failure::lost_answer, CountedCalls::writes);
    EXPECT_THROW(world.run_over(first, transform), base::Error);
    std::string changed = world.service.item("app", first_key);
    world.service.put("app", changed.insert(1, R"("changed":{"BOOL":true},)"));
    expressions::FailingService second(world.service, 1, Failure::reset, CountedCalls::writes);
    EXPECT_THROW(world.run_over(second, transform, 2), base::Error);
    ASSERT_EQ(world.records.quarantined(0).size(), 1U);
    world.service.remove("app", first_key);
    world.records.drops_checkpoints = false;

    world.run(transform, 3);

    EXPECT_EQ(world.service.items("app").size(), 1U);
    EXPECT_NE(world.at("P#" + keys[1]), "");
}

TEST(Replay, KnowsAnItemsOwnChangeApartFromAnActionOnIt) {
    ReplayTest world;
    world.fill(2);
    const FunctionTransform transform(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            if (item.text("pk") == "k0") {
                Action see;
                see.kind = Action::Kind::update;
                see.item = dynamodb::parse_item(ReplayTest::key_json(1), arena);
                see.update = dynamodb::parse_item(R"({"seen":{"N":"1"}})", arena);
                out.act(see);
                return;
            }
            out.reads("c");
            const std::string next = dynamodb::add_numbers(item.text("c"), "1");
            out.change(item.with(arena, "c", dynamodb::AttributeValue::number(arena.copy(next))));
        },
        false, true);

    // The first write is the action, the second one is the item's own change.
    world.records.drops_checkpoints = true;
    expressions::FailingService failing(world.service, 2, Failure::lost_answer,
                                        CountedCalls::writes);
    EXPECT_THROW(world.run_over(failing, transform), base::Error);
    world.records.drops_checkpoints = false;
    world.service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"2"},"seen":{"N":"5"}})");
    world.run(transform, 2);

    EXPECT_EQ(world.number(1, "c"), "2");
    EXPECT_EQ(world.number(1, "seen"), "5");
}

}  // namespace
}  // namespace dynamigrate::backfill
