#pragma once

#include <dynamigrate/dynamodb/table.hpp>

#include <string>

namespace dynamigrate::dynamodb {

/// The first attribute of the key that the items do not share, or that one of them lacks; "" when
/// they have the same key.
std::string changed_key_attribute(const KeySchema& key, const Item& before, const Item& after);

}  // namespace dynamigrate::dynamodb
