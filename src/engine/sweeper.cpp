#include "sweeper.hpp"

#include "item_write.hpp"

#include <dynamigrate/base/error.hpp>

#include <exception>

namespace dynamigrate::engine {

using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

constexpr std::size_t kBatch = 100;

/// The item is expired, as its TTL attribute stands now.
expressions::Condition expired_condition(const Table& table, base::WallTime now,
                                         base::Arena& arena) {
    using std::chrono::seconds;
    std::int64_t time = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    dynamodb::ItemBuilder values(arena);
    values.number(":now", time);
    return expressions::Condition::parse(
        {"#ttl <= :now", {{"#ttl", table.ttl_attribute}}, values.build()});
}

bool delete_if_expired(Database& database, Request& request, const TablePointer& table,
                       const Item& key, const expressions::Condition& is_expired) {
    ItemWrite write;
    write.kind = ItemWrite::Kind::remove;
    write.table = table;
    write.item = key;
    write.condition = is_expired;
    return do_write(database, request, write).verdict == ItemWriteResult::Verdict::done;
}

std::size_t sweep(Database& database, Request& request, const TablePointer& table) {
    base::WallTime now = database.clock.now();
    std::size_t deleted = 0, found = 0, last = 0;
    do {
        base::throw_if_stopped(request.stop);
        request.arena.reset();
        expressions::Condition is_expired = expired_condition(*table, now, request.arena);
        std::vector<Item> keys = database.rows.expired(*table, now, kBatch, request.arena);
        found = keys.size();
        last = 0;
        for (const Item& key : keys) {
            last += delete_if_expired(database, request, table, key, is_expired) ? 1 : 0;
        }
        deleted += last;
    } while (found == kBatch && last > 0);
    return deleted;
}

}  // namespace

std::size_t delete_expired(Database& database, Request& request) {
    std::size_t deleted = 0;
    for (const std::string& name : database.catalog.names()) {
        TablePointer table = database.catalog.find(name);
        bool has_items = table != nullptr && table->status != Status::creating &&
                         table->status != Status::deleting;
        if (has_items && !table->ttl_attribute.empty()) {
            deleted += sweep(database, request, table);
        }
    }
    return deleted;
}

Sweeper::Sweeper(Database& database, std::chrono::milliseconds pause)
    : database_(database),
      thread_([this, pause](const std::stop_token& stop) { run(stop, pause); }) {}

// What fails once, be it that a table is being deleted, is tried again after the pause.
void Sweeper::run(const std::stop_token& stop, std::chrono::milliseconds pause) {
    Request request;
    request.stop = stop;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, pause, [&] { return stop.stop_requested(); })) {
        try {
            delete_expired(database_, request);
        } catch (const std::exception&) {
            continue;
        }
    }
}

}  // namespace dynamigrate::engine
