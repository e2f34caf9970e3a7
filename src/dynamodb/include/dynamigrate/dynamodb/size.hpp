#pragma once

#include <dynamigrate/base/units.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

namespace dynamigrate::dynamodb {

inline constexpr base::ItemBytes kMaxItemBytes{409'600};

/// Sizes as AWS documents them (developer guide, "DynamoDB item sizes and formats"): names and
/// values in UTF-8 bytes, numbers as `number_size`, 1 for BOOL and NULL, 3 + 1 per element for
/// lists and 3 + 1 per pair for maps, sets as the sum of their elements.
base::ItemBytes value_size(const AttributeValue& value) noexcept;
base::ItemBytes item_size(const Item& item) noexcept;

/// Units of one write of an item of that size (at least 1; twice as much in a transaction).
base::WriteUnits write_units(base::ItemBytes size, bool transactional = false) noexcept;
/// Units of one read (at least 0.5 or 1); eventually consistent reads cost half.
base::ReadUnits read_units(base::ItemBytes size, bool consistent,
                           bool transactional = false) noexcept;

}  // namespace dynamigrate::dynamodb
