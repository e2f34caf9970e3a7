#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::backfill {

inline constexpr std::string_view kMarkerAttribute = "_dm";

/// A table that is written to.
struct Target {
    std::string name;
    dynamodb::KeySchema key;
};

/// How writes are guarded, for a whole plan.
struct EditPolicy {
    Guard guard;
    bool marker = false;
    std::string_view run;
};

/// One conditional write of one item, ready to be journalled and sent. Lives in the page's arena.
struct Edit {
    layers::EntryKind kind = layers::EntryKind::update;
    const Target* target = nullptr;
    dynamodb::Item key;
    dynamodb::Item before;  ///< as it was read, for an update maybe in part; empty: absent
    dynamodb::Item after;   ///< `before` as it becomes; empty: to be deleted
    std::span<const dynamodb::Attribute> sets;
    std::span<const std::string_view> removes;
    std::span<const dynamodb::Attribute> guard_present;
    std::span<const std::string_view> guard_absent;
    bool marker = false;  ///< also conditioned on the marker not being this run's
    std::string_view run;

    std::uint32_t origin = 0;        ///< index of the source item in the page
    const Action* action = nullptr;  ///< the action it stands for, if any
    bool is_copy = false;            ///< the action is the source item's own put elsewhere
    layers::EntryId id = 0;
    std::uint32_t rounds = 0;  ///< failed guards so far
    bool may_have_applied = false;
    std::uint64_t before_bytes = 0;  ///< item sizes, 0: not known yet
    std::uint64_t after_bytes = 0;
    std::uint64_t unread_bytes = 0;  ///< of attributes that were not read, estimated

    bool is_delete() const noexcept {
        return kind == layers::EntryKind::remove || kind == layers::EntryKind::action_remove ||
               kind == layers::EntryKind::move_remove;
    }
    bool is_insert() const noexcept {
        return kind == layers::EntryKind::insert || kind == layers::EntryKind::action_insert ||
               kind == layers::EntryKind::move_insert;
    }
    bool has_effect() const noexcept {
        return is_delete() || is_insert() || !sets.empty() || !removes.empty();
    }
    double write_units() const noexcept;
};

/// What the decision behind an edit depended on.
struct ReadSet {
    const std::vector<std::string_view>* names = nullptr;  ///< may repeat
    const std::vector<std::string>* always = nullptr;      ///< `where`'s attributes
    bool all = false;
};

/// The minimal write that turns `before` into `after` (same key), and its guard.
Edit make_update(const Target& target, const dynamodb::Item& before, const dynamodb::Item& after,
                 const ReadSet& read, const EditPolicy& policy, base::Arena& arena);
/// A put of an item that must not exist yet.
Edit make_insert(const Target& target, const dynamodb::Item& after, const EditPolicy& policy,
                 base::Arena& arena);
/// A deletion, guarded by what was read (or by all of it).
Edit make_delete(const Target& target, const dynamodb::Item& before, const ReadSet& read,
                 const EditPolicy& policy, base::Arena& arena);

/// The journal's entry for an edit: images of guarded and written attributes.
/// `absent` is scratch that the entry points to.
layers::JournalEntry journal_entry(const Edit& edit, base::Arena& arena,
                                   std::vector<std::string_view>& absent);

/// Whether the attributes that the write changes have, in `current`, the values of the image
/// after (for a journal entry) — then it was applied.
bool equals_after(const layers::JournalEntry& entry, const dynamodb::Item* current);
/// Whether the guarded and changed attributes still have the values of the image before;
/// `changed_only`: leaves out what was guarded but not changed.
bool equals_before(const layers::JournalEntry& entry, const dynamodb::Item* current,
                   bool changed_only = false);
/// Whether it is one of the two entries of a changed key.
bool is_of_move(const layers::JournalEntry& entry) noexcept;
/// Whether every attribute of the image still is in the item as it was.
bool holds_all(const dynamodb::Item& item, const dynamodb::Item& image);
/// The write that a journal entry stands for, to be sent again as it was.
Edit edit_of(const layers::JournalEntry& entry, const Target& target, const EditPolicy& policy,
             base::Arena& arena);
/// The write that takes the entry back, guarded by its image after.
Edit reverse_edit_of(const layers::JournalEntry& entry, const Target& target, base::Arena& arena);

}  // namespace dynamigrate::backfill
