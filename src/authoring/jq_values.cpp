#include "jq_values.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>

namespace dynamigrate::authoring {

using base::Arena;
using base::Error;
using base::ErrorKind;
using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

constexpr std::string_view kWrapper = "$dynamodb";
constexpr std::string_view kToken = "$dynamodb#";
/// Any decimal number of so many digits is the shortest text of some double.
constexpr std::size_t kSafeDigits = 15;

jv jq_string(std::string_view text) {
    return jv_string_sized(text.data(), static_cast<int>(text.size()));
}

std::string_view text_of(const jv& value) {
    return {jv_string_value(value),
            static_cast<std::size_t>(jv_string_length_bytes(jv_copy(value)))};
}

double nearest_double(std::string_view digits) {
    if (digits.starts_with('+')) {
        digits.remove_prefix(1);
    }
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

std::string_view shortest(double number, std::array<char, 64>& buffer) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
    return {buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())};
}

bool is_exact(std::string_view digits, double number) {
    const auto count = std::count_if(digits.begin(), digits.end(),
                                     [](unsigned char c) { return std::isdigit(c) != 0; });
    if (static_cast<std::size_t>(count) <= kSafeDigits) {
        return true;
    }
    std::array<char, 64> buffer{};
    const std::string_view text = shortest(number, buffer);
    return dynamodb::check_number(text).empty() &&
           dynamodb::compare_numbers(text, digits) == std::strong_ordering::equal;
}

jv wrap(const AttributeValue& value) {
    const std::string text = dynamodb::to_wire_json(value);
    return jv_object_set(jv_object(), jq_string(kWrapper),
                         jv_parse_sized(text.data(), static_cast<int>(text.size())));
}

/// Makes the one form or the other of an item.
class Encoder {
public:
    explicit Encoder(bool marks) : marks_(marks) {}

    jv object(std::span<const Attribute> attributes) {
        jv object = jv_object();
        for (const Attribute& attribute : attributes) {
            object = jv_object_set(object, jq_string(attribute.name), value(attribute.value));
        }
        return object;
    }
    std::vector<std::string_view> take_inexact() { return std::move(inexact_); }

private:
    jv value(const AttributeValue& value);
    jv number(std::string_view digits);

    bool marks_;
    std::vector<std::string_view> inexact_;
};

jv Encoder::number(std::string_view digits) {
    const double nearest = nearest_double(digits);
    if (is_exact(digits, nearest)) {
        return jv_number(nearest);
    }
    inexact_.push_back(digits);
    if (!marks_) {
        return jv_number(nearest);
    }
    const std::string name = fmt::format("{}{}", kToken, inexact_.size() - 1);
    return jv_object_set(jv_object(), jq_string(name), jv_true());
}

jv Encoder::value(const AttributeValue& value) {
    switch (value.type()) {
        case AttributeType::string:
            return jq_string(value.text());
        case AttributeType::number:
            return number(value.text());
        case AttributeType::boolean:
            return jv_bool(value.as_boolean() ? 1 : 0);
        case AttributeType::null:
            return jv_null();
        case AttributeType::list: {
            jv list = jv_array();
            for (const AttributeValue& element : value.elements()) {
                list = jv_array_append(list, this->value(element));
            }
            return list;
        }
        case AttributeType::map: {
            const auto attributes = value.attributes();
            const bool looks_wrapped =
                attributes.size() == 1 && attributes[0].name.starts_with(kWrapper);
            return looks_wrapped ? wrap(value) : object(attributes);
        }
        default:
            return wrap(value);
    }
}

[[noreturn]] void fail(const std::string& message) {
    throw Error(ErrorKind::invalid_argument, message);
}

/// Reads a result, made of doubles, beside the one made with tokens where there is such.
class Decoder {
public:
    Decoder(const std::vector<std::string_view>& inexact, Arena& arena)
        : inexact_(inexact),
          arena_(arena) {}

    std::span<const Attribute> attributes(const jv& object, const jv* marked, int depth);

private:
    AttributeValue value(const jv& value, const jv* marked, int depth);
    AttributeValue number(const jv& value, const jv* marked);
    AttributeValue list(const jv& value, const jv* marked, int depth);
    AttributeValue map(const jv& value, const jv* marked, int depth);
    std::optional<std::string_view> token(const jv& marked) const;
    [[noreturn]] void fail_depends() const {
        fail(fmt::format(
            "the result depends on {}, of which jq, which computes in doubles, loses digits: carry "
            "such a number along unchanged, or write this step without jq",
            inexact_.size() == 1 ? std::string(inexact_.front())
                                 : fmt::format("a number such as {}", inexact_.front())));
    }

    const std::vector<std::string_view>& inexact_;
    Arena& arena_;
};

/// The number of the token that this is.
std::optional<std::string_view> Decoder::token(const jv& marked) const {
    if (jv_get_kind(marked) != JV_KIND_OBJECT || jv_object_length(jv_copy(marked)) != 1) {
        return std::nullopt;
    }
    const int first = jv_object_iter(marked);
    const JqValue key(jv_object_iter_key(marked, first));
    std::string_view name = text_of(key.get());
    if (!name.starts_with(kToken)) {
        return std::nullopt;
    }
    name.remove_prefix(kToken.size());
    std::size_t index = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_token = !name.empty() && end.ptr == name.data() + name.size();
    return is_token && index < inexact_.size() ? std::optional(inexact_[index]) : std::nullopt;
}

AttributeValue Decoder::number(const jv& value, const jv* marked) {
    const double result = jv_number_value(value);
    if (marked != nullptr) {
        if (const auto digits = token(*marked)) {
            if (nearest_double(*digits) != result) {
                fail_depends();
            }
            return AttributeValue::number(*digits);
        }
        if (jv_get_kind(*marked) != JV_KIND_NUMBER || jv_number_value(*marked) != result) {
            fail_depends();
        }
    }
    std::array<char, 64> buffer{};
    const std::string_view text = shortest(result, buffer);
    const bool is_finite = std::isfinite(result);
    if (!is_finite || !dynamodb::check_number(text).empty()) {
        fail(fmt::format("the result holds {}, which is no number of DynamoDB's",
                         is_finite ? text : "a number that is infinite or none"));
    }
    return AttributeValue::number(arena_.copy(dynamodb::canonical_number(text)));
}

AttributeValue Decoder::list(const jv& value, const jv* marked, int depth) {
    const int size = jv_array_length(jv_copy(value));
    if (marked != nullptr && jv_array_length(jv_copy(*marked)) != size) {
        fail_depends();
    }
    std::vector<AttributeValue> elements;
    elements.reserve(static_cast<std::size_t>(size));
    for (int i = 0; i < size; ++i) {
        const JqValue element(jv_array_get(jv_copy(value), i));
        const JqValue other(marked != nullptr ? jv_array_get(jv_copy(*marked), i) : jv_null());
        elements.push_back(
            this->value(element.get(), marked != nullptr ? &other.get() : nullptr, depth + 1));
    }
    return AttributeValue::list(arena_.copy(std::span<const AttributeValue>(elements)));
}

AttributeValue Decoder::map(const jv& value, const jv* marked, int depth) {
    const JqValue wrapped(jv_object_get(jv_copy(value), jq_string(kWrapper)));
    if (jv_object_length(jv_copy(value)) != 1 || wrapped.kind() == JV_KIND_INVALID) {
        return AttributeValue::map(attributes(value, marked, depth + 1));
    }
    if (marked != nullptr && jv_equal(jv_copy(value), jv_copy(*marked)) == 0) {
        fail_depends();
    }
    const JqValue text(jv_dump_string(wrapped.copy(), 0));
    return dynamodb::parse_value(text_of(text.get()), arena_);
}

AttributeValue Decoder::value(const jv& value, const jv* marked, int depth) {
    if (depth > dynamodb::kMaxNesting) {
        fail(fmt::format("the result is nested deeper than {} levels", dynamodb::kMaxNesting));
    }
    const jv_kind kind = jv_get_kind(value);
    if (kind == JV_KIND_NUMBER) {
        return number(value, marked);
    }
    if (marked != nullptr && jv_get_kind(*marked) != kind) {
        fail_depends();
    }
    switch (kind) {
        case JV_KIND_STRING:
            if (marked != nullptr && text_of(value) != text_of(*marked)) {
                fail_depends();
            }
            return AttributeValue::string(arena_.copy(text_of(value)));
        case JV_KIND_TRUE:
        case JV_KIND_FALSE:
            return AttributeValue::boolean(kind == JV_KIND_TRUE);
        case JV_KIND_ARRAY:
            return list(value, marked, depth);
        case JV_KIND_OBJECT:
            return map(value, marked, depth);
        default:
            return AttributeValue::null();
    }
}

std::span<const Attribute> Decoder::attributes(const jv& object, const jv* marked, int depth) {
    std::vector<Attribute> attributes;
    for (int at = jv_object_iter(object); jv_object_iter_valid(object, at) != 0;
         at = jv_object_iter_next(object, at)) {
        const JqValue key(jv_object_iter_key(object, at));
        const JqValue element(jv_object_iter_value(object, at));
        const JqValue other(marked != nullptr ? jv_object_get(jv_copy(*marked), key.copy())
                                              : jv_null());
        if (other.kind() == JV_KIND_INVALID) {
            fail_depends();
        }
        attributes.push_back(
            {arena_.copy(text_of(key.get())),
             value(element.get(), marked != nullptr ? &other.get() : nullptr, depth)});
    }
    if (marked != nullptr &&
        jv_object_length(jv_copy(*marked)) != static_cast<int>(attributes.size())) {
        fail_depends();
    }
    return arena_.copy(std::span<const Attribute>(attributes));
}

}  // namespace

JqItem to_jq(const Item& item) {
    JqItem result;
    Encoder encoder(false);
    result.rounded = JqValue(encoder.object(item.attributes()));
    result.inexact = encoder.take_inexact();
    if (!result.inexact.empty()) {
        result.marked = JqValue(Encoder(true).object(item.attributes()));
    }
    return result;
}

Item from_jq(const JqValue& rounded, const JqValue& marked,
             const std::vector<std::string_view>& inexact, Arena& arena) {
    if (rounded.kind() != JV_KIND_OBJECT) {
        fail(fmt::format("the result must be an object, the item, not of type {}",
                         jv_kind_name(rounded.kind())));
    }
    const bool is_pair = !inexact.empty();
    if (is_pair && marked.kind() != JV_KIND_OBJECT) {
        fail("the result depends on a number of which jq, which computes in doubles, loses digits");
    }
    Decoder decoder(inexact, arena);
    return Item(decoder.attributes(rounded.get(), is_pair ? &marked.get() : nullptr, 1));
}

}  // namespace dynamigrate::authoring
