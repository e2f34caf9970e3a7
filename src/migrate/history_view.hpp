#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <map>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What the rows of a history say about each migration. A value; owns its rows.
class HistoryView {
public:
    /// `rows`: oldest first.
    explicit HistoryView(std::vector<HistoryRow> rows);

    const std::vector<HistoryRow>& rows() const& noexcept { return rows_; }
    std::vector<HistoryRow> rows() && { return std::move(rows_); }
    /// The latest row of a version or name, or nullptr.
    const HistoryRow* latest(std::string_view id) const;
    const HistoryRow* row_of_run(std::string_view run) const;
    bool is_applied(std::string_view id) const;
    /// Latest rows with status applied, by version then name.
    std::vector<const HistoryRow*> applied() const;
    /// Latest rows that are neither applied nor rolled back, oldest first.
    std::vector<const HistoryRow*> unfinished() const;
    /// The highest applied version; "" when there is none.
    std::string current_version() const;
    /// The runs whose effects are there: those of the migration since it was last rolled back and
    /// before the row (of a rollback that is under way), oldest first. Rows that a person entered
    /// only count where there is no run.
    std::vector<const HistoryRow*> standing_runs(std::string_view id,
                                                 const HistoryRow* before = nullptr) const;
    /// Changes whenever the history does.
    std::string digest() const;

private:
    std::vector<HistoryRow> rows_;
    std::map<std::string, std::size_t> latest_;  ///< by canonical id
};

/// Whether the row neither ended as applied nor as rolled back.
bool is_unfinished(const HistoryRow& row) noexcept;
/// Whether a person entered the row and nothing ran.
bool is_entry_only(const HistoryRow& row) noexcept;
/// Whether the row is of a rollback or of an undo.
bool rolls_back(const HistoryRow& row) noexcept;
/// Whether the row is of the undo of one run.
bool is_undo(const HistoryRow& row) noexcept;

}  // namespace dynamigrate::migrate
