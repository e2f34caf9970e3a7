#include "execution.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

/// Conflicts that are told one by one; of the others there is only the count.
constexpr std::uint64_t kToldConflicts = 10;

/// The table's TTL attribute; nothing where there is none or the endpoint knows no TTL.
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

}  // namespace

/// Every part that the run told of must be there as it was; what was appended since is checked by
/// the frames' own checksums.
void Execution::verify_parts(layers::Journal& journal, const HistoryRow& row) {
    if (row.parts.empty() || inputs_.settings.force) {
        return;
    }
    std::vector<layers::PartSummary> found = read_parts(journal);
    for (const layers::PartSummary& part : row.parts) {
        bool is_there = std::any_of(found.begin(), found.end(), [&](const auto& other) {
            return other.name == part.name &&
                   (other.bytes > part.bytes ||
                    (other.bytes == part.bytes && other.checksum == part.checksum));
        });
        if (!is_there) {
            throw Error(
                ErrorKind::failed_precondition,
                fmt::format("part {} of the journal of run {} is missing, shortened or "
                            "altered in {}; restore it, or use --force to undo what is left",
                            part.name, row.run, journal.location()));
        }
    }
}

StepResult Execution::undo(const RollbackAction& action, const StepRun& run) {
    StepResult result;
    if (!inputs_.journals.holds(action.run->run, action.run->journal)) {
        result.lines.push_back("nothing was journalled");
        return result;
    }
    auto journal = inputs_.journals.open(action.run->run, action.run->journal);
    if (action.run->status != Status::applied) {
        journal->seal(action.run->attempt);
    }
    verify_parts(*journal, *action.run);
    dynamodb::Service& service = *inputs_.world.service;
    backfill::Surroundings surroundings = run.surroundings;
    surroundings.journal = journal.get();
    std::uint64_t told = 0;
    backfill::UndoPlan plan;
    plan.steps = {action.undone_step};
    plan.key_schema = [&](const std::string& table) { return key_schema(service, table); };
    plan.on_conflict = [&](const backfill::UndoConflict& conflict) {
        if (told++ < kToldConflicts) {
            tell(fmt::format("not restored: table {}, key {}: {}", conflict.table, conflict.key,
                             conflict.reason));
        }
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
