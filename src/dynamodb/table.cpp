#include <dynamigrate/dynamodb/table.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::dynamodb {

bool KeySchema::contains(std::string_view attribute) const noexcept {
    return hash.name == attribute || (sort && sort->name == attribute);
}

Item KeySchema::key_of(const Item& item, base::Arena& arena) const {
    ItemBuilder key(arena);
    auto add = [&](const KeyAttribute& attribute) {
        const AttributeValue* value = item.find(attribute.name);
        if (value == nullptr) {
            throw base::Error(base::ErrorKind::corrupted,
                              "an item has no key attribute \"" + attribute.name + "\"");
        }
        key.set(arena.copy(attribute.name), value->clone(arena));
    };
    add(hash);
    if (sort) {
        add(*sort);
    }
    return key.build();
}

const IndexDescription* TableDescription::index(std::string_view index_name) const noexcept {
    auto found = std::find_if(indexes.begin(), indexes.end(), [&](const IndexDescription& index) {
        return index.name == index_name;
    });
    return found == indexes.end() ? nullptr : &*found;
}

std::string key_digest(const Item& key) {
    std::vector<Attribute> attributes(key.begin(), key.end());
    std::sort(attributes.begin(), attributes.end(),
              [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
    std::vector<std::string> spellings;
    spellings.reserve(attributes.size());
    for (Attribute& attribute : attributes) {
        if (attribute.value.is(AttributeType::number)) {
            spellings.push_back(canonical_number(attribute.value.text()));
            attribute.value = AttributeValue::number(spellings.back());
        }
    }
    return "key " + base::sha256_hex(to_wire_json(Item(attributes))).substr(0, 12);
}

std::strong_ordering compare_keys(const AttributeValue& a, const AttributeValue& b) noexcept {
    if (a.is(AttributeType::number) && b.is(AttributeType::number)) {
        return compare_numbers(a.text(), b.text());
    }
    // std::char_traits<char> compares as unsigned char.
    return a.text().compare(b.text()) <=> 0;
}

}  // namespace dynamigrate::dynamodb
