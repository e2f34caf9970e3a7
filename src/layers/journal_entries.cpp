#include "journal_entries.hpp"

#include <new>

namespace dynamigrate::layers {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;

namespace {

constexpr int kMaxDepth = 64;
constexpr std::uint8_t kHasAbsent = 0x80;
constexpr std::uint8_t kWasReadBefore = 0x40;

// The tags of the format are the enumerators' values.
static_assert(static_cast<int>(AttributeType::string) == 0);
static_assert(static_cast<int>(AttributeType::number) == 1);
static_assert(static_cast<int>(AttributeType::binary) == 2);
static_assert(static_cast<int>(AttributeType::boolean) == 3);
static_assert(static_cast<int>(AttributeType::null) == 4);
static_assert(static_cast<int>(AttributeType::string_set) == 5);
static_assert(static_cast<int>(AttributeType::number_set) == 6);
static_assert(static_cast<int>(AttributeType::binary_set) == 7);
static_assert(static_cast<int>(AttributeType::list) == 8);
static_assert(static_cast<int>(AttributeType::map) == 9);
static_assert(static_cast<int>(EntryKind::replace) == 3);
static_assert(static_cast<int>(EntryKind::action_remove) == 6);
static_assert(static_cast<int>(EntryKind::move_insert) == 8);

}  // namespace

void EntryEncoder::clear() {
    bytes_.clear();
    names_.clear();
    expected_ = 0;
}

void EntryEncoder::add(const JournalEntry& entry) {
    const auto kind = static_cast<unsigned>(entry.kind);
    const unsigned absent = entry.absent.empty() ? 0 : kHasAbsent;
    const unsigned read_before = entry.was_read_before ? kWasReadBefore : 0;
    bytes_.put_byte(static_cast<std::uint8_t>(kind | absent | read_before));
    put_name(entry.table);
    put_attributes(entry.key.attributes());
    put_attributes(entry.before.attributes());
    put_attributes(entry.after.attributes());
    if (!entry.absent.empty()) {
        bytes_.put_varint(entry.absent.size());
        for (const std::string_view name : entry.absent) {
            put_name(name);
        }
    }
}

bool EntryEncoder::is_shared_name(std::size_t number, std::string_view name) const noexcept {
    const Name& known = names_[number];
    return known.size == name.size() &&
           std::memcmp(bytes_.view().data() + known.at, name.data(), name.size()) == 0;
}

// A page's items mostly have the same names in the same order: the likeliest is tried first.
void EntryEncoder::put_name(std::string_view name) {
    std::size_t number = expected_;
    if (number >= names_.size() || !is_shared_name(number, name)) {
        number = 0;
        while (number < names_.size() && !is_shared_name(number, name)) {
            ++number;
        }
    }
    expected_ = number + 1;
    if (number < names_.size()) {
        bytes_.put_varint(number + 1);
        return;
    }
    bytes_.put_varint(0);
    bytes_.put_text(name);
    if (names_.size() < kSharedNames) {
        names_.push_back({bytes_.size() - name.size(), name.size()});
    }
}

void EntryEncoder::put_value(const AttributeValue& value) {
    const auto tag = static_cast<std::uint8_t>(value.type());
    if (value.type() <= AttributeType::binary) {
        bytes_.put_tagged_text(tag, value.text());
        return;
    }
    bytes_.put_byte(tag);
    switch (value.type()) {
        case AttributeType::string:
        case AttributeType::number:
        case AttributeType::binary:
            break;
        case AttributeType::boolean:
            bytes_.put_byte(value.as_boolean() ? 1 : 0);
            break;
        case AttributeType::null:
            break;
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
        case AttributeType::list:
            put_elements(value.elements());
            break;
        case AttributeType::map:
            put_attributes(value.attributes());
            break;
    }
}

void EntryEncoder::put_elements(std::span<const AttributeValue> elements) {
    bytes_.put_varint(elements.size());
    for (const AttributeValue& element : elements) {
        put_value(element);
    }
}

void EntryEncoder::put_attributes(std::span<const Attribute> attributes) {
    bytes_.put_varint(attributes.size());
    for (const Attribute& attribute : attributes) {
        put_name(attribute.name);
        put_value(attribute.value);
    }
}

JournalEntry EntryDecoder::next() {
    const std::uint8_t first = in_.byte();
    const auto kind = static_cast<std::uint8_t>(first & ~(kHasAbsent | kWasReadBefore));
    if (kind > static_cast<std::uint8_t>(EntryKind::move_insert)) {
        ByteReader::fail("an entry is of an unknown kind");
    }
    JournalEntry entry;
    entry.kind = static_cast<EntryKind>(kind);
    entry.was_read_before = (first & kWasReadBefore) != 0;
    entry.table = name();
    entry.key = dynamodb::Item(attributes(0));
    entry.before = dynamodb::Item(attributes(0));
    entry.after = dynamodb::Item(attributes(0));
    if ((first & kHasAbsent) != 0) {
        const std::size_t count = in_.count();
        entry.absent.reserve(count);
        for (std::size_t i = 0; i < count; ++i) {
            entry.absent.push_back(name());
        }
    }
    return entry;
}

std::string_view EntryDecoder::name() {
    const std::uint64_t number = in_.varint();
    if (number > names_.size()) {
        ByteReader::fail("a name is unknown");
    }
    if (number > 0) {
        return names_[static_cast<std::size_t>(number) - 1];
    }
    const std::string_view name = in_.text();
    if (names_.size() < kSharedNames) {
        names_.push_back(name);
    }
    return name;
}

AttributeValue EntryDecoder::value(int depth) {
    if (depth > kMaxDepth) {
        ByteReader::fail("a value is nested too deeply");
    }
    const std::uint8_t tag = in_.byte();
    switch (static_cast<AttributeType>(tag)) {
        case AttributeType::string:
            return AttributeValue::string(in_.text());
        case AttributeType::number:
            return AttributeValue::number(in_.text());
        case AttributeType::binary:
            return AttributeValue::binary(in_.text());
        case AttributeType::boolean:
            return AttributeValue::boolean(in_.byte() != 0);
        case AttributeType::null:
            return AttributeValue::null();
        case AttributeType::string_set:
            return AttributeValue::string_set(elements(depth));
        case AttributeType::number_set:
            return AttributeValue::number_set(elements(depth));
        case AttributeType::binary_set:
            return AttributeValue::binary_set(elements(depth));
        case AttributeType::list:
            return AttributeValue::list(elements(depth));
        case AttributeType::map:
            return AttributeValue::map(attributes(depth));
    }
    ByteReader::fail("a value is of an unknown type");
}

std::span<const AttributeValue> EntryDecoder::elements(int depth) {
    const std::size_t count = in_.count();
    auto* place = arena_.allocate_array<AttributeValue>(count);
    for (std::size_t i = 0; i < count; ++i) {
        new (place + i) AttributeValue(value(depth + 1));
    }
    return {place, count};
}

std::span<const Attribute> EntryDecoder::attributes(int depth) {
    const std::size_t count = in_.count();
    auto* place = arena_.allocate_array<Attribute>(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string_view name = this->name();
        new (place + i) Attribute{name, value(depth + 1)};
    }
    return {place, count};
}

}  // namespace dynamigrate::layers
