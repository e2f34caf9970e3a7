#include <dynamigrate/backfill/unsettled.hpp>

#include "edit.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>

namespace dynamigrate::backfill {

namespace {

bool is_as_before(dynamodb::Service& service, const layers::JournalEntry& entry) {
    try {
        const auto item = dynamodb::get_item(service, std::string(entry.table), entry.key);
        return equals_before(entry, item ? &item->item : nullptr);
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::not_found) {
            throw;
        }
        return true;  // nothing is left of it
    }
}

}  // namespace

std::uint64_t unsettled_writes(dynamodb::Service& service, layers::Journal& journal) {
    std::uint64_t count = 0;
    journal.read(
        [](const layers::JournalPage&) { return true; },
        [&](const layers::JournalPage&, const layers::JournalEntry& entry,
            layers::EntryOutcome outcome) {
            if (outcome == layers::EntryOutcome::unsettled && !is_as_before(service, entry)) {
                ++count;
            }
        });
    return count;
}

}  // namespace dynamigrate::backfill
