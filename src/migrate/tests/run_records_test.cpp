#include "../run_records.hpp"
#include "../lock.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamodb/size.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace dynamigrate::migrate {
namespace {

using backfill::QuarantinedItem;
using backfill::SegmentState;
using testing::error_of;
using testing::Project;

SegmentState segment(std::uint32_t number, const std::string& position) {
    SegmentState state;
    state.segment = number;
    state.pages_done = 7;
    state.position = position;
    state.counts.read = 100;
    state.counts.quarantined = 1;
    return state;
}

struct RunRecordsCase : ::testing::TestWithParam<bool> {
    Project project{GetParam()};
    NativeTable table{project.memory, "h", "default", project.clock, project.random};

    RunRecordsCase() { table.create_if_absent({}); }
    std::unique_ptr<Lock> lock() {
        return std::make_unique<Lock>(
            table, project.world(), LockTiming{testing::kLease, testing::kHeartbeat},
            [](const std::string&) {}, std::stop_token{});
    }
};

INSTANTIATE_TEST_SUITE_P(Transactions, RunRecordsCase, ::testing::Bool());

void check_round_trip(backfill::RunRecords& records) {
    EXPECT_FALSE(records.total_segments(2));
    records.begin_step(2, 300);
    EXPECT_EQ(records.total_segments(2), 300u);
    records.save_segment(2, segment(10, "b"));
    records.save_segment(2, segment(9, ""));
    SegmentState done = segment(10, R"({"pk":{"S":"x"}})");
    done.is_done = true;
    records.save_segment(2, done);
    records.save_segment(3, segment(1, "other step"));
    auto states = records.load_segments(2);
    ASSERT_EQ(states.size(), 2u);
    EXPECT_EQ(states[0].segment, 9u);
    EXPECT_EQ(states[0].position, "");
    EXPECT_TRUE(states[1].is_done);
    EXPECT_EQ(states[1].position, R"({"pk":{"S":"x"}})");
    EXPECT_EQ(states[1].pages_done, 7u);
    EXPECT_EQ(states[1].counts.read, 100u);
    EXPECT_EQ(states[1].counts.quarantined, 1u);
}

void check_quarantine(backfill::RunRecords& records) {
    QuarantinedItem item{2, "app", R"({"pk":{"S":"a"}})", "too_large", "401 KB"};
    records.quarantine(item);
    records.quarantine(item);
    QuarantinedItem of_stream{2, "app", R"({"pk":{"S":"b"}})", "conflict", ""};
    of_stream.number = 17;
    records.quarantine(of_stream);
    records.quarantine({3, "app", R"({"pk":{"S":"a"}})", "conflict", ""});
    EXPECT_EQ(records.quarantined(2).size(), 2u);
    records.forget_quarantined(item);
    records.forget_quarantined(item);
    auto left = records.quarantined(2);
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].key, R"({"pk":{"S":"b"}})");
    EXPECT_EQ(left[0].reason, "conflict");
    EXPECT_EQ(left[0].number, 17u);
    EXPECT_EQ(records.quarantined(3).size(), 1u);
}

TEST_P(RunRecordsCase, KeepWhatTheyAreTold) {
    auto held = lock();
    NativeRunRecords records(table, "r1", held->fence());
    check_round_trip(records);
    check_quarantine(records);
    NativeRunRecords other(table, "r2", held->fence());
    EXPECT_TRUE(other.load_segments(2).empty());
    EXPECT_TRUE(other.quarantined(2).empty());
}

TEST_P(RunRecordsCase, RefuseAnOwnerWhoseFenceWasRaised) {
    auto first = lock();
    NativeRunRecords old(table, "r1", first->fence());
    old.begin_step(0, 2);
    old.save_segment(0, segment(0, "a"));
    break_lock(table);
    auto second = lock();
    NativeRunRecords records(table, "r1", second->fence());
    records.raise_fence();
    EXPECT_EQ(error_of([&] { old.save_segment(0, segment(0, "z")); }).kind(),
              base::ErrorKind::aborted);
    EXPECT_EQ(error_of([&] { old.begin_step(1, 2); }).kind(), base::ErrorKind::aborted);
    EXPECT_EQ(records.load_segments(0)[0].position, "a");
    records.save_segment(0, segment(0, "b"));
    EXPECT_EQ(records.load_segments(0)[0].position, "b");
}

TEST_P(RunRecordsCase, IgnoreSegmentsOfAnotherDivision) {
    auto held = lock();
    NativeRunRecords records(table, "r1", held->fence());
    records.begin_step(0, 2);
    records.save_segment(0, segment(0, "of two"));
    NativeRunRecords again(table, "r1", held->fence());
    again.begin_step(0, 3);
    EXPECT_TRUE(again.load_segments(0).empty());
}

TEST_P(RunRecordsCase, LetTheLatestTakerOfASegmentWriteOnly) {
    auto held = lock();
    NativeRunRecords older(table, "r1", held->fence());
    older.begin_step(0, 2);
    SegmentState first = older.take_segment(0, 1, 1);
    EXPECT_EQ(first.attempt, 2u);
    EXPECT_EQ(first.journal_from, 2u);
    first.position = "a";
    older.save_segment(0, first);

    NativeRunRecords later(table, "r1", held->fence());
    SegmentState second = later.take_segment(0, 1, 1);
    EXPECT_EQ(second.attempt, 3u);
    EXPECT_EQ(second.journal_from, 2u);
    EXPECT_EQ(second.position, "a");
    EXPECT_EQ(later.last_segment_attempt(), 3u);

    QuarantinedItem item{0, "app", R"({"pk":{"S":"a"}})", "too_large", ""};
    item.segment = 1;
    later.quarantine(item);
    EXPECT_EQ(error_of([&] { older.save_segment(0, first); }).kind(), base::ErrorKind::aborted);
    EXPECT_EQ(error_of([&] { older.quarantine(item); }).kind(), base::ErrorKind::aborted);
    EXPECT_EQ(error_of([&] { older.forget_quarantined(item); }).kind(), base::ErrorKind::aborted);
    EXPECT_EQ(later.quarantined(0).size(), 1u);
    later.forget_quarantined(item);
    EXPECT_TRUE(later.quarantined(0).empty());
    second.is_done = true;
    later.save_segment(0, second);
    EXPECT_EQ(older.take_segment(0, 1, 1).attempt, 3u);
    EXPECT_EQ(later.take_segment(0, 0, 9).attempt, 10u);
}

TEST_P(RunRecordsCase, LetNobodyTakeASegmentWithoutTheLock) {
    auto first = lock();
    NativeRunRecords old(table, "r1", first->fence());
    old.begin_step(0, 2);
    break_lock(table);
    EXPECT_EQ(error_of([&] { old.take_segment(0, 0, 1); }).kind(), base::ErrorKind::aborted);
    auto second = lock();
    EXPECT_EQ(error_of([&] { old.take_segment(0, 0, 1); }).kind(), base::ErrorKind::aborted);
    NativeRunRecords records(table, "r1", second->fence());
    EXPECT_EQ(records.take_segment(0, 0, 1).attempt, 2u);
}

/// As after a week of calls of fourteen minutes, each of which writes two parts.
TEST_P(RunRecordsCase, ListThePartsOfManyCallsAndKeepTheSegmentsRecordSmall) {
    constexpr std::uint32_t kCalls = 300;
    constexpr std::size_t kOneWriteUnit = 1024;
    auto held = lock();
    const std::string run = project.random.uuid();
    NativeRunRecords owner(table, run, held->fence());
    owner.begin_step(0, 64);
    const std::string sort_key = "record#" + run + "#0000#segment#000063";
    for (std::uint32_t call = 1; call <= kCalls; ++call) {
        NativeRunRecords records(table, run, held->fence());
        records.measure([&] {
            SegmentNotes notes;
            for (const char* lane : {"000126", "000127"}) {
                notes.parts.push_back(
                    {fmt::format("part-{:06}-{}", call, lane), 1'000'000'000, 1'000'000, ~0U});
            }
            notes.used = {0, 840.5, 123'456.5, 654'321.5, 2'000'000'000, 840};
            return notes;
        });
        SegmentState state = records.take_segment(0, 63, 1);
        state.pages_done += 500;
        state.position = R"({"pk":{"S":"1d0c5b2e-9c0c-4e0e-8f57-1c0f2f3b5a77"}})";
        state.counts = {1'000'000, 900'000, 800'000, 100'000, 10, 5, 0};
        records.save_segment(0, state);
        ASSERT_LT(dynamodb::item_size(table.get(sort_key)->item).value, kOneWriteUnit) << call;
    }
    NativeRunRecords other(table, run, held->fence());
    const SegmentsNotes notes = other.segments_notes();
    EXPECT_EQ(notes.segments, 1U);
    EXPECT_EQ(notes.used.calls, kCalls);
    std::set<std::string> names;
    for (const layers::PartSummary& part : notes.parts) {
        names.insert(part.name);
    }
    EXPECT_EQ(names.size(), 2 * kCalls);
    EXPECT_EQ(notes.parts.size(), names.size());
    EXPECT_EQ(other.load_segments(0).size(), 1U);
    EXPECT_EQ(other.last_segment_attempt(), kCalls + 1);
}

}  // namespace
}  // namespace dynamigrate::migrate
