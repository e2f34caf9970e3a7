#pragma once

#include <dynamigrate/migrate/step.hpp>

namespace dynamigrate::migrate {

/// The inverse of a step that changed nothing.
class NothingStep final : public Step {
public:
    NothingStep(std::string kind, const std::string& summary)
        : kind_(std::move(kind)),
          summary_("nothing to reverse: " + summary) {}

    std::string kind() const override { return kind_; }
    std::string summary() const override { return summary_; }
    std::vector<std::string> tables() const override { return {}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override { return std::make_unique<NothingStep>(*this); }
    StepResult run(const StepRun&) const override { return {}; }

private:
    std::string kind_;
    std::string summary_;
};

}  // namespace dynamigrate::migrate
