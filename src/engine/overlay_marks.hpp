#pragma once

#include "store.hpp"
#include "table.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <string>

namespace dynamigrate::engine {

/// What an overlay knows of an item that was changed in it: it hides the base's.
struct OverlayMark {
    bool is_in_base = false;
    /// The base's item as far as its table's and indexes' keys go; empty when it is not there.
    dynamodb::Item base_keys;

    /// Whether the base's index has an entry of the item.
    bool has_entry(const Index& index) const noexcept { return has_key(base_keys, index.key); }
    /// Whether the base's index has the entry at the place where `entry` lies.
    bool has_entry_at(const Index& index, const dynamodb::Item& entry) const noexcept;
};

/// The marks of all items that were ever changed in an overlay, under keys that begin with 'm'.
///
/// Threads: any; marks of one item are made one after the other.
class OverlayMarks {
public:
    explicit OverlayMarks(Store& store) : store_(store) {}

    bool has(const Table& table, const dynamodb::Item& key) const;
    /// False when the item was never changed here.
    bool find(const Table& table, const dynamodb::Item& key, base::Arena& arena,
              OverlayMark& mark) const;
    /// Adds the mark to the batch. `base_item`: nullptr when the base has no such item.
    static void add(Store::Batch& batch, const Table& table, const dynamodb::Item& key,
                    const dynamodb::Item* base_item);
    void drop(const Table& table);

private:
    Store& store_;
};

}  // namespace dynamigrate::engine
