#pragma once

#include <compare>
#include <cstdint>

namespace dynamigrate::base {

/// A quantity that cannot be mixed up with another one.
template <class Tag, class Rep>
struct Quantity {
    Rep value{};

    friend constexpr auto operator<=>(Quantity, Quantity) = default;
    constexpr Quantity& operator+=(Quantity other) {
        value += other.value;
        return *this;
    }
    constexpr Quantity& operator-=(Quantity other) {
        value -= other.value;
        return *this;
    }
    friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
};

/// Read capacity units: 4 KB strongly consistent or 8 KB eventually consistent.
using ReadUnits = Quantity<struct ReadUnitsTag, double>;
/// Write capacity units: 1 KB.
using WriteUnits = Quantity<struct WriteUnitsTag, double>;
/// An item's size as DynamoDB counts it.
using ItemBytes = Quantity<struct ItemBytesTag, std::uint64_t>;

}  // namespace dynamigrate::base
