#include <dynamigrate/migrate/steps.hpp>

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>

#include "nothing_step.hpp"
#include "statement.hpp"
#include "step_checks.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kMaxStatement = 8192;
constexpr std::size_t kShownItems = 20;
constexpr const char* kUnknown =
    "it is not known whether the statement took effect; look at the item: if it did, remove the "
    "step and resume with --force, else resume with --force, which sends it again";

/// What the run's records say about a statement that changes items, as its only segment.
class StatementRecord {
public:
    explicit StatementRecord(const StepRun& run) : run_(run) {
        if (records().total_segments(run.index)) {
            for (backfill::SegmentState& state : records().load_segments(run.index)) {
                state_ = std::move(state);
            }
        } else {
            records().begin_step(run.index, 1);
        }
    }

    bool is_done() const { return state_.is_done; }
    /// Sent by an attempt that did not learn the outcome.
    bool is_unknown() const { return !is_done() && state_.position == kSent; }

    void sending() { save(kSent, false); }
    void done() { save(kSent, true); }
    /// Surely without effect. Where this is not recorded, the outcome counts as unknown.
    void refused() noexcept {
        try {
            save("", false);
        } catch (const std::exception& error) {
            run_.surroundings.log->warning("that the statement had no effect is not recorded: {}",
                                           error.what());
        }
    }

private:
    static constexpr const char* kSent = "sent";

    backfill::RunRecords& records() { return *run_.surroundings.records; }
    void save(const char* position, bool is_done) {
        state_.position = position;
        state_.is_done = is_done;
        state_.counts.changed = is_done ? 1 : 0;
        records().save_segment(run_.index, state_);
    }

    const StepRun& run_;
    backfill::SegmentState state_;
};

class StatementStep final : public Step {
public:
    explicit StatementStep(PartiqlStep step)
        : step_(std::move(step)),
          verb_(statement_verb(step_.statement)) {}

    std::string kind() const override { return "partiql"; }
    std::string summary() const override { return "partiql: " + step_.statement; }
    std::vector<std::string> tables() const override;
    Reversal reversal() const override {
        if (is_select()) {
            return {Reversal::Kind::inverse, {}};
        }
        return {Reversal::Kind::impossible,
                "a PartiQL statement is sent as it is, without journal; write `down`, or use an "
                "update, put or delete step instead"};
    }
    std::unique_ptr<Step> inverse() const override {
        return is_select() ? std::make_unique<NothingStep>(kind(), summary()) : Step::inverse();
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override;

private:
    bool is_select() const { return verb_ == "SELECT"; }
    std::string body(const StepRun& run, const std::string& next_token) const;
    StepResult select(const StepRun& run) const;
    StepResult change(const StepRun& run) const;

    PartiqlStep step_;
    std::string verb_;
};

std::vector<std::string> StatementStep::tables() const {
    std::vector<std::string> tables;
    with_tables(step_.statement, [&](const std::string& name) {
        tables.push_back(name);
        return name;
    });
    if (tables.empty() && !step_.table.empty()) {
        tables.push_back(step_.table);
    }
    return tables;
}

void StatementStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    if (verb_ != "SELECT" && verb_ != "INSERT" && verb_ != "UPDATE" && verb_ != "DELETE") {
        checks.error("bad_statement",
                     fmt::format("a PartiQL statement begins with SELECT, INSERT, UPDATE or "
                                 "DELETE, not '{}'",
                                 verb_));
    }
    if (step_.statement.size() > kMaxStatement) {
        checks.error("bad_statement", fmt::format("the statement has {} characters; DynamoDB takes "
                                                  "up to {}",
                                                  step_.statement.size(), kMaxStatement));
    }
    std::size_t marks = count_parameters(step_.statement);
    if (marks != step_.parameters.size()) {
        checks.error("bad_parameters", fmt::format("the statement has {} '?' and {} parameters",
                                                   marks, step_.parameters.size()));
    }
}

std::string StatementStep::body(const StepRun& run, const std::string& next_token) const {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("Statement").string(with_tables(step_.statement, run.table));
    if (!step_.parameters.empty()) {
        out.key("Parameters").begin_array();
        for (const dynamodb::AttributeValue& parameter : step_.parameters) {
            out.raw(dynamodb::to_wire_json(parameter));
        }
        out.end_array();
    }
    if (!next_token.empty()) {
        out.key("NextToken").string(next_token);
    }
    if (is_select()) {
        out.key("ConsistentRead").boolean(true);
    }
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
    return text;
}

StepResult StatementStep::run(const StepRun& run) const {
    return is_select() ? select(run) : change(run);
}

StepResult StatementStep::select(const StepRun& run) const {
    StepResult result;
    std::string next_token;
    do {
        std::string request = body(run, next_token);
        dynamodb::Reply reply;
        run.surroundings.service->call({"ExecuteStatement", request, run.stop_now, 0}, reply);
        json::Value answer = json::parse_json(reply.body, "answer");
        const json::Value* items = answer.find("Items");
        for (const json::Value& item :
             items != nullptr ? items->elements() : json::Value::Array()) {
            if (result.counts.read++ < kShownItems) {
                base::Arena arena(1024);
                result.lines.push_back(json::to_json(
                    dynamodb::to_plain(dynamodb::item_from_wire(item, "answer", arena))));
            }
        }
        const json::Value* token = answer.find("NextToken");
        next_token = token != nullptr && token->is_string() ? token->text() : std::string();
        result.stopped = !next_token.empty() && run.stop.stop_requested();
    } while (!next_token.empty() && !result.stopped);
    result.lines.push_back(fmt::format("{} items{}", result.counts.read,
                                       result.counts.read > kShownItems
                                           ? fmt::format(", the first {} shown", kShownItems)
                                           : std::string()));
    return result;
}

StepResult StatementStep::change(const StepRun& run) const {
    StepResult result;
    result.counts.changed = 1;
    StatementRecord record(run);
    if (record.is_done()) {
        return result;
    }
    if (record.is_unknown() && !run.force) {
        throw Error(ErrorKind::outcome_unknown, kUnknown).at(summary());
    }
    std::string request = body(run, {});
    dynamodb::Reply reply;
    record.sending();
    try {
        run.surroundings.service->call({"ExecuteStatement", request, run.stop_now, 0}, reply);
    } catch (const Error& error) {
        if (!error.may_have_applied()) {
            record.refused();
            throw;
        }
        throw Error(ErrorKind::outcome_unknown, kUnknown).at(summary()).because(error);
    }
    if (reply.outcome == dynamodb::Outcome::condition_failed) {
        if (reply.earlier_attempt_may_have_applied) {
            throw Error(ErrorKind::outcome_unknown, kUnknown).at(summary());
        }
        record.refused();
        throw Error(ErrorKind::failed_precondition,
                    "no item met the statement's WHERE; nothing was changed")
            .at(summary());
    }
    record.done();
    return result;
}

}  // namespace

StepPtr make_partiql(PartiqlStep step) { return std::make_shared<StatementStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
