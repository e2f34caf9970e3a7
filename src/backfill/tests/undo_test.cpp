#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using expressions::Failure;
using layers::EntryKind;
using layers::EntryOutcome;

class UndoTest : public BackfillTest {
protected:
    static std::string moved_key(int i) {
        return R"({"pk":{"S":"P#k)" + std::to_string(i) + R"("}})";
    }
    static std::string moved_json(int i) {
        std::string json = item_json(i);
        return json.replace(json.find("\"k"), 2, "\"P#k");
    }
    static std::string with_more(std::string json) {
        return json.insert(1, R"("more":{"S":"of the application"},)");
    }
    std::string at(const std::string& pk) {
        return service.item("app", R"({"pk":{"S":")" + pk + R"("}})");
    }
    dynamodb::Item item_at(const std::string& pk, const std::string& was) {
        return dynamodb::ItemBuilder(arena).string("pk", pk).string("was", was).build();
    }

    /// What a lane writes down and does: pages of one entry or move, applied.
    std::unique_ptr<layers::JournalWriter> open_part(std::uint32_t lane) {
        return journal().create_part({"run1", 1, lane, 1, ""});
    }
    layers::EntryId add(layers::JournalWriter& part, EntryKind kind, const std::string& item_key,
                        const dynamodb::Item& before, const dynamodb::Item& after) {
        return part.add({0, kind, "app", dynamodb::parse_item(item_key, arena), before, after, {}});
    }
    void change_counter(layers::JournalWriter& part, int from, int to) {
        const auto image = [&](int c) {
            return dynamodb::ItemBuilder(arena).number("c", c).build();
        };
        part.begin_page({0, 0, 0});
        const auto id = add(part, EntryKind::action_update, key_json(0), image(from), image(to));
        part.commit_page();
        service.put("app", dynamodb::to_wire_json(image(to).with(
                               arena, "pk", dynamodb::AttributeValue::string("k0"))));
        part.add_outcome(id, EntryOutcome::applied);
        part.flush();
    }
    std::pair<layers::EntryId, layers::EntryId> begin_move(layers::JournalWriter& part,
                                                           const std::string& from,
                                                           const std::string& to) {
        part.begin_page({0, 0, 0});
        const auto removal = add(part, EntryKind::move_remove, R"({"pk":{"S":")" + from + R"("}})",
                                 item_at(from, "was " + from), {});
        const auto put = add(part, EntryKind::move_insert, R"({"pk":{"S":")" + to + R"("}})", {},
                             item_at(to, "was " + from));
        part.commit_page();
        service.remove("app", R"({"pk":{"S":")" + from + R"("}})");
        part.add_outcome(removal, EntryOutcome::applied);
        return {removal, put};
    }
    void move_item(layers::JournalWriter& part, const std::string& from, const std::string& to) {
        const auto [removal, put] = begin_move(part, from, to);
        service.put("app", dynamodb::to_wire_json(item_at(to, "was " + from)));
        part.add_outcome(put, EntryOutcome::applied);
        part.flush();
    }
    void put_moved(layers::JournalWriter& part, const std::string& from, const std::string& to) {
        part.begin_page({0, 0, 0});
        const auto put = add(part, EntryKind::move_insert, R"({"pk":{"S":")" + to + R"("}})", {},
                             item_at(to, "was " + from));
        part.commit_page();
        service.put("app", dynamodb::to_wire_json(item_at(to, "was " + from)));
        part.add_outcome(put, EntryOutcome::applied);
        part.flush();
    }

    base::Arena arena;

    bool has(const std::string& item_key) { return !service.item("app", item_key).empty(); }

    /// Moves k0, whose put is applied without an answer; then the application changes it, so that
    /// the run can never know.
    void move_with_unknown_put() {
        plan.lanes = 1;
        plan.segments = 1;
        plan.failure_budget.count = 5;
        fill(1);
        const auto transform = prefix_key();
        expressions::FailingService failing(service, 2, Failure::lost_answer,
                                            expressions::CountedCalls::writes);
        EXPECT_THROW(run_over(failing, transform), base::Error);
        EXPECT_TRUE(has(moved_key(0)));
        service.put("app", with_more(moved_json(0)));
        run(transform, 2);
        EXPECT_EQ(records.quarantined(0).size(), 1U);
    }
};

TEST_F(UndoTest, TakesBackWhatSeveralLanesDidToOneItemNewestFirst) {
    const auto one = open_part(1);
    const auto two = open_part(2);
    change_counter(*two, 0, 1);
    change_counter(*one, 1, 2);
    change_counter(*two, 2, 3);
    change_counter(*one, 3, 4);

    const UndoResult undone = undo();

    EXPECT_EQ(undone.restored, 4U);
    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(number(0, "c"), "0");
}

TEST_F(UndoTest, TakesBackMovesThroughOneKeyByTwoLanes) {
    const auto one = open_part(1);
    const auto two = open_part(2);
    move_item(*two, "b", "c");
    move_item(*one, "a", "b");

    const UndoResult undone = undo();

    EXPECT_EQ(undone.restored, 4U);
    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(service.items("app").size(), 2U);
    EXPECT_NE(at("a").find("was a"), std::string::npos);
    EXPECT_NE(at("b").find("was b"), std::string::npos);
}

TEST_F(UndoTest, KnowsEachLanesMovesApart) {
    const auto one = open_part(1);
    const auto two = open_part(2);
    const auto [removal, put] = begin_move(*two, "a", "n");
    move_item(*one, "b", "m");
    two->add_outcome(put, EntryOutcome::guard_failed);  // a was changed before it was deleted
    put_moved(*two, "a", "n2");
    service.put("app", R"({"pk":{"S":"n2"},"was":{"S":"used since"}})");

    const UndoResult undone = undo();

    EXPECT_EQ(undone.restored, 2U);
    EXPECT_EQ(undone.conflicts, 2U);
    EXPECT_EQ(at("a"), "") << "it stands at n2";
    EXPECT_NE(at("b"), "");
}

TEST_F(UndoTest, LeavesAMovedItemThatGainedAnAttribute) {
    fill(3);
    const auto transform = prefix_key();
    run(transform);
    service.put("app", with_more(moved_json(1)));

    const UndoResult undone = undo();

    EXPECT_EQ(undone.restored, 4U);
    EXPECT_EQ(undone.conflicts, 2U);
    EXPECT_NE(service.item("app", moved_key(1)).find("of the application"), std::string::npos);
    EXPECT_FALSE(has(key_json(1)));
    EXPECT_TRUE(has(key_json(0)));
    EXPECT_EQ(service.items("app").size(), 3U);
}

TEST_F(UndoTest, LeavesInsertedItemsThatGainedAnAttribute) {
    constexpr int kCount = 230;
    fill(kCount);
    service.create_table("copy", key);
    plan.target_table = "copy";
    plan.target_key = key;
    const auto transform = lower_name();
    run(transform);
    std::string changed = service.item("copy", key_json(7));
    service.put("copy", with_more(changed));
    changed = service.item("copy", key_json(7));
    service.remove("copy", key_json(8));

    const UndoResult undone = undo();
    const UndoResult again = undo();

    EXPECT_EQ(undone.restored, static_cast<std::uint64_t>(kCount - 2));
    EXPECT_EQ(undone.conflicts, 1U);
    EXPECT_EQ(undone.already, 1U);
    EXPECT_EQ(again.already, static_cast<std::uint64_t>(kCount - 1));
    EXPECT_EQ(again.conflicts, 1U);
    EXPECT_EQ(service.items("copy").size(), 1U);
    EXPECT_EQ(service.item("copy", key_json(7)), changed);
}

TEST_F(UndoTest, DoesNotDeleteWhatIsChangedWhileItLooks) {
    fill(1);
    const auto transform = prefix_key();
    run(transform);
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement") {
            service.put("app", R"({"pk":{"S":"P#k0"},"c":{"N":"5"}})");
        }
    };

    const UndoResult undone = undo();

    EXPECT_EQ(undone.conflicts, 2U);
    EXPECT_TRUE(has(moved_key(0)));
    EXPECT_FALSE(has(key_json(0)));
}

TEST_F(UndoTest, KeepsAMovedItemSingleWhenItsPutIsUnknown) {
    move_with_unknown_put();

    const UndoResult undone = undo();

    EXPECT_EQ(undone.unsettled, 1U);
    EXPECT_EQ(undone.conflicts, 1U);
    EXPECT_TRUE(has(moved_key(0)));
    EXPECT_FALSE(has(key_json(0)));
}

TEST_F(UndoTest, BringsAMovedItemBackWhenNothingIsAtItsNewKey) {
    move_with_unknown_put();
    service.remove("app", moved_key(0));

    const UndoResult undone = undo();

    EXPECT_EQ(undone.unsettled, 1U);
    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_TRUE(has(key_json(0)));
}

}  // namespace
}  // namespace dynamigrate::backfill
