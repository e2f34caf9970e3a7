#include <dynamigrate/migrate/program_step.hpp>

#include "journalled_code.hpp"
#include "step_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

namespace {

class RunningStep final : public Step {
public:
    explicit RunningStep(ProgramStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "run"; }
    std::string summary() const override {
        return "run " + (step_.name.empty() ? fmt::format("{}", fmt::join(step_.arguments, " "))
                                            : step_.name);
    }
    std::vector<std::string> tables() const override {
        std::vector<std::string> tables = step_.tables;
        if (!step_.table.empty()) {
            tables.insert(tables.begin(), step_.table);
        }
        return tables;
    }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    bool is_repeatable() const override { return step_.is_repeatable; }
    std::string dry_note() const override {
        return "a dry run shows what it does to tables; whatever else it does (files, mails, calls "
               "of other services) has really been done";
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        if (step_.arguments.empty() || step_.arguments[0].empty()) {
            checks.error("nothing_to_do", "the step names no program",
                         "write `run: [program, argument, ...]` or the path of a script");
        }
    }
    StepResult run(const StepRun& run) const override;

private:
    ProgramCall make_call(const StepRun& run) const;

    ProgramStep step_;
};

ProgramCall RunningStep::make_call(const StepRun& run) const {
    ProgramCall call;
    call.arguments = step_.arguments;
    call.directory = step_.directory;
    call.variables = step_.variables;
    call.variables["DYNAMIGRATE_VERSION"] = run.migration;
    call.variables["DYNAMIGRATE_DIRECTION"] = run.rolls_back ? "down" : "up";
    call.variables["DYNAMIGRATE_RUN"] = run.run;
    call.variables["DYNAMIGRATE_STARTED_AT"] = run.started_at;
    call.variables["DYNAMIGRATE_TABLE"] = step_.table.empty() ? "" : run.table(step_.table);
    call.inherits_aws = step_.inherits_aws;
    call.limits = step_.limits;
    call.tell = run.tell;
    call.output = step_.output;
    call.stop = run.stop;
    call.stop_now = run.stop_now;
    return call;
}

StepResult RunningStep::run(const StepRun& run) const {
    if (run.programs == nullptr) {
        throw Error(ErrorKind::unimplemented, "programs cannot be run here");
    }
    return run_journalled(run, step_.is_repeatable, [&](dynamodb::Service& service) {
        std::uint64_t given = 0;
        ProgramCall call = make_call(run);
        if (step_.converse) {
            call.converse = [&](base::LiveChild& child) { given = step_.converse(run, child); };
        }
        run.programs->run(service, call);
        return given;
    });
}

}  // namespace

std::unique_ptr<ServiceDoor> ProgramRunner::open(dynamodb::Service&) {
    throw Error(ErrorKind::unimplemented, "processes cannot reach the tables here");
}

StepPtr make_run(ProgramStep step) { return std::make_shared<RunningStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
