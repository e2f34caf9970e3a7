#include "item_parameters.hpp"
#include "operations.hpp"
#include "transactions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <array>

namespace dynamigrate::engine {

using dynamodb::Item;

namespace {

/// The kinds of actions by their members.
struct ActionKind {
    std::string_view member;
    ItemWrite::Kind kind;
    std::string_view item;  ///< the member that holds the item or the key
};

constexpr auto kActionKinds = std::to_array<ActionKind>({
    {"ConditionCheck", ItemWrite::Kind::check, "Key"},
    {"Put", ItemWrite::Kind::put, "Item"},
    {"Delete", ItemWrite::Kind::remove, "Key"},
    {"Update", ItemWrite::Kind::update, "Key"},
});

/// An action as far as it is known without its table.
struct RawAction {
    const ActionKind* kind = nullptr;
    object from;
    std::string_view table;
    TransactionAction action;
};

const ActionKind& kind_of(object from) {
    const ActionKind* kind = nullptr;
    for (const ActionKind& candidate : kActionKinds) {
        if (!member(from, candidate.member)) {
            continue;
        }
        if (kind != nullptr) {
            refuse_validation("TransactItems can only contain one of Check, Put, Update or Delete");
        }
        kind = &candidate;
    }
    if (kind == nullptr) {
        refuse_validation(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request");
    }
    return *kind;
}

RawAction read_members(Shape& element_shape) {
    RawAction raw;
    raw.kind = &kind_of(element_shape.from());
    Shape shape = *element_shape.inside(raw.kind->member);
    raw.from = shape.from();
    raw.table = table_of(shape);
    shape.required_inside(raw.kind->item);
    if (raw.kind->kind == ItemWrite::Kind::check) {
        shape.required_text("ConditionExpression");
    }
    if (raw.kind->kind == ItemWrite::Kind::update) {
        shape.required_text("UpdateExpression");
    }
    raw.action.item_on_failure = wants_item_on_failure(shape);
    return raw;
}

void read_write(Request& request, RawAction& raw) {
    ItemWrite& write = raw.action.write;
    write.kind = raw.kind->kind;
    element item = *member(raw.from, raw.kind->item);
    bool is_update = write.kind == ItemWrite::Kind::update;
    write.item =
        write.kind == ItemWrite::Kind::put ? item_to_put(request, item) : request.values.item(item);
    if (write.kind == ItemWrite::Kind::put &&
        dynamodb::item_size(write.item) > dynamodb::kMaxItemBytes) {
        refuse_validation("Item size has exceeded the maximum allowed size");
    }
    Expressions expressions(
        request, raw.from,
        is_update
            ? std::initializer_list<std::string_view>{"UpdateExpression", "ConditionExpression"}
            : std::initializer_list<std::string_view>{"ConditionExpression"});
    if (is_update) {
        write.update = expressions.update();
        check_attribute_names(write.update);
    }
    write.condition = expressions.condition();
    expressions.check_all_used();
}

}  // namespace

void transact_write_items(Database& database, Request& request, json::Writer& out) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    auto elements = transaction_list(request.body, "TransactItems", constraints);
    std::string_view token = client_token(request.body, constraints);
    bool has_metrics = wants_collection_metrics(shape);
    constraints.check();
    std::vector<RawAction> raw_actions;
    shape.for_each("TransactItems",
                   [&](Shape& action) { raw_actions.push_back(read_members(action)); });
    constraints.check();
    std::vector<TransactionAction> actions;
    for (RawAction& raw : raw_actions) {
        read_write(request, raw);
        actions.push_back(std::move(raw.action));
    }
    for (std::size_t i = 0; i < actions.size(); ++i) {
        actions[i].write.table = table_for_items(database, raw_actions[i].table);
    }
    do_transaction(database, request, actions, token, simdjson::minify(*elements), out);
    if (has_metrics && request.outcome == dynamodb::Outcome::success) {
        std::vector<ItemWrite> writes;
        for (const TransactionAction& action : actions) {
            writes.push_back(action.write);
        }
        write_all_collection_metrics(database, writes, out);
    }
}

namespace {

/// One Get of a TransactGetItems.
struct TransactionGet {
    std::string_view table;
    object from;
    Item key;
    expressions::Projection projection;
};

void read_get(Request& request, TransactionGet& get) {
    Expressions expressions(request, get.from, {"ProjectionExpression"});
    get.projection = expressions.projection();
    expressions.check_all_used();
    get.key = request.values.item(*member(get.from, "Key"));
}

std::vector<TransactionGet> read_gets(Request& request) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    transaction_list(request.body, "TransactItems", constraints);
    constraints.check();
    std::vector<TransactionGet> gets;
    shape.for_each("TransactItems", [&](Shape& action) {
        if (auto get = action.required_inside("Get")) {
            get->required_inside("Key");
            gets.push_back({table_of(*get), get->from(), {}, {}});
        }
    });
    constraints.check();
    for (TransactionGet& get : gets) {
        read_get(request, get);
    }
    return gets;
}

constexpr std::uint64_t kMaxTransactionBytes = 4 * 1024 * 1024;

using FoundKeys = std::vector<std::pair<TablePointer, Item>>;

/// Checks the keys. A key that is refused cancels the transaction.
bool check_keys(const FoundKeys& keys, std::vector<CancellationReason>& reasons) {
    std::vector<PlacedItem> valid;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& [table, key] = keys[i];
        try {
            check_key(*table, key);
            valid.emplace_back(table.get(), &key);
        } catch (const base::Error& error) {
            reasons[i] = {"ValidationError", error.message(), {}};
        }
    }
    require_distinct(valid, kRepeatedItem);
    return valid.size() == keys.size();
}

void check_size(std::span<const ReadItem> items) {
    std::uint64_t bytes = 0;
    for (const ReadItem& item : items) {
        bytes += item.size.value;
    }
    if (bytes > kMaxTransactionBytes) {
        refuse_validation("Transaction payload size cannot exceed 4MB. Payload Size: " +
                          std::to_string(bytes));
    }
}

}  // namespace

void transact_get_items(Database& database, Request& request, json::Writer& out) {
    std::vector<TransactionGet> gets = read_gets(request);
    FoundKeys keys;
    for (const TransactionGet& get : gets) {
        keys.emplace_back(table_for_items(database, get.table), get.key);
        check_scalar_keys(*keys.back().first, attributes_entered(get.projection));
    }
    std::vector<CancellationReason> reasons(gets.size());
    if (!check_keys(keys, reasons)) {
        write_cancellation(request, reasons, out);
        return;
    }
    std::vector<ReadItem> items = read_items_atomically(database, request, keys);
    check_size(items);
    out.key("Responses").begin_array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        count_transaction_read(request, *keys[i].first, items[i].size);
        out.begin_object();
        if (!items[i].item.empty()) {
            out.key("Item");
            dynamodb::write_item(out, gets[i].projection.apply(items[i].item, request.arena));
        }
        out.end_object();
    }
    out.end_array();
}

}  // namespace dynamigrate::engine
