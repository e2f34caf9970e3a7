#include "item_parameters.hpp"
#include "operations.hpp"
#include "statement.hpp"
#include "transactions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Item;
using Kind = PartiqlStatement::Kind;

namespace {

struct TransactionStatement {
    expressions::PreparedPartiql* prepared = nullptr;
    TablePointer table;
    bool item_on_failure = false;

    const PartiqlStatement& parsed() const { return prepared->statement(); }
};

[[noreturn]] void refuse_statement(std::size_t number, const std::string& reason) {
    refuse_validation("Validation failed in TransactStatements[" + std::to_string(number) +
                      "]: " + reason);
}

bool names_only_keys(const PartiqlStatement& statement, const dynamodb::KeySchema& key) {
    return std::ranges::all_of(statement.condition.attributes(),
                               [&](const std::string& name) { return key.contains(name); });
}

/// Refuses what a statement may be elsewhere, but not in a transaction.
void check_statement(const TransactionStatement& statement, std::size_t number) {
    const PartiqlStatement& parsed = statement.parsed();
    if (parsed.returning != expressions::PartiqlReturning::none) {
        refuse_statement(number, "RETURNING clause is not supported in ExecuteTransaction.");
    }
    if (!parsed.index.empty()) {
        refuse_statement(number, parsed.kind == Kind::select
                                     ? "Reads on indices are not supported within transactions."
                                     : "Operations on indices are not supported in transactions");
    }
    if (parsed.kind == Kind::exists && names_only_keys(parsed, statement.table->key)) {
        refuse_statement(number,
                         "EXISTS() must contain a single item read with additional condition");
    }
}

std::vector<TransactionStatement> read_statements(Request& request, array elements) {
    std::vector<TransactionStatement> statements;
    Constraints constraints;
    for (element member : elements) {
        engine::check_statement(
            as_object(member),
            "transactStatements." + std::to_string(statements.size() + 1) + ".member.");
        Shape shape(constraints, as_object(member));
        statements.push_back({nullptr, nullptr, wants_item_on_failure(shape)});
    }
    constraints.check();
    std::size_t number = 0;
    for (element member : elements) {
        statements[number].prepared = &prepare_statement(request, as_object(member), number);
        ++number;
    }
    return statements;
}

void check_kinds(const std::vector<TransactionStatement>& statements) {
    auto is_read = [](const TransactionStatement& statement) {
        return statement.parsed().kind == Kind::select;
    };
    if (std::ranges::any_of(statements, is_read) && !std::ranges::all_of(statements, is_read)) {
        refuse_validation(
            "ExecuteTransaction API does not support both read and write operations in the same "
            "request.");
    }
}

void answer_reads(Database& database, Request& request,
                  const std::vector<TransactionStatement>& statements, json::Writer& out) {
    std::vector<std::pair<TablePointer, Item>> keys;
    for (const TransactionStatement& statement : statements) {
        Item key = selected_key(request, statement.parsed(), *statement.table);
        if (key.empty()) {
            refuse_statement(keys.size(),
                             "Select statements within ExecuteTransaction must specify the primary "
                             "key in the where clause.");
        }
        keys.emplace_back(statement.table, key);
    }
    std::vector<PlacedItem> items_wanted;
    for (const auto& [table, key] : keys) {
        items_wanted.emplace_back(table.get(), &key);
    }
    require_distinct(items_wanted,
                     "Transaction request cannot include multiple operations on one item");
    std::vector<ReadItem> items = read_items_atomically(database, request, keys);
    out.key("Responses").begin_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Table& table = *keys[i].first;
        request.usage.read(table, dynamodb::read_units(items[i].size, true, true).value, nullptr,
                           true);
        out.begin_object();
        write_selected(request, statements[i].parsed(), items[i].item, out);
        out.end_object();
    }
    out.end_array();
}

/// What the statements write. One that names no item, or a wrong key, cancels the transaction.
std::vector<TransactionAction> actions_of(Request& request,
                                          const std::vector<TransactionStatement>& statements,
                                          std::vector<CancellationReason>& reasons) {
    std::vector<TransactionAction> actions;
    for (std::size_t i = 0; i < statements.size(); ++i) {
        try {
            actions.push_back({write_of(request, *statements[i].prepared, statements[i].table),
                               statements[i].item_on_failure});
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::invalid_argument) {
                throw;
            }
            reasons[i] = {"ValidationError", error.message(), {}};
        }
    }
    return actions;
}

void answer_writes(Database& database, Request& request,
                   const std::vector<TransactionStatement>& statements, std::string_view token,
                   std::string_view identity, json::Writer& out) {
    std::vector<CancellationReason> reasons(statements.size());
    std::vector<TransactionAction> actions = actions_of(request, statements, reasons);
    if (actions.size() != statements.size()) {
        write_cancellation(request, reasons, out);
        return;
    }
    do_transaction(database, request, actions, token, identity, out);
    if (request.outcome == dynamodb::Outcome::success) {
        out.key("Responses").begin_array().end_array();
    }
}

}  // namespace

void execute_transaction(Database& database, Request& request, json::Writer& out) {
    Constraints constraints;
    std::optional<array> elements =
        transaction_list(request.body, "TransactStatements", constraints);
    std::string_view token = client_token(request.body, constraints);
    constraints.check();
    std::vector<TransactionStatement> statements = read_statements(request, *elements);
    check_kinds(statements);
    std::size_t number = 0;
    for (TransactionStatement& statement : statements) {
        statement.table = table_for_items(database, statement.parsed().table);
        check_statement(statement, number++);
    }
    if (statements.front().parsed().kind == Kind::select) {
        answer_reads(database, request, statements, out);
    } else {
        answer_writes(database, request, statements, token, simdjson::minify(*elements), out);
    }
}

}  // namespace dynamigrate::engine
