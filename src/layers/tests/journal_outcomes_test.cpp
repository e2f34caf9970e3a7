#include "../journal_outcomes.hpp"

#include <dynamigrate/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace dynamigrate::layers {

TEST(OutcomeTable, KeepsConsecutiveEqualOutcomesInOnePlace) {
    OutcomeTable table;
    table.select(0, 100'000);
    for (EntryId id = 0; id < 100'000; ++id) {
        table.set({id, 1, EntryOutcome::applied});
    }
    EXPECT_EQ(table.runs(), 1u);
    EXPECT_EQ(table.get(99'999), EntryOutcome::applied);
    EXPECT_EQ(table.get(100'000), EntryOutcome::unsettled);
}

TEST(OutcomeTable, KeepsOnlySelectedEntries) {
    OutcomeTable table;
    table.select(10, 5);
    table.select(15, 5);
    table.select(make_entry_id(2, 0, 0), 5);
    table.set({0, make_entry_id(2, 0, 3), EntryOutcome::rejected});
    EXPECT_EQ(table.runs(), 2u);
    EXPECT_EQ(table.get(9), EntryOutcome::unsettled);
    EXPECT_EQ(table.get(10), EntryOutcome::rejected);
    EXPECT_EQ(table.get(19), EntryOutcome::rejected);
    EXPECT_EQ(table.get(20), EntryOutcome::unsettled);
    EXPECT_EQ(table.get(make_entry_id(2, 0, 2)), EntryOutcome::rejected);
    EXPECT_EQ(table.get(make_entry_id(2, 0, 3)), EntryOutcome::unsettled);
}

TEST(OutcomeTable, AgreesWithAPlainListOfOutcomes) {
    base::SeededRandom random(7);
    for (int round = 0; round < 100; ++round) {
        OutcomeTable table;
        table.select(0, 64);
        std::vector<EntryOutcome> plain(64, EntryOutcome::unsettled);
        for (int step = 0; step < 40; ++step) {
            const EntryId first = random.below(64);
            const std::uint64_t count = random.below(64 - first + 1);
            const auto outcome = static_cast<EntryOutcome>(random.below(5));
            table.set({first, count, outcome});
            std::fill_n(plain.begin() + static_cast<std::ptrdiff_t>(first), count, outcome);
        }
        for (EntryId id = 0; id < 64; ++id) {
            ASSERT_EQ(table.get(id), plain[id]) << id;
        }
    }
}

TEST(JournalFrames, KeepRunsOfOutcomesInAnyOrder) {
    const std::vector<OutcomeRun> runs{
        {make_entry_id(2, 1, 7), 3, EntryOutcome::applied},
        {make_entry_id(1, 0, 0), 1, EntryOutcome::unknown},
        {make_entry_id(65535, 65535, UINT32_MAX), 1, EntryOutcome::guard_failed}};
    ByteBuffer out;
    append_outcomes(out, runs);
    const auto read = parse_outcomes(out.view(kFrameHeadBytes));
    ASSERT_EQ(read.size(), runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
        EXPECT_EQ(read[i].first, runs[i].first);
        EXPECT_EQ(read[i].count, runs[i].count);
        EXPECT_EQ(read[i].outcome, runs[i].outcome);
    }
}

TEST(JournalFrames, RefuseAPartOfAnotherFormat) {
    try {
        parse_header(R"({"format":2,"tool":"9.0"})", "part");
        FAIL() << "read";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
        EXPECT_NE(std::string(error.what()).find("9.0"), std::string::npos);
    }
}

}  // namespace dynamigrate::layers
