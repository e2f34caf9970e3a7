#pragma once

#include "database.hpp"
#include "request.hpp"

#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/json/writer.hpp>

#include <cstdint>
#include <functional>

/// One page of what a Query, a Scan or a SELECT reads.
namespace dynamigrate::engine {

/// A page ends with the item that reaches so many bytes.
inline constexpr base::ItemBytes kMaxPageBytes{1024 * 1024};

/// What is read of a table or an index, and what of it is shown.
struct Reading {
    TablePointer table;
    const Index* index = nullptr;  ///< of `table`; nullptr: the table itself
    bool is_consistent = false;
    std::size_t limit = 0;  ///< items to be read at most; 0: no limit
    expressions::Condition filter;
    bool only_counts = false;
    /// What is shown of an item, in the arena; without it, all of it.
    std::function<dynamodb::Item(const dynamodb::Item& item, base::Arena& arena)> shape;
    /// What is shown, or filtered by, is not in the index: the table has it.
    bool shows_from_table = false;
    bool filters_from_table = false;

    const dynamodb::KeySchema& key() const { return index == nullptr ? table->key : index->key; }
};

/// How a page ended.
struct PageEnd {
    std::int64_t count = 0;    ///< items that passed the filter
    std::int64_t scanned = 0;  ///< items read before the filter
    dynamodb::Item last_key;   ///< after which the next page begins; empty: there is none
};

/// Reads one page, appends its items to `out`, an array that is open unless the items are only
/// counted, and counts the capacity.
///
/// There is a next page when the limit or the size was reached, even if no item follows.
/// Lifetime: the last key is in the request's arena.
PageEnd read_page(Database& database, Request& request, const Reading& reading, RowCursor& rows,
                  json::Writer& out);

/// Answers a Query or a Scan with its next page.
void answer_page(Database& database, Request& request, const Reading& reading, RowCursor& rows,
                 json::Writer& out);

/// Where the item stands: the key attributes of the table and of the index, in the arena.
dynamodb::Item position_of(const Reading& reading, const dynamodb::Item& item, base::Arena& arena);

/// Checks that these are the key attributes of the table and of the index, and no others.
/// Errors: ValidationException, "The provided starting key is invalid".
void check_position(const Reading& reading, const dynamodb::Item& position);

}  // namespace dynamigrate::engine
