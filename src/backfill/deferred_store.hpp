#pragma once

#include "action_file.hpp"

#include <dynamigrate/backfill/backfill.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dynamigrate::backfill {

/// Keeps the deferred actions of one segment on disk while they are collected.
///
/// The actions for one item are a group. A group counts once it is committed, and instead of the
/// item's earlier groups of the page. Threads: one.
class SegmentSpill {
public:
    SegmentSpill(const std::filesystem::path& file, std::atomic<std::uint64_t>& collected);

    void begin_page(std::uint64_t page);
    /// The transform is called for the item whose key (wire JSON) it is.
    void begin(std::string origin);
    /// `name`: names the item that the action is for; `text`: as `append_action` wrote it.
    void add(std::string_view name, std::string_view text);
    /// The transform succeeded, or failed.
    void commit();
    void abort() { count_ = 0; }
    /// What the item's transform asked for in this page does not count.
    void drop(const std::string& origin);
    /// Returns after all that counts is on stable storage.
    void sync() { file_.sync(); }

private:
    void write_end(const std::string& origin, std::uint64_t count);

    RecordWriter file_;
    std::atomic<std::uint64_t>& collected_;
    std::uint64_t page_ = 0;
    std::uint64_t group_ = 0;
    std::uint64_t count_ = 0;
    std::string origin_;
    std::string record_;
    std::unordered_map<std::string, std::uint64_t> counts_;  ///< of the page's groups
};

/// An action among those that are executed, in the order of their numbers.
struct NumberedAction {
    std::string_view name;  ///< table and key of its item
    std::string_view text;  ///< for ActionParser
};
NumberedAction read_numbered(std::string_view record);

/// The deferred actions of a step on disk: first collected by segment, then numbered by part. All
/// actions on one item are in one part, in the order in which they were asked for.
///
/// Threads: one, but for `open` and `collected`.
class DeferredStore {
public:
    DeferredStore(const Surroundings& surroundings, const std::string& run, std::uint32_t step);

    /// Whether everything was collected and numbered.
    bool is_numbered() const;
    /// Makes room. `has_begun`: segments have progress already.
    /// Errors: failed_precondition when they have and what was collected is not here.
    void begin(bool has_begun);
    std::unique_ptr<SegmentSpill> open(std::uint32_t records_step, std::uint32_t segment);
    /// Forgets what earlier attempts collected of pages that are worked again, but for the items
    /// that are not given to the transform again: `settled`, by segment.
    void settle(std::uint32_t records_step, const std::vector<SegmentState>& states,
                const std::map<std::uint32_t, std::unordered_set<std::string>>& settled);
    /// Actions collected by this attempt.
    std::uint64_t collected() const { return collected_; }

    /// Numbers all that was collected, into so many parts; repeatable.
    void number(std::uint32_t parts, const std::stop_token& stop);
    std::uint32_t parts() const;
    std::uint64_t total() const;
    std::filesystem::path part(std::uint32_t part) const;
    /// Deletes everything.
    void remove();

private:
    std::filesystem::path spill(std::uint32_t records_step, std::uint32_t segment) const;
    std::pair<std::uint32_t, std::uint64_t> numbers() const;

    std::filesystem::path directory_;
    std::filesystem::path collecting_;
    std::filesystem::path numbered_;
    std::filesystem::path complete_;
    std::atomic<std::uint64_t> collected_{0};
};

}  // namespace dynamigrate::backfill
