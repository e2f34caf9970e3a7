#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using expressions::Failure;

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

    const UndoResult shown = undo(true);
    EXPECT_EQ(service.items("copy").size(), static_cast<std::size_t>(kCount - 1));
    const UndoResult undone = undo();
    const UndoResult again = undo();

    EXPECT_EQ(shown.restored, static_cast<std::uint64_t>(kCount - 2));
    EXPECT_EQ(shown.conflicts, 1U);
    EXPECT_EQ(shown.already, 1U);
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
