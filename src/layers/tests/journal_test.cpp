#include "journal_fixture.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <set>
#include <utility>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeValue;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

template <class Function>
ErrorKind kind_thrown_by(Function&& function) {
    try {
        function();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::internal;
}

}  // namespace

TEST_F(JournalTest, FindsNothingBeforeTheFirstPart) {
    EXPECT_FALSE(journal_->exists());
    EXPECT_EQ(journal_->last_attempt(), 0u);
    EXPECT_THAT(read(), IsEmpty());
    EXPECT_THAT(result_.parts, IsEmpty());
}

TEST_F(JournalTest, ReadsBackWhatWasAdded) {
    {
        auto writer = create_part(1, 3);
        writer->begin_page({2, 5, 9});
        const EntryId id = add_update(*writer, "a", "Old", "new");
        writer->commit_page();
        writer->add_outcome(id, EntryOutcome::applied);
    }
    const auto entries = read();
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].page.step, 2u);
    EXPECT_EQ(entries[0].page.segment, 5u);
    EXPECT_EQ(entries[0].page.page, 9u);
    EXPECT_EQ(entries[0].table, "app");
    EXPECT_EQ(entries[0].pk(), "a");
    EXPECT_EQ(entries[0].before->item.text("name"), "Old");
    EXPECT_EQ(entries[0].after->item.text("name"), "new");
    EXPECT_EQ(entries[0].outcome, EntryOutcome::applied);
    EXPECT_EQ(result_.entries, 1u);
    EXPECT_THAT(result_.torn_parts, IsEmpty());
    EXPECT_TRUE(journal_->exists());
}

TEST_F(JournalTest, KeepsEveryTypeKindAndAbsentName) {
    base::Arena arena;
    const AttributeValue strings[] = {AttributeValue::string("x"), AttributeValue::string("y")};
    const AttributeValue numbers[] = {AttributeValue::number("1"), AttributeValue::number("2.50")};
    const AttributeValue blobs[] = {AttributeValue::binary(std::string_view("\0\xff", 2))};
    const dynamodb::Attribute inner[] = {{"deep", AttributeValue::list(numbers)}, {"", {}}};
    const AttributeValue mixed[] = {AttributeValue::map(inner), AttributeValue::list({})};
    const dynamodb::Item item = dynamodb::ItemBuilder(arena)
                                    .set("s", AttributeValue::string(""))
                                    .set("n", AttributeValue::number("-1.2E-30"))
                                    .set("b", AttributeValue::binary(std::string_view("\0a", 2)))
                                    .set("t", AttributeValue::boolean(true))
                                    .set("f", AttributeValue::boolean(false))
                                    .set("z", AttributeValue::null())
                                    .set("ss", AttributeValue::string_set(strings))
                                    .set("ns", AttributeValue::number_set(numbers))
                                    .set("bs", AttributeValue::binary_set(blobs))
                                    .set("l", AttributeValue::list(mixed))
                                    .set("m", AttributeValue::map(inner))
                                    .build();
    const dynamodb::Item key = dynamodb::ItemBuilder(arena).string("pk", "a").build();
    {
        auto writer = create_part(1, 0);
        writer->begin_page({});
        for (int kind = 0; kind <= static_cast<int>(EntryKind::move_insert); ++kind) {
            writer->add({0, static_cast<EntryKind>(kind), "app", key, item, {}, {"gone", "n"}});
        }
        writer->add({0, EntryKind::insert, "", key, {}, item, {}});
        writer->commit_page();
    }
    const auto entries = read();
    ASSERT_EQ(entries.size(), 10u);
    for (std::size_t i = 0; i < 9; ++i) {
        EXPECT_EQ(entries[i].kind, static_cast<EntryKind>(i));
        EXPECT_EQ(entries[i].before->item, item);
        EXPECT_EQ(entries[i].before->item.size(), item.size());
        EXPECT_TRUE(entries[i].after->item.empty());
        EXPECT_THAT(entries[i].absent, ElementsAre("gone", "n"));
    }
    EXPECT_EQ(entries[0].before->item.text("n"), "-1.2E-30");
    EXPECT_FALSE(entries[0].before->item.find("f")->as_boolean());
    EXPECT_TRUE(entries[0].before->item.find("t")->as_boolean());
    EXPECT_EQ(entries[9].after->item, item);
    EXPECT_EQ(entries[9].table, "");
    EXPECT_THAT(entries[9].absent, IsEmpty());
}

TEST_F(JournalTest, KeepsMoreNamesThanItShares) {
    base::Arena arena;
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) {
        names.push_back("attribute" + std::to_string(i));
    }
    dynamodb::ItemBuilder forwards(arena), backwards(arena);
    for (std::size_t i = 0; i < names.size(); ++i) {
        forwards.string(names[i], names[i]);
        backwards.string(names[names.size() - 1 - i], "x");
    }
    const dynamodb::Item before = forwards.build();
    const dynamodb::Item after = backwards.build();
    {
        auto writer = create_part(1, 0);
        writer->begin_page({});
        writer->add({0, EntryKind::update, "app", {}, before, after, {}});
        writer->add({0, EntryKind::update, "app", {}, after, before, {}});
        writer->commit_page();
    }
    const auto entries = read();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].before->item, before);
    EXPECT_EQ(entries[1].before->item, after);
}

TEST_F(JournalTest, GivesUniqueIdsAcrossPartsAttemptsAndLanes) {
    std::set<EntryId> ids;
    for (const auto& [attempt, lane] : {std::pair{1u, 0u}, {1u, 1u}, {2u, 0u}, {65535u, 65535u}}) {
        auto writer = create_part(attempt, lane);
        for (const EntryId id : add_page(*writer, {}, {"a", "b"})) {
            EXPECT_TRUE(ids.insert(id).second);
        }
    }
    EXPECT_EQ(ids.size(), 8u);
    for (const ReadEntry& entry : read()) {
        EXPECT_EQ(ids.erase(entry.id), 1u);
    }
    EXPECT_EQ(journal_->last_attempt(), 65535u);
    EXPECT_EQ(kind_thrown_by([&] { create_part(0, 0); }), ErrorKind::invalid_argument);
    EXPECT_EQ(kind_thrown_by([&] { create_part(65536, 0); }), ErrorKind::invalid_argument);
    EXPECT_EQ(kind_thrown_by([&] { create_part(1, 65536); }), ErrorKind::invalid_argument);
}

TEST_F(JournalTest, WritesNothingForAPageWithoutEntries) {
    auto writer = create_part(1, 0);
    const auto before = writer->summary().bytes;
    writer->begin_page({});
    writer->commit_page();
    EXPECT_EQ(writer->summary().bytes, before);
    EXPECT_THAT(read(), IsEmpty());
}

TEST_F(JournalTest, DropsAPageThatWasNotCommitted) {
    auto writer = create_part(1, 0);
    writer->begin_page({});
    const EntryId dropped = add_update(*writer, "dropped", "a", "b");
    const auto ids = add_page(*writer, {}, {"kept"});
    EXPECT_THAT(keys(), ElementsAre("kept"));
    EXPECT_NE(ids[0], dropped);
    EXPECT_EQ(read()[0].id, ids[0]);
}

TEST_F(JournalTest, ReadsInTheOrderWrittenAndNewestFirst) {
    auto lane1 = create_part(1, 1);
    auto lane0 = create_part(1, 0);
    add_page(*lane1, {0, 1, 0}, {"a", "b"});
    add_page(*lane0, {0, 0, 0}, {"c", "d"});
    add_page(*lane1, {0, 1, 1}, {"e"});
    journal_ = open_directory_journal(directory_.path(), "run-1");
    auto resumed = create_part(2, 0);
    add_page(*resumed, {0, 0, 1}, {"f", "g"});
    auto tenth = create_part(10, 0);
    add_page(*tenth, {0, 0, 1}, {"h"});

    EXPECT_THAT(keys(), ElementsAre("a", "b", "c", "d", "e", "f", "g", "h"));
    EXPECT_THAT(keys(true), ElementsAre("h", "g", "f", "e", "d", "c", "b", "a"));
    const auto entries = read();
    EXPECT_TRUE(std::is_sorted(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
        return a.page.order < b.page.order;
    }));
    EXPECT_NE(part_of(entries[1].id), part_of(entries[2].id));
    EXPECT_EQ(part_of(entries[1].id), part_of(entries[4].id));
}

TEST_F(JournalTest, VisitsOnlyPagesThatPassTheFilter) {
    auto writer = create_part(1, 0);
    add_page(*writer, {0, 0, 0}, {"a"});
    const auto ids = add_page(*writer, {0, 1, 0}, {"b", "c"});
    add_page(*writer, {0, 0, 1}, {"d"});
    writer->add_outcome(ids[1], EntryOutcome::applied);
    writer->flush();

    const auto entries = read_if([](const JournalPage& page) { return page.segment == 1; });
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].pk(), "b");
    EXPECT_EQ(entries[0].outcome, EntryOutcome::unsettled);
    EXPECT_EQ(entries[1].outcome, EntryOutcome::applied);
    EXPECT_EQ(result_.entries, 2u);
    EXPECT_EQ(result_.parts.at(0).entries, 4u);
}

TEST_F(JournalTest, TakesTheLastOutcomeFromLaterFramesAndParts) {
    std::vector<EntryId> ids;
    {
        auto first = create_part(1, 0);
        ids = add_page(*first, {}, {"a", "b", "c", "d", "e", "f"});
        first->add_outcome(ids[0], EntryOutcome::applied);
        first->add_outcome(ids[1], EntryOutcome::guard_failed);
        first->add_outcome(ids[5], EntryOutcome::rejected);
        first->flush();
        first->add_outcome(ids[1], EntryOutcome::applied);
    }
    {
        auto second = create_part(2, 4);
        second->add_outcome(ids[3], EntryOutcome::unknown);
        second->add_outcome(ids[2], EntryOutcome::applied);
        second->add_outcome(ids[5], EntryOutcome::applied);
    }
    for (const bool newest_first : {false, true}) {
        auto entries = read(newest_first);
        ASSERT_EQ(entries.size(), 6u);
        if (newest_first) {
            std::reverse(entries.begin(), entries.end());
        }
        EXPECT_EQ(entries[0].outcome, EntryOutcome::applied);
        EXPECT_EQ(entries[1].outcome, EntryOutcome::applied);
        EXPECT_EQ(entries[2].outcome, EntryOutcome::applied);
        EXPECT_EQ(entries[3].outcome, EntryOutcome::unknown);
        EXPECT_EQ(entries[4].outcome, EntryOutcome::unsettled);
        EXPECT_EQ(entries[5].outcome, EntryOutcome::applied);
    }
}

TEST_F(JournalTest, WritesOutcomesWithTheNextFrameOnFlushAndOnClose) {
    auto writer = create_part(1, 0);
    const auto a = add_page(*writer, {}, {"a"});
    writer->add_outcome(a[0], EntryOutcome::applied);
    EXPECT_EQ(read()[0].outcome, EntryOutcome::unsettled);
    const auto b = add_page(*writer, {}, {"b"});
    EXPECT_EQ(read()[0].outcome, EntryOutcome::applied);
    writer->add_outcome(b[0], EntryOutcome::applied);
    writer->flush();
    EXPECT_EQ(read()[1].outcome, EntryOutcome::applied);
    const auto c = add_page(*writer, {}, {"c"});
    writer->add_outcome(c[0], EntryOutcome::rejected);
    writer.reset();
    EXPECT_EQ(read()[2].outcome, EntryOutcome::rejected);
}

TEST_F(JournalTest, SummarisesAPartAlikeWhenWritingAndReading) {
    auto writer = create_part(1, 2);
    const auto ids = add_page(*writer, {}, {"a", "b"});
    writer->add_outcome(ids[0], EntryOutcome::applied);
    writer->flush();
    const PartSummary written = writer->summary();
    read();
    const PartSummary& found = result_.parts.at(0);
    EXPECT_EQ(written.name, "part-000001-0002.dmj");
    EXPECT_EQ(found.name, written.name);
    EXPECT_EQ(found.bytes, written.bytes);
    EXPECT_EQ(found.entries, 2u);
    EXPECT_EQ(written.entries, 2u);
    EXPECT_EQ(found.checksum, written.checksum);
    const std::string bytes = base::read_file(part_path(written.name));
    EXPECT_EQ(bytes.size(), written.bytes);
    EXPECT_EQ(base::crc32(bytes), written.checksum);
}

TEST_F(JournalTest, IsReadableByItsOwnerOnly) {
    const auto writer = create_part(1, 0);
    const auto mode = [](const std::filesystem::path& path) {
        return static_cast<int>(std::filesystem::status(path).permissions());
    };
    EXPECT_EQ(mode(part_path("part-000001-0000.dmj")), 0600);
    EXPECT_EQ(mode(part_path("")), 0700);
}

TEST_F(JournalTest, RefusesASecondWriterOfAPart) {
    auto writer = create_part(1, 0);
    EXPECT_EQ(kind_thrown_by([&] { create_part(1, 0); }), ErrorKind::failed_precondition);
    writer.reset();
    EXPECT_EQ(kind_thrown_by([&] { create_part(1, 0); }), ErrorKind::already_exists);
}

TEST_F(JournalTest, RefusesToSealWhileAWriterLives) {
    auto writer = create_part(1, 0);
    try {
        journal_->seal();
        FAIL() << "sealed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::aborted);
        EXPECT_THAT(error.what(), testing::HasSubstr("part-000001-0000.dmj"));
    }
    add_page(*writer, {}, {"a"});
    writer.reset();
    journal_->seal();
    EXPECT_THAT(keys(), ElementsAre("a"));
}

TEST_F(JournalTest, RefusesWritersOfSealedAttempts) {
    create_part(1, 0);
    create_part(2, 0);
    journal_->seal();
    EXPECT_EQ(kind_thrown_by([&] { create_part(1, 1); }), ErrorKind::aborted);
    EXPECT_EQ(kind_thrown_by([&] { create_part(2, 1); }), ErrorKind::aborted);
    EXPECT_EQ(kind_thrown_by([&] { create_part(2, 0); }), ErrorKind::aborted);
    add_page(*create_part(3, 0), {}, {"a"});
    EXPECT_THAT(keys(), ElementsAre("a"));
    journal_->seal();
    EXPECT_EQ(kind_thrown_by([&] { create_part(3, 1); }), ErrorKind::aborted);
}

TEST_F(JournalTest, SealsAttemptsThatHaveNoPart) {
    journal_->seal(1);
    EXPECT_FALSE(journal_->exists());
    EXPECT_EQ(journal_->last_attempt(), 0u);
    EXPECT_EQ(kind_thrown_by([&] { create_part(1, 0); }), ErrorKind::aborted);
    create_part(2, 0);
    journal_->seal(3);
    EXPECT_EQ(journal_->last_attempt(), 2u);
    EXPECT_EQ(kind_thrown_by([&] { create_part(3, 0); }), ErrorKind::aborted);
    create_part(4, 0);
    journal_->seal(1);
    EXPECT_EQ(kind_thrown_by([&] { create_part(4, 1); }), ErrorKind::aborted);
}

TEST_F(JournalTest, SealsNothingWhenThereIsNothing) {
    journal_->seal();
    EXPECT_FALSE(journal_->exists());
    EXPECT_NO_THROW(create_part(1, 0));
}

TEST_F(JournalTest, RefusesRunNamesThatLeaveTheDirectory) {
    for (const char* run : {"", ".", "..", "a/b", "../b"}) {
        EXPECT_EQ(kind_thrown_by([&] { open_directory_journal(directory_.path(), run); }),
                  ErrorKind::invalid_argument);
    }
}

TEST(NullJournal, GivesIdsAndKeepsNothing) {
    const auto journal = make_null_journal();
    const auto writer = journal->create_part({"run-1", 1, 0, 0, ""});
    writer->begin_page({});
    const EntryId first = writer->add({});
    EXPECT_NE(first, writer->add({}));
    writer->commit_page();
    writer->add_outcome(first, EntryOutcome::applied);
    writer->flush();
    journal->seal();
    EXPECT_FALSE(journal->exists());
    EXPECT_EQ(journal->last_attempt(), 0u);
    EXPECT_EQ(journal->location(), "none");
    const auto result = journal->read([](const JournalPage&) { return true; },
                                      [](const auto&...) { FAIL() << "an entry"; });
    EXPECT_EQ(result.entries, 0u);
}

}  // namespace dynamigrate::layers
