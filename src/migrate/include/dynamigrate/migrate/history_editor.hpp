#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// A history's layout and the table in which it lies ("" : the layout's own).
struct LayoutPlace {
    std::string layout = "native";
    std::string table;

    /// Reads `LAYOUT` or `LAYOUT:TABLE`. Errors: invalid_argument for an unknown layout.
    static LayoutPlace parse(std::string_view text);
};

/// A change of the history that was decided and not yet made.
struct HistoryEdit {
    /// One entry of the edit, for people.
    struct Line {
        std::string id;    ///< of the migration
        std::string what;  ///< "applied", "failed: its runner is gone" ...
    };

    std::string action;  ///< baseline, mark, repair, adopt, undo-adopt
    std::vector<Line> lines;
    std::string basis;  ///< digest of the history that it was decided from

    std::vector<HistoryRow> rows;  ///< to enter, or to complete
    LayoutPlace from, to;          ///< for adopt
    std::string adoption;          ///< for undo-adopt: which one
};

/// What was done to the history itself, besides its rows. Never deleted.
struct HistoryNote {
    std::string at;  ///< ISO 8601
    std::string by;  ///< user@host
    std::string action;
    std::string id;   ///< the adoption's or the note's own
    std::string run;  ///< the run that it is about, or ""
    std::string text;
    std::string tool_version;
    bool is_undone = false;  ///< of an adoption
};

/// Enters into the history what no run of ours did, and repairs it. Everything it does leaves a row
/// or a note with who and when; nothing is deleted.
///
/// Plans touch nothing. `apply` works under the lock.
/// Errors: as Migrator's.
class HistoryEditor {
public:
    using Tell = std::function<void(const std::string&)>;

    /// The registry and what the world points to must outlive it.
    HistoryEditor(const Registry& registry, Settings settings, const World& world);
    ~HistoryEditor();
    HistoryEditor(const HistoryEditor&) = delete;
    HistoryEditor& operator=(const HistoryEditor&) = delete;

    /// All versions up to this one count as applied, though none is run.
    /// Errors: not_found for an unknown version; failed_precondition where one of them is begun.
    HistoryEdit plan_baseline(const std::string& version);
    /// A migration counts as applied, or as rolled back. Empty when it does.
    /// Errors: not_found for one that neither the registry nor the history knows.
    HistoryEdit plan_mark(bool is_applied, const std::string& id);
    /// Changed migrations that are applied get their present checksum; runs whose runner is gone
    /// count as failed, and can be resumed.
    HistoryEdit plan_repair();
    /// What one layout tells is entered into the native history and written into the other layout.
    /// Rows of the first stay as they are.
    HistoryEdit plan_adopt(const LayoutPlace& from, const LayoutPlace& to);
    /// Takes the last adoption back. Errors: not_found when there is none.
    HistoryEdit plan_undo_adopt();

    /// Errors: aborted when the history changed since the edit was planned.
    void apply(const HistoryEdit& edit, const Tell& tell, std::stop_token stop);

    /// Oldest first.
    std::vector<HistoryNote> notes();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
