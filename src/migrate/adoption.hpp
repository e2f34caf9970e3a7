#pragma once

#include "history.hpp"

#include <dynamigrate/migrate/history_editor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// Carries a history from one layout over into another, and keeps what it wrote so that it can be
/// taken back: items `adopt#<adoption>#<n>` of the native table.
class Adoption {
public:
    /// All must outlive it.
    Adoption(NativeTable& table, const World& world, const Settings& settings);

    /// Rows to enter and rows to write into the other layout; nothing is touched.
    /// Errors: invalid_argument where the two are the same, or a layout needs a table's name;
    /// failed_precondition for a version that the other layout cannot hold.
    HistoryEdit plan(const LayoutPlace& from, const LayoutPlace& to);
    void apply(const HistoryEdit& edit, const std::string& adoption, std::uint64_t fence);

    HistoryEdit plan_undo(const std::string& adoption);
    /// What was changed since is told and left alone.
    void undo(const std::string& adoption, std::uint64_t fence,
              const std::function<void(const std::string&)>& tell);

private:
    struct Entry;

    std::unique_ptr<ForeignHistory> open(const LayoutPlace& place) const;
    std::vector<HistoryRow> to_enter(const LayoutPlace& from);
    void enter(const HistoryRow& row, const std::string& adoption, std::uint64_t fence);
    void tell_layout(const HistoryRow& row, ForeignHistory& foreign, const std::string& adoption,
                     std::uint64_t fence);
    std::vector<Entry> read_entries(const std::string& adoption);
    void undo_foreign(const Entry& entry, std::uint64_t fence,
                      const std::function<void(const std::string&)>& tell);
    void undo_row(const Entry& entry, std::uint64_t fence,
                  const std::function<void(const std::string&)>& tell);
    std::string next_sort_key(const std::string& adoption);

    NativeTable& table_;
    const World& world_;
    const Settings& settings_;
    std::uint32_t number_ = 0;
};

}  // namespace dynamigrate::migrate
