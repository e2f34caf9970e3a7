#include <dynamigrate/migrate/dry_recorder.hpp>

#include "fixtures.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;

class DryRecorderCase : public ::testing::Test {
protected:
    dynamodb::Item item(std::string_view json) { return dynamodb::parse_item(json, arena); }
    dynamodb::Item key(int number) {
        return item(R"({"pk":{"S":"k)" + std::to_string(number) + R"("}})");
    }

    void begin() {
        planned.migration = &migration;
        planned.action = "up";
        recorder.migration_begins(planned);
        recorder.step_begins(migration, 0, 1, *step);
    }
    void tell(const dynamodb::Item& its_key, const dynamodb::Item* before,
              const dynamodb::Item* after, std::string_view table = "app") {
        recorder.change({table, "until", its_key, before, after, 1, 2});
    }
    DryStep end(std::uint64_t changed, Status status = Status::applied) {
        StepResult result;
        result.counts.changed = changed;
        recorder.step_ends(migration, 0, result);
        HistoryRow row;
        row.status = status;
        recorder.migration_ends(planned, row);
        return recorder.report().migrations.back().steps.front();
    }

    base::Arena arena;
    base::FakeClock clock;
    layers::Meter meter;
    std::vector<backfill::QuarantinedItem> quarantined;
    DryRecorder recorder{
        {clock, meter, "history", [this](const std::string&) { return quarantined; }}};
    Migration migration{"1.0.0"};
    StepPtr step = make_ttl({"app", "until", true});
    PlannedMigration planned;
};

TEST_F(DryRecorderCase, CountsWritesByTableAndShowsTheFirst) {
    begin();
    dynamodb::Item before =
        item(R"({"pk":{"S":"k1"},"a":{"S":"x"},"gone":{"N":"1"},"s":{"N":"2"}})");
    dynamodb::Item after =
        item(R"({"pk":{"S":"k1"},"a":{"S":"y"},"new":{"BOOL":true},"s":{"N":"2"}})");
    tell(key(1), &before, &after);
    tell(key(2), nullptr, &after, "other");
    tell(key(1), &after, nullptr);
    tell(key(9), nullptr, &after, "history");
    DryStep told = end(3);
    ASSERT_EQ(told.tables.size(), 2U);
    EXPECT_EQ(told.tables[0].name, "app");
    EXPECT_EQ(told.tables[0].updates, 1U);
    EXPECT_EQ(told.tables[0].removes, 1U);
    EXPECT_EQ(told.tables[0].table_units, 2);
    EXPECT_EQ(told.tables[0].index_units, 4);
    EXPECT_EQ(told.tables[1].puts, 1U);
    ASSERT_EQ(told.examples.size(), 3U);
    EXPECT_EQ(told.examples[0].key, R"({"pk":"k1"})");
    std::vector<std::string> shown;
    for (const AttributeDifference& difference : told.examples[0].attributes) {
        shown.push_back(difference.name + " " + difference.before.value_or("none") + " " +
                        difference.after.value_or("none"));
    }
    EXPECT_THAT(shown, ElementsAre(R"(a "x" "y")", "gone 1 none", "new none true"));
}

TEST_F(DryRecorderCase, TellsValuesApartThatPlainJsonDoesNot) {
    begin();
    dynamodb::Item before = item(R"({"pk":{"S":"k1"},"a":{"L":[{"S":"x"}]}})");
    dynamodb::Item after = item(R"({"pk":{"S":"k1"},"a":{"SS":["x"]}})");
    tell(key(1), &before, &after);
    EXPECT_EQ(end(1).examples[0].attributes[0].after, R"({"SS":["x"]})");
}

TEST_F(DryRecorderCase, CountsWhatWouldExpireAtOnce) {
    begin();
    dynamodb::Item past = item(R"({"pk":{"S":"k1"},"until":{"N":"1600000000"}})");
    dynamodb::Item coming = item(R"({"pk":{"S":"k2"},"until":{"N":"1800000000"}})");
    dynamodb::Item text = item(R"({"pk":{"S":"k3"},"until":{"S":"1600000000"}})");
    tell(key(1), nullptr, &past);
    tell(key(2), nullptr, &coming);
    tell(key(3), nullptr, &text);
    DryStep told = end(3);
    EXPECT_EQ(told.tables[0].expired, 1U);
    EXPECT_EQ(told.expired.value, 1);
}

TEST_F(DryRecorderCase, CountsWhatStandsThereAndWouldExpireAtOnce) {
    recorder.standing("app", "until", key(1), item(R"({"until":{"N":"1699999999"}})"));
    begin();
    recorder.standing("app", "until", key(1), item(R"({"until":{"N":"1699999999"}})"));
    recorder.standing("app", "until", key(2), item(R"({"until":{"N":"1800000000"}})"));
    recorder.standing("app", "until", key(3), item(R"({"until":{"S":"1699999999"}})"));
    recorder.standing("app", "until", key(4), item(R"({"until":{"N":"1500000000"}})"));
    DryStep told = end(0);
    EXPECT_EQ(told.tables[0].expired, 1U);
    EXPECT_EQ(told.expired.value, 1);
    EXPECT_EQ(told.changed.value, 0);
}

TEST_F(DryRecorderCase, ListsWhatCannotBeMigrated) {
    begin();
    for (int i = 0; i < 5; ++i) {
        backfill::QuarantinedItem failed;
        failed.table = "app";
        failed.key = dynamodb::to_wire_json(key(i));
        failed.reason = i < 4 ? "too_large" : "transform_error";
        quarantined.push_back(failed);
    }
    DryStep told = end(0);
    EXPECT_EQ(told.failures,
              (std::map<std::string, std::uint64_t>{{"too_large", 4}, {"transform_error", 1}}));
    EXPECT_EQ(told.failed_items.size(), 4U);
    EXPECT_EQ(told.failed.value, 5);
}

TEST_F(DryRecorderCase, TakesAMovedItemForOne) {
    begin();
    dynamodb::Item image = item(R"({"pk":{"S":"k1"}})");
    for (int i = 0; i < 10; ++i) {
        tell(key(i), &image, nullptr);
        tell(key(100 + i), nullptr, &image);
    }
    EXPECT_EQ(end(10).changed.value, 10);
}

TEST_F(DryRecorderCase, EstimatesTheWholeFromASample) {
    begin();
    dynamodb::Item image = item(R"({"pk":{"S":"k1"},"a":{"S":"x"}})");
    for (int place = 0; place < 10; ++place) {
        std::vector<dynamodb::Item> keys;
        for (int i = 0; i < 10; ++i) {
            keys.push_back(key(place * 10 + i));
        }
        recorder.sampled("app", static_cast<std::uint64_t>(place), keys, 10'000);
        recorder.sampled("app", static_cast<std::uint64_t>(place), keys, 10'000);
        for (int i = 0; i < 4 + place % 2; ++i) {
            tell(keys[static_cast<std::size_t>(i)], &image, &image);
        }
    }
    DryStep told = end(45);
    EXPECT_EQ(told.sampled, 100U);
    EXPECT_EQ(told.population, 10'000U);
    EXPECT_DOUBLE_EQ(told.changed.value, 4500);
    EXPECT_LT(told.changed.low, 4500);
    EXPECT_GT(told.changed.low, 4000);
    EXPECT_GT(told.changed.high, 4500);
    EXPECT_DOUBLE_EQ(told.write_units.value, 13'500);
}

TEST_F(DryRecorderCase, SaysWhichStepWasNotFinished) {
    begin();
    HistoryRow row;
    row.status = Status::failed;
    row.step_counts.resize(1);
    row.step_counts[0].read = 7;
    recorder.migration_ends(planned, row);
    DryMigration told = recorder.report().migrations.at(0);
    EXPECT_FALSE(told.is_done);
    EXPECT_FALSE(told.steps.at(0).is_done);
    EXPECT_EQ(told.steps.at(0).counts.read, 7U);
}

TEST_F(DryRecorderCase, PassesEventsOn) {
    testing::RecordingListener listener;
    recorder.pass_on_to(&listener);
    begin();
    recorder.line("at work");
    recorder.undo_begins(migration, 1, 2, "undo it");
    end(0);
    EXPECT_THAT(listener.lines, ElementsAre("begin up 1.0.0", "step " + step->summary(), "at work",
                                            "undo it", "end applied"));
}

}  // namespace
}  // namespace dynamigrate::migrate
