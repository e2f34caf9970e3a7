#include "undo.hpp"

#include "execution.hpp"
#include "journals.hpp"

#include <dynamigrate/backfill/unsettled.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

std::optional<std::string> ttl_attribute(dynamodb::Service& service, const std::string& table,
                                         const std::stop_token& stop) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    dynamodb::Reply reply;
    try {
        service.call({"DescribeTimeToLive", body, stop}, reply);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::unimplemented || error.kind() == ErrorKind::not_found) {
            return std::nullopt;
        }
        throw;
    }
    json::Value answer = json::parse_json(reply.body, "DescribeTimeToLive");
    const json::Value* description = answer.find("TimeToLiveDescription");
    const json::Value* status = description ? description->find("TimeToLiveStatus") : nullptr;
    const json::Value* name = description ? description->find("AttributeName") : nullptr;
    bool is_on = status && status->is_string() && status->text().starts_with("ENABL");
    return is_on && name ? std::optional(name->text()) : std::nullopt;
}

dynamodb::KeySchema key_schema(dynamodb::Service& service, const std::string& table) {
    auto description = dynamodb::describe_table(service, table);
    if (!description) {
        throw Error(ErrorKind::not_found, "the table of the journal does not exist any more")
            .at("table " + table);
    }
    return description->key;
}

std::string summary_line(const backfill::UndoResult& result) {
    std::string line = fmt::format("restored {}", result.restored);
    if (result.already > 0) {
        line += fmt::format(", already as before {}", result.already);
    }
    if (result.conflicts > 0) {
        line += fmt::format(", changed since and left alone {}", result.conflicts);
    }
    if (result.unsettled > 0) {
        line += fmt::format(", outcome unknown and left alone {}", result.unsettled);
    }
    return line;
}

std::vector<std::string> damaged_parts(const std::vector<layers::PartSummary>& found,
                                       const HistoryRow& row) {
    std::vector<std::string> damaged;
    for (const layers::PartSummary& part : row.parts) {
        bool is_there = std::any_of(found.begin(), found.end(), [&](const auto& other) {
            return other.name == part.name &&
                   (other.bytes > part.bytes ||
                    (other.bytes == part.bytes && other.checksum == part.checksum));
        });
        if (!is_there) {
            damaged.push_back(part.name);
        }
    }
    return damaged;
}

void expect_parts(layers::Journal& journal, const HistoryRow& row) {
    if (row.parts.empty()) {
        return;
    }
    auto none = [](const layers::JournalPage&) { return false; };
    auto ignore = [](const layers::JournalPage&, const layers::JournalEntry&,
                     layers::EntryOutcome) {};
    std::vector<std::string> damaged = damaged_parts(journal.read(none, ignore).parts, row);
    if (!damaged.empty()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("part {} of the journal of run {} is missing, shortened or "
                                "altered in {}; restore it, or use --force to undo what is left",
                                damaged.front(), row.run, journal.location()));
    }
}

void seal_against_owner(layers::Journal& journal, const HistoryRow& row, NativeTable& table,
                        std::uint64_t fence) {
    NativeRunRecords records(table, row.run, fence);
    records.raise_fence();
    journal.seal(std::max(row.attempt, records.last_segment_attempt()));
}

/// Once, before the rollback's row is there. A run that is rolled back before it ended may still be
/// at work in calls of its execution: they end with the heartbeat after the lock was lost, and what
/// they had sent until then is to be seen.
void Execution::settle_undone_runs() {
    if (!planned_.rolls_back) {
        return;
    }
    for (const HistoryRow* run : view_.standing_runs(migration_.id(), nullptr)) {
        if (!is_unfinished(*run)) {
            continue;
        }
        const auto journal = inputs_.journals.holds(run->run, run->journal)
                                 ? inputs_.journals.open(run->run, run->journal)
                                 : layers::make_null_journal();
        seal_against_owner(*journal, *run, inputs_.table, row_.fence);
        if (!inputs_.settings.force) {
            expect_settled(*run, *journal);
        }
    }
}

void Execution::expect_settled(const HistoryRow& run, layers::Journal& journal) {
    const bool is_undone = std::any_of(actions_.begin(), actions_.end(), [&](const auto& action) {
        return !action.step && action.run->run == run.run;
    });
    if (!is_undone) {
        return;
    }
    const auto look = [&] {
        return backfill::unsettled_writes(inputs_.control.service(), journal);
    };
    backfill::UnsettledWrites writes = look();
    const bool was_shared = run.turns_used.is_any() || !run.execution.empty();
    if (writes.entries > 0 && was_shared) {
        tell(fmt::format("waiting until calls that worked run {} have ended", run.run));
        if (!inputs_.world.clock->wait(2 * inputs_.settings.heartbeat, inputs_.stop)) {
            throw Error(inputs_.fleet ? ErrorKind::aborted : ErrorKind::cancelled,
                        "stopped before the rollback began");
        }
        writes = look();
    }
    if (writes.unknown() > 0) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {0} was cut short, and of {1} of its writes it is not known "
                                "whether they arrived; `dynamigrate resume {0}` finds out, then "
                                "roll it back; or use --force to undo all but those",
                                run.run, writes.unknown()));
    }
}

StepResult Execution::undo(const RollbackAction& action, const StepRun& run) {
    StepResult result;
    if (!inputs_.journals.holds(action.run->run, action.run->journal)) {
        result.lines.push_back("nothing was journalled");
        return result;
    }
    auto journal = inputs_.journals.open(action.run->run, action.run->journal);
    if (!inputs_.settings.force) {
        expect_parts(*journal, with_all_parts(*action.run, inputs_.table));
    }
    dynamodb::Service& service = *inputs_.world.service;
    backfill::Surroundings surroundings = run.surroundings;
    surroundings.journal = journal.get();
    backfill::UndoPlan plan;
    plan.steps = {action.undone_step};
    plan.key_schema = [&](const std::string& table) { return key_schema(service, table); };
    plan.with_images = inputs_.settings.conflict_images;
    plan.settles = is_unfinished(*action.run);
    plan.on_conflict = [&](const backfill::UndoConflict& conflict) {
        std::lock_guard lock(listener_mutex_);
        inputs_.listener.undo_conflict(conflict);
    };
    plan.before_wave = [&] { inputs_.lock.expect_fresh(); };
    for (const std::string& table : migration_.up_steps()[action.undone_step]->tables()) {
        if (!plan.ttl_attribute) {
            plan.ttl_attribute = ttl_attribute(service, physical_table(table), inputs_.stop_now);
        }
    }
    set_pace({}, {});
    backfill::UndoResult undone = backfill::undo(plan, surroundings, run.stop);
    result.stopped = undone.stopped;
    result.counts.changed = undone.restored;
    result.counts.unchanged = undone.already;
    result.counts.conflicts = undone.conflicts + undone.unsettled;
    result.lines.push_back(summary_line(undone));
    return result;
}

}  // namespace dynamigrate::migrate
