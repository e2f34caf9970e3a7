#include "undo_filter.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <map>

namespace dynamigrate::backfill {

using layers::EntryKind;
using layers::JournalEntry;

namespace {

/// Equal keys have one spelling.
std::string spelled(const dynamodb::Item& key) {
    std::vector<dynamodb::Attribute> attributes(key.begin(), key.end());
    std::sort(attributes.begin(), attributes.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    std::string text;
    for (const dynamodb::Attribute& attribute : attributes) {
        text += attribute.name;
        text += '\0';
        text += attribute.value.is(dynamodb::AttributeType::number)
                    ? "N" + dynamodb::canonical_number(attribute.value.text())
                    : dynamodb::to_wire_json(dynamodb::Item(std::span(&attribute, 1)));
        text += '\0';
    }
    return text;
}

}  // namespace

bool is_selected(const UndoSelection& selection, const layers::JournalPage& page) {
    if (page.time == base::WallTime{}) {
        return true;
    }
    return (!selection.since || page.time >= *selection.since) &&
           (!selection.until || page.time < *selection.until);
}

KeyFilter::KeyFilter(const UndoSelection& selection, layers::Journal& journal,
                     const std::function<bool(const layers::JournalPage&)>& pages)
    : has_all_(selection.keys.empty()) {
    base::Arena arena;
    for (const std::string& key : selection.keys) {
        try {
            keys_.insert(spelled(dynamodb::parse_item(key, arena)));
        } catch (const base::Error& error) {
            throw base::Error(base::ErrorKind::invalid_argument,
                              "a key is an item in DynamoDB JSON, such as "
                              "{\"pk\":{\"S\":\"a\"}}, not " +
                                  key)
                .because(error);
        }
    }
    if (has_all_) {
        return;
    }
    std::map<std::uint32_t, Move> moves;  // the latest of each part
    journal.read(pages,
                 [&](const layers::JournalPage&, const JournalEntry& entry, layers::EntryOutcome) {
                     follow(moves[layers::part_of(entry.id)], entry);
                 });
}

/// A removal, the puts that follow it in its part, and what puts the item back.
void KeyFilter::follow(Move& move, const JournalEntry& entry) {
    if (entry.kind == EntryKind::move_remove) {
        move = {};
        move.key = spelled(entry.key);
    } else if (entry.kind != EntryKind::move_insert &&
               (entry.kind != EntryKind::insert || move.key != spelled(entry.key))) {
        move = {};
        return;
    }
    move.ids.push_back(entry.id);
    move.is_named = move.is_named || names(entry);
    if (move.is_named) {
        moves_.insert(move.ids.begin(), move.ids.end());
    }
}

bool KeyFilter::names(const JournalEntry& entry) const {
    return keys_.contains(spelled(entry.key));
}

bool KeyFilter::has(const JournalEntry& entry) const {
    const bool is_move =
        entry.kind == EntryKind::move_insert || entry.kind == EntryKind::move_remove;
    return has_all_ || moves_.contains(entry.id) || (!is_move && names(entry));
}

}  // namespace dynamigrate::backfill
