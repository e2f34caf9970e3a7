#include "memory_write.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/projection.hpp>

#include <algorithm>
#include <set>

namespace dynamigrate::expressions::memory {

using dynamodb::Item;
using json::Value;
using json::Writer;

namespace {

constexpr std::size_t kMaxBatchWrites = 25;
constexpr std::size_t kMaxTransactionActions = 100;

const Item& item_of(const StoredItem& stored) {
    static const Item none;
    return stored == nullptr ? none : stored->item;
}

const Item* pointer_to(const StoredItem& stored) {
    return stored == nullptr ? nullptr : &stored->item;
}

Write begin_write(Table& table, ItemKey key, const Condition& condition) {
    Write write;
    write.table = &table;
    write.before = find(table, key);
    write.after = write.before;
    write.key = std::move(key);
    write.condition_failed = !condition.matches(item_of(write.before));
    return write;
}

Condition condition_of(const Value& object, Substitutions& substitutions) {
    const Value* text = object.find("ConditionExpression");
    return text == nullptr ? Condition() : Condition::parse(text->text(), substitutions);
}

UpdateExpression update_of(const Value& object, Substitutions& substitutions) {
    const Value* text = object.find("UpdateExpression");
    return text == nullptr ? UpdateExpression()
                           : UpdateExpression::parse(text->text(), substitutions);
}

/// Prepares the write that the object (a request or an action) describes.
Write prepare(Store& store, const Value& object, std::string_view action, base::Arena& arena,
              UpdateExpression* update_used = nullptr) {
    Table& table = store.table(text(object, "TableName"));
    ExpressionText source = substitutions(object, arena);
    Substitutions substitutions(source);
    Condition condition = condition_of(object, substitutions);
    UpdateExpression update =
        action == "Update" ? update_of(object, substitutions) : UpdateExpression();
    substitutions.check_all_used();
    if (update_used != nullptr) {
        *update_used = update;
    }
    if (action == "Put") {
        return prepare_put(table, item(object, "Item", arena), condition);
    }
    Item key = item(object, "Key", arena);
    if (action == "Update") {
        return prepare_update(table, key, update, condition);
    }
    if (action == "Delete") {
        return prepare_delete(table, key, condition);
    }
    return begin_write(table, checked_key(table, key), condition);
}

bool wants_item(const Value& object) {
    return text(object, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
}

/// Runs a single write to its end; false when its condition failed.
bool finish(Request& request, const Write& write, Writer& out) {
    request.usage.write(*write.table, pointer_to(write.before), pointer_to(write.after));
    if (write.condition_failed) {
        write_condition_failure(request, write, wants_item(request.body), out);
        return false;
    }
    commit(write);
    return true;
}

void check_return_values(const Value& body, std::initializer_list<std::string_view> allowed) {
    std::string wish = text(body, "ReturnValues");
    if (!wish.empty() && std::find(allowed.begin(), allowed.end(), wish) == allowed.end()) {
        refuse_validation("Return values set to invalid value");
    }
}

struct BatchWrite {
    std::string table;
    const Value* element = nullptr;
    Write write;
};

std::vector<BatchWrite> read_batch(Store& store, Request& request) {
    std::vector<BatchWrite> writes;
    std::set<std::pair<std::string, ItemKey>> seen;
    for (const Value::Member& table : required(request.body, "RequestItems").members()) {
        Table& target = store.table(table.key);
        for (const Value& element : table.value.elements()) {
            const Value* put = element.find("PutRequest");
            Write write =
                put != nullptr
                    ? prepare_put(target, item(*put, "Item", request.arena), {})
                    : prepare_delete(target,
                                     item(required(element, "DeleteRequest"), "Key", request.arena),
                                     {});
            if (!seen.emplace(table.key, write.key).second) {
                refuse_validation("Provided list of item keys contains duplicates");
            }
            writes.push_back({table.key, &element, std::move(write)});
        }
    }
    if (writes.empty() || writes.size() > kMaxBatchWrites) {
        refuse_validation(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: "
            "Member must have length less than or equal to 25");
    }
    return writes;
}

struct TransactionPart {
    Write write;
    std::string action;
    const Value* object = nullptr;
    std::string code = "None";
    std::string message;
};

TransactionPart read_part(Store& store, const Value& element, base::Arena& arena) {
    TransactionPart part;
    part.action = element.members().front().key;
    part.object = &element.members().front().value;
    try {
        part.write = prepare(store, *part.object, part.action, arena);
        if (part.write.condition_failed) {
            part.code = "ConditionalCheckFailed";
            part.message = "The conditional request failed";
        }
    } catch (const base::Error& error) {
        bool is_item_error =
            error.message().starts_with("The provided expression refers") ||
            error.message().starts_with("An operand in the update") ||
            error.message().starts_with("The document path provided in the update") ||
            error.message().starts_with("Item size");
        if (!is_item_error) {
            throw;
        }
        part.code = "ValidationError";
        part.message = error.message();
    }
    return part;
}

void write_cancellation(Request& request, const std::vector<TransactionPart>& parts, Writer& out) {
    request.outcome = dynamodb::Outcome::transaction_cancelled;
    std::string codes;
    for (const TransactionPart& part : parts) {
        codes += (codes.empty() ? "" : ", ") + part.code;
    }
    out.key("__type").string("com.amazonaws.dynamodb.v20120810#TransactionCanceledException");
    out.key("Message").string(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [" + codes +
        "]");
    out.key("CancellationReasons").begin_array();
    for (const TransactionPart& part : parts) {
        out.begin_object().key("Code").string(part.code);
        if (!part.message.empty()) {
            out.key("Message").string(part.message);
        }
        if (part.write.condition_failed && wants_item(*part.object)) {
            write_item_member(out, "Item", part.write.before);
        }
        out.end_object();
    }
    out.end_array();
}

/// Whether the transaction of this token was done already.
bool is_repeated(Store& store, const Request& request) {
    std::string token = text(request.body, "ClientRequestToken");
    if (token.empty()) {
        return false;
    }
    std::string actions = json::to_json(required(request.body, "TransactItems"));
    auto known = store.transaction_tokens.find(token);
    if (known != store.transaction_tokens.end() && known->second != actions) {
        refuse("IdempotentParameterMismatchException",
               "The request uses the same client token as a previous, but non-identical request.");
    }
    return known != store.transaction_tokens.end();
}

}  // namespace

Write prepare_put(Table& table, const Item& item, const Condition& condition) {
    Write write = begin_write(table, checked_item_key(table, item, false), condition);
    if (!write.condition_failed) {
        write.after = std::make_shared<const dynamodb::OwnedItem>(item);
    }
    return write;
}

Write prepare_update(Table& table, const Item& key, const UpdateExpression& update,
                     const Condition& condition) {
    for (const std::string& attribute : update.attributes_written()) {
        if (table.key.contains(attribute)) {
            refuse_validation(
                "One or more parameter values were invalid: Cannot update attribute " + attribute +
                ". This attribute is part of the key");
        }
    }
    Write write = begin_write(table, checked_key(table, key), condition);
    bool is_missing = write.before == nullptr;
    if (write.condition_failed || (is_missing && !update.creates_item())) {
        return write;
    }
    base::Arena arena;
    Item after = update.apply(is_missing ? key : write.before->item, arena);
    checked_item_key(table, after, true);
    write.after = std::make_shared<const dynamodb::OwnedItem>(after);
    return write;
}

Write prepare_delete(Table& table, const Item& key, const Condition& condition) {
    Write write = begin_write(table, checked_key(table, key), condition);
    if (!write.condition_failed) {
        write.after = nullptr;
    }
    return write;
}

void write_item_member(Writer& out, std::string_view member, const StoredItem& item) {
    if (item != nullptr) {
        out.key(member);
        dynamodb::write_item(out, item->item);
    }
}

Item parts_of(const StoredItem& item, const std::vector<Path>& paths, base::Arena& arena) {
    return item == nullptr || paths.empty() ? Item()
                                            : Projection::of(paths).apply(item->item, arena);
}

void write_condition_failure(Request& request, const Write& write, bool with_item, Writer& out) {
    request.outcome = dynamodb::Outcome::condition_failed;
    out.key("__type").string("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
    out.key("message").string("The conditional request failed");
    if (with_item) {
        write_item_member(out, "Item", write.before);
    }
}

void put_item(Store& store, Request& request, Writer& out) {
    check_return_values(request.body, {"NONE", "ALL_OLD"});
    Write write = prepare(store, request.body, "Put", request.arena);
    if (finish(request, write, out) && text(request.body, "ReturnValues") == "ALL_OLD") {
        write_item_member(out, "Attributes", write.before);
    }
}

void delete_item(Store& store, Request& request, Writer& out) {
    check_return_values(request.body, {"NONE", "ALL_OLD"});
    Write write = prepare(store, request.body, "Delete", request.arena);
    if (finish(request, write, out) && text(request.body, "ReturnValues") == "ALL_OLD") {
        write_item_member(out, "Attributes", write.before);
    }
}

void update_item(Store& store, Request& request, Writer& out) {
    check_return_values(request.body, {"NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"});
    UpdateExpression update;
    Write write = prepare(store, request.body, "Update", request.arena, &update);
    if (!finish(request, write, out)) {
        return;
    }
    std::string wish = text(request.body, "ReturnValues");
    if (wish == "ALL_OLD" || wish == "ALL_NEW") {
        write_item_member(out, "Attributes", wish == "ALL_OLD" ? write.before : write.after);
    } else if (wish == "UPDATED_OLD" || wish == "UPDATED_NEW") {
        Item parts = parts_of(wish == "UPDATED_OLD" ? write.before : write.after,
                              update.paths_written(), request.arena);
        if (!parts.empty()) {
            out.key("Attributes");
            dynamodb::write_item(out, parts);
        }
    }
}

void batch_write(Store& store, Request& request, Writer& out) {
    std::vector<BatchWrite> writes = read_batch(store, request);
    std::size_t done = store.options.batch_limit == 0
                           ? writes.size()
                           : std::min(writes.size(), store.options.batch_limit);
    Value unprocessed = Value::object();
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const BatchWrite& entry = writes[i];
        if (i < done) {
            request.usage.write(*entry.write.table, pointer_to(entry.write.before),
                                pointer_to(entry.write.after));
            commit(entry.write);
            continue;
        }
        if (unprocessed.find(entry.table) == nullptr) {
            unprocessed.set(entry.table, Value::array());
        }
        unprocessed.find(entry.table)->elements().push_back(*entry.element);
    }
    out.key("UnprocessedItems").raw(json::to_json(unprocessed));
}

void transact_write(Store& store, Request& request, Writer& out) {
    if (is_repeated(store, request)) {
        return;
    }
    const Value& actions = required(request.body, "TransactItems");
    if (actions.elements().empty() || actions.elements().size() > kMaxTransactionActions) {
        refuse_validation(
            "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: "
            "Member must have length less than or equal to 100");
    }
    std::vector<TransactionPart> parts;
    std::set<std::pair<std::string, ItemKey>> seen;
    bool is_cancelled = false;
    for (const Value& action : actions.elements()) {
        parts.push_back(read_part(store, action, request.arena));
        const TransactionPart& part = parts.back();
        is_cancelled = is_cancelled || part.code != "None";
        if (part.write.table != nullptr &&
            !seen.emplace(part.write.table->name, part.write.key).second) {
            refuse_validation("Transaction request cannot include multiple operations on one item");
        }
    }
    if (is_cancelled) {
        write_cancellation(request, parts, out);
        return;
    }
    for (const TransactionPart& part : parts) {
        request.usage.write(*part.write.table, pointer_to(part.write.before),
                            pointer_to(part.write.after), true);
        commit(part.write);
    }
    if (std::string token = text(request.body, "ClientRequestToken"); !token.empty()) {
        store.transaction_tokens[token] = json::to_json(actions);
    }
}

}  // namespace dynamigrate::expressions::memory
