#pragma once

#include "database.hpp"
#include "request.hpp"

#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/projection.hpp>
#include <dynamigrate/expressions/update.hpp>

#include <span>
#include <string>
#include <vector>

/// The one way in which items change: put, update, delete, also of batches, transactions, PartiQL.
namespace dynamigrate::engine {

/// One write of one item. `check` changes nothing.
struct ItemWrite {
    enum class Kind : std::uint8_t { put, update, remove, check };
    /// What the item must be besides `condition`: an INSERT's must be absent, a PartiQL UPDATE's
    /// present.
    enum class Presence : std::uint8_t { any, present, absent };

    Kind kind = Kind::put;
    TablePointer table;
    dynamodb::Item item;  ///< the whole item for put, else its primary key
    expressions::UpdateExpression update;
    expressions::Condition condition;
    Presence presence = Presence::any;
};

/// How it ended; items live in the request's arena.
struct ItemWriteResult {
    enum class Verdict : std::uint8_t {
        done,
        condition_failed,
        duplicate,  ///< presence absent, but there is an item
        refused,    ///< only in transactions: `refusal` tells why
    };

    Verdict verdict = Verdict::done;
    dynamodb::Item before,
        after;  ///< empty: no such item; after a failed condition: before = after
    base::ItemBytes before_size, after_size;
    std::string refusal_code, refusal;
};

/// The table for reading and writing of items.
/// Errors: ResourceNotFoundException when there is none or it is being created or deleted.
TablePointer table_for_items(Database& database, std::string_view name);

/// Checks a primary key given by a request: exactly the key attributes, right types, not empty, not
/// too long. Errors: ValidationException in DynamoDB's words.
void check_key(const Table& table, const dynamodb::Item& key);
/// Checks an item to be written: its key and the keys of indexes. `is_update` words the errors as
/// UpdateItem does. Errors: ValidationException.
void check_item(const Table& table, const dynamodb::Item& item, bool is_update);
/// Refuses paths into attributes that are keys of the table or of an index, which are scalars.
void check_scalar_keys(const Table& table, std::span<const std::string> entered);
/// The attributes into which the projection's paths lead.
std::vector<std::string> attributes_entered(const expressions::Projection& projection);
/// Checks what a write asks before any item is read: keys, attributes of keys in the update.
void check_write(const ItemWrite& write);

/// Does one write: reads the item, decides, changes it, in one piece. Counts its capacity.
/// Errors: ValidationException for what the item makes invalid (update paths, operands, size).
ItemWriteResult do_write(Database& database, Request& request, const ItemWrite& write);

/// What several writes have besides.
struct AtomicOptions {
    bool is_transaction = true;  ///< counts twice the capacity
    /// Put into the store together with the writes, if any of them changes an item.
    std::span<const StoreRecord> records = {};
};

/// Does all or none. Results in the order of writes; nothing is done unless all verdicts are `done`.
/// Requires distinct items. What an item makes invalid is the verdict `refused` (code
/// ValidationError).
std::vector<ItemWriteResult> do_writes_atomically(Database& database, Request& request,
                                                  std::span<const ItemWrite> writes,
                                                  const AtomicOptions& options = {});

/// Does those of the writes that can be done, and leaves out the others. Otherwise as
/// `do_writes_atomically`.
std::vector<ItemWriteResult> do_writes_each(Database& database, Request& request,
                                            std::span<const ItemWrite> writes);

/// Says that these items will be read soon, as `Rows::expect`. Requires checked writes.
void expect_items(Database& database, Request& request, std::span<const ItemWrite> writes);

/// A consistent read of one item, or an empty item, in the request's arena.
struct ReadItem {
    dynamodb::Item item;
    base::ItemBytes size;
};
ReadItem read_item(Database& database, Request& request, const Table& table,
                   const dynamodb::Item& key, bool is_consistent);
/// Consistent with each other: no transaction or write lies between them.
std::vector<ReadItem> read_items_atomically(
    Database& database, Request& request,
    std::span<const std::pair<TablePointer, dynamodb::Item>> keys);

}  // namespace dynamigrate::engine
