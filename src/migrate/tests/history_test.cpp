#include "../history.hpp"
#include "../lock.hpp"
#include "fixtures.hpp"

#include <dynamigrate/expressions/testing/failing_service.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using testing::error_of;
using testing::Project;

HistoryRow full_row() {
    HistoryRow row;
    row.id = "1.2.0";
    row.run = "r1";
    row.status = Status::failed;
    row.action = "up";
    row.description = "Lower-case e-mails";
    row.path = "migrations/1.2.0.yaml";
    row.checksum = "abc";
    row.started_at = "2024-01-01T00:00:00.000Z";
    row.finished_at = "2024-01-01T00:00:01.000Z";
    row.by = "ann@host";
    row.tool_version = "0.1.0";
    row.error = "it broke";
    row.journal = "/j/r1";
    row.counts.read = 10;
    row.counts.kept = 3;
    row.step_counts = {row.counts, {}};
    row.parts = {{"0001-000", 123, 4, 0xffffffff}};
    row.read_units = 12.5;
    row.write_units = 1e9;
    row.attempt = 2;
    row.steps_done = 1;
    row.interrupted = true;
    return row;
}

struct HistoryCase : ::testing::TestWithParam<bool> {
    Project project{GetParam()};
    NativeTable table{project.memory, "dynamigrate-history", "default", project.clock,
                      project.random};
    History history{table};

    std::unique_ptr<Lock> lock() {
        return std::make_unique<Lock>(
            table, project.world(), LockTiming{testing::kLease, testing::kHeartbeat},
            [](const std::string&) {}, std::stop_token{});
    }
};

INSTANTIATE_TEST_SUITE_P(Transactions, HistoryCase, ::testing::Bool());

TEST_P(HistoryCase, FindsNothingWithoutATable) {
    EXPECT_TRUE(history.read().rows().empty());
    EXPECT_FALSE(read_lock_owner(table));
    EXPECT_EQ(project.memory.description("dynamigrate-history"), "");
}

TEST_P(HistoryCase, KeepsEveryMemberOfARow) {
    table.create_if_absent({});
    auto held = lock();
    HistoryRow row = full_row();
    row.fence = held->fence();
    history.write(row);
    HistoryView view = history.read();
    ASSERT_EQ(view.rows().size(), 1u);
    const HistoryRow& read = view.rows()[0];
    base::Arena arena;
    EXPECT_EQ(to_item(read, arena), to_item(row, arena));
    EXPECT_EQ(read.fence, row.fence);
    EXPECT_EQ(read.parts[0].checksum, 0xffffffffu);
    EXPECT_EQ(read.read_units, 12.5);
    EXPECT_EQ(read.step_counts.size(), 2u);
}

TEST_P(HistoryCase, GivesRowsOldestFirstAndOnlyOfItsScope) {
    table.create_if_absent({});
    auto held = lock();
    for (const char* time : {"2024-01-03T00:00:00.000Z", "2024-01-01T00:00:00.000Z"}) {
        HistoryRow row = full_row();
        row.started_at = time;
        row.fence = held->fence();
        history.write(row);
    }
    HistoryView view = history.read();
    ASSERT_EQ(view.rows().size(), 2u);
    EXPECT_EQ(view.rows()[0].started_at, "2024-01-01T00:00:00.000Z");
    NativeTable other(project.memory, "dynamigrate-history", "other", project.clock,
                      project.random);
    EXPECT_TRUE(History(other).read().rows().empty());
}

TEST_P(HistoryCase, RefusesAWriteWithoutTheLock) {
    table.create_if_absent({});
    HistoryRow row = full_row();
    row.fence = lock()->fence();  // released again
    EXPECT_EQ(error_of([&] { history.write(row); }).kind(), base::ErrorKind::aborted);
    auto next = lock();
    EXPECT_EQ(error_of([&] { history.write(row); }).kind(), base::ErrorKind::aborted);
    row.fence = next->fence();
    history.write(row);
}

TEST_P(HistoryCase, CreatesTheTableOnceAndWaitsForIt) {
    table.create_if_absent({});
    table.create_if_absent({});
    EXPECT_EQ(project.memory.request_count("CreateTable"), 1);
    EXPECT_NE(project.memory.description("dynamigrate-history").find("PAY_PER_REQUEST"),
              std::string::npos);
}

TEST_P(HistoryCase, MayWriteARowAgainAfterALostAnswer) {
    table.create_if_absent({});
    auto held = lock();
    HistoryRow row = full_row();
    row.fence = held->fence();
    history.write(row);
    history.write(row);
    EXPECT_EQ(history.read().rows().size(), 1u);
}

TEST(History, RefusesARowOfANewerKind) {
    Project project;
    NativeTable table(project.memory, "h", "default", project.clock, project.random);
    table.create_if_absent({});
    project.memory.put("h", R"({"pk":{"S":"dynamigrate#default"},"sk":{"S":"run#x"},)"
                            R"("id":{"S":"1"},"status":{"S":"paused"}})");
    auto error = error_of([&] { History(table).read(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::corrupted);
}

}  // namespace
}  // namespace dynamigrate::migrate
