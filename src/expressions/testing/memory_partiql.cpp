#include "memory_write.hpp"
#include "partiql.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/projection.hpp>

#include <algorithm>
#include <optional>
#include <set>

namespace dynamigrate::expressions::memory {

using dynamodb::AttributeValue;
using dynamodb::Item;
using json::Value;
using json::Writer;

namespace {

constexpr std::size_t kMaxStatements = 25;
constexpr std::size_t kMaxStatementCharacters = 8192;

/// A statement with the item that it is about.
struct Bound {
    Statement statement;
    Table* table = nullptr;
    std::optional<Item> key;  ///< of an item that equalities, or the item to insert, name
    Condition condition;
};

Statement read_statement(const Value& object, base::Arena& arena) {
    const std::string& text = required(object, "Statement").text();
    if (text.size() > kMaxStatementCharacters) {
        refuse_validation(
            "1 validation error detected: Value at 'statement' failed to satisfy constraint: "
            "Member "
            "must have length less than or equal to 8192");
    }
    std::vector<AttributeValue> parameters;
    if (const Value* list = object.find("Parameters")) {
        for (const Value& parameter : list->elements()) {
            parameters.push_back(dynamodb::value_from_wire(parameter, "request", arena));
        }
    }
    return parse_statement(text, arena.copy(std::span<const AttributeValue>(parameters)), arena);
}

const AttributeValue* equal_value(const Statement& statement, const std::string& attribute) {
    for (const auto& [name, value] : statement.equalities) {
        if (name == attribute) {
            return &value;
        }
    }
    return statement.kind == Statement::Kind::insert ? statement.item.find(attribute) : nullptr;
}

std::optional<Item> key_in(const Statement& statement, const Table& table, base::Arena& arena) {
    dynamodb::ItemBuilder builder(arena);
    const AttributeValue* hash = equal_value(statement, table.key.hash.name);
    if (hash == nullptr) {
        return std::nullopt;
    }
    builder.set(table.key.hash.name, *hash);
    if (table.key.sort) {
        const AttributeValue* sort = equal_value(statement, table.key.sort->name);
        if (sort == nullptr) {
            return std::nullopt;
        }
        builder.set(table.key.sort->name, *sort);
    }
    return builder.build();
}

Bound bind(Store& store, const Value& object, base::Arena& arena) {
    Bound bound;
    bound.statement = read_statement(object, arena);
    bound.table = &store.table(bound.statement.table);
    bound.key = key_in(bound.statement, *bound.table, arena);
    if (!bound.key && bound.statement.kind != Statement::Kind::select) {
        refuse_validation(
            "Where clause does not contain a mandatory equality on all key attributes");
    }
    return bound;
}

void parse_condition(Bound& bound) {
    if (!bound.statement.condition.empty()) {
        Substitutions substitutions(bound.statement.substitutions);
        bound.condition =
            Condition::parse(bound.statement.condition, substitutions, "Where clause");
    }
}

/// Whether the WHERE says more than the key.
bool has_further_condition(const Bound& bound) {
    std::size_t key_size = bound.table->key.sort ? 2 : 1;
    return bound.condition.attributes().size() > key_size ||
           bound.statement.equalities.size() > key_size;
}

Write prepare(Bound& bound) {
    parse_condition(bound);
    const Statement& statement = bound.statement;
    if (statement.kind == Statement::Kind::insert) {
        return prepare_put(*bound.table, statement.item, {});
    }
    ItemKey key = checked_key(*bound.table, *bound.key);
    StoredItem before = find(*bound.table, key);
    if (statement.kind == Statement::Kind::remove) {
        bool is_unconditional_miss = before == nullptr && !has_further_condition(bound);
        return prepare_delete(*bound.table, *bound.key,
                              is_unconditional_miss ? Condition() : bound.condition);
    }
    Substitutions substitutions(statement.substitutions);
    UpdateExpression update = UpdateExpression::parse(statement.update, substitutions);
    if (before == nullptr) {
        Write missing;
        missing.table = bound.table;
        missing.key = std::move(key);
        missing.condition_failed = true;
        return missing;
    }
    return prepare_update(*bound.table, *bound.key, update, bound.condition);
}

void write_returned(Writer& out, const Bound& bound, const Write& write, std::string_view member,
                    bool as_list, base::Arena& arena) {
    const std::string& wish = bound.statement.returning;
    if (wish.empty()) {
        return;
    }
    bool is_old = wish.ends_with("OLD");
    const StoredItem& image = is_old ? write.before : write.after;
    if (image == nullptr) {
        return;
    }
    Item shown = image->item;
    if (wish.starts_with("MODIFIED") && bound.statement.kind == Statement::Kind::update) {
        Substitutions substitutions(bound.statement.substitutions);
        shown = parts_of(
            image, UpdateExpression::parse(bound.statement.update, substitutions).paths_written(),
            arena);
    }
    out.key(member);
    if (as_list) {
        out.begin_array();
    }
    dynamodb::write_item(out, shown);
    if (as_list) {
        out.end_array();
    }
}

const Item* pointer_to(const StoredItem& stored) {
    return stored == nullptr ? nullptr : &stored->item;
}

bool is_duplicate(const Bound& bound, const Write& write) {
    return bound.statement.kind == Statement::Kind::insert && write.before != nullptr;
}

void charge_write(const Store& store, Request& request, const Write& write) {
    if (store.options.partiql_tells_capacity) {
        request.usage.write(*write.table, pointer_to(write.before), pointer_to(write.after));
    }
}

std::vector<Item> selected(const Bound& bound, Request& request) {
    std::vector<const Item*> found;
    const Index* index =
        bound.statement.index.empty() ? nullptr : bound.table->index(bound.statement.index);
    for (const auto& [key, stored] : bound.table->items) {
        bool is_there = index == nullptr || has_key(stored->item, index->key);
        if (is_there && bound.condition.matches(stored->item)) {
            found.push_back(&stored->item);
        }
    }
    Projection projection;
    if (!bound.statement.projection.empty()) {
        Substitutions substitutions(bound.statement.substitutions);
        projection = Projection::parse(bound.statement.projection, substitutions);
    }
    std::vector<Item> items;
    for (const Item* item : found) {
        items.push_back(projection.apply(*item, request.arena));
    }
    return items;
}

void charge_read(const Store& store, Request& request, const Bound& bound,
                 const std::vector<Item>& items) {
    if (!store.options.partiql_tells_capacity) {
        return;
    }
    base::ItemBytes size;
    for (const Item& item : items) {
        size += dynamodb::item_size(item);
    }
    request.usage.read(*bound.table,
                       dynamodb::read_units(size, flag(request.body, "ConsistentRead")).value);
}

void answer_select(Store& store, Request& request, Bound& bound, Writer& out) {
    parse_condition(bound);
    std::vector<Item> items = selected(bound, request);
    charge_read(store, request, bound, items);
    std::string token = text(request.body, "NextToken");
    std::size_t begin = token.empty() ? 0 : std::stoul(token);
    auto limit = static_cast<std::size_t>(
        integer(request.body, "Limit", static_cast<int>(items.size()) + 1));
    std::size_t end = std::min(items.size(), begin + limit);
    out.key("Items").begin_array();
    for (std::size_t i = begin; i < end; ++i) {
        dynamodb::write_item(out, items[i]);
    }
    out.end_array();
    if (end < items.size()) {
        out.key("NextToken").string(std::to_string(end));
    }
}

void write_error(Writer& out, std::string_view code, const std::string& message,
                 const StoredItem& item) {
    out.key("Error").begin_object().key("Code").string(code).key("Message").string(message);
    write_item_member(out, "Item", item);
    out.end_object();
}

/// Answers one statement of a batch.
void answer_statement(Store& store, Request& request, const Value& object, Bound& bound,
                      Writer& out) {
    if (bound.statement.kind == Statement::Kind::select) {
        parse_condition(bound);
        std::vector<Item> items = selected(bound, request);
        charge_read(store, request, bound, items);
        if (!items.empty()) {
            out.key("Item");
            dynamodb::write_item(out, items.front());
        }
        return;
    }
    Write write = prepare(bound);
    charge_write(store, request, write);
    if (is_duplicate(bound, write)) {
        write_error(out, "DuplicateItem", "Duplicate primary key exists in table", nullptr);
    } else if (write.condition_failed) {
        bool with_item = text(object, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
        write_error(out, "ConditionalCheckFailed", "The conditional request failed",
                    with_item ? write.before : nullptr);
    } else {
        commit(write);
        write_returned(out, bound, write, "Item", false, request.arena);
    }
}

std::string code_in_batch(const base::Error& error) {
    const std::string& code = error.service_code();
    if (code == "ResourceNotFoundException") {
        return "ResourceNotFound";
    }
    return "ValidationError";
}

void check_batch(std::size_t count) {
    if (count == 0 || count > kMaxStatements) {
        refuse_validation(
            "1 validation error detected: Value at 'statements' failed to satisfy constraint: "
            "Member "
            "must have length less than or equal to 25");
    }
}

/// A statement of a batch; `error` where it could not even be read.
struct BatchEntry {
    Bound bound;
    std::optional<base::Error> error;
};

BatchEntry read_entry(Store& store, const Value& object, base::Arena& arena) {
    BatchEntry entry;
    if (required(object, "Statement").text().size() > kMaxStatementCharacters) {
        read_statement(object, arena);
    }
    try {
        entry.bound = bind(store, object, arena);
    } catch (const base::Error& error) {
        entry.error = error;
    }
    return entry;
}

std::vector<BatchEntry> read_entries(Store& store, Request& request) {
    const Value& statements = required(request.body, "Statements");
    check_batch(statements.elements().size());
    std::vector<BatchEntry> entries;
    std::set<std::pair<std::string, ItemKey>> seen;
    std::set<bool> kinds;
    for (const Value& object : statements.elements()) {
        entries.push_back(read_entry(store, object, request.arena));
        const Bound& bound = entries.back().bound;
        if (entries.back().error) {
            continue;
        }
        kinds.insert(bound.statement.kind == Statement::Kind::select);
        if (!bound.key) {
            refuse_validation(
                "Select statements within BatchExecuteStatement must specify the primary key in "
                "the "
                "where clause.");
        }
        if (has_key(*bound.key, bound.table->key) &&
            !seen.emplace(bound.table->name, key_of(*bound.key, bound.table->key)).second) {
            refuse_validation(
                "The request cannot contain two statements on one item: Duplicate item found");
        }
    }
    if (kinds.size() > 1) {
        refuse_validation("The batch cannot contain both reads and writes");
    }
    return entries;
}

}  // namespace

void execute_statement(Store& store, Request& request, Writer& out) {
    Bound bound = bind(store, request.body, request.arena);
    if (bound.statement.kind == Statement::Kind::select) {
        answer_select(store, request, bound, out);
        return;
    }
    Write write = prepare(bound);
    charge_write(store, request, write);
    if (is_duplicate(bound, write)) {
        refuse("DuplicateItemException", "Duplicate primary key exists in table");
    }
    if (write.condition_failed) {
        bool with_item = text(request.body, "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
        write_condition_failure(request, write, with_item, out);
        return;
    }
    commit(write);
    write_returned(out, bound, write, "Items", true, request.arena);
    if (bound.statement.returning.empty()) {
        out.key("Items").begin_array().end_array();
    }
}

void batch_execute_statement(Store& store, Request& request, Writer& out) {
    std::vector<BatchEntry> entries = read_entries(store, request);
    const Value::Array& objects = required(request.body, "Statements").elements();
    out.key("Responses").begin_array();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        BatchEntry& entry = entries[i];
        std::string answer;
        Writer answer_out(answer);
        answer_out.begin_object();
        try {
            if (entry.error) {
                throw *entry.error;
            }
            answer_out.key("TableName").string(entry.bound.table->name);
            answer_statement(store, request, objects[i], entry.bound, answer_out);
        } catch (const base::Error& error) {
            write_error(answer_out, code_in_batch(error), error.message(), nullptr);
        }
        answer_out.end_object();
        out.raw(answer);
    }
    out.end_array();
}

}  // namespace dynamigrate::expressions::memory
