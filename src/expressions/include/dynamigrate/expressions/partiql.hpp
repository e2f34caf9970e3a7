#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/key_condition.hpp>
#include <dynamigrate/expressions/update.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// PartiQL as DynamoDB understands it: ExecuteStatement, BatchExecuteStatement, ExecuteTransaction.
namespace dynamigrate::expressions {

/// What a SELECT gives one name to: `a.b[0]` is `b[0]` in the answer.
struct SelectedPath {
    std::string name;
    Path path;
};

struct PartiqlOrder {
    std::string attribute;
    bool is_descending = false;
};

/// What RETURNING wishes for.
enum class PartiqlReturning { none, all_old, all_new, modified_old, modified_new };

/// One statement, checked as far as it can be without the table. Immutable once parsed; copies
/// share the trees.
///
/// Lifetime: all values, those inside `condition` and `update` too, point into the text, the
/// parameters and the arena that `parse_partiql` was given.
/// Threads: any number may use one at once.
struct PartiqlStatement {
    /// `exists` is EXISTS(SELECT ...), a condition on one item: in a transaction's writes only,
    /// which is the caller's to check.
    enum class Kind { select, insert, update, remove, exists };

    Kind kind = Kind::select;
    std::string table;
    std::string index;                    ///< "" for the table; never with writes
    std::vector<SelectedPath> selection;  ///< empty for *
    UpdateExpression update;
    Condition condition;  ///< the whole WHERE, key attributes included; empty without one
    dynamodb::Item item;  ///< what INSERT puts
    std::vector<PartiqlOrder> order;
    PartiqlReturning returning = PartiqlReturning::none;
};

/// The longest statement, in characters (UTF-16 code units).
constexpr std::size_t kMaxPartiqlCharacters = 8192;

/// Parses and checks a statement; each `?` takes the next parameter, parameters left over are
/// ignored as DynamoDB ignores them.
///
/// Errors: Error invalid_argument (ValidationException) in DynamoDB's words, its place at `column N
/// of the statement`; also for more than 300 operators. The length is the caller's to check, since
/// it concerns the whole request.
PartiqlStatement parse_partiql(std::string_view text,
                               std::span<const dynamodb::AttributeValue> parameters,
                               base::Arena& arena);

/// The parts of the item that a SELECT asks for, by their names in the answer; absent ones are left
/// out. Lifetime: points into `arena`, the statement and what `item` points to.
dynamodb::Item select_partiql(const PartiqlStatement& statement, const dynamodb::Item& item,
                              base::Arena& arena);

/// The items of one partition whose sort key satisfies the operator.
struct KeyRange {
    dynamodb::AttributeValue hash;
    SortOperator sort_operator = SortOperator::none;
    dynamodb::AttributeValue sort;        ///< the operand; the lower bound of `between`
    dynamodb::AttributeValue sort_upper;  ///< of `between`
};

/// Where the items are that a statement's WHERE can be true for.
struct KeyAccess {
    /// Every item must be looked at; there are no ranges.
    bool is_scan = true;
    /// In the order to be read. A value that IN names twice has two ranges, as DynamoDB reads it
    /// twice; else no item is in two of them.
    std::vector<KeyRange> ranges;
    /// The ranges hold no other items than those for which WHERE is true. Otherwise the statement's
    /// `condition` is to be evaluated on each item.
    bool is_exact = false;
    /// ORDER BY the sort key, DESC: each range is read backwards, the ranges in their order.
    bool is_descending = false;

    /// The primary key, when the ranges are one that holds one item at most.
    std::optional<dynamodb::Item> item_key(const dynamodb::KeySchema& key,
                                           base::Arena& arena) const;
};

/// Derives how to reach the items from WHERE and the key of the table or index that FROM names: by
/// equality or IN on the partition key, also in a disjunction of such; else by a scan.
///
/// Errors: Error invalid_argument (ValidationException): a key attribute compared with a value of
/// another type; ORDER BY without WHERE or by an attribute that is no part of the key.
KeyAccess key_access(const PartiqlStatement& statement, const dynamodb::KeySchema& key);

/// The one item that an INSERT, an UPDATE, a DELETE or an EXISTS is about.
struct PartiqlTarget {
    dynamodb::Item key;
    /// What WHERE says besides the equalities that make the key, to be evaluated on the item, or on
    /// an empty one where it is missing. (An UPDATE and an EXISTS of a missing item fail all the
    /// same.) Empty for an INSERT, which fails on an item that is there.
    Condition condition;
};

/// Lifetime: points to what the statement points to; the key's list is in `arena`.
/// Errors: as `key_access`; also a WHERE that is not a conjunction with an equality on every key
/// attribute, an EXISTS that says no more than that, and an INSERT without a key.
PartiqlTarget partiql_target(const PartiqlStatement& statement, const dynamodb::KeySchema& key,
                             base::Arena& arena);

}  // namespace dynamigrate::expressions
