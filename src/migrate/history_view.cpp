#include "history_view.hpp"

#include "identity.hpp"

#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

std::string_view to_string(Status status) noexcept {
    switch (status) {
        case Status::running:
            return "running";
        case Status::applied:
            return "applied";
        case Status::failed:
            return "failed";
        case Status::rolling_back:
            return "rolling_back";
        case Status::rolled_back:
            return "rolled_back";
    }
    return "running";
}

std::string_view to_string(OutOfOrder policy) noexcept {
    switch (policy) {
        case OutOfOrder::error:
            return "error";
        case OutOfOrder::allow:
            return "allow";
        case OutOfOrder::ignore:
            return "ignore";
    }
    return "error";
}

bool is_unfinished(const HistoryRow& row) noexcept {
    return row.status != Status::applied && row.status != Status::rolled_back;
}

bool rolls_back(const HistoryRow& row) noexcept { return row.action == "down" || is_undo(row); }

bool is_undo(const HistoryRow& row) noexcept { return row.action == "undo"; }

namespace {

/// An undo tells of the migration's state only once it took all of a run back.
bool tells_state(const HistoryRow& row) noexcept {
    return !is_undo(row) || (row.undone == "wholly" && !is_unfinished(row));
}

}  // namespace

bool is_entry_only(const HistoryRow& row) noexcept {
    return row.action == "baseline" || row.action == "mark" || row.action == "repair";
}

HistoryView::HistoryView(std::vector<HistoryRow> rows) : rows_(std::move(rows)) {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (tells_state(rows_[i])) {
            latest_[canonical_id(rows_[i].id)] = i;
        }
    }
}

const HistoryRow* HistoryView::latest(std::string_view id) const {
    auto found = latest_.find(canonical_id(id));
    return found == latest_.end() ? nullptr : &rows_[found->second];
}

const HistoryRow* HistoryView::row_of_run(std::string_view run) const {
    auto found = std::find_if(rows_.begin(), rows_.end(),
                              [&](const HistoryRow& row) { return row.run == run; });
    return found == rows_.end() ? nullptr : &*found;
}

bool HistoryView::is_applied(std::string_view id) const {
    const HistoryRow* row = latest(id);
    return row && row->status == Status::applied;
}

std::vector<const HistoryRow*> HistoryView::applied() const {
    std::vector<const HistoryRow*> found;
    for (const auto& [id, index] : latest_) {
        if (rows_[index].status == Status::applied) {
            found.push_back(&rows_[index]);
        }
    }
    std::sort(found.begin(), found.end(), [](const HistoryRow* a, const HistoryRow* b) {
        return id_comes_before(a->id, b->id);
    });
    return found;
}

std::vector<const HistoryRow*> HistoryView::unfinished() const {
    std::vector<const HistoryRow*> found;
    for (const HistoryRow& row : rows_) {
        if (is_unfinished(row) && latest(row.id) == &row) {
            found.push_back(&row);
        }
    }
    return found;
}

std::string HistoryView::current_version() const {
    std::string current;
    for (const HistoryRow* row : applied()) {
        if (Version::parse(row->id)) {
            current = row->id;
        }
    }
    return current;
}

std::vector<const HistoryRow*> HistoryView::standing_runs(std::string_view id,
                                                          const HistoryRow* before) const {
    std::string wanted = canonical_id(id);
    std::vector<const HistoryRow*> runs;
    for (const HistoryRow& row : rows_) {
        if (&row == before) {
            break;
        }
        if (canonical_id(row.id) != wanted) {
            continue;
        }
        if (row.status == Status::rolled_back) {
            runs.clear();
        } else if (!rolls_back(row) && row.undone != "wholly") {
            runs.push_back(&row);
        }
    }
    bool has_real = std::any_of(runs.begin(), runs.end(),
                                [](const HistoryRow* row) { return !is_entry_only(*row); });
    const HistoryRow* first = runs.empty() ? nullptr : runs.front();
    std::erase_if(runs, [&](const HistoryRow* row) {
        return is_entry_only(*row) && (has_real || row != first);
    });
    return runs;
}

std::string HistoryView::digest() const {
    std::string text;
    for (const HistoryRow& row : rows_) {
        text += fmt::format("{} {} {} {} {} {} {}\n", row.id, row.run, to_string(row.status),
                            row.attempt, row.steps_done, row.interrupted, row.undone);
    }
    return base::sha256_hex(text);
}

}  // namespace dynamigrate::migrate
