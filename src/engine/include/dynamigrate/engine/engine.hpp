#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/base/units.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::engine {

struct EngineOptions {
    base::Clock* clock = nullptr;    ///< nullptr: the machine's; must outlive the engine
    base::Random* random = nullptr;  ///< nullptr: the machine's; must outlive the engine
    /// How long tables and indexes stay CREATING, UPDATING, DELETING (indexes at least until they
    /// are built). 0: the answer says so, the next call finds them changed.
    std::chrono::milliseconds transition{0};
    /// Whether expired items are deleted by themselves, some seconds late; else only by
    /// `delete_expired`.
    bool sweeps = true;
    std::string region = "local";  ///< in ARNs
};

/// An item that an overlay's user changed. Valid during the call that tells of it.
struct OverlayChange {
    std::string_view table;
    std::string_view ttl_attribute;  ///< "" : the table has none
    dynamodb::Item key;
    const dynamodb::Item* before = nullptr;  ///< nullptr: there was none
    const dynamodb::Item* after = nullptr;
    base::ItemBytes before_size, after_size;
    double table_units = 0;  ///< that the write would cost
    double index_units = 0;  ///< and on all indexes
};

/// An index that an overlay builds. Where it has to read the whole table of its base, it tells so
/// before the first read; and always, with the last two members, when the index is built.
struct OverlayBuild {
    std::string_view table, index;
    std::int64_t items = 0;  ///< of the table, about
    std::int64_t bytes = 0;
    bool is_built = false;
    std::int64_t entries = 0;
    double write_units = 0;  ///< that the building would cost
};

struct OverlayOptions {
    EngineOptions engine;
    /// A directory for what does not fit in memory, made and removed by the engine.
    std::filesystem::path spill_directory;
    /// Ends what is being read of the base with Error cancelled, for good.
    std::stop_token stop;
    /// Told of every change, on the thread that makes it, right after it.
    std::function<void(const OverlayChange&)> on_change;
    /// Told on another thread.
    std::function<void(const OverlayBuild&)> on_build;
};

/// DynamoDB within this process.
///
/// Threads: any; writes of one item follow each other, reads see whole writes.
/// Errors:  DynamoDB's own error types and, where they are stable, its texts, as a `Service` throws
///          them. `failed_precondition` naming the owner's pid when another process has the directory
///          open, `corrupted` when it holds no such store.
/// Ensures: an acknowledged write survives the death of the process (`open`).
class Engine : public dynamodb::Service {
public:
    /// On disk; makes the directory when there is none.
    static std::unique_ptr<Engine> open(const std::filesystem::path& directory,
                                        const EngineOptions& options = {});
    /// In memory, gone with the object.
    static std::unique_ptr<Engine> in_memory(const EngineOptions& options = {});
    /// Copy-on-write over `base`, which must outlive it and receives nothing but reads: tables and
    /// items as they are there, with this engine's own writes on top, which are gone with the object.
    static std::unique_ptr<Engine> over(dynamodb::Service& base, const OverlayOptions& options);

    /// Deletes what has expired by now; returns how many items.
    virtual std::size_t delete_expired() = 0;
};

}  // namespace dynamigrate::engine
