#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace dynamigrate::expressions {

/// How a MemoryService behaves.
struct MemoryOptions {
    bool with_partiql = true;            ///< false: UnknownOperationException
    bool partiql_tells_capacity = true;  ///< false: as DynamoDB Local
    int describes_until_active = 0;  ///< so many DescribeTable calls still see CREATING or DELETING
    std::size_t page_bytes = 1024 * 1024;  ///< of a Scan or Query
    std::size_t batch_limit =
        0;  ///< items of a batch that are done, the rest is unprocessed; 0: all
};

/// DynamoDB in memory, for tests: tables with global and local indexes, TTL settings, single, batch
/// and transactional reads and writes with expressions, Query, Scan, and the PartiQL statements that
/// a backfill sends. Answers like AWS where emulators differ. Legacy parameters are refused.
///
/// Threads: any number may call at once; calls are executed one after the other.
/// Errors:  what the service would answer, as dynamodb::make_service_error makes it.
class MemoryService : public dynamodb::Service {
public:
    explicit MemoryService(MemoryOptions options = {});
    ~MemoryService() override;

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return "memory"; }

    /// An on-demand table that is active at once.
    void create_table(std::string_view table, const dynamodb::KeySchema& key);
    /// Puts or removes an item, uncounted. Requires the table.
    void put(std::string_view table, std::string_view item_json);
    void remove(std::string_view table, std::string_view key_json);
    /// The items in wire JSON with sorted names, by their keys in the same form.
    std::map<std::string, std::string> items(std::string_view table) const;
    /// One item in the same form, or "" when it is not there.
    std::string item(std::string_view table, std::string_view key_json) const;
    /// The Table object that DescribeTable would answer, uncounted; "" when there is no such table.
    std::string description(std::string_view table) const;

    /// Calls so far of that operation, or all of them; refused ones count.
    int request_count(std::string_view operation = {}) const;

    /// Called before each call, without the lock: may write through `put` or throw instead of the
    /// service. Set it before the first call.
    std::function<void(const dynamodb::Call&)> before_call;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::expressions
