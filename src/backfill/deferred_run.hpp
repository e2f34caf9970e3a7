#pragma once

#include "deferred_store.hpp"
#include "page_time.hpp"
#include "shared_run.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// Executes the deferred actions of a step, part by part, in the order of their numbers.
namespace dynamigrate::backfill {

/// The number of the executing in records and journal, as a pass of its own.
inline constexpr std::uint32_t kDeferredPass = 3000;

/// Names a wave in the journal by the numbers of its actions.
struct WaveName {
    std::uint64_t first = 0;
    std::uint64_t last = 0;

    std::uint64_t page() const noexcept { return (first << kLengthBits) | (last - first); }
    static WaveName of(std::uint64_t page) noexcept {
        const std::uint64_t first = page >> kLengthBits;
        return {first, first + (page & ((std::uint64_t{1} << kLengthBits) - 1))};
    }
    static constexpr int kLengthBits = 16;
};

/// Where a part is: so many of its actions were met, which end there in the file.
struct PartPosition {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;

    static PartPosition parse(const std::string& text);
    std::string text() const;
};

/// An item of which an action failed: that one and its later ones wait.
struct BlockedItem {
    std::uint64_t number = 0;  ///< of the action that failed
    bool is_final = false;     ///< its outcome is unknown: only a person can tell what to do
    QuarantinedItem record;
};

/// A part and what is known of it.
struct DeferredPart {
    SegmentState state;
    /// Waves of earlier attempts whose actions on the item (by name) are settled.
    std::map<std::string, std::vector<WaveName>> settled;
    std::map<std::string, BlockedItem> blocked;

    bool is_settled(const std::string& name, std::uint64_t number) const;
};

/// What the lanes of an execution share.
struct DeferredShared {
    DeferredShared(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
                   std::stop_token stop_now, DeferredStore& store, const Counts& base);

    SharedRun run;
    DeferredStore& store;
    std::vector<DeferredPart> parts;
    std::atomic<std::uint64_t> done{0};
    /// Items with an action that failed; those that are tried again only once that failed too.
    std::atomic<std::uint64_t> blocked{0};

    void check_budget(bool at_end) const;
};

/// One worker: takes parts and works them wave by wave: read, evaluate, journal, write, checkpoint.
class DeferredLane {
public:
    DeferredLane(DeferredShared& shared, std::uint32_t journal_lane);
    void work();

private:
    /// An item of the wave and what is done to it.
    struct WaveItem {
        std::string name;
        const Target* table = nullptr;
        dynamodb::Item key;
        std::uint64_t first = 0;  ///< number of its first action in the wave
        std::vector<Action> actions;
    };

    void work_part(DeferredPart& part);
    bool retry_blocked(DeferredPart& part, const PartPosition& until);
    bool take_wave(DeferredPart& part, RecordReader& reader, PartPosition& position);
    void add(const NumberedAction& action, std::uint64_t number);
    void perform(DeferredPart& part);
    void read_items_now();
    std::optional<Edit> decide(DeferredPart& part, std::uint32_t index,
                               const dynamodb::Item* current, bool counts);
    void send(DeferredPart& part, std::vector<Edit>& edits, std::vector<Edit>& again);
    void finish(DeferredPart& part, Edit& edit, const WriteEnd& end, std::vector<Edit>& again);
    void after_conflict(DeferredPart& part, Edit& edit, std::vector<Edit>& again);
    bool is_repeatable(const WaveItem& item, const dynamodb::Item& after);
    void block(DeferredPart& part, const WaveItem& item, std::string reason, std::string message);
    void save(DeferredPart& part, bool always);

    DeferredShared& shared_;
    std::uint32_t journal_lane_;
    std::unique_ptr<layers::JournalWriter> journal_;
    EditWriter writer_;
    PageTime wave_time_;
    ActionParser parser_;
    base::Arena arena_{64 * 1024};
    std::map<std::string, Target, std::less<>> tables_;
    WaveName wave_;
    std::vector<WaveItem> items_;
    std::map<std::string, std::uint32_t, std::less<>> by_name_;
    std::vector<std::optional<dynamodb::Item>> current_;
    std::vector<Edit*> sending_;
    std::vector<WriteEnd> ends_;
    std::vector<std::string_view> absent_;
    Counts counts_;
    std::uint64_t executed_ = 0;
    double write_units_ = 0;
    base::SteadyTime saved_at_{};
};

/// Settles what an earlier attempt left, by its journal.
void replay_deferred(DeferredShared& shared);

/// How an execution ended.
struct DeferredResult {
    Counts counts;  ///< of writes; actions are not counted as items
    std::uint64_t done = 0;
    bool stopped = false;
    std::vector<layers::PartSummary> parts;
};

/// Executes or goes on executing. Requires that the store is numbered. `base`: the step's counts so
/// far. Errors: as backfill::run.
DeferredResult execute_deferred(const Plan& plan, const Surroundings& surroundings,
                                std::stop_token stop, std::stop_token stop_now,
                                DeferredStore& store, const Counts& base);

}  // namespace dynamigrate::backfill
