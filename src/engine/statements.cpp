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
    const PartiqlStatement* statement = nullptr;
    TablePointer table;
    ItemWrite write;                   ///< unless it is a SELECT
    Item key;                          ///< primary key of the item, or the item to insert
    std::optional<base::Error> error;  ///< why it cannot be executed
    bool is_consistent = false;
    bool item_on_failure = false;

    bool is_read() const { return statement->kind == Kind::select; }
};

void bind(Database& database, Request& request, object from, std::size_t number,
          BatchEntry& entry) {
    expressions::PreparedPartiql& prepared = prepare_statement(request, from, number);
    entry.statement = &prepared.statement();
    if (entry.statement->kind == Kind::exists) {
        refuse_validation(kExistsMisplaced);
    }
    TablePointer table = table_for_items(database, entry.statement->table);
    if (entry.is_read()) {
        entry.key = selected_key(request, *entry.statement, *table);
        if (entry.key.empty()) {
            refuse_validation(
                "Select statements within BatchExecuteStatement must specify the primary key in "
                "the where clause.");
        }
        entry.table = std::move(table);
        return;
    }
    entry.write = write_of(request, prepared, table);
    entry.key = entry.write.item;
    entry.table = std::move(table);
    check_write(entry.write);
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
    number = 0;
    for (element member : *statements) {
        object from = as_object(member);
        BatchEntry* entry = &entries[number];
        Shape part(constraints, from);
        entry->item_on_failure = wants_item_on_failure(part);
        constraints.check();
        entry->is_consistent = boolean(from, "ConsistentRead").value_or(false);
        keep_refusal(entry->error, [&] { bind(database, request, from, number, *entry); });
        ++number;
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

void answer_read(Database& database, Request& request, const BatchEntry& entry, json::Writer& out) {
    ReadItem found = read_item(database, request, *entry.table, entry.key, entry.is_consistent);
    request.usage.read(*entry.table, dynamodb::read_units(found.size, entry.is_consistent).value);
    write_selected(request, *entry.statement, found.item, out);
}

void write_result(Request& request, const BatchEntry& entry, const ItemWriteResult& result,
                  json::Writer& out) {
    switch (result.verdict) {
        case Verdict::done:
            write_item_member(out, "Item", returned(*entry.statement, result, request.arena));
            return;
        case Verdict::duplicate:
            write_error(out, "DuplicateItem", kDuplicate);
            return;
        case Verdict::condition_failed:
            write_error(out, "ConditionalCheckFailed", "The conditional request failed",
                        entry.item_on_failure ? result.before : Item());
            return;
        case Verdict::refused:
            write_error(out, result.refusal_code, result.refusal);
            return;
    }
}

/// The results of the entries that write and are not refused already, in their order.
std::vector<ItemWriteResult> do_entries(Database& database, Request& request,
                                        std::vector<BatchEntry>& entries) {
    std::vector<ItemWrite> writes;
    writes.reserve(entries.size());
    for (BatchEntry& entry : entries) {
        if (!entry.error && !entry.is_read()) {
            writes.push_back(std::move(entry.write));
        }
    }
    return do_writes_each(database, request, writes);
}

void answer_write(Database& database, Request& request, expressions::PreparedPartiql& prepared,
                  bool item_on_failure, json::Writer& out) {
    const PartiqlStatement& statement = prepared.statement();
    ItemWrite write = write_of(request, prepared, table_for_items(database, statement.table));
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
    expressions::PreparedPartiql& prepared = prepare_statement(request, body, 0, wishes.parameters);
    const PartiqlStatement& statement = prepared.statement();
    if (statement.kind == Kind::exists) {
        refuse_validation(kExistsMisplaced);
    }
    if (statement.kind == Kind::select) {
        answer_select(database, request, statement, wishes, out);
    } else {
        answer_write(database, request, prepared, item_on_failure, out);
    }
}

void batch_execute_statement(Database& database, Request& request, json::Writer& out) {
    std::vector<BatchEntry> entries = read_batch(database, request);
    std::vector<ItemWriteResult> results = do_entries(database, request, entries);
    auto result = results.begin();
    out.key("Responses").begin_array();
    for (const BatchEntry& entry : entries) {
        out.begin_object();
        if (entry.error) {
            write_error(out, code_in_batch(*entry.error), entry.error->message());
        } else if (entry.is_read()) {
            answer_read(database, request, entry, out);
        } else {
            write_result(request, entry, *result++, out);
        }
        if (entry.table != nullptr) {
            out.key("TableName").string(entry.table->name);
        }
        out.end_object();
    }
    out.end_array();
}

}  // namespace dynamigrate::engine
