#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

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

struct OverlayOptions {
    EngineOptions engine;
    /// A directory for what does not fit in memory, made and removed by the engine.
    std::filesystem::path spill_directory;
    /// Ends what is being read of the base with Error cancelled, for good.
    std::stop_token stop;
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
