#pragma once

#include "item_write.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <span>
#include <stop_token>
#include <vector>

namespace dynamigrate::layers {

bool is_same_item(const ItemWrite& a, const ItemWrite& b);

/// Reads the items that are written, consistently, one for each write; empty where there is none.
/// Items live as long as the arena. Errors: the service's; cancelled.
std::vector<dynamodb::Item> read_written_items(dynamodb::Service& service, base::Clock& clock,
                                               std::span<const ItemWrite> writes,
                                               base::Arena& arena, std::stop_token stop);

}  // namespace dynamigrate::layers
