#pragma once

#include "page_time.hpp"
#include "shared_run.hpp"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace dynamigrate::backfill {

/// How often an item is decided anew because somebody changed it.
inline constexpr std::uint32_t kMaxRounds = 10;

/// Makes the source of a segment.
using SourceFactory = std::function<std::unique_ptr<PageSource>(std::uint32_t segment)>;

/// One worker: takes segments and works them page by page: read, transform, journal, write,
/// checkpoint.
///
/// Threads: runs in its own; shares only SharedRun.
class Lane {
public:
    Lane(SharedRun& run, const SourceFactory& sources, std::uint32_t journal_lane);
    ~Lane();

    /// Works until no segment is left or the run stops. Errors go to SharedRun::fail.
    void work();

private:
    /// A put that waits for its wave.
    struct PendingAction {
        const Action* action = nullptr;
        std::uint32_t origin = 0;
        bool is_copy = false;
    };

    /// Takes the deferred actions of the item at hand.
    class Collector final : public DeferredActions {
    public:
        explicit Collector(Lane& lane) : lane_(lane) {}
        void add(const Action& action) override;

    private:
        Lane& lane_;
        base::Arena scratch_{1024};
        std::string text_;
    };

    void begin_group(const dynamodb::Item& key);
    void end_group(bool succeeded);
    void drop_group(const dynamodb::Item& key);
    /// What is deferred must be on disk before what makes that its transform is not asked again.
    void sync_deferred();
    void work_segment(SegmentState state);
    bool work_page(PageSource& source, SegmentState& state);
    void process(SegmentState& state);
    void decide_chosen();
    void decide(std::uint32_t index, const dynamodb::Item& item, PageOutput* output);
    void decide_change(std::uint32_t index, const dynamodb::Item& item, ReadSet read);
    void copy_to_target(std::uint32_t index, const dynamodb::Item& item);
    void write_waves();
    void write_wave(std::vector<Edit>& edits);
    void send_wave(std::vector<Edit>& edits, std::vector<Edit>& again);
    void finish(Edit& edit, const WriteEnd& end, std::vector<Edit>& again);
    void after_conflict(Edit& edit, std::vector<Edit>& again);
    std::optional<Edit> resolve(const Edit& edit);
    /// What is to be done with the item as it is now; nothing when that is settled.
    std::optional<Edit> decide_again(const Edit& edit, const dynamodb::Item* current);
    std::optional<Edit> resolve_action(const Edit& edit);
    std::string describe_conflict(const Edit& edit);
    bool is_idempotent_at(const dynamodb::Item& after);
    void perform_actions();
    std::optional<Edit> edit_of_action(const PendingAction& pending, const dynamodb::Item* current);
    Edit make_move(const dynamodb::Item& item, const dynamodb::Item& after, ReadSet read);
    void see_names(const dynamodb::Item& item);
    void perform_move(Edit remove);
    std::optional<Edit> refresh_move(const Edit& remove);
    bool try_move(Edit remove);
    bool is_still_there(const Edit& remove);
    bool put_moved(const Edit& remove, const Edit& planned_insert, const dynamodb::Item& deleted);
    void quarantine(const Target& table, const dynamodb::Item& key, std::string reason,
                    std::string message, bool is_source = true, std::uint64_t number = 0);
    void quarantine(const Edit& edit, std::string reason, std::string message);
    /// The source item of a put elsewhere: with it, the put can be tried again.
    void quarantine_origin(std::uint32_t origin, const dynamodb::Item& put_key, std::string reason,
                           std::string message);
    std::uint64_t number_of(std::uint32_t origin) const;
    /// Runs the transform into `output_`; false when it failed and the item is in quarantine.
    bool transform(const dynamodb::Item& item, const dynamodb::Item& key);
    /// Replaces what the item's earlier image had asked for, before it is written.
    void take_actions(std::uint32_t origin);
    bool is_done_already(const Action& action, const Target& table);
    bool restore_moved(const Edit& remove, const dynamodb::Item& deleted);
    bool is_valid_key(const Edit& insert);
    const Target& table_of(const Action& action);
    bool fits(const Edit& edit);
    /// Whether this step of this run has changed the item already, by its marker.
    bool is_marked(const dynamodb::Item& item) const;
    void save(const SegmentState& state, bool always);
    void estimate_unread(const PageSource& source);
    void adapt_limit(const PageSource& source, std::size_t limit, base::SteadyTime::duration took);

    SharedRun& run_;
    const SourceFactory& sources_;
    std::unique_ptr<layers::JournalWriter> journal_;
    std::uint32_t journal_lane_;
    EditWriter writer_;
    EditPolicy policy_;

    base::Arena arena_{64 * 1024};
    std::vector<dynamodb::Item> items_;
    std::vector<std::uint32_t> chosen_;  ///< of the items, those that the transform is for
    std::vector<Edit> edits_;
    std::vector<Edit> action_edits_;
    std::vector<Edit> moves_;
    std::vector<PendingAction> actions_;
    std::deque<Action> action_store_;
    TransformOutput output_;
    std::vector<Edit*> sending_;
    std::vector<WriteEnd> ends_;
    std::vector<std::string_view> absent_;
    std::set<std::string, std::less<>> names_seen_;  ///< of attributes, where keys change
    std::map<std::string, Target, std::less<>> targets_;
    layers::JournalPage page_;
    std::uint64_t first_number_ = 0;  ///< of the page's first item in its stream
    bool is_performing_ = false;
    Counts page_counts_;
    std::unordered_set<std::string>* settled_ = nullptr;
    std::unique_ptr<SegmentSpill> spill_;
    Collector collector_{*this};

    std::size_t limit_ = kBatchStatements;
    double bytes_per_item_ = 0;
    PageTime page_time_;
    double page_write_units_ = 0;
    std::uint64_t unread_bytes_ = 0;  ///< of an item of the page, on average
    base::SteadyTime saved_at_{};
};

}  // namespace dynamigrate::backfill
