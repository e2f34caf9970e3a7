#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace dynamigrate::backfill {

/// Items from outside DynamoDB (a file, standard input), one after the other.
///
/// Threads: one.
class ItemStream {
public:
    virtual ~ItemStream() = default;
    /// Reads the next item into the arena; false at the end.
    /// Errors: invalid_argument at file:line.
    virtual bool next(base::Arena& arena, dynamodb::Item& item) = 0;
};

struct ScanSource {
    std::string index;  ///< "" : the table
};
struct QuerySource {
    std::string index;
    dynamodb::ExpressionText key_condition;
    bool forward = true;
    std::shared_ptr<const void> owner = nullptr;  ///< of the key condition's values
};
/// Keys (or items whose key attributes count), each followed by a consistent read of the item.
struct KeysSource {
    std::function<std::unique_ptr<ItemStream>()> open;
};
/// Items that do not come from a table: put, load.
struct ItemsSource {
    std::function<std::unique_ptr<ItemStream>()> open;
};

/// Where a backfill reads from.
using Source = std::variant<ScanSource, QuerySource, KeysSource, ItemsSource>;

}  // namespace dynamigrate::backfill
