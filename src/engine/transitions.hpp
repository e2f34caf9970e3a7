#pragma once

#include "catalog.hpp"
#include "rows.hpp"

#include <dynamigrate/base/clock.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace dynamigrate::engine {

/// Brings tables and indexes from CREATING, UPDATING and DELETING to where they are going: ends
/// waits, builds and drops indexes, drops tables.
///
/// An index is CREATING for one length without `is_backfilling`, then with it for another one, and
/// until it is built.
///
/// Owns: a thread, for what takes long: it builds indexes and fills restored tables, one after the
///       other. Threads: any, but none that holds `Catalog::mutex()`.
class Transitions {
public:
    /// What the thread does for a table.
    using Work = std::function<void(std::stop_token)>;

    /// `length`: how long every transition takes at least.
    Transitions(base::Clock& clock, Catalog& catalog, Rows& rows, std::chrono::milliseconds length);
    /// Stops what is being done; the next owner of the store takes it up with `resume`.
    ~Transitions();
    Transitions(const Transitions&) = delete;
    Transitions& operator=(const Transitions&) = delete;

    /// Begins again all that was under way when the store was closed. For new owners of a store,
    /// before the first request.
    void resume();

    /// When a transition that begins now may end.
    base::SteadyTime settles() const;
    /// Takes notice that the table, or an index of it, is not active any more: called after such a
    /// definition was put. What is being done for what is going away now is stopped.
    void begin(std::string_view table);
    /// As `begin`, for a table that something else has to be done for before it is active.
    void begin(std::string_view table, Work work);

    /// Ends what is due in the table: called before a definition is used.
    void settle(std::string_view table) {
        if (moving_count_.load(std::memory_order_acquire) != 0) {
            settle_moving(table);
        }
    }
    /// As `settle`; where transitions have no length it waits, a second at most, for the thread.
    void settle_patiently(std::string_view table);
    void settle_all();

private:
    struct Step {
        std::string table;
        Work work;
        std::stop_source stop;
    };
    enum class Move : std::uint8_t { none, build, activate, drop };

    void settle_moving(std::string_view table);
    // What comes next now; `is_free`: nothing is being done for the table.
    bool is_due(const Table& table, bool is_free);
    Move next_move(const Table& table, bool is_free);
    Move next_move(const Table& table, const Index& index, bool is_free);
    // Does it. Whether the table is still moving; whether the index has changed.
    bool settle_table(const Table& table, bool is_free);
    bool settle_index(const Table& table, Index& index, bool is_free);
    bool is_past(base::SteadyTime time) const;
    bool is_busy(std::string_view table) const;
    void add_step(std::string_view table, Work work);
    void start_build(const Table& table, const Index& index);
    void build(const std::string& table, std::uint32_t index, std::stop_token stop);
    void run(const std::stop_token& stop);
    static void do_step(const Step& step, const std::stop_token& stop);

    base::Clock& clock_;
    Catalog& catalog_;
    Rows& rows_;
    std::chrono::milliseconds length_;

    std::mutex mutex_;
    std::condition_variable_any wake_, idle_;
    std::set<std::string, std::less<>> moving_;
    std::atomic<std::size_t> moving_count_ = 0;
    std::set<std::pair<std::uint32_t, std::uint32_t>> built_;  ///< table and index numbers
    std::deque<Step> steps_;                                   ///< the first is being done
    std::jthread thread_;
};

}  // namespace dynamigrate::engine
