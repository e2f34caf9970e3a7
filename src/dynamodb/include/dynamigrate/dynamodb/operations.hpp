#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// Single operations as functions of a Service, for callers that are not on the hot path.
namespace dynamigrate::dynamodb {

/// An expression text with its substitutions, as requests carry them.
struct ExpressionText {
    std::string text;                                        ///< "" : none
    std::vector<std::pair<std::string, std::string>> names;  ///< "#n" -> attribute name
    Item values;                                             ///< ":v" -> value
};

/// A read item, or nothing. Consistent.
std::optional<OwnedItem> get_item(Service& service, std::string_view table, const Item& key,
                                  std::stop_token stop = {});

/// How a conditional write ended.
struct WriteResult {
    bool condition_failed = false;
    /// The condition may have failed because an earlier attempt of this very write was applied.
    bool earlier_attempt_may_have_applied = false;
    std::optional<OwnedItem> attributes;  ///< ReturnValues, or the item that failed the condition
};

WriteResult put_item(Service& service, std::string_view table, const Item& item,
                     const ExpressionText& condition = {}, std::stop_token stop = {});
/// `return_values`: "" or ALL_OLD, ALL_NEW, ...
WriteResult update_item(Service& service, std::string_view table, const Item& key,
                        std::string_view update_expression,
                        const ExpressionText& condition_and_substitutions,
                        std::string_view return_values = {}, std::stop_token stop = {});
WriteResult delete_item(Service& service, std::string_view table, const Item& key,
                        const ExpressionText& condition = {}, std::string_view return_values = {},
                        std::stop_token stop = {});

/// What a query asks. All pages are read.
struct QueryInput {
    std::string table;
    std::string index;
    ExpressionText key_condition;
    bool consistent = true;
    bool forward = true;
    std::optional<int> limit;  ///< stop after so many items
};
/// Calls `visit` for each item (valid during the call only) until it returns false.
void query(Service& service, const QueryInput& input, const std::function<bool(const Item&)>& visit,
           std::stop_token stop = {});
/// Calls `visit` for each item of the table, by one sequential scan.
void scan(Service& service, std::string_view table, bool consistent,
          const std::function<bool(const Item&)>& visit, std::stop_token stop = {});

/// The table's description, or nothing when there is no such table.
std::optional<TableDescription> describe_table(Service& service, std::string_view table,
                                               std::stop_token stop = {});
std::vector<std::string> list_tables(Service& service, std::stop_token stop = {});

/// One put, update, delete or condition check of a transaction.
struct TransactAction {
    enum class Kind { put, update, remove, check } kind = Kind::put;
    std::string table;
    Item item;                      ///< the item to put, else the key
    std::string update_expression;  ///< for update
    ExpressionText condition;       ///< condition, with the substitutions of both
};
/// Returns the cancellation codes by action ("None", "ConditionalCheckFailed", ...), or empty when
/// the transaction was applied.
std::vector<std::string> transact_write(Service& service,
                                        const std::vector<TransactAction>& actions,
                                        std::string_view client_token = {},
                                        std::stop_token stop = {});

}  // namespace dynamigrate::dynamodb
