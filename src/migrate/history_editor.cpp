#include <dynamigrate/migrate/history_editor.hpp>

#include "adoption.hpp"
#include "held_lock.hpp"
#include "history.hpp"
#include "history_merge.hpp"
#include "history_notes.hpp"
#include "identity.hpp"
#include "open_history.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;

constexpr std::string_view kGone = "its runner ended without a word";

Error unknown(const std::string& id) {
    return Error(ErrorKind::not_found,
                 fmt::format("Cannot find migration \"{}\"; `dynamigrate outstanding` and "
                             "`dynamigrate list` name those there are",
                             id));
}

}  // namespace

LayoutPlace LayoutPlace::parse(std::string_view text) {
    LayoutPlace place;
    place.layout = text.substr(0, text.find(':'));
    if (text.find(':') != std::string_view::npos) {
        place.table = text.substr(text.find(':') + 1);
    }
    make_layout(place.layout);
    return place;
}

struct HistoryEditor::Parts : OpenHistory {
    const Registry& registry;
    HistoryNotes notes;
    Adoption adoption;

    Parts(const Registry& the_registry, Settings the_settings, const World& the_world)
        : OpenHistory(std::move(the_settings), the_world),
          registry(the_registry),
          notes(table),
          adoption(table, world, settings) {}

    std::string by() const {
        return fmt::format("{}@{}", world.identity.user, world.identity.host);
    }

    /// Later than every row so far.
    std::string now(const HistoryView& view) const {
        base::WallTime time = world.clock->now();
        for (const HistoryRow& row : view.rows()) {
            time = std::max(time, base::parse_iso8601(row.started_at) + milliseconds(1));
        }
        return base::to_iso8601(time);
    }

    HistoryRow entry(const HistoryView& view, const std::string& action, Status status,
                     const std::string& id) const {
        HistoryRow row;
        row.id = id;
        row.run = world.random->uuid();
        row.status = status;
        row.action = action;
        row.started_at = row.finished_at = now(view);
        row.by = by();
        row.tool_version = settings.tool_version;
        return row;
    }

    HistoryRow entry_of(const HistoryView& view, const std::string& action, Status status,
                        const Migration& migration) const {
        HistoryRow row = entry(view, action, status, migration.id());
        row.description = migration.description();
        row.path = migration.path();
        row.checksum = migration.checksum();
        row.table = physical(migration.table());
        row.steps_done = static_cast<std::uint32_t>(migration.up_steps().size());
        return row;
    }

    std::string physical(const std::string& table_name) const {
        const std::string& name = table_name.empty() ? settings.default_table : table_name;
        auto mapped = settings.tables.find(name);
        return mapped == settings.tables.end() ? name : mapped->second;
    }

    /// A run that may go on must not be written over by a word.
    void check_not_begun(const HistoryView& view, const std::string& id) const {
        const HistoryRow* row = view.latest(id);
        bool may_go_on = row && is_unfinished(*row) && row->action != "elsewhere";
        if (may_go_on && !settings.force) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("run {} of {} is {}; end it with `dynamigrate resume {}`, or "
                                    "use --force to count the migration as done all the same",
                                    row->run, id, to_string(row->status), row->run));
        }
    }

    void check_no_dependents(const HistoryView& view, const std::string& id) const {
        std::vector<std::string> dependents;
        for (const Migration& other : registry.all()) {
            bool depends = std::any_of(
                other.dependencies().begin(), other.dependencies().end(), [&](const auto& needed) {
                    const Migration* found = registry.find(needed);
                    return canonical_id(found ? found->id() : needed) == canonical_id(id);
                });
            if (depends && view.is_applied(other.id())) {
                dependents.push_back(other.id());
            }
        }
        if (!dependents.empty() && !settings.force) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("cannot mark {} as rolled back while {}, which {} on it, {} "
                                    "applied; mark that first, or use --force",
                                    id, fmt::join(dependents, ", "),
                                    dependents.size() == 1 ? "depends" : "depend",
                                    dependents.size() == 1 ? "is" : "are"));
        }
    }

    void add_repaired_checksums(const HistoryView& view, HistoryEdit& edit) const {
        for (const HistoryRow* row : view.applied()) {
            const Migration* migration = registry.find(row->id);
            if (!migration || row->checksum.empty() || row->checksum == migration->checksum()) {
                continue;
            }
            HistoryRow repaired = entry_of(view, "repair", Status::applied, *migration);
            repaired.layout = row->layout;
            edit.lines.push_back({row->id, fmt::format("checksum {:.12}, which was {:.12}",
                                                       repaired.checksum, row->checksum)});
            edit.rows.push_back(std::move(repaired));
        }
    }

    void add_dead_runs(const HistoryView& view, HistoryEdit& edit) {
        std::optional<LockOwner> owner = read_lock_owner(table);
        for (const HistoryRow* row : view.unfinished()) {
            bool is_alive = owner && owner->fence == row->fence && !owner->identity.is_dead_here();
            bool says_running = row->status != Status::failed && !row->interrupted;
            if (is_alive || !says_running || row->action == "elsewhere") {
                continue;
            }
            HistoryRow failed = *row;
            failed.status = Status::failed;
            failed.error = fmt::format("{} (entered by {})", kGone, by());
            failed.finished_at = now(view);
            edit.lines.push_back({row->id, fmt::format("run {} failed: {}", row->run, kGone)});
            edit.rows.push_back(std::move(failed));
        }
    }

    /// Later than every note so far.
    HistoryNote note(const HistoryEdit& edit, const std::string& text) {
        base::WallTime time = world.clock->now();
        for (const HistoryNote& known : notes.read()) {
            time = std::max(time, base::parse_iso8601(known.at) + milliseconds(1));
        }
        HistoryNote note;
        note.at = base::to_iso8601(time);
        note.by = by();
        note.action = edit.action;
        note.id = world.random->uuid();
        note.text = text;
        note.tool_version = settings.tool_version;
        return note;
    }

    void apply_rows(const HistoryEdit& edit, std::uint64_t fence) {
        for (HistoryRow row : edit.rows) {
            row.fence = fence;
            if (row.action == "repair") {
                History(table).write(row);
            } else {
                history.write(row);
            }
            if (row.status == Status::failed) {
                HistoryNote told = note(edit, fmt::format("run of {} failed: {}", row.id, kGone));
                told.run = row.run;
                notes.write(told, fence);
            }
        }
    }

    void apply_adoption(const HistoryEdit& edit, std::uint64_t fence) {
        auto name = [](const LayoutPlace& place) {
            return place.table.empty() ? place.layout : place.layout + ":" + place.table;
        };
        HistoryNote told = note(edit, fmt::format("from {} to {}, {} entries", name(edit.from),
                                                  name(edit.to), edit.lines.size()));
        notes.write(told, fence);
        adoption.apply(edit, told.id, fence);
    }

    void undo_adoption(const HistoryEdit& edit, std::uint64_t fence, const Tell& tell) {
        adoption.undo(edit.adoption, fence, tell);
        for (HistoryNote& known : notes.read()) {
            if (known.id == edit.adoption) {
                known.is_undone = true;
                notes.write(known, fence);
            }
        }
        HistoryNote told = note(edit, fmt::format("{} entries", edit.lines.size()));
        told.run = edit.adoption;
        notes.write(told, fence);
    }
};

HistoryEditor::HistoryEditor(const Registry& registry, Settings settings, const World& world)
    : parts_(std::make_unique<Parts>(registry, std::move(settings), world)) {}

HistoryEditor::~HistoryEditor() = default;

HistoryEdit HistoryEditor::plan_baseline(const std::string& version) {
    const Migration* last = parts_->registry.find(version);
    if (!last || last->is_named()) {
        throw unknown(version);
    }
    HistoryView view = parts_->history.read();
    HistoryEdit edit;
    edit.action = "baseline";
    edit.basis = view.digest();
    for (const Migration& migration : parts_->registry.all()) {
        bool is_below = !migration.is_named() && *migration.version() <= *last->version();
        if (!is_below || view.is_applied(migration.id())) {
            continue;
        }
        parts_->check_not_begun(view, migration.id());
        edit.lines.push_back({migration.id(), "applied"});
        HistoryRow row = parts_->entry_of(view, "baseline", Status::applied, migration);
        auto place = milliseconds(edit.rows.size());
        row.started_at = base::to_iso8601(base::parse_iso8601(row.started_at) + place);
        row.finished_at = row.started_at;
        edit.rows.push_back(std::move(row));
    }
    return edit;
}

HistoryEdit HistoryEditor::plan_mark(bool is_applied, const std::string& id) {
    HistoryView view = parts_->history.read();
    const Migration* migration = parts_->registry.find(id);
    const HistoryRow* latest = view.latest(id);
    if (!migration && (!latest || is_applied)) {
        throw unknown(id);
    }
    HistoryEdit edit;
    edit.action = "mark";
    edit.basis = view.digest();
    Status status = is_applied ? Status::applied : Status::rolled_back;
    bool is_so = latest ? latest->status == status : !is_applied;
    if (is_so) {
        return edit;
    }
    if (!is_applied) {
        parts_->check_no_dependents(view, latest->id);
    }
    HistoryRow row = migration ? parts_->entry_of(view, "mark", status, *migration)
                               : parts_->entry(view, "mark", status, latest->id);
    edit.lines.push_back({row.id, is_applied ? "applied" : "rolled back"});
    edit.rows.push_back(std::move(row));
    return edit;
}

HistoryEdit HistoryEditor::plan_repair() {
    HistoryView view = parts_->history.read();
    HistoryEdit edit;
    edit.action = "repair";
    edit.basis = view.digest();
    parts_->add_dead_runs(view, edit);
    parts_->add_repaired_checksums(view, edit);
    return edit;
}

HistoryEdit HistoryEditor::plan_adopt(const LayoutPlace& from, const LayoutPlace& to) {
    HistoryEdit edit = parts_->adoption.plan(from, to);
    edit.basis = HistoryView(History(parts_->table).read_native()).digest();
    return edit;
}

HistoryEdit HistoryEditor::plan_undo_adopt() {
    std::vector<HistoryNote> notes = parts_->notes.read();
    auto last = std::find_if(notes.rbegin(), notes.rend(), [](const HistoryNote& note) {
        return note.action == "adopt" && !note.is_undone;
    });
    if (last == notes.rend()) {
        throw Error(ErrorKind::not_found, "there is no adoption to take back");
    }
    HistoryEdit edit = parts_->adoption.plan_undo(last->id);
    edit.basis = HistoryView(History(parts_->table).read_native()).digest();
    return edit;
}

void HistoryEditor::apply(const HistoryEdit& edit, const Tell& tell, std::stop_token stop) {
    if (edit.lines.empty()) {
        return;
    }
    Parts& parts = *parts_;
    bool adopts = edit.action.ends_with("adopt");
    HeldLock held(parts.table, parts.world, parts.settings, tell, {stop, stop});
    HistoryView view =
        adopts ? HistoryView(History(parts.table).read_native()) : parts.history.read();
    if (view.digest() != edit.basis) {
        throw Error(ErrorKind::aborted,
                    "the history changed since this was decided; run the command again");
    }
    if (edit.action == "adopt") {
        parts.apply_adoption(edit, held.fence());
    } else if (adopts) {
        parts.undo_adoption(edit, held.fence(), tell);
    } else {
        parts.history.create_if_absent(held.stop_now());
        parts.history.note_news(held.fence());
        parts.apply_rows(edit, held.fence());
    }
}

std::vector<HistoryNote> HistoryEditor::notes() { return parts_->notes.read(); }

}  // namespace dynamigrate::migrate
