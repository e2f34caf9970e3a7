#pragma once

#include "database.hpp"
#include "request.hpp"

#include <dynamigrate/json/writer.hpp>

/// The operations. Each answers into `out`, an object that is open, and throws what it refuses.
namespace dynamigrate::engine {

// table_operations.cpp, table_update.cpp
void create_table(Database& database, Request& request, json::Writer& out);
void describe_table(Database& database, Request& request, json::Writer& out);
void update_table(Database& database, Request& request, json::Writer& out);
void delete_table(Database& database, Request& request, json::Writer& out);
void list_tables(Database& database, Request& request, json::Writer& out);
// account_operations.cpp
void describe_limits(Database& database, Request& request, json::Writer& out);
void describe_endpoints(Database& database, Request& request, json::Writer& out);
void tag_resource(Database& database, Request& request, json::Writer& out);
void untag_resource(Database& database, Request& request, json::Writer& out);
void list_tags_of_resource(Database& database, Request& request, json::Writer& out);
// ttl_operations.cpp
void update_time_to_live(Database& database, Request& request, json::Writer& out);
void describe_time_to_live(Database& database, Request& request, json::Writer& out);
// backup_operations.cpp, restore_operation.cpp
void create_backup(Database& database, Request& request, json::Writer& out);
void describe_backup(Database& database, Request& request, json::Writer& out);
void list_backups(Database& database, Request& request, json::Writer& out);
void delete_backup(Database& database, Request& request, json::Writer& out);
void restore_table_from_backup(Database& database, Request& request, json::Writer& out);
void describe_continuous_backups(Database& database, Request& request, json::Writer& out);
void update_continuous_backups(Database& database, Request& request, json::Writer& out);

// put_update_delete.cpp, batches.cpp, transactions.cpp, get_operations.cpp
void put_item(Database& database, Request& request, json::Writer& out);
void get_item(Database& database, Request& request, json::Writer& out);
void update_item(Database& database, Request& request, json::Writer& out);
void delete_item(Database& database, Request& request, json::Writer& out);
void batch_get_item(Database& database, Request& request, json::Writer& out);
void batch_write_item(Database& database, Request& request, json::Writer& out);
void transact_get_items(Database& database, Request& request, json::Writer& out);
void transact_write_items(Database& database, Request& request, json::Writer& out);

// query.cpp, scan.cpp
void query(Database& database, Request& request, json::Writer& out);
void scan(Database& database, Request& request, json::Writer& out);

// statements.cpp
void execute_statement(Database& database, Request& request, json::Writer& out);
void batch_execute_statement(Database& database, Request& request, json::Writer& out);
void execute_transaction(Database& database, Request& request, json::Writer& out);

}  // namespace dynamigrate::engine
