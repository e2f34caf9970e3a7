#pragma once

#include "item_write.hpp"

#include <dynamigrate/json/writer.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What TransactWriteItems, TransactGetItems and ExecuteTransaction share.
namespace dynamigrate::engine {

inline constexpr std::size_t kMaxTransactionActions = 100;

inline constexpr const char* kRepeatedItem =
    "Transaction request cannot include multiple operations on one item";

/// Why one action cancelled its transaction; "None" when it did not.
struct CancellationReason {
    std::string code = "None";
    std::string message;
    dynamodb::Item item;  ///< shown unless it is empty
};

/// Answers with TransactionCanceledException.
void write_cancellation(Request& request, std::span<const CancellationReason> reasons,
                        json::Writer& out);

/// One write of a transaction. Requires a table that was found.
struct TransactionAction {
    ItemWrite write;
    bool item_on_failure = false;  ///< ReturnValuesOnConditionCheckFailure
};

/// Does the transaction, once per client token, or answers with its cancellation: `request.outcome`
/// tells. A repeated one counts what it costs to read the items.
///
/// `identity`: the part of the request that must be the same when the token is.
/// Errors: ValidationException for two actions on one item and for more than 4 MB; as
///         TransactionTokens::Use.
void do_transaction(Database& database, Request& request,
                    std::span<const TransactionAction> actions, std::string_view token,
                    std::string_view identity, json::Writer& out);

/// Counts a read of an item in a transaction.
void count_transaction_read(Request& request, const Table& table, base::ItemBytes size);

/// The client token of a request, "" for none; notes a violation.
std::string_view client_token(object body, Constraints& constraints);
/// The list of actions or statements; notes violations of its length.
std::optional<array> transaction_list(object body, std::string_view name, Constraints& constraints);

}  // namespace dynamigrate::engine
