#pragma once

#include "database.hpp"
#include "request.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

namespace dynamigrate::engine {

/// Deletes the items of all tables that have expired by now, each on the condition that it still is;
/// returns how many.
std::size_t delete_expired(Database& database, Request& request);

/// Deletes expired items every now and then.
///
/// Owns: a thread. The database must outlive it.
class Sweeper {
public:
    explicit Sweeper(Database& database, std::chrono::milliseconds pause = std::chrono::seconds(5));

private:
    void run(const std::stop_token& stop, std::chrono::milliseconds pause);

    Database& database_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_;
};

}  // namespace dynamigrate::engine
