#include <dynamigrate/migrate/steps.hpp>

#include "control_plane.hpp"
#include "notes.hpp"
#include "pitr.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

std::string line_about(const std::string& table, bool enabled) {
    return fmt::format("point-in-time recovery of table {} is {}", table, enabled ? "on" : "off");
}

/// Brings point-in-time recovery to what is wanted; false when stopped.
bool set_pitr(const StepRun& run, const std::string& table, bool enabled) {
    auto answer = change_table(
        run, table, "UpdateContinuousBackups",
        [&](const dynamodb::TableDescription&) -> std::optional<std::string> {
            if (has_pitr(*run.surroundings.service, table, run.stop_now) == enabled) {
                return std::nullopt;
            }
            std::string body;
            json::Writer out(body);
            out.begin_object().key("TableName").string(table);
            out.key("PointInTimeRecoverySpecification").begin_object();
            out.key("PointInTimeRecoveryEnabled").boolean(enabled).end_object().end_object();
            return body;
        });
    return answer.has_value();
}

/// Puts point-in-time recovery back to what a step found.
class RestorePitrStep final : public Step {
public:
    RestorePitrStep(std::string table, bool has_ended)
        : table_(std::move(table)),
          has_ended_(has_ended) {}

    std::string kind() const override { return "pitr"; }
    std::string summary() const override {
        return fmt::format("pitr {}: as it was before", table_);
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override { return {Reversal::Kind::impossible, "it is a reversal"}; }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(table_);
        auto before = recall_before(run, "point-in-time recovery of table " + table, has_ended_);
        if (!before) {
            return done_step(fmt::format("point-in-time recovery of table {} is left", table));
        }
        bool was_enabled = before->as_boolean();
        if (!set_pitr(run, table, was_enabled)) {
            return stopped_step();
        }
        return done_step(line_about(table, was_enabled));
    }

private:
    std::string table_;
    bool has_ended_;
};

class PointInTimeStep final : public Step {
public:
    explicit PointInTimeStep(PitrStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "pitr"; }
    std::string summary() const override {
        return fmt::format("pitr {}: {}", step_.table, step_.enabled ? "on" : "off");
    }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<RestorePitrStep>(step_.table, true);
    }
    std::unique_ptr<Step> inverse_of_unfinished() const override {
        return std::make_unique<RestorePitrStep>(step_.table, false);
    }
    bool secures_table() const override { return step_.enabled; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks(place, findings).table_name(step_.table);
    }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(step_.table);
        if (!wait_until_idle(run, table)) {
            return stopped_step();
        }
        bool is_enabled = has_pitr(*run.surroundings.service, table, run.stop_now);
        remember_before(run, json::Value::boolean(is_enabled));
        if (!set_pitr(run, table, step_.enabled)) {
            return stopped_step();
        }
        return done_step(line_about(table, step_.enabled));
    }

private:
    PitrStep step_;
};

}  // namespace

StepPtr make_pitr(PitrStep step) { return std::make_shared<PointInTimeStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
