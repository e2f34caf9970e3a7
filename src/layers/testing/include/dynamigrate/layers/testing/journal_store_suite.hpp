#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/layers/journal_store.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

/// What every journal store promises. Instantiate `JournalStoreSuite` with kinds of stores, in the
/// namespace dynamigrate::layers::testing.
namespace dynamigrate::layers::testing {

/// One place, which machines reach through stores of their own.
class JournalPlace {
public:
    virtual ~JournalPlace() = default;
    virtual JournalStore& machine(int number) = 0;
    /// Lets each further append be carried out and its answer be lost once.
    virtual void lose_answers() {}
    base::FakeClock clock;
    base::SeededRandom random{3};
};

struct JournalPlaceKind {
    std::string name;
    std::function<std::unique_ptr<JournalPlace>()> make;
    /// Whether a new owner can seal while a late writer lives: else it is refused (flock).
    bool seals_beside_writers = true;
};

inline void PrintTo(const JournalPlaceKind& kind, std::ostream* out) { *out << kind.name; }

class JournalStoreSuite : public ::testing::TestWithParam<JournalPlaceKind> {
protected:
    std::unique_ptr<Journal> open(int machine = 1) {
        JournalStore& store = place->machine(machine);
        return store.open("run-1", store.location("run-1"));
    }
    static std::unique_ptr<JournalWriter> begin(Journal& journal, std::uint32_t attempt,
                                                std::uint32_t lane) {
        return journal.create_part({"run-1", attempt, lane, 7, "1.0"});
    }
    static EntryId add_page(JournalWriter& writer, const std::string& pk,
                            const std::string& more = "") {
        base::Arena arena;
        JournalEntry entry;
        entry.table = "app";
        entry.key = dynamodb::ItemBuilder(arena).string("pk", pk).build();
        entry.before = dynamodb::ItemBuilder(arena).string("name", "old " + pk).build();
        entry.after = dynamodb::ItemBuilder(arena).string("name", more + "new " + pk).build();
        writer.begin_page({0, 0, 0});
        const EntryId id = writer.add(entry);
        writer.commit_page();
        return id;
    }
    /// "pk=outcome" in the order of the commits.
    static std::vector<std::string> read(Journal& journal, bool newest_first = false) {
        std::vector<std::string> found;
        const auto all = [](const JournalPage&) { return true; };
        const auto visit = [&](const JournalPage&, const JournalEntry& entry,
                               EntryOutcome outcome) {
            found.push_back(std::string(entry.key.text("pk")) + "=" +
                            std::to_string(static_cast<int>(outcome)));
        };
        newest_first ? journal.read_newest_first(all, visit) : journal.read(all, visit);
        return found;
    }
    template <class Function>
    static base::ErrorKind kind_of(Function&& function) {
        try {
            function();
        } catch (const base::Error& error) {
            return error.kind();
        }
        ADD_FAILURE() << "nothing was thrown";
        return base::ErrorKind::internal;
    }
    using Strings = std::vector<std::string>;

    std::unique_ptr<JournalPlace> place = GetParam().make();
};

TEST_P(JournalStoreSuite, HoldsARunFromItsBeginToItsRemoval) {
    JournalStore& store = place->machine(1);
    const std::string at = store.location("run-1");
    EXPECT_FALSE(store.holds("run-1", at));
    store.begin("run-1");
    EXPECT_TRUE(store.holds("run-1", at));
    EXPECT_TRUE(place->machine(2).holds("run-1", at));
    EXPECT_FALSE(open()->exists());
    add_page(*begin(*open(), 1, 0), "a");
    EXPECT_TRUE(open()->exists());
    store.remove("run-1", at);
    EXPECT_FALSE(store.holds("run-1", at));
    EXPECT_FALSE(open()->exists());
    EXPECT_EQ(read(*open()), Strings{});
    store.remove("run-1", at);
}

TEST_P(JournalStoreSuite, IsReadByAnotherMachineAsItWasCommitted) {
    place->machine(1).begin("run-1");
    const auto here = open(1);
    const auto lane1 = begin(*here, 1, 1);
    const auto lane0 = begin(*here, 1, 0);
    const EntryId a = add_page(*lane1, "a");
    place->clock.advance(std::chrono::seconds(1));
    add_page(*lane0, "b");
    lane1->add_outcome(a, EntryOutcome::applied);
    add_page(*lane1, "c");
    const auto there = open(2);
    EXPECT_EQ(read(*there), (Strings{"a=1", "b=0", "c=0"}));
    EXPECT_EQ(read(*there, true), (Strings{"c=0", "b=0", "a=1"}));
    lane0->add_outcome(a, EntryOutcome::rejected);
    lane0->flush();
    EXPECT_EQ(read(*there), (Strings{"a=1", "b=0", "c=0"}));  // lane 1 comes later
    add_page(*lane0, "d");
    EXPECT_EQ(read(*there).size(), 4U);
    EXPECT_EQ(there->last_attempt(), 1U);
}

TEST_P(JournalStoreSuite, TellsWhenPagesWereCommitted) {
    place->machine(1).begin("run-1");
    const auto journal = open();
    const auto writer = begin(*journal, 1, 0);
    std::vector<base::WallTime> expected;
    for (const char* pk : {"a", "b", "c"}) {
        add_page(*writer, pk);
        expected.push_back(place->clock.now());
        if (*pk != 'a') {
            place->clock.advance(std::chrono::minutes(1));
        }
    }
    std::vector<base::WallTime> found;
    journal->read([](const JournalPage& page) { return page.time != base::WallTime{}; },
                  [&](const JournalPage& page, const JournalEntry&, EntryOutcome) {
                      found.push_back(page.time);
                  });
    EXPECT_EQ(found, expected);
}

TEST_P(JournalStoreSuite, SummarisesAPartAlikeWhenWritingAndReading) {
    place->machine(1).begin("run-1");
    const auto journal = open();
    const auto writer = begin(*journal, 1, 3);
    writer->add_outcome(add_page(*writer, "a"), EntryOutcome::applied);
    writer->flush();
    const PartSummary written = writer->summary();
    const JournalReadResult found =
        open(2)->read([](const JournalPage&) { return false; }, [](const auto&...) {});
    ASSERT_EQ(found.parts.size(), 1U);
    EXPECT_EQ(found.parts[0].name, "part-000001-0003.dmj");
    EXPECT_EQ(found.parts[0].name, written.name);
    EXPECT_EQ(found.parts[0].bytes, written.bytes);
    EXPECT_EQ(found.parts[0].checksum, written.checksum);
    EXPECT_EQ(found.parts[0].entries, 1U);
    EXPECT_EQ(found.torn_parts, Strings{});
}

TEST_P(JournalStoreSuite, KeepsPagesLargerThanAnObject) {
    place->machine(1).begin("run-1");
    const auto journal = open();
    const auto writer = begin(*journal, 1, 0);
    std::string noise;
    for (int i = 0; i < 60'000; ++i) {
        const std::uint64_t number = place->random.next();
        noise.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    add_page(*writer, "large", noise);
    add_page(*writer, "small");
    EXPECT_EQ(read(*open(2)), (Strings{"large=0", "small=0"}));
}

TEST_P(JournalStoreSuite, LetsNoPartBeWrittenTwice) {
    place->machine(1).begin("run-1");
    const auto journal = open();
    begin(*journal, 1, 0);
    EXPECT_EQ(kind_of([&] { begin(*journal, 1, 0); }), base::ErrorKind::already_exists);
    EXPECT_EQ(kind_of([&] { begin(*open(2), 1, 0); }), base::ErrorKind::already_exists);
}

TEST_P(JournalStoreSuite, LetsALateWriterAppendNothingOnceAnotherOwnerSealed) {
    place->machine(1).begin("run-1");
    const auto late = open(1);
    auto writer = begin(*late, 1, 0);
    add_page(*writer, "a");
    const auto owner = open(2);
    if (!GetParam().seals_beside_writers) {
        EXPECT_EQ(kind_of([&] { owner->seal(1); }), base::ErrorKind::aborted);
        writer.reset();
    }
    owner->seal(1);
    EXPECT_EQ(read(*owner), Strings{"a=0"});
    if (writer) {
        EXPECT_EQ(kind_of([&] { add_page(*writer, "late"); }), base::ErrorKind::aborted);
        EXPECT_EQ(kind_of([&] { add_page(*writer, "later"); }), base::ErrorKind::unavailable);
    }
    EXPECT_EQ(kind_of([&] { begin(*late, 1, 1); }), base::ErrorKind::aborted);
    owner->seal(1);
    add_page(*begin(*owner, 2, 0), "b");
    EXPECT_EQ(read(*owner), (Strings{"a=0", "b=0"}));
    EXPECT_EQ(read(*open(3)), (Strings{"a=0", "b=0"}));
}

TEST_P(JournalStoreSuite, SealsAttemptsThatHaveNoPart) {
    place->machine(1).begin("run-1");
    const auto journal = open();
    journal->seal(2);
    EXPECT_FALSE(journal->exists());
    EXPECT_EQ(kind_of([&] { begin(*open(2), 2, 0); }), base::ErrorKind::aborted);
    begin(*open(2), 3, 0);
    journal->seal();
    EXPECT_EQ(kind_of([&] { begin(*open(2), 3, 1); }), base::ErrorKind::aborted);
}

TEST_P(JournalStoreSuite, TakesALostAnswerForWhatItWas) {
    place->machine(1).begin("run-1");
    place->lose_answers();
    const auto journal = open();
    const auto writer = begin(*journal, 1, 0);
    add_page(*writer, "a");
    add_page(*writer, "b");
    EXPECT_EQ(read(*open(2)), (Strings{"a=0", "b=0"}));
}

TEST_P(JournalStoreSuite, RefusesRunNamesThatLeaveItsPlace) {
    JournalStore& store = place->machine(1);
    for (const char* run : {"", ".", "..", "a/b", "../b"}) {
        EXPECT_EQ(kind_of([&] { store.open(run, ""); }), base::ErrorKind::invalid_argument) << run;
        EXPECT_EQ(kind_of([&] { store.remove(run, ""); }), base::ErrorKind::invalid_argument);
    }
}

TEST_P(JournalStoreSuite, SharesLanesAmongMachines) {
    place->machine(1).begin("run-1");
    const auto whole = open(1);
    if (!GetParam().seals_beside_writers) {
        EXPECT_EQ(kind_of([&] { whole->share({}); }), base::ErrorKind::failed_precondition);
        return;
    }
    const auto first = whole->share({2, 3, 1, 0});
    const auto older = begin(*first, 1, 2);
    const EntryId a = add_page(*older, "a");
    const auto neighbour = begin(*open(2)->share({4, 5, 1, 0}), 1, 4);
    add_page(*neighbour, "b");

    const auto there = open(3);
    const auto second = there->share({2, 3, 1, 1});
    second->seal();
    EXPECT_EQ(kind_of([&] { add_page(*older, "late"); }), base::ErrorKind::aborted);
    EXPECT_EQ(kind_of([&] { begin(*first, 1, 3); }), base::ErrorKind::aborted);
    EXPECT_EQ(kind_of([&] { begin(*second, 2, 4); }), base::ErrorKind::internal);
    EXPECT_EQ(kind_of([&] { begin(*second, 1, 3); }), base::ErrorKind::internal);
    add_page(*neighbour, "c");
    EXPECT_EQ(read(*second), Strings{"a=0"});
    const auto later = begin(*second, 2, 2);
    later->add_outcome(a, EntryOutcome::applied);
    add_page(*later, "d");

    EXPECT_EQ(read(*open(4)->share({2, 3, 1, 2})), (Strings{"a=1", "d=0"}));
    EXPECT_EQ(read(*open(4)->share({2, 3, 2, 2})), (Strings{"d=0"}));
    EXPECT_EQ(read(*open(4)->share({2, 3, 2, 2, 1})).size(), 4U);
    EXPECT_EQ(read(*whole).size(), 4U);
    whole->seal();
    EXPECT_EQ(kind_of([&] { add_page(*neighbour, "late"); }), base::ErrorKind::aborted);
    EXPECT_EQ(kind_of([&] { add_page(*later, "late"); }), base::ErrorKind::aborted);
}

TEST_P(JournalStoreSuite, SealsOlderPartsOfItsOwnLanesWhateverElseItReads) {
    place->machine(1).begin("run-1");
    if (!GetParam().seals_beside_writers) {
        return;
    }
    const auto older = begin(*open(1)->share({2, 3, 1, 0}), 1, 2);
    add_page(*older, "a");
    const auto neighbour = begin(*open(2)->share({4, 5, 1, 0}), 1, 4);
    add_page(*neighbour, "b");
    open(3)->share({2, 3, 2, 1, 1})->seal();
    EXPECT_EQ(kind_of([&] { add_page(*older, "late"); }), base::ErrorKind::aborted);
    add_page(*neighbour, "c");
}

TEST_P(JournalStoreSuite, SealsOneAttemptInAllLanes) {
    place->machine(1).begin("run-1");
    if (!GetParam().seals_beside_writers) {
        return;
    }
    const auto owner = begin(*open(1), 2, 70);
    add_page(*owner, "a");
    const auto child = begin(*open(2)->share({2, 3, 1, 2}), 3, 2);
    PartRange range;
    range.first_attempt = range.last_attempt = 2;
    open(3)->share(range)->seal();
    EXPECT_EQ(kind_of([&] { add_page(*owner, "late"); }), base::ErrorKind::aborted);
    add_page(*child, "b");
    EXPECT_EQ(read(*open(4)), (Strings{"a=0", "b=0"}));
}

}  // namespace dynamigrate::layers::testing
