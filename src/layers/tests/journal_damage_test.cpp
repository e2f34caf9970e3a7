#include "journal_fixture.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr const char* kPart = "part-000001-0000.dmj";

/// While it lives, files cannot grow beyond the size, as on a full disk.
class FullDisk {
public:
    explicit FullDisk(std::uint64_t size) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        handler_ = std::signal(SIGXFSZ, SIG_IGN);
        rlimit limit = before_;
        limit.rlim_cur = size;
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }
    FullDisk(const FullDisk&) = delete;
    FullDisk& operator=(const FullDisk&) = delete;

private:
    rlimit before_{};
    void (*handler_)(int) = nullptr;
};

class JournalDamageTest : public JournalTest {
protected:
    struct Written {
        std::vector<std::uint64_t> ends;  ///< of the file after each frame with a page
        std::string bytes;
    };

    /// Three pages of two entries, all applied, the outcomes of a page in the frame after it.
    Written write_part() {
        Written written;
        auto writer = create_part(1, 0);
        std::vector<EntryId> ids;
        for (int page = 0; page < 3; ++page) {
            for (const EntryId id : ids) {
                writer->add_outcome(id, EntryOutcome::applied);
            }
            const std::string name = std::to_string(page);
            ids = add_page(*writer, {0, 0, static_cast<std::uint64_t>(page)},
                           {"a" + name, "b" + name});
            written.ends.push_back(writer->summary().bytes);
        }
        writer.reset();
        written.bytes = base::read_file(part_path(kPart));
        return written;
    }
    void replace_part(std::string_view bytes) {
        std::filesystem::remove(part_path(kPart));  // truncation would be synced on some systems
        std::ofstream(part_path(kPart), std::ios::binary) << bytes;
    }
    static std::size_t entries_before(const Written& written, std::uint64_t length) {
        return 2 * static_cast<std::size_t>(
                       std::count_if(written.ends.begin(), written.ends.end(),
                                     [&](std::uint64_t end) { return end <= length; }));
    }
    /// The first `count` entries as written; outcomes may be missing, never wrong.
    void expect_first_entries(std::size_t count) {
        const auto entries = read();
        ASSERT_EQ(entries.size(), count);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string pk = (i % 2 == 0 ? "a" : "b") + std::to_string(i / 2);
            EXPECT_EQ(entries[i].pk(), pk);
            EXPECT_EQ(entries[i].page.page, i / 2);
            EXPECT_EQ(entries[i].before->item.text("name"), "Old " + pk);
            EXPECT_EQ(entries[i].after->item.text("name"), "new " + pk);
            if (i / 2 + 1 < count / 2) {
                EXPECT_EQ(entries[i].outcome, EntryOutcome::applied);
            }
        }
    }
};

}  // namespace

TEST_F(JournalDamageTest, CountsEverythingBeforeATornTailOfAnyLength) {
    const Written written = write_part();
    for (std::size_t length = 0; length < written.bytes.size(); ++length) {
        SCOPED_TRACE(length);
        replace_part(written.bytes.substr(0, length));
        expect_first_entries(entries_before(written, length));
        const PartSummary& part = result_.parts.at(0);
        EXPECT_LE(part.bytes, length);
        EXPECT_EQ(part.entries, entries_before(written, length));
        if (part.bytes < length || length == 0) {
            EXPECT_THAT(result_.torn_parts, ElementsAre(kPart));
        }
    }
}

TEST_F(JournalDamageTest, CountsEverythingBeforeAnyChangedByte) {
    const Written written = write_part();
    for (std::size_t place = 0; place < written.bytes.size(); ++place) {
        SCOPED_TRACE(place);
        std::string bytes = written.bytes;
        bytes[place] =
            static_cast<char>(static_cast<unsigned char>(bytes[place]) ^ (1u << place % 8));
        replace_part(bytes);
        expect_first_entries(entries_before(written, place));
        EXPECT_THAT(result_.torn_parts, ElementsAre(kPart));
        EXPECT_LT(result_.parts.at(0).bytes, written.bytes.size());
    }
}

TEST_F(JournalDamageTest, ReadsOtherPartsBesideATornOne) {
    const Written written = write_part();
    replace_part(written.bytes.substr(0, written.bytes.size() - 1));
    add_page(*create_part(2, 0), {}, {"later"});
    const auto entries = read();
    ASSERT_EQ(entries.size(), 5u);
    EXPECT_EQ(entries.back().pk(), "later");
    EXPECT_THAT(result_.torn_parts, ElementsAre(kPart));
    EXPECT_EQ(read(true).front().pk(), "later");
}

TEST_F(JournalDamageTest, SaysUnavailableOnAFullDiskAndStaysReadable) {
    auto writer = create_part(1, 0);
    add_page(*writer, {}, {"a"});
    const std::uint64_t good = writer->summary().bytes;
    {
        const FullDisk full(good + 20);
        try {
            add_page(*writer, {}, {"b"});
            FAIL() << "written";
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::unavailable);
            EXPECT_THAT(error.what(), testing::HasSubstr(kPart));
        }
        EXPECT_THAT(keys(), ElementsAre("a"));
        EXPECT_THAT(result_.torn_parts, IsEmpty());
        EXPECT_EQ(writer->summary().bytes, good);
        EXPECT_EQ(writer->summary().entries, 1u);
    }
    writer->commit_page();
    EXPECT_THAT(keys(), ElementsAre("a", "b"));
}

TEST_F(JournalDamageTest, KeepsOutcomesThatAFullDiskRefused) {
    auto writer = create_part(1, 0);
    const auto ids = add_page(*writer, {}, {"a"});
    writer->add_outcome(ids[0], EntryOutcome::applied);
    {
        const FullDisk full(writer->summary().bytes);
        EXPECT_THROW(writer->flush(), Error);
        EXPECT_EQ(read().at(0).outcome, EntryOutcome::unsettled);
    }
    writer->flush();
    EXPECT_EQ(read().at(0).outcome, EntryOutcome::applied);
}

TEST_F(JournalDamageTest, BeginsAPartAgainThatAFullDiskRefused) {
    {
        const FullDisk full(10);
        EXPECT_THROW(create_part(1, 0), Error);
    }
    EXPECT_THAT(read(), IsEmpty());
    EXPECT_THAT(result_.torn_parts, ElementsAre(kPart));
    add_page(*create_part(1, 0), {}, {"a"});
    EXPECT_THAT(keys(), ElementsAre("a"));
    EXPECT_THAT(result_.torn_parts, IsEmpty());
}

TEST_F(JournalDamageTest, RefusesAPartUnderAnotherName) {
    write_part();
    std::filesystem::rename(part_path(kPart), part_path("part-000001-0001.dmj"));
    try {
        read();
        FAIL() << "read";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupted);
        EXPECT_THAT(error.what(), testing::HasSubstr(kPart));
    }
}

}  // namespace dynamigrate::layers
