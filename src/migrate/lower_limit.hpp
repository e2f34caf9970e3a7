#pragma once

#include <algorithm>
#include <optional>

namespace dynamigrate::migrate {

/// The lower of two limits, either of which may be absent; 0: there is none.
inline double lower_limit(std::optional<double> a, std::optional<double> b) {
    return a && b ? std::min(*a, *b) : a.value_or(b.value_or(0));
}

}  // namespace dynamigrate::migrate
