#pragma once

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::layers {

/// An entry as it was read, with its own memory.
struct ReadEntry {
    JournalPage page;
    EntryId id = 0;
    EntryKind kind = EntryKind::update;
    EntryOutcome outcome = EntryOutcome::unsettled;
    std::string table;
    std::shared_ptr<dynamodb::OwnedItem> key, before, after;
    std::vector<std::string> absent;
    bool was_read_before = false;

    std::string pk() const { return std::string(key->item.text("pk")); }
};

class JournalTest : public testing::Test {
protected:
    std::filesystem::path part_path(const std::string& name) const {
        return directory_.path() / "run-1" / name;
    }
    std::unique_ptr<JournalWriter> create_part(std::uint32_t attempt, std::uint32_t lane) {
        return journal_->create_part({"run-1", attempt, lane, 7, "1.0"});
    }

    /// An update of `{"pk": pk}` that changes the attribute `name` from `before` to `after`.
    EntryId add_update(JournalWriter& writer, std::string_view pk, std::string_view before,
                       std::string_view after) {
        base::Arena arena;
        JournalEntry entry;
        entry.table = "app";
        entry.key = dynamodb::ItemBuilder(arena).string("pk", pk).build();
        entry.before = dynamodb::ItemBuilder(arena).string("name", before).build();
        entry.after = dynamodb::ItemBuilder(arena).string("name", after).build();
        return writer.add(entry);
    }
    /// A committed page with one update per key.
    std::vector<EntryId> add_page(JournalWriter& writer, const JournalPage& page,
                                  const std::vector<std::string>& keys) {
        std::vector<EntryId> ids;
        writer.begin_page(page);
        for (const std::string& key : keys) {
            ids.push_back(add_update(writer, key, "Old " + key, "new " + key));
        }
        writer.commit_page();
        return ids;
    }

    std::vector<ReadEntry> read(bool newest_first = false) {
        return read_if([](const JournalPage&) { return true; }, newest_first);
    }
    std::vector<ReadEntry> read_if(const std::function<bool(const JournalPage&)>& filter,
                                   bool newest_first = false) {
        std::vector<ReadEntry> entries;
        const auto visit = [&](const JournalPage& page, const JournalEntry& entry,
                               EntryOutcome outcome) {
            ReadEntry copy{page, entry.id, entry.kind, outcome, std::string(entry.table),
                           {},   {},       {},         {},      entry.was_read_before};
            copy.key = std::make_shared<dynamodb::OwnedItem>(entry.key);
            copy.before = std::make_shared<dynamodb::OwnedItem>(entry.before);
            copy.after = std::make_shared<dynamodb::OwnedItem>(entry.after);
            copy.absent.assign(entry.absent.begin(), entry.absent.end());
            entries.push_back(std::move(copy));
        };
        result_ = newest_first ? journal_->read_newest_first(filter, visit)
                               : journal_->read(filter, visit);
        return entries;
    }
    std::vector<std::string> keys(bool newest_first = false) {
        std::vector<std::string> keys;
        for (const ReadEntry& entry : read(newest_first)) {
            keys.push_back(entry.pk());
        }
        return keys;
    }

    base::TemporaryDirectory directory_;
    std::unique_ptr<Journal> journal_ = open_directory_journal(directory_.path(), "run-1");
    JournalReadResult result_;
};

}  // namespace dynamigrate::layers
