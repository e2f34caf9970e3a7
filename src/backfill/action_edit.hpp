#pragma once

#include "edit.hpp"

#include <dynamigrate/backfill/transform.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::backfill {

/// An item as it is, and as one action after the other makes it.
struct ActionState {
    std::optional<dynamodb::Item> before;
    std::optional<dynamodb::Item> after;
    std::vector<std::string_view> reads;  ///< attributes on which `after` depends
    bool reads_all = false;
};

/// What an action does to an item.
struct ActionEffect {
    enum class Kind {
        done,     ///< the state is as wanted
        kept,     ///< a put that keeps the item that is there
        exists,   ///< a put that must not meet an item
        refused,  ///< `message` tells
    };
    Kind kind = Kind::done;
    std::string message;
};

/// Applies the action to the state; only when it is `done` may that have changed.
ActionEffect apply(const Action& action, ActionState& state, base::Arena& arena);
/// The write from before to after; nothing where they are the same.
std::optional<Edit> edit_for(const ActionState& state, const Target& table,
                             const EditPolicy& policy, base::Arena& arena);
/// The kind of an action's entry.
layers::EntryKind as_action(layers::EntryKind kind);

/// Whether the action, applied to the item that it brought about, leaves that as it is.
bool is_idempotent(const Action& action, const dynamodb::Item& after, base::Arena& arena);

/// Checks what shows without the item: the key, the expression, that it changes no key attribute.
/// Returns the key. Errors: invalid_argument.
dynamodb::Item check_action(const Action& action, const Target& table, base::Arena& arena);

}  // namespace dynamigrate::backfill
