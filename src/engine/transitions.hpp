#pragma once

#include "catalog.hpp"
#include "rows.hpp"

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <thread>

namespace dynamigrate::engine {

/// Brings tables and indexes from CREATING, UPDATING and DELETING to where they are going: ends
/// waits, builds and drops indexes, drops tables.
///
/// Owns: a thread, for index builds. Threads: any.
class Transitions {
public:
    Transitions(base::Clock& clock, Catalog& catalog, Rows& rows, std::chrono::milliseconds length);
    ~Transitions();

    /// When a transition that begins now may end.
    base::SteadyTime settles() const;
    /// Ends what is due in the table: called before a definition is shown or used.
    void settle(std::string_view table);
    /// Begins to build an index that is CREATING; also for those found when a store is opened.
    void build(std::string_view table);

private:
    void run(std::stop_token stop);

    base::Clock& clock_;
    Catalog& catalog_;
    Rows& rows_;
    std::chrono::milliseconds length_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::vector<std::string> to_build_;
    std::jthread thread_;
};

}  // namespace dynamigrate::engine
