#include "item_write.hpp"

#include "key_bytes.hpp"
#include "transitions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>
#include <optional>
#include <shared_mutex>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::KeyAttribute;
using Kind = ItemWrite::Kind;
using Presence = ItemWrite::Presence;
using Verdict = ItemWriteResult::Verdict;

namespace {

constexpr std::size_t kMaxPartitionKeyBytes = 2048;
constexpr std::size_t kMaxSortKeyBytes = 1024;

void check_key_text(const AttributeValue& value, const KeyAttribute& key, bool is_sort_key) {
    if (key.type == AttributeType::number) {
        return;
    }
    if (value.text().empty()) {
        refuse_validation(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty " +
            std::string(key.type == AttributeType::string ? "string" : "binary") +
            " value. Key: " + key.name);
    }
    std::size_t most = is_sort_key ? kMaxSortKeyBytes : kMaxPartitionKeyBytes;
    if (value.text().size() > most) {
        refuse_validation("One or more parameter values were invalid: " +
                          (is_sort_key ? "Aggregated size of all range keys has exceeded the size "
                                         "limit of " +
                                             std::to_string(most) + " bytes"
                                       : "Size of hashkey has exceeded the maximum size limit of" +
                                             std::to_string(most) + " bytes"));
    }
}

void check_item_key(const Item& item, const KeyAttribute& key, bool is_sort_key) {
    const AttributeValue* value = item.find(key.name);
    if (value == nullptr) {
        refuse_validation("One or more parameter values were invalid: Missing the key " + key.name +
                          " in the item");
    }
    if (!value->is(key.type)) {
        refuse_validation("One or more parameter values were invalid: Type mismatch for key " +
                          key.name + " expected: " + std::string(to_string(key.type)) +
                          " actual: " + std::string(to_string(value->type())));
    }
    check_key_text(*value, key, is_sort_key);
}

void check_index_key(const Index& index, const Item& item, const KeyAttribute& key,
                     std::size_t most) {
    const AttributeValue* value = item.find(key.name);
    if (value == nullptr) {
        return;
    }
    if (!value->is(key.type)) {
        refuse_validation(
            "One or more parameter values were invalid: Type mismatch for Index Key " + key.name +
            " Expected: " + std::string(to_string(key.type)) +
            " Actual: " + std::string(to_string(value->type())) + " IndexName: " + index.name);
    }
    if (key.type == AttributeType::number) {
        return;
    }
    if (value->text().empty()) {
        refuse_validation(
            "One or more parameter values are not valid. A value specified for a secondary index "
            "key is not supported. The AttributeValue for a key attribute cannot contain an empty "
            "string value. IndexName: " +
            index.name + ", IndexKey: " + key.name);
    }
    if (value->text().size() > most) {
        refuse_validation("One or more parameter values were invalid: Size of " +
                          std::string(most == kMaxSortKeyBytes ? "rangekey" : "hashkey") +
                          " has exceeded the maximum size limit of " + std::to_string(most) +
                          " bytes");
    }
}

const Item* pointer_to(const Item& item) { return item.empty() ? nullptr : &item; }

Item read_before(Database& database, Request& request, const Table& table, const Item& key,
                 base::ItemBytes& size) {
    StoredRow row;
    if (!database.rows.get(table, key, true, row)) {
        return {};
    }
    size = row.size;
    return request.stored.item(row.json, request.arena);
}

/// What the update makes of the item. Of a missing one, it makes the key and what it sets.
Item updated(const ItemWrite& write, const Item& before, base::Arena& arena) {
    Item after = write.update.apply(before, arena);
    if (!before.empty()) {
        return after;
    }
    std::vector<dynamodb::Attribute> whole(write.item.begin(), write.item.end());
    whole.insert(whole.end(), after.begin(), after.end());
    return Item(arena.copy(std::span<const dynamodb::Attribute>(whole)));
}

bool is_admitted(const ItemWrite& write, const Item& before) {
    return (write.presence != Presence::present || !before.empty()) &&
           write.condition.matches(before);
}

/// Reads the item and decides what becomes of it.
void decide(Database& database, Request& request, const ItemWrite& write, ItemWriteResult& result) {
    const Table& table = *write.table;
    result.before = read_before(database, request, table, write.item, result.before_size);
    result.after = result.before;
    result.after_size = result.before_size;
    if (write.presence == Presence::absent && !result.before.empty()) {
        result.verdict = Verdict::duplicate;
        return;
    }
    if (!is_admitted(write, result.before)) {
        result.verdict = Verdict::condition_failed;
        return;
    }
    switch (write.kind) {
        case Kind::check:
            return;
        case Kind::put:
            result.after = write.item;
            break;
        case Kind::remove:
            result.after = {};
            result.after_size = {};
            return;
        case Kind::update:
            check_scalar_keys(table, write.update.attributes_entered());
            if (result.before.empty() && !write.update.creates_item()) {
                return;
            }
            result.after = updated(write, result.before, request.arena);
            check_item(table, result.after, true);
            break;
    }
    result.after_size = dynamodb::item_size(result.after);
}

Item key_of(const ItemWrite& write, base::Arena& arena) {
    return write.kind == Kind::put ? write.table->key.key_of(write.item, arena) : write.item;
}

RowChange change_of(const ItemWrite& write, const ItemWriteResult& result, base::Arena& arena) {
    RowChange change;
    change.table = write.table.get();
    change.key = key_of(write, arena);
    change.before = pointer_to(result.before);
    change.after = pointer_to(result.after);
    change.before_size = result.before_size;
    change.after_size = result.after_size;
    return change;
}

/// Whether something has to be written: not for checks, nor where there is nothing before or after.
bool has_effect(const ItemWrite& write, const ItemWriteResult& result) {
    return write.kind != Kind::check && (!result.before.empty() || !result.after.empty());
}

TablePointer active_table(Database& database, std::string_view name) {
    TablePointer table = database.catalog.find(name);
    if (table == nullptr || table->status == Status::creating ||
        table->status == Status::deleting) {
        refuse("ResourceNotFoundException", "Cannot do operations on a non-existent table");
    }
    return table;
}

/// The definition that holds while the catalog cannot change, instead of the one found before.
ItemWrite with_current_table(Database& database, const ItemWrite& write) {
    ItemWrite current = write;
    current.table = active_table(database, write.table->name);
    return current;
}

void count(Request& request, const ItemWrite& write, const ItemWriteResult& result,
           bool is_transactional) {
    request.usage.write(*write.table, pointer_to(result.before), pointer_to(result.after),
                        result.before_size, result.after_size, is_transactional);
}

void check_transaction_size(std::span<const ItemWriteResult> results) {
    constexpr std::uint64_t kMost = 4 * 1024 * 1024;
    std::uint64_t bytes = 0;
    for (const ItemWriteResult& result : results) {
        bytes += result.after_size.value;
    }
    if (bytes > kMost) {
        refuse_validation("Transaction payload size cannot exceed 4MB. Payload Size: " +
                          std::to_string(bytes));
    }
}

std::uint64_t lock_of(const Table& table, const Item& item) {
    return lock_hash(row_key(table, nullptr, item));
}

}  // namespace

TablePointer table_for_items(Database& database, std::string_view name) {
    database.transitions.settle(name);
    return active_table(database, name);
}

void check_key(const Table& table, const Item& key) {
    std::size_t wanted = table.key.sort ? 2 : 1;
    const AttributeValue* hash = key.find(table.key.hash.name);
    const AttributeValue* sort = table.key.sort ? key.find(table.key.sort->name) : nullptr;
    if (key.size() != wanted || hash == nullptr || !hash->is(table.key.hash.type) ||
        (table.key.sort && (sort == nullptr || !sort->is(table.key.sort->type)))) {
        refuse_validation("The provided key element does not match the schema");
    }
    check_key_text(*hash, table.key.hash, false);
    if (sort != nullptr) {
        check_key_text(*sort, *table.key.sort, true);
    }
}

void check_item(const Table& table, const Item& item, bool is_update) {
    check_item_key(item, table.key.hash, false);
    if (table.key.sort) {
        check_item_key(item, *table.key.sort, true);
    }
    for (const Index& index : table.indexes) {
        check_index_key(index, item, index.key.hash, kMaxPartitionKeyBytes);
        if (index.key.sort) {
            check_index_key(index, item, *index.key.sort, kMaxSortKeyBytes);
        }
    }
    if (dynamodb::item_size(item) > dynamodb::kMaxItemBytes) {
        refuse_validation(is_update ? "Item size to update has exceeded the maximum allowed size"
                                    : "Item size has exceeded the maximum allowed size");
    }
}

void check_scalar_keys(const Table& table, std::span<const std::string> entered) {
    for (const std::string& attribute : entered) {
        bool is_key = table.key.contains(attribute);
        if (is_key || std::ranges::any_of(table.indexes, [&](const Index& index) {
                return index.key.contains(attribute);
            })) {
            refuse_validation(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are "
                "not allowed: " +
                std::string(is_key ? "Key: " : "IndexKey: ") + attribute);
        }
    }
}

std::vector<std::string> attributes_entered(const expressions::Projection& projection) {
    std::vector<std::string> entered;
    for (const expressions::Path& path : projection.paths()) {
        if (path.is_nested()) {
            entered.push_back(path.attribute());
        }
    }
    return entered;
}

void check_write(const ItemWrite& write) {
    check_scalar_keys(*write.table, write.condition.attributes_entered());
    if (write.kind == Kind::put) {
        check_item(*write.table, write.item, false);
        return;
    }
    check_key(*write.table, write.item);
    if (write.kind != Kind::update) {
        return;
    }
    for (const std::string& attribute : write.update.attributes_written()) {
        if (write.table->key.contains(attribute)) {
            refuse_validation(
                "One or more parameter values were invalid: Cannot update attribute " + attribute +
                ". This attribute is part of the key");
        }
    }
}

ItemWriteResult do_write(Database& database, Request& request, const ItemWrite& wanted) {
    std::shared_lock catalog_lock(database.catalog.mutex());
    ItemWrite write = with_current_table(database, wanted);
    check_write(write);
    std::uint64_t hash = lock_of(*write.table, write.item);
    KeyLocks::Held held(database.locks, {&hash, 1});
    ItemWriteResult result;
    decide(database, request, write, result);
    if (result.verdict == Verdict::done) {
        if (has_effect(write, result)) {
            RowChange change = change_of(write, result, request.arena);
            database.rows.apply({&change, 1});
        }
        count(request, write, result, false);
    }
    return result;
}

namespace {

/// As `decide`; what it refuses is the verdict.
void decide_or_refuse(Database& database, Request& request, const ItemWrite& write,
                      ItemWriteResult& result) {
    try {
        decide(database, request, write, result);
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::invalid_argument) {
            throw;
        }
        result.verdict = Verdict::refused;
        result.refusal_code = "ValidationError";
        result.refusal = error.message();
    }
}

void apply_done(Database& database, Request& request, std::span<const ItemWrite> writes,
                std::span<const ItemWriteResult> results, const AtomicOptions& options) {
    std::vector<RowChange> changes;
    changes.reserve(writes.size());
    for (std::size_t i = 0; i < writes.size(); ++i) {
        if (results[i].verdict == Verdict::done && has_effect(writes[i], results[i])) {
            changes.push_back(change_of(writes[i], results[i], request.arena));
        }
    }
    if (!changes.empty()) {
        changes.front().records = options.records;
        database.rows.apply(changes);
    }
    for (std::size_t i = 0; i < writes.size(); ++i) {
        if (results[i].verdict == Verdict::done) {
            count(request, writes[i], results[i], options.is_transaction);
        }
    }
}

bool is_done(const ItemWriteResult& result) { return result.verdict == Verdict::done; }

std::vector<ItemWriteResult> do_writes(Database& database, Request& request,
                                       std::span<const ItemWrite> wanted,
                                       const AtomicOptions& options, bool needs_all) {
    std::shared_lock catalog_lock(database.catalog.mutex());
    std::vector<ItemWrite> writes;
    std::vector<std::uint64_t> hashes;
    writes.reserve(wanted.size());
    hashes.reserve(wanted.size());
    for (const ItemWrite& write : wanted) {
        writes.push_back(with_current_table(database, write));
        check_write(writes.back());
        hashes.push_back(lock_of(*writes.back().table, write.item));
    }
    expect_items(database, request, writes);
    KeyLocks::Held held(database.locks, hashes);
    std::vector<ItemWriteResult> results(writes.size());
    for (std::size_t i = 0; i < writes.size(); ++i) {
        decide_or_refuse(database, request, writes[i], results[i]);
    }
    if (options.is_transaction) {
        check_transaction_size(results);
    }
    if (!needs_all || std::all_of(results.begin(), results.end(), is_done)) {
        apply_done(database, request, writes, results, options);
    }
    return results;
}

}  // namespace

std::vector<ItemWriteResult> do_writes_atomically(Database& database, Request& request,
                                                  std::span<const ItemWrite> writes,
                                                  const AtomicOptions& options) {
    return do_writes(database, request, writes, options, true);
}

std::vector<ItemWriteResult> do_writes_each(Database& database, Request& request,
                                            std::span<const ItemWrite> writes) {
    return do_writes(database, request, writes, {.is_transaction = false}, false);
}

void expect_items(Database& database, Request& request, std::span<const ItemWrite> writes) {
    std::vector<Item> keys;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        const Table& table = *writes[i].table;
        if (!table.is_in_base) {
            continue;
        }
        keys.push_back(table.key.key_of(writes[i].item, request.arena));
        if (i + 1 == writes.size() || writes[i + 1].table != writes[i].table) {
            database.rows.expect(table, keys, true);
            keys.clear();
        }
    }
}

ReadItem read_item(Database& database, Request& request, const Table& table, const Item& key,
                   bool is_consistent) {
    StoredRow row;
    if (!database.rows.get(table, key, is_consistent, row)) {
        return {};
    }
    return {request.stored.item(row.json, request.arena), row.size};
}

std::vector<ReadItem> read_items_atomically(Database& database, Request& request,
                                            std::span<const std::pair<TablePointer, Item>> keys) {
    std::shared_lock catalog_lock(database.catalog.mutex());
    std::vector<std::uint64_t> hashes;
    for (const auto& [table, key] : keys) {
        hashes.push_back(lock_of(*table, key));
    }
    KeyLocks::Held held(database.locks, hashes);
    std::vector<ReadItem> items;
    for (const auto& [table, key] : keys) {
        items.push_back(read_item(database, request, *table, key, true));
    }
    return items;
}

}  // namespace dynamigrate::engine
