#include "rollback.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

RollbackAction refused(const Migration& migration, std::string line, const std::string& why,
                       const std::string& remedy) {
    RollbackAction action;
    action.line = std::move(line);
    action.refusal = fmt::format("cannot roll back {}: {}; {}", migration.id(), why, remedy);
    return action;
}

/// How many steps of the run were ended.
std::uint32_t steps_ended(const HistoryRow& run, const Migration& migration) {
    auto count = static_cast<std::uint32_t>(migration.up_steps().size());
    return run.status == Status::applied ? count : std::min(run.steps_done, count);
}

class AutomaticRollback {
public:
    explicit AutomaticRollback(const Migration& migration) : migration_(migration) {}

    std::vector<RollbackAction> reverse(const std::vector<const HistoryRow*>& runs) {
        std::uint32_t ended = 0;
        for (const HistoryRow* run : runs) {
            ended = std::max(ended, steps_ended(*run, migration_));
        }
        for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
            reverse_run(**run, run + 1 == runs.rend(), ended);
        }
        return std::move(actions_);
    }

private:
    /// Inverses are run once, with the oldest run: a repeated create_table created nothing more.
    void reverse_run(const HistoryRow& run, bool is_oldest, std::uint32_t ended_in_any) {
        auto count = static_cast<std::uint32_t>(migration_.up_steps().size());
        std::uint32_t begun = std::min(steps_ended(run, migration_) + 1, count);
        if (is_oldest) {
            begun = std::max(begun, std::min(ended_in_any + 1, count));
        }
        for (std::uint32_t index = begun; index-- > 0;) {
            const Step& step = *migration_.up_steps()[index];
            Reversal reversal = step.reversal();
            if (reversal.kind == Reversal::Kind::impossible) {
                actions_.push_back(refused(migration_, step.summary(),
                                           fmt::format("the step \"{}\" cannot be reversed: {}",
                                                       step.summary(), reversal.reason),
                                           "write the down steps yourself"));
            } else if (reversal.kind == Reversal::Kind::journal) {
                undo(run, index, step);
            } else if (index >= ended_in_any) {
                undo_unfinished(run, index, step);
            } else if (is_oldest) {
                StepPtr inverse = step.inverse();
                actions_.push_back({inverse, &run, index, inverse->summary(), {}});
            }
        }
    }

    void undo(const HistoryRow& run, std::uint32_t index, const Step& step) {
        if (run.journal.empty()) {
            actions_.push_back(refused(
                migration_, step.summary(),
                fmt::format(
                    "the step \"{}\" is reversed from the journal, but run {} ({}) kept none",
                    step.summary(), run.run, run.action),
                "write the down steps yourself"));
            return;
        }
        actions_.push_back({nullptr, &run, index, "undo " + step.summary(), {}});
    }

    void undo_unfinished(const HistoryRow& run, std::uint32_t index, const Step& step) {
        if (StepPtr inverse = step.inverse_of_unfinished()) {
            actions_.push_back({inverse, &run, index, inverse->summary(), {}});
            return;
        }
        if (!run.journal.empty()) {
            actions_.push_back(
                {nullptr, &run, index, "undo what was done of " + step.summary(), {}});
        }
    }

    const Migration& migration_;
    std::vector<RollbackAction> actions_;
};

}  // namespace

std::vector<RollbackAction> explain_rollback(const Migration& migration,
                                             const std::vector<const HistoryRow*>& runs) {
    if (migration.down_mode() == Migration::Down::irreversible) {
        return {refused(migration, "", "it is irreversible", "add down: auto or down steps to it")};
    }
    if (migration.down_mode() == Migration::Down::automatic) {
        return AutomaticRollback(migration).reverse(runs);
    }
    std::vector<RollbackAction> actions;
    for (const StepPtr& step : migration.down_steps()) {
        actions.push_back({step, nullptr, 0, step->summary(), {}});
    }
    return actions;
}

std::vector<RollbackAction> plan_rollback(const Migration& migration,
                                          const std::vector<const HistoryRow*>& runs) {
    std::vector<RollbackAction> actions = explain_rollback(migration, runs);
    for (const RollbackAction& action : actions) {
        if (!action.refusal.empty()) {
            throw Error(ErrorKind::failed_precondition, action.refusal).at(migration.path());
        }
    }
    return actions;
}

}  // namespace dynamigrate::migrate
