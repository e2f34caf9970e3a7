#include "overlay_marks.hpp"

#include "key_bytes.hpp"

namespace dynamigrate::engine {

using dynamodb::Attribute;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

std::string key_of(const Table& table, const Item& key) {
    return "m" + row_key(table, nullptr, key);
}

bool is_key_attribute(const Table& table, std::string_view name) {
    if (table.key.contains(name)) {
        return true;
    }
    for (const Index& index : table.indexes) {
        if (index.is_in_base && index.key.contains(name)) {
            return true;
        }
    }
    return false;
}

bool is_same(const dynamodb::KeyAttribute& attribute, const Item& a, const Item& b) noexcept {
    const AttributeValue* left = a.find(attribute.name);
    const AttributeValue* right = b.find(attribute.name);
    return left != nullptr && right != nullptr && *left == *right;
}

}  // namespace

bool OverlayMark::has_entry_at(const Index& index, const Item& entry) const noexcept {
    return has_entry(index) && is_same(index.key.hash, base_keys, entry) &&
           (!index.key.sort || is_same(*index.key.sort, base_keys, entry));
}

bool OverlayMarks::has(const Table& table, const Item& key) const {
    std::string value;
    return store_.get(key_of(table, key), value);
}

bool OverlayMarks::find(const Table& table, const Item& key, base::Arena& arena,
                        OverlayMark& mark) const {
    std::string value;
    if (!store_.get(key_of(table, key), value)) {
        return false;
    }
    mark.is_in_base = !value.empty();
    mark.base_keys = value.empty() ? Item() : dynamodb::parse_item(value, arena);
    return true;
}

void OverlayMarks::add(Store::Batch& batch, const Table& table, const Item& key,
                       const Item* base_item) {
    std::string value;
    if (base_item != nullptr) {
        json::Writer out(value);
        out.begin_object();
        for (const Attribute& attribute : *base_item) {
            if (is_key_attribute(table, attribute.name)) {
                out.key(attribute.name);
                dynamodb::write_value(out, attribute.value);
            }
        }
        out.end_object();
    }
    batch.put(key_of(table, key), value);
}

void OverlayMarks::drop(const Table& table) {
    std::string prefix = "m";
    append_rows_prefix(prefix, table, nullptr);
    Store::Batch batch;
    batch.remove_range(prefix, after_prefix(prefix));
    store_.write(batch);
}

}  // namespace dynamigrate::engine
