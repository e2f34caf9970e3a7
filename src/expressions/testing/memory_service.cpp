#include <dynamigrate/expressions/testing/memory_service.hpp>

#include "memory_request.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/reader.hpp>

#include <algorithm>
#include <array>
#include <mutex>

namespace dynamigrate::expressions {
namespace {

using memory::Request;
using memory::Store;

struct Operation {
    std::string_view name;
    void (*answer)(Store&, Request&, json::Writer&);
    bool is_partiql = false;
    bool lists_capacity = false;
};

constexpr auto kOperations = std::to_array<Operation>({
    {"CreateTable", memory::create_table},
    {"DescribeTable", memory::describe_table},
    {"UpdateTable", memory::update_table},
    {"DeleteTable", memory::delete_table},
    {"ListTables", memory::list_tables},
    {"UpdateTimeToLive", memory::update_ttl},
    {"DescribeTimeToLive", memory::describe_ttl},
    {"UpdateContinuousBackups", memory::update_backups},
    {"DescribeContinuousBackups", memory::describe_backups},
    {"CreateBackup", memory::create_backup},
    {"DescribeBackup", memory::describe_backup},
    {"ListBackups", memory::list_backups},
    {"TagResource", memory::tag},
    {"UntagResource", memory::untag},
    {"ListTagsOfResource", memory::list_tags},
    {"PutItem", memory::put_item},
    {"GetItem", memory::get_item},
    {"UpdateItem", memory::update_item},
    {"DeleteItem", memory::delete_item},
    {"BatchGetItem", memory::batch_get, false, true},
    {"BatchWriteItem", memory::batch_write, false, true},
    {"TransactWriteItems", memory::transact_write, false, true},
    {"Query", memory::query},
    {"Scan", memory::scan},
    {"ExecuteStatement", memory::execute_statement, true, false},
    {"BatchExecuteStatement", memory::batch_execute_statement, true, true},
});

constexpr auto kLegacyMembers =
    std::to_array<std::string_view>({"Expected", "AttributeUpdates", "KeyConditions", "QueryFilter",
                                     "ScanFilter", "AttributesToGet", "ConditionalOperator"});

const Operation& operation_named(std::string_view name, const MemoryOptions& options) {
    for (const Operation& operation : kOperations) {
        if (operation.name == name && (options.with_partiql || !operation.is_partiql)) {
            return operation;
        }
    }
    memory::refuse("UnknownOperationException",
                   "The operation " + std::string(name) + " is not known");
}

void read_body(Request& request, std::string_view body) {
    try {
        request.body = json::parse_json(body, "request");
    } catch (const base::Error& error) {
        memory::refuse("SerializationException", error.what());
    }
    for (std::string_view member : kLegacyMembers) {
        if (request.body.find(member) != nullptr) {
            memory::refuse_validation("The legacy parameter " + std::string(member) +
                                      " is not supported");
        }
    }
}

/// What the service answers where an operation was refused.
base::Error answer_of(std::string_view operation, const base::Error& refusal) {
    const std::string& code = refusal.service_code();
    std::string body;
    json::Writer(body)
        .begin_object()
        .key("__type")
        .string("com.amazonaws.dynamodb.v20120810#" + (code.empty() ? "ValidationException" : code))
        .key("message")
        .string(refusal.message())
        .end_object();
    return dynamodb::make_service_error(operation, 400, body);
}

std::string canonical(const dynamodb::Item& item) {
    base::Arena arena;
    return dynamodb::to_wire_json(memory::sorted(item, arena));
}

}  // namespace

struct MemoryService::State {
    mutable std::mutex mutex;
    Store store;
    std::map<std::string, int, std::less<>> requests;

    memory::Table& table(std::string_view name) {
        auto found = store.tables.find(name);
        if (found == store.tables.end()) {
            throw base::Error(base::ErrorKind::not_found, "there is no table in memory")
                .at("table " + std::string(name));
        }
        return found->second;
    }
};

MemoryService::MemoryService(MemoryOptions options) : state_(std::make_unique<State>()) {
    state_->store.options = options;
}

MemoryService::~MemoryService() = default;

void MemoryService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    reply.clear();
    if (call.stop.stop_requested()) {
        throw base::Error(base::ErrorKind::cancelled, "stopped before the call")
            .at(std::string(call.operation));
    }
    {
        std::lock_guard lock(state_->mutex);
        ++state_->requests[std::string(call.operation)];
    }
    if (before_call) {
        before_call(call);
    }
    std::lock_guard lock(state_->mutex);
    Request request;
    request.operation = call.operation;
    try {
        const Operation& operation = operation_named(call.operation, state_->store.options);
        read_body(request, call.body);
        json::Writer out(reply.body);
        out.begin_object();
        operation.answer(state_->store, request, out);
        if (request.outcome == dynamodb::Outcome::success) {
            request.usage.write_member(out, request.body, operation.lists_capacity);
        }
        out.end_object();
    } catch (const base::Error& error) {
        reply.clear();
        throw answer_of(call.operation, error);
    }
    reply.outcome = request.outcome;
    json::pad(reply.body);
}

void MemoryService::create_table(std::string_view name, const dynamodb::KeySchema& key) {
    std::lock_guard lock(state_->mutex);
    memory::Table table;
    table.name = name;
    table.id = "00000000-0000-4000-8000-" + std::string(12, '0');
    table.key = key;
    table.definitions.push_back(key.hash);
    if (key.sort) {
        table.definitions.push_back(*key.sort);
    }
    state_->store.tables.insert_or_assign(std::string(name), std::move(table));
}

void MemoryService::put(std::string_view table, std::string_view item_json) {
    base::Arena arena;
    dynamodb::Item item = dynamodb::parse_item(item_json, arena);
    std::lock_guard lock(state_->mutex);
    memory::Table& target = state_->table(table);
    target.items[memory::checked_item_key(target, item, false)] =
        std::make_shared<const dynamodb::OwnedItem>(item);
}

void MemoryService::remove(std::string_view table, std::string_view key_json) {
    base::Arena arena;
    dynamodb::Item key = dynamodb::parse_item(key_json, arena);
    std::lock_guard lock(state_->mutex);
    memory::Table& target = state_->table(table);
    target.items.erase(memory::checked_key(target, key));
}

std::map<std::string, std::string> MemoryService::items(std::string_view table) const {
    std::lock_guard lock(state_->mutex);
    memory::Table& source = state_->table(table);
    std::map<std::string, std::string> result;
    for (const auto& [key, stored] : source.items) {
        base::Arena arena;
        result[canonical(source.key.key_of(stored->item, arena))] = canonical(stored->item);
    }
    return result;
}

std::string MemoryService::item(std::string_view table, std::string_view key_json) const {
    base::Arena arena;
    dynamodb::Item key = dynamodb::parse_item(key_json, arena);
    std::lock_guard lock(state_->mutex);
    memory::Table& source = state_->table(table);
    memory::StoredItem stored = memory::find(source, memory::checked_key(source, key));
    return stored == nullptr ? std::string() : canonical(stored->item);
}

std::string MemoryService::description(std::string_view table) const {
    std::lock_guard lock(state_->mutex);
    auto found = state_->store.tables.find(table);
    std::string text;
    if (found != state_->store.tables.end()) {
        json::Writer out(text);
        memory::write_description(found->second, out);
    }
    return text;
}

int MemoryService::request_count(std::string_view operation) const {
    std::lock_guard lock(state_->mutex);
    int count = 0;
    for (const auto& [name, requests] : state_->requests) {
        count += operation.empty() || operation == name ? requests : 0;
    }
    return count;
}

}  // namespace dynamigrate::expressions
