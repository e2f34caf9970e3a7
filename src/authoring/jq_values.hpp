#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

extern "C" {
#include <jq.h>
}

/// Items to and from the values of libjq.
///
/// Strings, booleans, null, lists and maps are what they are in JSON; numbers are doubles. What JSON
/// has not, sets and binary values, is `{"$dynamodb": {"SS": [...]}}`, in either direction.
namespace dynamigrate::authoring {

/// Owns one reference to a value of libjq.
class JqValue {
public:
    explicit JqValue(jv value) noexcept : value_(value) {}
    JqValue(JqValue&& other) noexcept : value_(std::exchange(other.value_, jv_invalid())) {}
    JqValue& operator=(JqValue&& other) noexcept {
        std::swap(value_, other.value_);
        return *this;
    }
    ~JqValue() { jv_free(value_); }

    /// For functions that take a reference away.
    jv copy() const noexcept { return jv_copy(value_); }
    /// For functions that take none.
    const jv& get() const noexcept { return value_; }
    jv_kind kind() const noexcept { return jv_get_kind(value_); }

private:
    jv value_;
};

/// An item as jq sees it.
struct JqItem {
    /// Numbers are the nearest doubles.
    JqValue rounded{jv_invalid()};
    /// Numbers that no double holds are tokens instead, with which nothing can be computed; invalid
    /// when the item has no such number.
    JqValue marked{jv_invalid()};
    /// The tokens' numbers; they point into the item.
    std::vector<std::string_view> inexact;
};

JqItem to_jq(const dynamodb::Item& item);

/// The item that a program made of `rounded` and, where there are inexact numbers, of `marked`.
/// Such a number that the program only carried along keeps its digits, wherever it is now.
/// Errors: invalid_argument when the result is no item, or depends on an inexact number otherwise.
dynamodb::Item from_jq(const JqValue& rounded, const JqValue& marked,
                       const std::vector<std::string_view>& inexact, base::Arena& arena);

}  // namespace dynamigrate::authoring
