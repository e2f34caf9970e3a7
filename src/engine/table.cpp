#include "table.hpp"

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::KeyAttribute;

namespace {

constexpr std::size_t kMaxPartitionKeyBytes = 2048;
constexpr std::size_t kMaxSortKeyBytes = 1024;

bool is_key_value(const AttributeValue* value, const KeyAttribute& key,
                  std::size_t max_bytes) noexcept {
    return value != nullptr && value->is(key.type) &&
           (value->is(AttributeType::number) ||
            (!value->text().empty() && value->text().size() <= max_bytes));
}

bool is_projected(const Table& table, const Index& index, std::string_view name) {
    return table.key.contains(name) || index.key.contains(name) ||
           std::find(index.non_key_attributes.begin(), index.non_key_attributes.end(), name) !=
               index.non_key_attributes.end();
}

}  // namespace

std::string_view to_string(Status status) noexcept {
    switch (status) {
        case Status::creating:
            return "CREATING";
        case Status::updating:
            return "UPDATING";
        case Status::deleting:
            return "DELETING";
        case Status::active:
            break;
    }
    return "ACTIVE";
}

const Index* Table::index(std::string_view wanted) const noexcept {
    auto found = std::find_if(indexes.begin(), indexes.end(),
                              [&](const Index& candidate) { return candidate.name == wanted; });
    return found == indexes.end() ? nullptr : &*found;
}

void drop_unused_definitions(Table& table) {
    std::erase_if(table.definitions, [&](const KeyAttribute& attribute) {
        return !table.key.contains(attribute.name) &&
               std::none_of(table.indexes.begin(), table.indexes.end(),
                            [&](const Index& index) { return index.key.contains(attribute.name); });
    });
}

bool has_key(const Item& item, const dynamodb::KeySchema& key) noexcept {
    return is_key_value(item.find(key.hash.name), key.hash, kMaxPartitionKeyBytes) &&
           (!key.sort || is_key_value(item.find(key.sort->name), *key.sort, kMaxSortKeyBytes));
}

Item projected(const Table& table, const Index& index, const Item& item, base::Arena& arena) {
    if (index.projection == dynamodb::ProjectionType::all) {
        return item;
    }
    std::vector<Attribute> kept;
    for (const Attribute& attribute : item) {
        if (is_projected(table, index, attribute.name)) {
            kept.push_back(attribute);
        }
    }
    return Item(arena.copy(std::span<const Attribute>(kept)));
}

}  // namespace dynamigrate::engine
