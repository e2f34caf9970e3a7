#include "history_merge.hpp"

#include "history_view.hpp"
#include "identity.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace dynamigrate::migrate {

namespace {

using std::chrono::milliseconds;

/// The namespace of the run ids that are made here.
constexpr std::string_view kNamespace = "7c8b6f3e-58b1-5d0a-9d0c-2f4d7f1c9a61";

class Merge {
public:
    Merge(const std::vector<HistoryRow>& native, const MergeSource& source)
        : view_(native),
          source_(source) {}

    std::vector<HistoryRow> news(const std::vector<ForeignRow>& foreign) {
        std::map<std::string, const ForeignRow*> latest;
        for (const ForeignRow& row : foreign) {
            const ForeignRow*& known = latest[canonical_id(row.id)];
            if (!known || known->date <= row.date) {
                known = &row;
            }
        }
        for (const auto& [id, row] : latest) {
            add_if_news(*row);
        }
        if (source_.tells_absence) {
            add_reverted(latest);
        }
        sort_rows(made_);
        return std::move(made_);
    }

private:
    bool is_known(const ForeignRow& row) const {
        if (row.date.empty()) {
            return is_standing(row.id);
        }
        std::string id = canonical_id(row.id);
        return std::any_of(view_.rows().begin(), view_.rows().end(), [&](const HistoryRow& own) {
            return canonical_id(own.id) == id && own.status == row.status &&
                   (own.finished_at == row.date || own.started_at == row.date);
        });
    }

    bool is_standing(const std::string& id) const {
        const HistoryRow* last = view_.latest(id);
        std::vector<const HistoryRow*> runs = view_.standing_runs(id);
        return last && last->status != Status::rolled_back &&
               std::any_of(runs.begin(), runs.end(),
                           [](const HistoryRow* run) { return run->status == Status::applied; });
    }

    void add_if_news(const ForeignRow& row) {
        const HistoryRow* last = view_.latest(row.id);
        bool says_nothing_new =
            row.status == Status::rolled_back && (!last || last->status == Status::rolled_back);
        if (is_known(row) || says_nothing_new) {
            return;
        }
        HistoryRow made = begin(row.id, last, row.status, row.date);
        made.description = row.description;
        made.path = row.path;
        made.by = row.by;
        made.error = row.error;
        made_.push_back(std::move(made));
    }

    void add_reverted(const std::map<std::string, const ForeignRow*>& foreign) {
        for (const HistoryRow* last : view_.applied()) {
            bool should_be_there = last->layout == source_.place &&
                                   source_.layout->keeps(last->id) &&
                                   !foreign.contains(canonical_id(last->id));
            if (should_be_there) {
                HistoryRow made = begin(last->id, last, Status::rolled_back, "");
                made.description = last->description;
                made.path = last->path;
                made_.push_back(std::move(made));
            }
        }
    }

    HistoryRow begin(const std::string& id, const HistoryRow* last, Status status,
                     const std::string& date) const {
        HistoryRow row;
        row.id = id;
        row.status = status;
        row.action = source_.action;
        row.layout = source_.place;
        row.started_at = base::to_iso8601(start(id, last, date));
        row.finished_at = date.empty() ? row.started_at : date;
        row.run = base::uuid5(kNamespace,
                              fmt::format("{}\n{}\n{}\n{}\n{}", source_.place, canonical_id(id),
                                          to_string(status), date, last ? last->run : ""));
        return row;
    }

    /// Later than what is known of the migration. Where no time is told: 1970, by number.
    static base::WallTime start(const std::string& id, const HistoryRow* last,
                                const std::string& date) {
        base::WallTime time{};
        if (!date.empty()) {
            time = base::parse_iso8601(date);
        } else if (!last) {
            std::uint32_t number = 0;
            std::from_chars(id.data(), id.data() + id.size(), number);
            time += milliseconds(number);
        }
        return last ? std::max(time, base::parse_iso8601(last->started_at) + milliseconds(1))
                    : time;
    }

    HistoryView view_;
    const MergeSource& source_;
    std::vector<HistoryRow> made_;
};

}  // namespace

std::vector<HistoryRow> news_of(const std::vector<HistoryRow>& native,
                                const std::vector<ForeignRow>& foreign, const MergeSource& source) {
    return Merge(native, source).news(foreign);
}

void sort_rows(std::vector<HistoryRow>& rows) {
    std::stable_sort(rows.begin(), rows.end(), [](const HistoryRow& a, const HistoryRow& b) {
        return std::tie(a.started_at, a.run) < std::tie(b.started_at, b.run);
    });
}

}  // namespace dynamigrate::migrate
