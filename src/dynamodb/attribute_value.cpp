#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace dynamigrate::dynamodb {

namespace {

constexpr std::array<std::string_view, 10> kTypeNames{"S",  "N",  "B",  "BOOL", "NULL",
                                                      "SS", "NS", "BS", "L",    "M"};

/// Below this many elements comparing each with each is cheaper than sorting.
constexpr std::size_t kFewElements = 12;

bool is_scalar_less(const AttributeValue& a, const AttributeValue& b) noexcept {
    if (a.is(AttributeType::number)) {
        return compare_numbers(a.text(), b.text()) < 0;
    }
    return a.text() < b.text();
}

template <class T>
std::vector<const T*> pointers_to(std::span<const T> values) {
    std::vector<const T*> pointers;
    pointers.reserve(values.size());
    for (const T& value : values) {
        pointers.push_back(&value);
    }
    return pointers;
}

template <class T, class Less, class Equal>
bool equal_sorted(std::span<const T> a, std::span<const T> b, Less less, Equal equal) {
    auto left = pointers_to(a);
    auto right = pointers_to(b);
    auto pointed_less = [&](const T* x, const T* y) { return less(*x, *y); };
    std::sort(left.begin(), left.end(), pointed_less);
    std::sort(right.begin(), right.end(), pointed_less);
    return std::equal(left.begin(), left.end(), right.begin(),
                      [&](const T* x, const T* y) { return equal(*x, *y); });
}

bool equal_sets(std::span<const AttributeValue> a, std::span<const AttributeValue> b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    if (std::equal(a.begin(), a.end(), b.begin())) {
        return true;
    }
    if (a.size() > kFewElements) {
        return equal_sorted(a, b, is_scalar_less, std::equal_to<AttributeValue>{});
    }
    return std::all_of(a.begin(), a.end(), [&](const AttributeValue& element) {
        return std::find(b.begin(), b.end(), element) != b.end();
    });
}

const AttributeValue* find_in(std::span<const Attribute> attributes,
                              std::string_view name) noexcept {
    for (const Attribute& attribute : attributes) {
        if (attribute.name.size() == name.size() && attribute.name == name) {
            return &attribute.value;
        }
    }
    return nullptr;
}

bool equal_attributes(const Attribute& a, const Attribute& b) noexcept {
    return a.name == b.name && a.value == b.value;
}

bool equal_maps(std::span<const Attribute> a, std::span<const Attribute> b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    bool is_same_order =
        std::equal(a.begin(), a.end(), b.begin(),
                   [](const Attribute& x, const Attribute& y) { return x.name == y.name; });
    if (is_same_order) {
        return std::equal(a.begin(), a.end(), b.begin(), equal_attributes);
    }
    if (a.size() > kFewElements) {
        auto less = [](const Attribute& x, const Attribute& y) { return x.name < y.name; };
        return equal_sorted(a, b, less, equal_attributes);
    }
    return std::all_of(a.begin(), a.end(), [&](const Attribute& attribute) {
        const AttributeValue* other = find_in(b, attribute.name);
        return other != nullptr && attribute.value == *other;
    });
}

std::span<const AttributeValue> clone_elements(std::span<const AttributeValue> elements,
                                               base::Arena& arena) {
    auto* copies = arena.allocate_array<AttributeValue>(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
        copies[i] = elements[i].clone(arena);
    }
    return {copies, elements.size()};
}

std::span<const Attribute> clone_attributes(std::span<const Attribute> attributes,
                                            base::Arena& arena) {
    auto* copies = arena.allocate_array<Attribute>(attributes.size());
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        copies[i] = {arena.copy(attributes[i].name), attributes[i].value.clone(arena)};
    }
    return {copies, attributes.size()};
}

}  // namespace

std::string_view to_string(AttributeType type) noexcept {
    return kTypeNames[static_cast<std::size_t>(type)];
}

AttributeValue AttributeValue::string(std::string_view text) noexcept {
    AttributeValue value;
    value.text_ = text.data();
    value.size_ = static_cast<std::uint32_t>(text.size());
    value.type_ = AttributeType::string;
    return value;
}

AttributeValue AttributeValue::number(std::string_view digits) noexcept {
    AttributeValue value = string(digits);
    value.type_ = AttributeType::number;
    return value;
}

AttributeValue AttributeValue::binary(std::string_view bytes) noexcept {
    AttributeValue value = string(bytes);
    value.type_ = AttributeType::binary;
    return value;
}

AttributeValue AttributeValue::boolean(bool flag) noexcept {
    AttributeValue value;
    value.size_ = flag ? 1 : 0;
    value.type_ = AttributeType::boolean;
    return value;
}

AttributeValue AttributeValue::list(std::span<const AttributeValue> elements) noexcept {
    AttributeValue value;
    value.elements_ = elements.data();
    value.size_ = static_cast<std::uint32_t>(elements.size());
    value.type_ = AttributeType::list;
    return value;
}

AttributeValue AttributeValue::string_set(std::span<const AttributeValue> elements) noexcept {
    AttributeValue value = list(elements);
    value.type_ = AttributeType::string_set;
    return value;
}

AttributeValue AttributeValue::number_set(std::span<const AttributeValue> elements) noexcept {
    AttributeValue value = list(elements);
    value.type_ = AttributeType::number_set;
    return value;
}

AttributeValue AttributeValue::binary_set(std::span<const AttributeValue> elements) noexcept {
    AttributeValue value = list(elements);
    value.type_ = AttributeType::binary_set;
    return value;
}

AttributeValue AttributeValue::map(std::span<const Attribute> attributes) noexcept {
    AttributeValue value;
    value.attributes_ = attributes.data();
    value.size_ = static_cast<std::uint32_t>(attributes.size());
    value.type_ = AttributeType::map;
    return value;
}

std::span<const Attribute> AttributeValue::attributes() const noexcept {
    return {attributes_, size_};
}

const AttributeValue* AttributeValue::find(std::string_view name) const noexcept {
    return is(AttributeType::map) ? find_in(attributes(), name) : nullptr;
}

AttributeValue AttributeValue::clone(base::Arena& arena) const {
    AttributeValue copy = *this;
    switch (type_) {
        case AttributeType::string:
        case AttributeType::number:
        case AttributeType::binary:
            copy.text_ = arena.copy(text()).data();
            break;
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
        case AttributeType::list:
            copy.elements_ = clone_elements(elements(), arena).data();
            break;
        case AttributeType::map:
            copy.attributes_ = clone_attributes(attributes(), arena).data();
            break;
        case AttributeType::boolean:
        case AttributeType::null:
            break;
    }
    return copy;
}

bool operator==(const AttributeValue& a, const AttributeValue& b) noexcept {
    if (a.type_ != b.type_) {
        return false;
    }
    if (a.size_ == b.size_ && a.text_ == b.text_) {
        return true;  // the same memory
    }
    switch (a.type_) {
        case AttributeType::string:
        case AttributeType::binary:
            return a.text() == b.text();
        case AttributeType::number:
            return compare_numbers(a.text(), b.text()) == 0;
        case AttributeType::boolean:
            return a.as_boolean() == b.as_boolean();
        case AttributeType::null:
            return true;
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
            return equal_sets(a.elements(), b.elements());
        case AttributeType::list:
            return std::equal(a.elements().begin(), a.elements().end(), b.elements().begin(),
                              b.elements().end());
        case AttributeType::map:
            return equal_maps(a.attributes(), b.attributes());
    }
    return false;
}

const AttributeValue* Item::find(std::string_view name) const noexcept {
    return find_in(attributes_, name);
}

std::string_view Item::text(std::string_view name) const noexcept {
    const AttributeValue* value = find(name);
    bool has_text =
        value != nullptr && (value->is(AttributeType::string) || value->is(AttributeType::number));
    return has_text ? value->text() : std::string_view{};
}

Item Item::clone(base::Arena& arena) const { return Item(clone_attributes(attributes_, arena)); }

Item Item::with(base::Arena& arena, std::string_view name, const AttributeValue& value) const {
    auto* copies = arena.allocate_array<Attribute>(attributes_.size() + 1);
    std::size_t count = 0;
    bool is_replaced = false;
    for (const Attribute& attribute : attributes_) {
        bool is_named = attribute.name == name;
        is_replaced = is_replaced || is_named;
        copies[count++] = {attribute.name, is_named ? value : attribute.value};
    }
    if (!is_replaced) {
        copies[count++] = {arena.copy(name), value};
    }
    return Item({copies, count});
}

Item Item::without(base::Arena& arena, std::string_view name) const {
    auto* copies = arena.allocate_array<Attribute>(attributes_.size());
    std::size_t count = 0;
    for (const Attribute& attribute : attributes_) {
        if (attribute.name != name) {
            copies[count++] = attribute;
        }
    }
    return Item({copies, count});
}

bool operator==(const Item& a, const Item& b) noexcept {
    return equal_maps(a.attributes_, b.attributes_);
}

ItemBuilder& ItemBuilder::set(std::string_view name, const AttributeValue& value) {
    for (Attribute& attribute : attributes_) {
        if (attribute.name == name) {
            attribute.value = value;
            return *this;
        }
    }
    attributes_.push_back({name, value});
    return *this;
}

ItemBuilder& ItemBuilder::string(std::string_view name, std::string_view text) {
    return set(name, AttributeValue::string(arena_.copy(text)));
}

ItemBuilder& ItemBuilder::number(std::string_view name, std::int64_t value) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    std::string_view text(digits, static_cast<std::size_t>(end - digits));
    return set(name, AttributeValue::number(arena_.copy(text)));
}

ItemBuilder& ItemBuilder::boolean(std::string_view name, bool value) {
    return set(name, AttributeValue::boolean(value));
}

Item ItemBuilder::build() { return Item(arena_.copy(std::span<const Attribute>(attributes_))); }

}  // namespace dynamigrate::dynamodb
