#pragma once

#include <dynamigrate/layers/journal.hpp>

#include <condition_variable>
#include <exception>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace dynamigrate::layers {

/// Lets many threads append to one part: what comes while a page is being synced waits for the next
/// one, which takes all of it.
///
/// Threads: any; the writer is used by nobody else. Errors: the writer's.
class SharedJournal {
public:
    using Settled = std::pair<EntryId, EntryOutcome>;

    SharedJournal(JournalWriter& writer, std::uint32_t step) : writer_(writer) {
        page_.step = step;
    }

    /// Returns the entries' ids after they are on stable storage.
    std::vector<EntryId> append(std::span<const JournalEntry> entries);
    /// Returns after the outcomes are written, not synced.
    void settle(std::span<const Settled> outcomes);

private:
    struct Order {
        std::span<const JournalEntry> entries;
        std::span<const Settled> outcomes;
        std::vector<EntryId> ids;
        std::exception_ptr failure;
        bool is_done = false;
    };

    void carry_out(Order& order);
    void write(std::span<Order* const> orders);
    void write_page(std::span<Order* const> orders);

    JournalWriter& writer_;
    JournalPage page_;
    std::mutex mutex_;
    std::condition_variable done_;
    std::vector<Order*> waiting_;
    bool is_writing_ = false;
};

}  // namespace dynamigrate::layers
