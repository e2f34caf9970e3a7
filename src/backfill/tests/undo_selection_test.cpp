#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

class UndoSelectionTest : public BackfillTest {
protected:
    UndoResult undo_selected(UndoSelection selection, bool with_images = false) {
        UndoPlan undo_plan;
        undo_plan.selection = std::move(selection);
        undo_plan.with_images = with_images;
        undo_plan.key_schema = [this](const std::string&) { return key; };
        undo_plan.on_conflict = [this](const UndoConflict& conflict) {
            undo_conflicts.push_back(conflict);
        };
        return backfill::undo(undo_plan, surroundings(service), {});
    }
    std::string at(const std::string& pk) {
        return service.item("app", R"({"pk":{"S":")" + pk + R"("}})");
    }
};

TEST_F(UndoSelectionTest, TakesBackTheNamedItemsOnly) {
    fill(6);
    run(increment());
    const UndoResult undone = undo_selected({{key_json(1), key_json(4)}, {}, {}});
    EXPECT_EQ(undone.selected, 2U);
    EXPECT_EQ(undone.restored, 2U);
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(number(i, "c"), std::to_string(i == 1 || i == 4 ? i : i + 1)) << i;
    }
    EXPECT_EQ(undo_selected({}).restored, 4U);
}

TEST_F(UndoSelectionTest, TakesAMovedItemBackByEitherOfItsKeys) {
    fill(3);
    run(prefix_key());
    const UndoResult by_old = undo_selected({{R"({"pk":{"S":"k0"}})"}, {}, {}});
    EXPECT_EQ(by_old.selected, 2U);
    EXPECT_EQ(by_old.restored, 2U);
    EXPECT_NE(at("k0"), "");
    EXPECT_EQ(at("P#k0"), "");
    const UndoResult by_new = undo_selected({{R"({"pk":{"S":"P#k1"}})"}, {}, {}});
    EXPECT_EQ(by_new.restored, 2U);
    EXPECT_NE(at("k1"), "");
    EXPECT_EQ(at("P#k1"), "");
    EXPECT_NE(at("P#k2"), "");
}

TEST_F(UndoSelectionTest, TakesBackWhatWasCommittedInATime) {
    const auto journalled =
        layers::open_directory_journal(directory.path() / "timed", "run1", &clock);
    fill(3);
    Surroundings timed = surroundings(service);
    timed.journal = journalled.get();
    base::Arena arena;
    std::vector<base::WallTime> times;
    {
        const auto part = journalled->create_part({"run1", 1, 0, 1, ""});
        for (int i = 0; i < 3; ++i) {
            clock.advance(std::chrono::seconds(1));
            times.push_back(clock.now());
            const auto image = [&](int c) {
                return dynamodb::ItemBuilder(arena).number("c", c).build();
            };
            part->begin_page({});
            part->add_outcome(part->add({0,
                                         layers::EntryKind::update,
                                         "app",
                                         dynamodb::parse_item(key_json(i), arena),
                                         image(i - 1),
                                         image(i),
                                         {}}),
                              layers::EntryOutcome::applied);
            part->commit_page();
        }
    }
    const auto undo_in = [&](UndoSelection selection) {
        UndoPlan undo_plan;
        undo_plan.selection = std::move(selection);
        undo_plan.key_schema = [this](const std::string&) { return key; };
        return backfill::undo(undo_plan, timed, {}).restored;
    };
    EXPECT_EQ(undo_in({{}, times[2] + std::chrono::milliseconds(1), {}}), 0U);
    EXPECT_EQ(undo_in({{}, times[2], {}}), 1U);
    EXPECT_EQ(number(2, "c"), "1");
    EXPECT_EQ(undo_in({{}, {}, times[1]}), 1U);
    EXPECT_EQ(number(0, "c"), "-1");
    EXPECT_EQ(number(1, "c"), "1");
    EXPECT_EQ(undo_in({{}, times[1], times[2]}), 1U);
    EXPECT_EQ(number(1, "c"), "0");
}

TEST_F(UndoSelectionTest, TellsConflictsWithTheirImages) {
    fill(2);
    run(increment());
    service.put("app", R"({"pk":{"S":"k0"},"c":{"N":"77"}})");
    EXPECT_EQ(undo_selected({{key_json(0)}, {}, {}}).conflicts, 1U);
    ASSERT_EQ(undo_conflicts.size(), 1U);
    EXPECT_EQ(undo_conflicts[0].after, "");
    EXPECT_EQ(undo_conflicts[0].now, "");
    undo_conflicts.clear();
    EXPECT_EQ(undo_selected({{key_json(0)}, {}, {}}, true).conflicts, 1U);
    ASSERT_EQ(undo_conflicts.size(), 1U);
    EXPECT_EQ(undo_conflicts[0].before, R"({"c":{"N":"0"}})");
    EXPECT_EQ(undo_conflicts[0].after, R"({"c":{"N":"1"}})");
    EXPECT_EQ(undo_conflicts[0].now, R"({"pk":{"S":"k0"},"c":{"N":"77"}})");
}

TEST_F(UndoSelectionTest, RefusesWhatIsNoKey) {
    fill(1);
    run(increment());
    EXPECT_THROW(undo_selected({{"k0"}, {}, {}}), base::Error);
    EXPECT_EQ(number(0, "c"), "1");
}

}  // namespace
}  // namespace dynamigrate::backfill
