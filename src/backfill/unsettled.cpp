#include <dynamigrate/backfill/unsettled.hpp>

#include "edit.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>

namespace dynamigrate::backfill {

namespace {

using layers::JournalEntry;

enum class Found { as_before, as_after, otherwise };

Found look(dynamodb::Service& service, const JournalEntry& entry) {
    std::optional<dynamodb::OwnedItem> owned;
    try {
        owned = dynamodb::get_item(service, std::string(entry.table), entry.key);
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::not_found) {
            throw;
        }
        return Found::as_before;  // nothing is left of it
    }
    const dynamodb::Item* item = owned ? &owned->item : nullptr;
    if (equals_before(entry, item, true)) {
        return Found::as_before;
    }
    return !is_of_move(entry) && equals_after(entry, item) ? Found::as_after : Found::otherwise;
}

}  // namespace

UnsettledWrites unsettled_writes(dynamodb::Service& service, layers::Journal& journal) {
    UnsettledWrites writes;
    journal.read(
        [](const layers::JournalPage&) { return true; },
        [&](const layers::JournalPage&, const JournalEntry& entry, layers::EntryOutcome outcome) {
            if (outcome == layers::EntryOutcome::unsettled) {
                const Found found = look(service, entry);
                ++writes.entries;
                writes.as_before += found == Found::as_before ? 1 : 0;
                writes.as_after += found == Found::as_after ? 1 : 0;
            }
        });
    return writes;
}

}  // namespace dynamigrate::backfill
