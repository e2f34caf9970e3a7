#pragma once

#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/dynamodb/operations.hpp>

#include <optional>

namespace dynamigrate::migrate {

/// What the transform makes of the item, in the arena; nothing where the condition does not match,
/// or the item stays as it is or is removed.
std::optional<dynamodb::Item> try_transform(const backfill::Transform& transform,
                                            const dynamodb::ExpressionText& where,
                                            const dynamodb::Item& item, base::Arena& arena);

}  // namespace dynamigrate::migrate
