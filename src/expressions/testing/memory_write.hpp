#pragma once

#include "memory_request.hpp"

#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/update.hpp>

namespace dynamigrate::expressions::memory {

// Each checks one write against the table's present items. Where the condition does not hold, the
// write says so and has no effect when committed.
Write prepare_put(Table& table, const dynamodb::Item& item, const Condition& condition);
Write prepare_update(Table& table, const dynamodb::Item& key, const UpdateExpression& update,
                     const Condition& condition);
Write prepare_delete(Table& table, const dynamodb::Item& key, const Condition& condition);

/// Writes the member `member` with the item, unless there is none.
void write_item_member(json::Writer& out, std::string_view member, const StoredItem& item);

/// The parts of the item at the paths.
dynamodb::Item parts_of(const StoredItem& item, const std::vector<Path>& paths, base::Arena& arena);

/// Answers a failed condition in the whole document.
void write_condition_failure(Request& request, const Write& write, bool with_item,
                             json::Writer& out);

}  // namespace dynamigrate::expressions::memory
