#include "item_write.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <span>
#include <vector>

namespace dynamigrate::layers {

using dynamodb::Attribute;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

/// The attributes of one image that the other has not, or has otherwise.
Item difference(const Item& image, const Item& other, base::Arena& arena) {
    std::vector<Attribute> attributes;
    for (const Attribute& attribute : image) {
        const AttributeValue* value = other.find(attribute.name);
        if (value == nullptr || *value != attribute.value) {
            attributes.push_back(attribute);
        }
    }
    return Item(arena.copy(std::span<const Attribute>(attributes)));
}

Item with_key(const ItemWrite& write, const Item& after, base::Arena& arena) {
    std::vector<Attribute> attributes(write.key.begin(), write.key.end());
    for (const Attribute& attribute : after) {
        if (write.key.find(attribute.name) == nullptr) {
            attributes.push_back(attribute);
        }
    }
    return Item(arena.copy(std::span<const Attribute>(attributes)));
}

EntryKind kind_of(const ItemWrite& write, const Item& before, const Item& after) {
    if (after.empty()) {
        return EntryKind::remove;
    }
    if (before.empty()) {
        return EntryKind::insert;
    }
    return write.kind == ItemWrite::Kind::put ? EntryKind::replace : EntryKind::update;
}

}  // namespace

Item image_after(const ItemWrite& write, const Item& before, base::Arena& arena) {
    switch (write.kind) {
        case ItemWrite::Kind::put:
            return write.item;
        case ItemWrite::Kind::remove:
            return {};
        case ItemWrite::Kind::update:
            break;
    }
    if (!before.empty()) {
        return write.update.apply(before, arena);
    }
    const bool creates = !write.must_exist && write.update.creates_item();
    return creates ? with_key(write, write.update.apply({}, arena), arena) : Item();
}

std::optional<Item> known_image_after(const ItemWrite& write, const Item& before,
                                      base::Arena& arena) {
    try {
        return image_after(write, before, arena);
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::invalid_argument) {
            throw;
        }
        return std::nullopt;
    }
}

JournalEntry entry_of(const ItemWrite& write, const Item& before, const Item& after,
                      base::Arena& arena) {
    JournalEntry entry;
    entry.kind = kind_of(write, before, after);
    entry.table = write.table;
    entry.key = write.key;
    entry.was_read_before = !write.tells_old && !write.must_be_absent;
    const bool is_update = entry.kind == EntryKind::update;
    entry.before = is_update ? difference(before, after, arena) : before;
    entry.after = is_update ? difference(after, before, arena) : after;
    return entry;
}

bool is_without_effect(const JournalEntry& entry) {
    return entry.kind == EntryKind::remove && entry.before.empty();
}

bool are_same(const JournalEntry& a, const JournalEntry& b) {
    return a.kind == b.kind && a.before == b.before && a.after == b.after;
}

}  // namespace dynamigrate::layers
