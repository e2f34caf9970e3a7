#pragma once

#include "memory_table.hpp"

#include <dynamigrate/expressions/substitution.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/json/writer.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>

/// What a MemoryService holds, and the operations on it. All run under its lock.
namespace dynamigrate::expressions::memory {

struct Store {
    MemoryOptions options;
    std::map<std::string, Table, std::less<>> tables;
    std::map<std::string, std::string> transaction_tokens;  ///< token -> request
    int tables_created = 0;
    std::vector<Backup> backups;

    /// Errors: ResourceNotFoundException; also for a table that is CREATING or DELETING.
    Table& table(std::string_view name);
};

/// Capacity that a request consumes, by table.
class Usage {
public:
    void read(const Table& table, double units, const Index* index = nullptr);
    void write(const Table& table, const dynamodb::Item* before, const dynamodb::Item* after,
               bool transactional = false);
    /// Writes the member ConsumedCapacity as the request wishes: one object or a list.
    void write_member(json::Writer& out, const json::Value& request, bool as_list) const;

private:
    struct Units {
        double table = 0;
        std::map<std::string, double> global;
        std::map<std::string, double> local;
    };
    std::map<std::string, Units> units_;
};

/// A request with what it made, which lives as long.
struct Request {
    std::string_view operation;
    json::Value body;
    base::Arena arena;
    Usage usage;
    dynamodb::Outcome outcome = dynamodb::Outcome::success;
};

std::string text(const json::Value& object, std::string_view member);
bool flag(const json::Value& object, std::string_view member);
int integer(const json::Value& object, std::string_view member, int otherwise);
/// Errors: ValidationException when the member is absent.
const json::Value& required(const json::Value& object, std::string_view member);
dynamodb::Item item(const json::Value& object, std::string_view member, base::Arena& arena);
/// The names and values of a request, or of one of its parts; `text` is empty.
ExpressionText substitutions(const json::Value& object, base::Arena& arena);

/// One checked write, not yet done.
struct Write {
    Table* table = nullptr;
    ItemKey key;
    StoredItem before;  ///< nullptr: no item
    StoredItem after;   ///< nullptr: no item
    bool condition_failed = false;
};
StoredItem find(const Table& table, const ItemKey& key);
void commit(const Write& write);

// Each answers one operation into `out`, which is an object that is open.
void create_table(Store& store, Request& request, json::Writer& out);
void describe_table(Store& store, Request& request, json::Writer& out);
void update_table(Store& store, Request& request, json::Writer& out);
void delete_table(Store& store, Request& request, json::Writer& out);
void list_tables(Store& store, Request& request, json::Writer& out);
void update_ttl(Store& store, Request& request, json::Writer& out);
void describe_ttl(Store& store, Request& request, json::Writer& out);
void update_backups(Store& store, Request& request, json::Writer& out);
void describe_backups(Store& store, Request& request, json::Writer& out);
void create_backup(Store& store, Request& request, json::Writer& out);
void describe_backup(Store& store, Request& request, json::Writer& out);
void list_backups(Store& store, Request& request, json::Writer& out);
void tag(Store& store, Request& request, json::Writer& out);
void untag(Store& store, Request& request, json::Writer& out);
void list_tags(Store& store, Request& request, json::Writer& out);
void write_description(const Table& table, json::Writer& out);

void put_item(Store& store, Request& request, json::Writer& out);
void update_item(Store& store, Request& request, json::Writer& out);
void delete_item(Store& store, Request& request, json::Writer& out);
void batch_write(Store& store, Request& request, json::Writer& out);
void transact_write(Store& store, Request& request, json::Writer& out);

void get_item(Store& store, Request& request, json::Writer& out);
void batch_get(Store& store, Request& request, json::Writer& out);
void query(Store& store, Request& request, json::Writer& out);
void scan(Store& store, Request& request, json::Writer& out);

void execute_statement(Store& store, Request& request, json::Writer& out);
void batch_execute_statement(Store& store, Request& request, json::Writer& out);

}  // namespace dynamigrate::expressions::memory
