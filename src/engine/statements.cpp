#include "item_parameters.hpp"
#include "operations.hpp"
#include "statement.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <map>

namespace dynamigrate::engine {

using dynamodb::Item;
using Kind = PartiqlStatement::Kind;
using Verdict = ItemWriteResult::Verdict;

namespace {

constexpr std::size_t kMaxStatements = 25;
constexpr std::size_t kMaxTokenLength = 32'768;
constexpr const char* kDuplicate = "Duplicate primary key exists in table";
constexpr const char* kExistsMisplaced =
    "EXISTS can only be used in ExecuteTransaction write requests.";

/// A statement of a batch, with what is known of it before any item is read.
struct BatchEntry {
    PartiqlStatement statement;
    TablePointer table;
    ItemWrite write;                   ///< unless it is a SELECT
    Item key;                          ///< primary key of the item, or the item to insert
    std::optional<base::Error> error;  ///< why it cannot be executed
    bool is_consistent = false;
    bool item_on_failure = false;

    bool is_read() const { return statement.kind == Kind::select; }
};

void bind_read(Request& request, BatchEntry& entry) {
    entry.key = selected_key(request, entry.statement, *entry.table);
    if (entry.key.empty()) {
        refuse_validation(
            "Select statements within BatchExecuteStatement must specify the primary key in the "
            "where clause.");
    }
}

void bind(Database& database, Request& request, object from, BatchEntry& entry) {
    entry.statement = parse_statement(request, from);
    if (entry.statement.kind == Kind::exists) {
        refuse_validation(kExistsMisplaced);
    }
    TablePointer table = table_for_items(database, entry.statement.table);
    if (entry.is_read()) {
        entry.table = std::move(table);
        bind_read(request, entry);
    } else {
        entry.write = write_of(request, entry.statement, table);
        check_write(entry.write);
        entry.key = entry.write.item;
        entry.table = std::move(table);
    }
}

/// Does something, and keeps what DynamoDB would refuse about it.
template <class Function>
void keep_refusal(std::optional<base::Error>& refusal, Function&& function) {
    try {
        function();
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::invalid_argument && error.service_code().empty()) {
            throw;
        }
        refusal = error;
    }
}

void check_batch(const std::vector<BatchEntry>& entries) {
    std::vector<PlacedItem> items;
    const BatchEntry* first = nullptr;
    for (const BatchEntry& entry : entries) {
        if (entry.error) {
            continue;
        }
        first = first == nullptr ? &entry : first;
        if (entry.is_read() != first->is_read()) {
            refuse_validation(
                "Read and write requests together in the same batch is not supported.");
        }
        items.emplace_back(entry.table.get(), &entry.key);
    }
    require_distinct(items, "Provided list of item keys contains duplicates");
}

std::vector<BatchEntry> read_batch(Database& database, Request& request) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    std::optional<array> statements = shape.required_list("Statements");
    shape.list_length("Statements", 1, kMaxStatements);
    constraints.check();
    std::size_t number = 0;
    for (element member : *statements) {
        check_statement(as_object(member), "statements." + std::to_string(++number) + ".member.");
    }
    std::vector<BatchEntry> entries(statements->size());
    auto entry = entries.begin();
    for (element member : *statements) {
        object from = as_object(member);
        Shape part(constraints, from);
        entry->item_on_failure = wants_item_on_failure(part);
        constraints.check();
        entry->is_consistent = boolean(from, "ConsistentRead").value_or(false);
        keep_refusal(entry->error, [&] { bind(database, request, from, *entry); });
        ++entry;
    }
    check_batch(entries);
    return entries;
}

/// The code of a refusal inside a batch.
std::string_view code_in_batch(const base::Error& error) {
    struct Code {
        std::string_view alone, in_batch;
    };
    static constexpr Code kCodes[] = {
        {"ResourceNotFoundException", "ResourceNotFound"},
        {"ItemCollectionSizeLimitExceededException", "ItemCollectionSizeLimitExceeded"},
        {"TransactionConflictException", "TransactionConflict"},
        {"DuplicateItemException", "DuplicateItem"},
    };
    for (const Code& code : kCodes) {
        if (code.alone == error.service_code()) {
            return code.in_batch;
        }
    }
    return "ValidationError";
}

void write_error(json::Writer& out, std::string_view code, std::string_view message,
                 const Item& item = {}) {
    out.key("Error").begin_object().key("Code").string(code).key("Message").string(message);
    write_item_member(out, "Item", item);
    out.end_object();
}

Item read(Database& database, Request& request, const BatchEntry& entry) {
    ReadItem found = read_item(database, request, *entry.table, entry.key, entry.is_consistent);
    request.usage.read(*entry.table, dynamodb::read_units(found.size, entry.is_consistent).value);
    return selected(request, entry.statement, found.item);
}

void execute(Database& database, Request& request, const BatchEntry& entry, json::Writer& out) {
    if (entry.is_read()) {
        write_item_member(out, "Item", read(database, request, entry));
        return;
    }
    ItemWriteResult result = do_write(database, request, entry.write);
    if (result.verdict == Verdict::done) {
        write_item_member(out, "Item", returned(entry.statement, result, request.arena));
    } else if (result.verdict == Verdict::duplicate) {
        write_error(out, "DuplicateItem", kDuplicate);
    } else {
        write_error(out, "ConditionalCheckFailed", "The conditional request failed",
                    entry.item_on_failure ? result.before : Item());
    }
}

void answer_entry(Database& database, Request& request, BatchEntry& entry, json::Writer& out) {
    out.begin_object();
    if (!entry.error) {
        keep_refusal(entry.error, [&] { execute(database, request, entry, out); });
    }
    if (entry.error) {
        write_error(out, code_in_batch(*entry.error), entry.error->message());
    }
    if (entry.table != nullptr) {
        out.key("TableName").string(entry.table->name);
    }
    out.end_object();
}

void expect_items(Database& database, Request& request, const std::vector<BatchEntry>& entries) {
    std::map<const Table*, std::vector<Item>> keys;
    for (const BatchEntry& entry : entries) {
        if (!entry.error && entry.table->is_in_base) {
            keys[entry.table.get()].push_back(entry.table->key.key_of(entry.key, request.arena));
        }
    }
    for (const auto& [table, wanted] : keys) {
        database.rows.expect(*table, wanted, true);
    }
}

void answer_write(Database& database, Request& request, const PartiqlStatement& statement,
                  bool item_on_failure, json::Writer& out) {
    ItemWrite write = write_of(request, statement, table_for_items(database, statement.table));
    ItemWriteResult result = do_write(database, request, write);
    if (result.verdict == Verdict::duplicate) {
        refuse("DuplicateItemException", kDuplicate);
    }
    if (result.verdict == Verdict::condition_failed) {
        write_condition_failure(request, item_on_failure ? result.before : Item(), out);
        return;
    }
    out.key("Items").begin_array();
    if (Item item = returned(statement, result, request.arena); !item.empty()) {
        dynamodb::write_item(out, item);
    }
    out.end_array();
}

}  // namespace

void execute_statement(Database& database, Request& request, json::Writer& out) {
    object body = request.body;
    check_statement(body, "");
    Constraints constraints;
    Shape shape(constraints, body);
    shape.number_range("Limit", 1);
    shape.text_length("NextToken", 1, kMaxTokenLength);
    bool item_on_failure = wants_item_on_failure(shape);
    constraints.check();
    SelectWishes wishes;
    wishes.text = *text(body, "Statement");
    wishes.parameters = parameters_of(request, body);
    wishes.next_token = text_or(body, "NextToken", "");
    wishes.limit = static_cast<std::size_t>(integer(body, "Limit").value_or(0));
    wishes.is_consistent = boolean(body, "ConsistentRead").value_or(false);
    PartiqlStatement statement =
        expressions::parse_partiql(wishes.text, wishes.parameters, request.arena);
    if (statement.kind == Kind::exists) {
        refuse_validation(kExistsMisplaced);
    }
    if (statement.kind == Kind::select) {
        answer_select(database, request, statement, wishes, out);
    } else {
        answer_write(database, request, statement, item_on_failure, out);
    }
}

void batch_execute_statement(Database& database, Request& request, json::Writer& out) {
    std::vector<BatchEntry> entries = read_batch(database, request);
    expect_items(database, request, entries);
    out.key("Responses").begin_array();
    for (BatchEntry& entry : entries) {
        answer_entry(database, request, entry, out);
    }
    out.end_array();
}

}  // namespace dynamigrate::engine
