#include "memory_table.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>

namespace dynamigrate::expressions::memory {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;

namespace {

constexpr std::size_t kMaxPartitionKeyBytes = 2048;
constexpr std::size_t kMaxSortKeyBytes = 1024;

std::string canonical_text(const AttributeValue& value) {
    return value.is(AttributeType::number) ? dynamodb::canonical_number(value.text())
                                           : std::string(value.text());
}

bool is_key_value(const AttributeValue* value, const KeyAttribute& key, std::size_t max_bytes) {
    return value != nullptr && value->is(key.type) &&
           (value->is(AttributeType::number) ||
            (!value->text().empty() && value->text().size() <= max_bytes));
}

void check_key_attribute(const AttributeValue* value, const KeyAttribute& key,
                         std::size_t max_bytes) {
    if (value == nullptr) {
        refuse_validation("One or more parameter values were invalid: Missing the key " + key.name +
                          " in the item");
    }
    if (!value->is(key.type)) {
        refuse_validation("One or more parameter values were invalid: Type mismatch for key " +
                          key.name + " expected: " + std::string(to_string(key.type)) +
                          " actual: " + std::string(to_string(value->type())));
    }
    if (!value->is(AttributeType::number) && value->text().empty()) {
        refuse_validation(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot "
            "contain an empty " +
            std::string(key.type == AttributeType::string ? "string" : "binary") +
            " value. Key: " + key.name);
    }
    if (!is_key_value(value, key, max_bytes)) {
        refuse_validation("One or more parameter values were invalid: Size of " +
                          std::string(max_bytes == kMaxSortKeyBytes ? "rangekey" : "hashkey") +
                          " has exceeded the maximum size limit of " + std::to_string(max_bytes) +
                          " bytes");
    }
}

void check_key(const Item& item, const KeySchema& key) {
    check_key_attribute(item.find(key.hash.name), key.hash, kMaxPartitionKeyBytes);
    if (key.sort) {
        check_key_attribute(item.find(key.sort->name), *key.sort, kMaxSortKeyBytes);
    }
}

void check_index_key(const Index& index, const Item& item, const KeyAttribute& key,
                     std::size_t max_bytes) {
    const AttributeValue* value = item.find(key.name);
    if (value == nullptr || is_key_value(value, key, max_bytes)) {
        return;
    }
    if (!value->is(key.type)) {
        refuse_validation(
            "One or more parameter values were invalid: Type mismatch for Index Key " + key.name +
            " Expected: " + std::string(to_string(key.type)) +
            " Actual: " + std::string(to_string(value->type())) + " IndexName: " + index.name);
    }
    refuse_validation(
        "One or more parameter values are not valid. A value specified for a secondary index key "
        "is empty or "
        "too long. IndexName: " +
        index.name + ", IndexKey: " + key.name);
}

AttributeValue sorted_value(const AttributeValue& value, base::Arena& arena);

std::span<const Attribute> sorted_attributes(std::span<const Attribute> attributes,
                                             base::Arena& arena) {
    std::vector<Attribute> copy(attributes.begin(), attributes.end());
    std::sort(copy.begin(), copy.end(),
              [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
    for (Attribute& attribute : copy) {
        attribute.value = sorted_value(attribute.value, arena);
    }
    return arena.copy(std::span<const Attribute>(copy));
}

AttributeValue sorted_value(const AttributeValue& value, base::Arena& arena) {
    if (value.is(AttributeType::map)) {
        return AttributeValue::map(sorted_attributes(value.attributes(), arena));
    }
    if (value.is(AttributeType::list)) {
        std::vector<AttributeValue> elements;
        for (const AttributeValue& element : value.elements()) {
            elements.push_back(sorted_value(element, arena));
        }
        return AttributeValue::list(arena.copy(std::span<const AttributeValue>(elements)));
    }
    return value;
}

}  // namespace

bool operator<(const ItemKey& a, const ItemKey& b) {
    if (a.hash != b.hash || a.partition != b.partition) {
        return std::tie(a.hash, a.partition) < std::tie(b.hash, b.partition);
    }
    if (a.sort_type == AttributeType::number && b.sort_type == AttributeType::number) {
        return dynamodb::compare_numbers(a.sort, b.sort) < 0;
    }
    return a.sort < b.sort;
}

const Index* Table::index(std::string_view wanted) const {
    auto found = std::find_if(indexes.begin(), indexes.end(),
                              [&](const Index& candidate) { return candidate.name == wanted; });
    return found == indexes.end() ? nullptr : &*found;
}

void refuse(std::string_view code, const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message).service_code(std::string(code));
}

void refuse_validation(const std::string& message) { refuse("ValidationException", message); }

bool has_key(const Item& item, const KeySchema& key) {
    return is_key_value(item.find(key.hash.name), key.hash, kMaxPartitionKeyBytes) &&
           (!key.sort || is_key_value(item.find(key.sort->name), *key.sort, kMaxSortKeyBytes));
}

ItemKey key_of(const Item& item, const KeySchema& key) {
    ItemKey result;
    const AttributeValue& hash = *item.find(key.hash.name);
    result.partition = std::string(to_string(hash.type())) + ":" + canonical_text(hash);
    result.hash = base::fast_hash(result.partition);
    if (key.sort) {
        const AttributeValue& sort = *item.find(key.sort->name);
        result.sort = canonical_text(sort);
        result.sort_type = sort.type();
    }
    return result;
}

ItemKey checked_key(const Table& table, const Item& key) {
    std::size_t wanted = table.key.sort ? 2 : 1;
    if (key.size() != wanted || key.find(table.key.hash.name) == nullptr ||
        (table.key.sort && key.find(table.key.sort->name) == nullptr)) {
        refuse_validation("The provided key element does not match the schema");
    }
    check_key(key, table.key);
    return key_of(key, table.key);
}

ItemKey checked_item_key(const Table& table, const Item& item, bool is_update) {
    check_key(item, table.key);
    for (const Index& index : table.indexes) {
        check_index_key(index, item, index.key.hash, kMaxPartitionKeyBytes);
        if (index.key.sort) {
            check_index_key(index, item, *index.key.sort, kMaxSortKeyBytes);
        }
    }
    if (dynamodb::item_size(item) > dynamodb::kMaxItemBytes) {
        refuse_validation(is_update ? "Item size to update has exceeded the maximum allowed size"
                                    : "Item size has exceeded the maximum allowed size");
    }
    return key_of(item, table.key);
}

Item projected(const Table& table, const Index& index, const Item& item, base::Arena& arena) {
    if (index.projection == dynamodb::ProjectionType::all) {
        return item;
    }
    std::vector<Attribute> kept;
    for (const Attribute& attribute : item) {
        bool is_included =
            std::find(index.non_key_attributes.begin(), index.non_key_attributes.end(),
                      attribute.name) != index.non_key_attributes.end();
        if (table.key.contains(attribute.name) || index.key.contains(attribute.name) ||
            is_included) {
            kept.push_back(attribute);
        }
    }
    return Item(arena.copy(std::span<const Attribute>(kept)));
}

Item sorted(const Item& item, base::Arena& arena) {
    return Item(sorted_attributes(item.attributes(), arena));
}

}  // namespace dynamigrate::expressions::memory
