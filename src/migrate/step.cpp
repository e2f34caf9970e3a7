#include <dynamigrate/migrate/step.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include "steps_private.hpp"

namespace dynamigrate::migrate {

std::unique_ptr<Step> Step::inverse() const {
    throw base::Error(base::ErrorKind::internal, "step " + kind() + " was asked for an inverse");
}

std::vector<IndexChange> Step::index_changes() const { return {}; }

void Step::validate(const std::string&, std::vector<Finding>&) const {}

std::optional<dynamodb::Item> Step::try_on(const dynamodb::Item&, const dynamodb::KeySchema&,
                                           base::Arena&) const {
    return std::nullopt;
}

StepResult stopped_step() {
    StepResult result;
    result.stopped = true;
    return result;
}

StepResult done_step(std::string line) {
    StepResult result;
    result.lines.push_back(std::move(line));
    return result;
}

dynamodb::ExpressionText OwnedExpression::view() const {
    dynamodb::ExpressionText result;
    result.text = text;
    result.names = names;
    if (values) {
        result.values = values->item;
    }
    return result;
}

}  // namespace dynamigrate::migrate
