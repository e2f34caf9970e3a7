#include "transactions.hpp"

#include "item_parameters.hpp"
#include "transaction_tokens.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Item;
using Verdict = ItemWriteResult::Verdict;

namespace {

constexpr std::size_t kMaxTokenLength = 36;

bool is_invalid(const base::Error& error) {
    return error.kind() == base::ErrorKind::invalid_argument &&
           (error.service_code().empty() || error.service_code() == "ValidationException");
}

/// Checks all keys and items against their tables. An action that is refused cancels the
/// transaction.
bool check_actions(std::span<const TransactionAction> actions,
                   std::vector<CancellationReason>& reasons) {
    bool is_valid = true;
    for (std::size_t i = 0; i < actions.size(); ++i) {
        try {
            check_write(actions[i].write);
        } catch (const base::Error& error) {
            if (!is_invalid(error)) {
                throw;
            }
            reasons[i] = {"ValidationError", error.message(), {}};
            is_valid = false;
        }
    }
    return is_valid;
}

/// Leaves out those whose keys were refused.
void check_distinct(std::span<const TransactionAction> actions,
                    std::span<const CancellationReason> reasons) {
    std::vector<PlacedItem> items;
    for (std::size_t i = 0; i < actions.size(); ++i) {
        if (reasons[i].code == "None") {
            items.emplace_back(actions[i].write.table.get(), &actions[i].write.item);
        }
    }
    require_distinct(items, kRepeatedItem);
}

CancellationReason reason_of(const ItemWriteResult& result, bool wants_item) {
    switch (result.verdict) {
        case Verdict::done:
            return {};
        case Verdict::condition_failed:
            return {"ConditionalCheckFailed", "The conditional request failed",
                    wants_item ? result.before : Item()};
        case Verdict::duplicate:
            return {"DuplicateItem", "Duplicate primary key exists in table",
                    wants_item ? result.before : Item()};
        case Verdict::refused:
            break;
    }
    return {result.refusal_code, result.refusal, {}};
}

bool changes_items(std::span<const TransactionAction> actions,
                   std::span<const ItemWriteResult> results) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
        if (actions[i].write.kind != ItemWrite::Kind::check &&
            (!results[i].before.empty() || !results[i].after.empty())) {
            return true;
        }
    }
    return false;
}

/// Counts a repeated transaction: the items are read.
void count_repeated(Database& database, Request& request,
                    std::span<const TransactionAction> actions) {
    if (request.usage.wish == CapacityWish::none) {
        return;
    }
    for (const TransactionAction& action : actions) {
        const Table& table = *action.write.table;
        Item key = table.key.key_of(action.write.item, request.arena);
        count_transaction_read(request, table, read_item(database, request, table, key, true).size);
    }
}

}  // namespace

void count_transaction_read(Request& request, const Table& table, base::ItemBytes size) {
    request.usage.read(table, dynamodb::read_units(size, true, true).value, nullptr, true);
}

void write_cancellation(Request& request, std::span<const CancellationReason> reasons,
                        json::Writer& out) {
    request.outcome = dynamodb::Outcome::transaction_cancelled;
    std::string codes;
    out.key("__type").string("com.amazonaws.dynamodb.v20120810#TransactionCanceledException");
    out.key("CancellationReasons").begin_array();
    for (const CancellationReason& reason : reasons) {
        codes += (codes.empty() ? "" : ", ") + reason.code;
        out.begin_object();
        if (!reason.item.empty()) {
            out.key("Item");
            dynamodb::write_item(out, reason.item);
        }
        out.key("Code").string(reason.code);
        if (!reason.message.empty()) {
            out.key("Message").string(reason.message);
        }
        out.end_object();
    }
    out.end_array();
    out.key("Message").string(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [" + codes +
        "]");
}

void do_transaction(Database& database, Request& request,
                    std::span<const TransactionAction> actions, std::string_view token,
                    std::string_view identity, json::Writer& out) {
    std::vector<CancellationReason> reasons(actions.size());
    bool is_valid = check_actions(actions, reasons);
    check_distinct(actions, reasons);
    if (!is_valid) {
        write_cancellation(request, reasons, out);
        return;
    }
    TransactionTokens::Use use(database.transaction_tokens, token, identity);
    if (use.was_done()) {
        count_repeated(database, request, actions);
        return;
    }
    std::vector<ItemWrite> writes;
    for (const TransactionAction& action : actions) {
        writes.push_back(action.write);
    }
    std::vector<ItemWriteResult> results =
        do_writes_atomically(database, request, writes, {.records = use.records()});
    bool is_done = true;
    for (std::size_t i = 0; i < actions.size(); ++i) {
        reasons[i] = reason_of(results[i], actions[i].item_on_failure);
        is_done = is_done && results[i].verdict == Verdict::done;
    }
    if (!is_done) {
        write_cancellation(request, reasons, out);
    } else if (!token.empty() && !changes_items(actions, results)) {
        use.remember();
    }
}

std::string_view client_token(object body, Constraints& constraints) {
    std::string_view token = text_or(body, "ClientRequestToken", "");
    if (token.size() > kMaxTokenLength) {
        constraints.violated(token, "clientRequestToken",
                             "Member must have length less than or equal to 36");
    }
    return token;
}

std::optional<array> transaction_list(object body, std::string_view name,
                                      Constraints& constraints) {
    std::optional<array> actions = list(body, name);
    std::string path(name);
    path.front() = static_cast<char>(path.front() - 'A' + 'a');
    if (!actions) {
        constraints.null(path);
    } else if (actions->size() == 0) {
        constraints.violated("[]", path, "Member must have length greater than or equal to 1");
    } else if (actions->size() > kMaxTransactionActions) {
        constraints.violated("[" + std::to_string(actions->size()) + " members]", path,
                             "Member must have length less than or equal to 100");
    }
    return actions;
}

}  // namespace dynamigrate::engine
