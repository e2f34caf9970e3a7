#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/expressions/update.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace dynamigrate::layers {

/// What a request does to one item. Points into the request.
struct ItemWrite {
    enum class Kind { put, update, remove };

    Kind kind = Kind::put;
    std::string table;
    dynamodb::Item key;
    dynamodb::Item item;                   ///< what is put
    expressions::UpdateExpression update;  ///< of an update
    bool must_exist = false;               ///< an UPDATE statement: a missing item fails it
    bool must_be_absent = false;           ///< an INSERT statement
    bool tells_old = false;                ///< the answer confirms the image before
};

/// What is at the key once the write was done; an empty item stands for none, on both sides.
/// Errors: Error invalid_argument where the update cannot be applied to such an item.
dynamodb::Item image_after(const ItemWrite& write, const dynamodb::Item& before,
                           base::Arena& arena);
/// The same, or nothing where it cannot be applied.
std::optional<dynamodb::Item> known_image_after(const ItemWrite& write,
                                                const dynamodb::Item& before, base::Arena& arena);

/// The journal's entry for a write that turns the one image into the other: whole images where the
/// item comes, goes or is replaced, of an update the attributes that it changes.
JournalEntry entry_of(const ItemWrite& write, const dynamodb::Item& before,
                      const dynamodb::Item& after, base::Arena& arena);
/// Whether it neither wrote nor deleted an item.
bool is_without_effect(const JournalEntry& entry);
bool are_same(const JournalEntry& a, const JournalEntry& b);

}  // namespace dynamigrate::layers
