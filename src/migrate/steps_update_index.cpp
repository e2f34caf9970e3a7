#include <dynamigrate/migrate/steps.hpp>

#include "control_plane.hpp"
#include "index_settings.hpp"
#include "index_verification.hpp"
#include "notes.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::TableDescription;
using dynamodb::Throughput;

std::vector<std::string> lines_of(const UpdateIndex& change) {
    std::vector<std::string> lines;
    auto add = [&](std::string_view what, const std::optional<Throughput>& throughput) {
        if (throughput) {
            lines.push_back(fmt::format("{} {}", what, to_string(*throughput)));
        }
    };
    add("capacity", change.provisioned);
    add("maximum", change.maximum);
    add("warm", change.warm);
    return lines;
}

void check_possible(const TableDescription& table, const UpdateIndex& change) {
    const dynamodb::IndexDescription* index = table.index(change.name);
    if (index == nullptr || index->is_local) {
        throw Error(index == nullptr ? ErrorKind::not_found : ErrorKind::failed_precondition,
                    fmt::format("table {} has no global index {}", table.name, change.name));
    }
    if (change.provisioned && table.is_on_demand) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("table {} is on demand: its indexes have no capacity of their own; "
                                "give `maximum` or `warm`, or change its billing by update_table",
                                table.name));
    }
    if (change.maximum && !table.is_on_demand) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("table {} is provisioned: `maximum` is for tables on demand; give "
                                "`billing: {{read, write}}`",
                                table.name));
    }
}

json::Value state_of(const TableDescription& table, const UpdateIndex& change) {
    IndexSettings settings = settings_of(table, change.name);
    json::Value state = json::Value::object();
    if (change.provisioned) {
        state.set("provisioned", to_json_value(settings.provisioned));
    }
    if (change.maximum) {
        state.set("maximum", to_json_value(settings.maximum.value_or(Throughput{})));
    }
    return state;
}

/// Asks for what is not so yet and waits; false when stopped.
bool bring_to(const StepRun& run, const std::string& table, const UpdateIndex& wanted) {
    auto answer = change_table(run, table, "UpdateTable",
                               [&](const TableDescription& current) -> std::optional<std::string> {
                                   check_possible(current, wanted);
                                   auto rest = remaining(wanted, settings_of(current, wanted.name));
                                   if (!rest) {
                                       return std::nullopt;
                                   }
                                   return update_index_body(*rest, table);
                               });
    return answer && wait_until_idle(run, table);
}

/// Puts the settings back that a step found.
class RestoreIndexStep final : public Step {
public:
    RestoreIndexStep(UpdateIndex change, bool has_ended)
        : change_(std::move(change)),
          has_ended_(has_ended) {}

    std::string kind() const override { return "update_index"; }
    std::string summary() const override {
        return fmt::format("update_index {} of {}: as before", change_.name, change_.table);
    }
    std::vector<std::string> tables() const override { return {change_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::impossible, "it is a reversal"}; }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(change_.table);
        auto before = recall_before(
            run, fmt::format("the settings of index {} of table {}", change_.name, table),
            has_ended_);
        std::string line = fmt::format("index {} of table {} as before", change_.name, table);
        if (!before) {
            return done_step(line);
        }
        UpdateIndex back{table, change_.name, {}, {}, {}, false};
        if (const json::Value* provisioned = before->find("provisioned")) {
            back.provisioned = to_throughput(*provisioned);
        }
        if (const json::Value* maximum = before->find("maximum")) {
            back.maximum = to_throughput(*maximum);
        }
        return bring_to(run, table, back) ? done_step(line) : stopped_step();
    }

private:
    UpdateIndex change_;
    bool has_ended_;
};

class UpdateIndexStep final : public Step {
public:
    explicit UpdateIndexStep(UpdateIndex change) : change_(std::move(change)) {}

    std::string kind() const override { return "update_index"; }
    std::string summary() const override {
        return fmt::format("update_index {} of {}: {}", change_.name, change_.table,
                           fmt::join(lines_of(change_), ", "));
    }
    std::vector<std::string> tables() const override { return {change_.table}; }
    Reversal reversal() const override {
        if (!change_.verify_only) {
            return {Reversal::Kind::inverse, {}};
        }
        return {Reversal::Kind::impossible,
                fmt::format("the owner of table {} changed index {}", change_.table, change_.name)};
    }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<RestoreIndexStep>(change_, true);
    }
    std::unique_ptr<Step> inverse_of_unfinished() const override {
        return std::make_unique<RestoreIndexStep>(change_, false);
    }
    std::vector<IndexChange> index_changes() const override {
        IndexChange change;
        change.kind = IndexChange::Kind::update;
        change.table = change_.table;
        change.index.name = change_.name;
        if (change_.provisioned) {
            change.index.billing = Billing{change_.provisioned};
        }
        change.index.warm = change_.warm;
        change.index.maximum = change_.maximum;
        return {change};
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(change_.table);
        if (lines_of(change_).empty()) {
            checks.error("nothing_to_do", "update_index changes nothing",
                         "give billing, maximum or warm");
        }
        if (change_.provisioned) {
            checks.billing(Billing{change_.provisioned});
        }
    }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(change_.table);
        if (change_.verify_only || is_verify_only(run, change_.table)) {
            return verify_index_settings(run, table, change_);
        }
        auto current = wait_until_idle(run, table);
        if (!current) {
            return stopped_step();
        }
        check_possible(*current, change_);
        remember_before(run, state_of(*current, change_));
        if (!bring_to(run, table, change_)) {
            return stopped_step();
        }
        return done_step(fmt::format("index {} of table {}: {}", change_.name, table,
                                     fmt::join(lines_of(change_), ", ")));
    }

private:
    UpdateIndex change_;
};

}  // namespace

StepPtr make_update_index(UpdateIndex change) {
    return std::make_shared<UpdateIndexStep>(std::move(change));
}

}  // namespace dynamigrate::migrate
