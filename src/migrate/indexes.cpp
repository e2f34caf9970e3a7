#include <dynamigrate/migrate/indexes.hpp>

#include "index_progress.hpp"
#include "index_settings.hpp"
#include "table_names.hpp"
#include "table_requests.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace dynamigrate::migrate {

namespace {

using dynamodb::IndexDescription;
using dynamodb::TableDescription;

void add_work(const Migration& migration, const Settings& settings, bool is_applied,
              std::vector<IndexWork>& work) {
    for (const StepPtr& step : migration.up_steps()) {
        for (IndexChange& change : step->index_changes()) {
            std::string table = real_table(settings, migration, change.table);
            work.push_back({std::move(table), migration.id(), is_applied, std::move(change)});
        }
    }
}

/// Replays the work on one table.
class Declarations {
public:
    using States = std::map<std::string, IndexState>;

    States replay(const std::string& table, const std::vector<IndexWork>& work) {
        for (const IndexWork& one : work) {
            if (one.table == table) {
                apply(one);
            }
        }
        return std::move(states_);
    }

private:
    void apply(const IndexWork& work) {
        const IndexChange& change = work.change;
        if (change.kind == IndexChange::Kind::create) {
            create(work);
            return;
        }
        for (auto& [name, state] : states_) {
            bool is_meant = change.is_of_all || name == change.index.name;
            if (is_meant && !work.is_applied) {
                state.next = work.migration;
            } else if (is_meant && change.kind == IndexChange::Kind::remove) {
                state.declared.reset();
            } else if (is_meant && state.declared) {
                update(*state.declared, change.index);
            }
        }
    }

    /// One that is declared and outstanding again will be deleted in between, or is an error.
    void create(const IndexWork& work) {
        IndexState& state = states_[work.change.index.name];
        if (state.declared && state.state != IndexState::State::outstanding) {
            state.next = work.is_applied ? state.next : work.migration;
            return;
        }
        state.declared = work.change.index;
        state.is_local = work.change.is_local;
        state.migration = work.migration;
        state.state = work.is_applied ? IndexState::State::ok : IndexState::State::outstanding;
    }

    static void update(IndexDefinition& declared, const IndexDefinition& change) {
        if (change.billing) {
            declared.billing = change.billing;
        }
        if (change.warm) {
            declared.warm = change.warm;
        }
        if (change.maximum) {
            declared.maximum = change.maximum;
        }
    }

    States states_;
};

std::vector<std::string> all_differences(const IndexDefinition& declared,
                                         const TableDescription& table,
                                         const IndexDescription& index) {
    std::vector<std::string> found = differences(declared, index);
    std::optional<dynamodb::Throughput> wanted =
        index.is_local || !declared.billing ? std::nullopt
                                            : index_throughput(declared, billing_of(table));
    if (wanted && !same(*wanted, index.provisioned)) {
        found.push_back(fmt::format("its capacity is {}, not {}", to_string(index.provisioned),
                                    to_string(*wanted)));
    }
    return found;
}

void judge(IndexState& state, const std::optional<TableDescription>& table) {
    using State = IndexState::State;
    const IndexDescription* index = table ? table->index(state.name) : nullptr;
    if (index == nullptr) {
        state.state = state.state == State::outstanding ? State::outstanding : State::missing;
        return;
    }
    state.actual = *index;
    if (state.declared) {
        state.differences = all_differences(*state.declared, *table, *index);
    }
    if (index->status == "CREATING" || index->is_backfilling) {
        state.state = State::building;
        state.percent = percent_built(*table, *index);
    } else if (index->status == "DELETING") {
        state.state = State::deleting;
    } else if (!state.declared) {
        state.state = State::undeclared;
    } else if (!state.differences.empty()) {
        state.state = State::different;
    }
}

}  // namespace

std::vector<IndexWork> index_work(const Registry& registry, const Settings& settings,
                                  std::vector<HistoryRow> applied,
                                  const std::vector<const Migration*>& outstanding) {
    std::vector<IndexWork> work;
    std::stable_sort(applied.begin(), applied.end(), [](const HistoryRow& a, const HistoryRow& b) {
        return a.started_at < b.started_at;
    });
    for (const HistoryRow& row : applied) {
        if (const Migration* migration = registry.find(row.id)) {
            add_work(*migration, settings, true, work);
        }
    }
    for (const Migration* migration : outstanding) {
        add_work(*migration, settings, false, work);
    }
    return work;
}

std::string_view to_string(IndexState::State state) noexcept {
    switch (state) {
        case IndexState::State::ok:
            return "ok";
        case IndexState::State::building:
            return "building";
        case IndexState::State::deleting:
            return "deleting";
        case IndexState::State::outstanding:
            return "outstanding";
        case IndexState::State::missing:
            return "missing";
        case IndexState::State::different:
            return "different";
        case IndexState::State::undeclared:
            return "undeclared";
    }
    return "ok";
}

std::vector<IndexState> compare_indexes(const std::string& table,
                                        const std::vector<IndexWork>& work,
                                        const std::optional<TableDescription>& actual) {
    Declarations::States states = Declarations().replay(table, work);
    for (const IndexDescription& index :
         actual ? actual->indexes : std::vector<IndexDescription>()) {
        states[index.name].is_local = index.is_local;
    }
    std::vector<IndexState> found;
    for (auto& [name, state] : states) {
        state.table = table;
        state.name = name;
        bool is_there = actual && actual->index(name) != nullptr;
        if (!state.declared && !is_there) {
            continue;
        }
        state.migration = state.declared ? state.migration : "";
        judge(state, actual);
        found.push_back(std::move(state));
    }
    return found;
}

std::string key_text(const KeyAttribute& hash, const std::optional<KeyAttribute>& sort) {
    return to_string(hash, sort);
}

std::string projection_text(dynamodb::ProjectionType type, const std::vector<std::string>& names) {
    return type == dynamodb::ProjectionType::all ? "all"
           : type == dynamodb::ProjectionType::keys_only
               ? "keys_only"
               : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace dynamigrate::migrate
