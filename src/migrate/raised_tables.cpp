#include "raised_tables.hpp"

#include "control_plane.hpp"
#include "index_settings.hpp"
#include "lock.hpp"
#include "open_history.hpp"
#include "step_notes.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/owed_capacity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::TableDescription;
using dynamodb::Throughput;

/// The note of a run: with the table's name behind it.
constexpr std::string_view kCapacityBefore = "capacity-before#";
/// Names a run that has such notes: with the run behind it.
constexpr std::string_view kCapacityOf = "capacity#";
/// A refusal that lasts so many pauses is not waited out.
constexpr int kMostPauses = 12;

/// By index; "": of the table itself.
using Capacities = std::map<std::string, Throughput>;

/// What a table had, and what it was given.
struct Raise {
    Capacities before, raised;
    bool is_done = false;
};

json::Value to_json_value(const Capacities& capacities) {
    json::Value object = json::Value::object();
    for (const auto& [index, throughput] : capacities) {
        object.set(index, migrate::to_json_value(throughput));
    }
    return object;
}

std::string to_text(const Raise& raise) {
    json::Value note = json::Value::object();
    note.set("before", to_json_value(raise.before));
    note.set("raised", to_json_value(raise.raised));
    note.set("done", json::Value::boolean(raise.is_done));
    return json::to_json(note);
}

Capacities to_capacities(const json::Value* object) {
    Capacities capacities;
    if (object) {
        for (const json::Value::Member& member : object->members()) {
            capacities[member.key] = to_throughput(member.value);
        }
    }
    return capacities;
}

Raise to_raise(const std::string& text) {
    const json::Value note = json::parse_json(text, "a run's records");
    const json::Value* done = note.find("done");
    return {to_capacities(note.find("before")), to_capacities(note.find("raised")),
            done && json::to_json(*done) == "true"};
}

Capacities provisioned(const TableDescription& table) {
    Capacities capacities{{"", table.provisioned}};
    for (const dynamodb::IndexDescription& index : table.indexes) {
        if (!index.is_local) {
            capacities[index.name] = index.provisioned;
        }
    }
    return capacities;
}

Throughput at_least(const Throughput& a, const Throughput& b) {
    return {std::max(a.read, b.read), std::max(a.write, b.write)};
}

/// Indexes are written with the table, not read.
Throughput part_of(const Throughput& wanted, const std::string& index) {
    return index.empty() ? wanted : Throughput{0, wanted.write};
}

void write_units(json::Writer& out, std::string_view name, std::string_view read,
                 std::string_view write, const Throughput& units) {
    out.key(name).begin_object().key(read).number(static_cast<std::int64_t>(units.read));
    out.key(write).number(static_cast<std::int64_t>(units.write)).end_object();
}

/// UpdateTable for those that are to change.
std::string update_body(const std::string& table, const Capacities& changes, bool is_warmth) {
    const auto one = [&](json::Writer& out, const Throughput& units) {
        if (is_warmth) {
            write_units(out, "WarmThroughput", "ReadUnitsPerSecond", "WriteUnitsPerSecond", units);
        } else {
            write_units(out, "ProvisionedThroughput", "ReadCapacityUnits", "WriteCapacityUnits",
                        units);
        }
    };
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table);
    if (const auto own = changes.find(""); own != changes.end()) {
        one(out, own->second);
    }
    if (changes.size() > changes.count("")) {
        out.key("GlobalSecondaryIndexUpdates").begin_array();
        for (const auto& [index, units] : changes) {
            if (!index.empty()) {
                out.begin_object().key("Update").begin_object().key("IndexName").string(index);
                one(out, units);
                out.end_object().end_object();
            }
        }
        out.end_array();
    }
    out.end_object();
    return body;
}

enum class Asked { done, stopped, refused };

/// Sends what is still to be asked for once nothing else is being changed. What the service keeps
/// refusing is told.
Asked ask(const StepRun& run, const std::string& table,
          const std::function<std::optional<std::string>(const TableDescription&)>& body) {
    Pauses pauses(run);
    for (int tries = 0;; ++tries) {
        const auto description = wait_until_idle(run, table);
        if (!description) {
            return Asked::stopped;
        }
        const auto request = body(*description);
        if (!request) {
            return Asked::done;
        }
        try {
            send(run, "UpdateTable", *request);
            return Asked::done;
        } catch (const Error& error) {
            const bool is_refusal = is_busy(error) || error.kind() == ErrorKind::invalid_argument ||
                                    error.kind() == ErrorKind::unimplemented;
            if (!is_refusal) {
                throw;
            }
            if (!is_busy(error) || tries >= kMostPauses) {
                run.tell(fmt::format("the capacity of table {} is not changed: {}", table,
                                     error.message()));
                return Asked::refused;
            }
        }
        if (!pauses.next()) {
            return Asked::stopped;
        }
    }
}

std::string to_string(const Capacities& capacities) {
    std::string text;
    for (const auto& [index, units] : capacities) {
        text += fmt::format("{}{}{}", text.empty() ? "" : ", ", index.empty() ? "" : index + " ",
                            migrate::to_string(units));
    }
    return text;
}

/// Those that have less than they shall have.
std::optional<Capacities> missing(const Capacities& now, const Capacities& wanted) {
    Capacities missing;
    for (const auto& [index, units] : wanted) {
        const auto is = now.find(index);
        if (is != now.end() && !same(at_least(is->second, units), is->second)) {
            missing[index] = at_least(is->second, units);
        }
    }
    return missing.empty() ? std::nullopt : std::optional(missing);
}

Capacities wanted_of(const Capacities& now, const Throughput& wanted) {
    Capacities raised;
    for (const auto& [index, units] : now) {
        raised[index] = at_least(units, part_of(wanted, index));
    }
    return raised;
}

Capacities warmth_of(const TableDescription& table) {
    Capacities warmth{{"", table.warm.value_or(Throughput{})}};
    for (const dynamodb::IndexDescription& index : table.indexes) {
        if (!index.is_local) {
            warmth[index.name] = settings_of(table, index.name).warm.value_or(Throughput{});
        }
    }
    return warmth;
}

/// The service takes both numbers or none, and none below what there is.
Capacities whole_warmth(const Capacities& missing) {
    constexpr Throughput kOfNewTables{12'000, 4'000};
    Capacities whole;
    for (const auto& [index, units] : missing) {
        whole[index] = {units.read > 0 ? units.read : kOfNewTables.read,
                        units.write > 0 ? units.write : kOfNewTables.write};
    }
    return whole;
}

bool warm(const StepRun& run, const TableDescription& table, const Throughput& wanted) {
    const auto request = [&](const TableDescription& now) -> std::optional<std::string> {
        const Capacities warmth = warmth_of(now);
        const auto rest = missing(warmth, wanted_of(warmth, wanted));
        if (!rest) {
            return std::nullopt;
        }
        run.tell(fmt::format("warming table {}: {}", now.name, to_string(whole_warmth(*rest))));
        return update_body(now.name, whole_warmth(*rest), true);
    };
    return ask(run, table.name, request) != Asked::stopped &&
           wait_until_idle(run, table.name).has_value();
}

/// Before anything is raised, so that whoever comes later finds it.
void note_owing(NativeTable& records, const StepRun& run) {
    base::Arena arena;
    records.put_fenced(std::string(kCapacityOf) + run.run,
                       dynamodb::ItemBuilder(arena).string("run", run.run).build(),
                       run.surroundings.fence);
}

bool raise_provisioned(NativeTable& records, const StepRun& run, const TableDescription& table,
                       const Throughput& wanted) {
    NativeStepNotes notes(records, run.run, 0, run.surroundings.fence);
    const std::string name = std::string(kCapacityBefore) + table.name;
    const auto noted = notes.read(name);
    Raise raise;
    if (noted) {
        raise = to_raise(*noted);
    } else {
        raise.before = provisioned(table);
        raise.raised = wanted_of(raise.before, wanted);
    }
    if (raise.is_done || (!noted && !missing(raise.before, raise.raised))) {
        return true;
    }
    if (!noted) {
        note_owing(records, run);
        notes.write(name, to_text(raise));
        run.tell(fmt::format("raising the capacity of table {} to {}; it had {}", table.name,
                             to_string(raise.raised), to_string(raise.before)));
    }
    const Asked asked = ask(run, table.name, [&](const TableDescription& now) {
        const auto rest = missing(provisioned(now), raise.raised);
        return rest ? std::optional(update_body(now.name, *rest, false)) : std::nullopt;
    });
    if (asked == Asked::stopped || !wait_until_idle(run, table.name)) {
        return false;
    }
    raise.is_done = true;
    notes.write(name, to_text(raise));
    return true;
}

/// Those that have what they were raised to, and had less.
Capacities to_give_back(const Capacities& now, const Raise& raise) {
    Capacities back;
    for (const auto& [index, units] : raise.raised) {
        const auto is = now.find(index);
        const auto was = raise.before.find(index);
        if (is != now.end() && was != raise.before.end() && same(is->second, units) &&
            !same(was->second, units)) {
            back[index] = was->second;
        }
    }
    return back;
}

enum class Given { back, later, stopped };

Given give_back(NativeStepNotes& notes, const StepRun& run, const std::string& name,
                const Raise& raise) {
    const std::string table = name.substr(kCapacityBefore.size());
    if (describe(run, table)) {
        const Asked asked = ask(run, table, [&](const TableDescription& now) {
            const Capacities back =
                now.is_on_demand ? Capacities{} : to_give_back(provisioned(now), raise);
            if (!back.empty()) {
                run.tell(
                    fmt::format("giving table {} back its capacity: {}", table, to_string(back)));
            } else if (to_string(provisioned(now)) != to_string(raise.before)) {
                run.tell(fmt::format("table {} keeps its capacity: somebody changed it meanwhile",
                                     table));
            }
            return back.empty() ? std::nullopt : std::optional(update_body(table, back, false));
        });
        if (asked != Asked::done) {
            run.tell(fmt::format("table {} had {} before it was raised; the next run tries again",
                                 table, to_string(raise.before)));
            return asked == Asked::stopped ? Given::stopped : Given::later;
        }
    }
    notes.forget(name);
    return Given::back;
}

Given give_back(NativeStepNotes& notes, const StepRun& run) {
    Given all = Given::back;
    for (const auto& [name, text] : notes.all()) {
        if (!name.starts_with(kCapacityBefore)) {
            continue;
        }
        Given given = Given::later;
        try {
            given = give_back(notes, run, name, to_raise(text));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::aborted || error.kind() == ErrorKind::cancelled) {
                throw;
            }
            run.tell(fmt::format("the capacity of table {} could not be given back: {}",
                                 name.substr(kCapacityBefore.size()), error.what()));
        }
        if (given == Given::stopped) {
            return given;
        }
        all = given == Given::later ? given : all;
    }
    return all;
}

std::vector<std::string> owing_runs(NativeTable& records) {
    std::vector<std::string> runs;
    records.query(kCapacityOf,
                  [&](const dynamodb::Item& item) { runs.emplace_back(item.text("run")); });
    return runs;
}

}  // namespace

bool raise_capacity(NativeTable& records, const StepRun& run, const std::string& table,
                    const Throughput& wanted) {
    const auto description = wait_until_idle(run, table);
    if (!description) {
        return false;
    }
    return description->is_on_demand ? warm(run, *description, wanted)
                                     : raise_provisioned(records, run, *description, wanted);
}

bool give_back_capacity(NativeTable& records, const World& world, std::uint64_t fence,
                        const Stops& stops, const Tell& tell) {
    StepRun run;
    run.surroundings.service = world.service;
    run.surroundings.clock = world.clock;
    run.stop = stops.graceful;
    run.stop_now = stops.now;
    run.tell = tell;
    try {
        for (const std::string& owing : owing_runs(records)) {
            NativeStepNotes notes(records, owing, 0, fence);
            const Given given = give_back(notes, run);
            if (given == Given::stopped) {
                return false;
            }
            if (given == Given::back) {
                records.remove_fenced(std::string(kCapacityOf) + owing, fence);
            }
        }
        return true;
    } catch (const std::exception& error) {
        world.log->warning(
            "what was given to tables could not be taken back: {}; the next run tries again",
            error.what());
        return !stops.graceful.stop_requested() && !stops.now.stop_requested();
    }
}

std::vector<OwedCapacity> owed_capacities(const World& world, const Settings& settings) {
    OpenHistory open(settings, world);
    const auto owner = read_lock_owner(open.table);
    const HistoryView view = open.history.read();
    std::vector<OwedCapacity> owed;
    for (const std::string& run : owing_runs(open.table)) {
        const HistoryRow* row = view.row_of_run(run);
        if (row && works_on(owner, *row)) {
            continue;
        }
        for (const auto& [name, text] : NativeStepNotes(open.table, run, 0, 0).all()) {
            if (name.starts_with(kCapacityBefore)) {
                owed.push_back(
                    {run, name.substr(kCapacityBefore.size()), to_string(to_raise(text).before)});
            }
        }
    }
    return owed;
}

}  // namespace dynamigrate::migrate
