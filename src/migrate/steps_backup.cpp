#include <dynamigrate/migrate/steps.hpp>

#include "backups.hpp"
#include "control_plane.hpp"
#include "nothing_step.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

constexpr std::size_t kLongestName = 255;

class BackingUpStep final : public Step {
public:
    explicit BackingUpStep(BackupStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "backup"; }
    std::string summary() const override {
        return fmt::format("backup {} as {}", step_.table, step_.name);
    }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<NothingStep>(kind(), summary());
    }
    bool secures_table() const override { return true; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(step_.table);
        if (!wait_until_idle(run, table)) {
            return stopped_step();
        }
        auto backup = make_backup_once(run, table, step_.name, "backup");
        if (!backup) {
            return stopped_step();
        }
        return done_step(fmt::format("backup {} of table {} is available: {}", backup->name, table,
                                     backup->arn));
    }

private:
    BackupStep step_;
};

void BackingUpStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(step_.table);
    auto is_allowed = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    };
    if (step_.name.size() < 3 || step_.name.size() > kLongestName ||
        !std::all_of(step_.name.begin(), step_.name.end(), is_allowed)) {
        checks.error("bad_name", fmt::format("'{}' is no name of a backup: 3 to {} letters, "
                                             "digits, '_', '-', '.'",
                                             step_.name, kLongestName));
    }
}

}  // namespace

StepPtr make_backup(BackupStep step) { return std::make_shared<BackingUpStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
