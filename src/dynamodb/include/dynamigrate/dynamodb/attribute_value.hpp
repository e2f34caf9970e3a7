#pragma once

#include <dynamigrate/base/arena.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dynamigrate::dynamodb {

/// DynamoDB's ten attribute types.
enum class AttributeType : std::uint8_t {
    string,      // S
    number,      // N
    binary,      // B
    boolean,     // BOOL
    null,        // NULL
    string_set,  // SS
    number_set,  // NS
    binary_set,  // BS
    list,        // L
    map,         // M
};

/// "S", "N", "BOOL" ...
std::string_view to_string(AttributeType type) noexcept;

struct Attribute;

/// One value of any type: 16 bytes that point into an arena. Immutable, trivially copyable.
///
/// Lifetime: valid as long as the arena (or static text) it was made from.
/// Equality (`==`) is DynamoDB's: numbers by value, sets and maps regardless of order.
class AttributeValue {
public:
    /// NULL.
    constexpr AttributeValue() noexcept : text_(nullptr), size_(0), type_(AttributeType::null) {}

    static AttributeValue string(std::string_view text) noexcept;
    /// `digits` must be a valid DynamoDB number (see `number.hpp`); kept as written.
    static AttributeValue number(std::string_view digits) noexcept;
    /// `bytes` raw, not base64.
    static AttributeValue binary(std::string_view bytes) noexcept;
    static AttributeValue boolean(bool value) noexcept;
    static AttributeValue null() noexcept { return {}; }
    /// A set's elements are string, number or binary values of the set's element type.
    static AttributeValue string_set(std::span<const AttributeValue> elements) noexcept;
    static AttributeValue number_set(std::span<const AttributeValue> elements) noexcept;
    static AttributeValue binary_set(std::span<const AttributeValue> elements) noexcept;
    static AttributeValue list(std::span<const AttributeValue> elements) noexcept;
    static AttributeValue map(std::span<const Attribute> attributes) noexcept;

    AttributeType type() const noexcept { return type_; }
    bool is(AttributeType type) const noexcept { return type_ == type; }
    bool is_set() const noexcept {
        return type_ == AttributeType::string_set || type_ == AttributeType::number_set ||
               type_ == AttributeType::binary_set;
    }

    /// Requires string, number (its digits) or binary (its bytes).
    std::string_view text() const noexcept { return {text_, size_}; }
    bool as_boolean() const noexcept { return size_ != 0; }
    /// Requires a list or a set.
    std::span<const AttributeValue> elements() const noexcept { return {elements_, size_}; }
    /// Requires a map.
    std::span<const Attribute> attributes() const noexcept;
    /// A map's attribute of that name, or nullptr (also when this is no map).
    const AttributeValue* find(std::string_view name) const noexcept;

    /// The same value, wholly owned by `arena`.
    AttributeValue clone(base::Arena& arena) const;

    friend bool operator==(const AttributeValue& a, const AttributeValue& b) noexcept;

private:
    union {
        const char* text_;
        const AttributeValue* elements_;
        const Attribute* attributes_;
    };
    std::uint32_t size_;
    AttributeType type_;
};

/// A named value: an attribute of an item or of a map.
struct Attribute {
    std::string_view name;
    AttributeValue value;
};

/// An item: attributes in the order they came, each name once. Points like AttributeValue.
class Item {
public:
    Item() = default;
    explicit Item(std::span<const Attribute> attributes) noexcept : attributes_(attributes) {}

    std::span<const Attribute> attributes() const noexcept { return attributes_; }
    auto begin() const noexcept { return attributes_.begin(); }
    auto end() const noexcept { return attributes_.end(); }
    std::size_t size() const noexcept { return attributes_.size(); }
    bool empty() const noexcept { return attributes_.empty(); }
    const AttributeValue* find(std::string_view name) const noexcept;
    /// The text of a string or number attribute, or "" when it is absent or of another type.
    std::string_view text(std::string_view name) const noexcept;

    Item clone(base::Arena& arena) const;
    /// A copy with the attribute set (its value is not cloned) or removed.
    Item with(base::Arena& arena, std::string_view name, const AttributeValue& value) const;
    Item without(base::Arena& arena, std::string_view name) const;

    /// Regardless of the order of attributes.
    friend bool operator==(const Item& a, const Item& b) noexcept;

private:
    std::span<const Attribute> attributes_;
};

/// Collects attributes and freezes them into an item of the arena. A name set twice keeps the
/// last value. Values and names are kept as given (not cloned).
class ItemBuilder {
public:
    explicit ItemBuilder(base::Arena& arena) : arena_(arena) {}
    ItemBuilder& set(std::string_view name, const AttributeValue& value);
    /// Copies the text into the arena.
    ItemBuilder& string(std::string_view name, std::string_view text);
    ItemBuilder& number(std::string_view name, std::int64_t value);
    ItemBuilder& boolean(std::string_view name, bool value);
    Item build();

private:
    base::Arena& arena_;
    std::vector<Attribute> attributes_;
};

/// An item with the arena that owns it.
struct OwnedItem {
    base::Arena arena{512};
    Item item;

    OwnedItem() = default;
    explicit OwnedItem(const Item& source) : item(source.clone(arena)) {}
};

}  // namespace dynamigrate::dynamodb
