#include <dynamigrate/migrate/steps.hpp>

#include "backfill_step.hpp"
#include "control_plane.hpp"
#include "item_functions.hpp"
#include "item_trial.hpp"
#include "step_checks.hpp"
#include "transformation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

/// What templates of a trial see of the run.
const RunValues kTrialRun{"trial", "1970-01-01T00:00:00.000Z"};

/// Whether applying it twice is the same as once, as far as its form tells.
bool is_idempotent(const Transformation& transformation) {
    bool sets_constants = std::all_of(
        transformation.set.begin(), transformation.set.end(), [](const auto& attribute) {
            return json::to_json(attribute.second).find("${") == std::string::npos;
        });
    bool renames_nothing_twice = transformation.rename.empty() ||
                                 (transformation.rename.size() == 1 && transformation.set.empty() &&
                                  transformation.defaults.empty());
    return sets_constants && renames_nothing_twice;
}

bool is_empty(const Transformation& transformation) {
    return transformation.set.empty() && transformation.rename.empty() &&
           transformation.defaults.empty() && transformation.remove.empty();
}

/// "set emailLower, gsi1pk; rename fullName to name".
std::string describe_changes(const Transformation& transformation) {
    std::vector<std::string> parts;
    auto names = [](const auto& pairs) {
        std::vector<std::string> list;
        for (const auto& pair : pairs) {
            list.push_back(pair.first);
        }
        return fmt::format("{}", fmt::join(list, ", "));
    };
    if (!transformation.set.empty()) {
        parts.push_back("set " + names(transformation.set));
    }
    for (const auto& [from, to] : transformation.rename) {
        parts.push_back(fmt::format("rename {} to {}", from, to));
    }
    if (!transformation.defaults.empty()) {
        parts.push_back("default " + names(transformation.defaults));
    }
    if (!transformation.remove.empty()) {
        parts.push_back(fmt::format("remove {}", fmt::join(transformation.remove, ", ")));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

std::string where_clause(const OwnedExpression& where) {
    return where.text.empty() ? std::string() : " where " + where.text;
}

class TransformingStep final : public Step {
public:
    TransformingStep(TransformStep step, std::string kind)
        : step_(std::move(step)),
          kind_(std::move(kind)) {}

    std::string kind() const override { return kind_; }
    std::string summary() const override {
        return fmt::format("{} {}: {}{}", kind_, step_.table, changes(), where_clause(step_.where));
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override {
        return {is_plain_rename() ? Reversal::Kind::inverse : Reversal::Kind::journal, {}};
    }
    std::unique_ptr<Step> inverse() const override {
        if (!is_plain_rename()) {
            return Step::inverse();
        }
        TransformStep back = step_;
        std::swap(back.transformation.rename[0].first, back.transformation.rename[0].second);
        return std::make_unique<TransformingStep>(std::move(back), kind_);
    }
    bool is_repeatable() const override {
        return step_.options.marker ||
               (!step_.function && !step_.foreign && is_idempotent(step_.transformation));
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    std::optional<dynamodb::Item> try_on(const dynamodb::Item& item, const dynamodb::KeySchema& key,
                                         base::Arena& arena) const override;
    StepResult run(const StepRun& run) const override;

private:
    std::string changes() const {
        if (step_.foreign) {
            return "by " + step_.foreign->name();
        }
        return step_.function ? "by a function" : describe_changes(step_.transformation);
    }
    /// Without a `where`, which the renamed items might no longer match.
    bool is_plain_rename() const { return kind_ == "rename_attribute" && step_.where.text.empty(); }

    TransformStep step_;
    std::string kind_;
};

void TransformingStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(step_.table);
    checks.condition(step_.where);
    checks.options(step_.options);
    checks.transformation(step_.transformation);
    bool has_transformation = !is_empty(step_.transformation);
    bool has_code = step_.function || step_.foreign;
    if (has_transformation == has_code) {
        checks.error("nothing_to_do",
                     has_transformation ? kind_ +
                                              " has both a function and set, rename, default "
                                              "or remove"
                                        : kind_ + " changes nothing",
                     "give set, rename, default or remove");
    }
    if (step_.overwrite && step_.options.marker) {
        checks.error("bad_option",
                     "overwrite writes without guards; exactly_once: marker needs "
                     "them");
    }
    if (step_.foreign) {
        checks.foreign(*step_.foreign);
    }
}

StepResult TransformingStep::run(const StepRun& run) const {
    backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
    plan.where = step_.where.view();
    plan.guard = step_.guard;
    plan.overwrite = step_.overwrite;
    if (step_.foreign) {
        const auto transform = step_.foreign->open({run, plan.key, plan.lanes});
        plan.transform = transform.get();
        return run_backfill(run, plan);
    }
    if (step_.function) {
        FunctionTransform transform(
            step_.function, {step_.function_changes_key, step_.function_acts}, plan.key, run.table);
        plan.transform = &transform;
        return run_backfill(run, plan);
    }
    CompiledTransformation transform(step_.transformation, run_values(run), plan.key);
    plan.transform = &transform;
    return run_backfill(run, plan);
}

std::optional<dynamodb::Item> TransformingStep::try_on(const dynamodb::Item& item,
                                                       const dynamodb::KeySchema& key,
                                                       base::Arena& arena) const {
    if (step_.foreign) {
        const auto trial = step_.foreign->trial(key);
        return trial ? try_transform(*trial, step_.where.view(), item, arena) : std::nullopt;
    }
    if (step_.function) {
        auto as_named = [](const std::string& name) { return name; };
        FunctionTransform transform(
            step_.function, {step_.function_changes_key, step_.function_acts}, key, as_named);
        return try_transform(transform, step_.where.view(), item, arena);
    }
    CompiledTransformation transform(step_.transformation, kTrialRun, key);
    return try_transform(transform, step_.where.view(), item, arena);
}

class CopyingStep final : public Step {
public:
    explicit CopyingStep(CopyStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "copy"; }
    std::string summary() const override {
        std::string changes =
            step_.foreign ? "by " + step_.foreign->name() : describe_changes(step_.transformation);
        return fmt::format("copy {} to {}{}{}{}", step_.table, step_.to,
                           changes.empty() ? "" : ": ", changes, where_clause(step_.where));
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table, step_.to}; }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    bool is_repeatable() const override { return step_.to != step_.table; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(step_.table);
        checks.table_name(step_.to);
        checks.condition(step_.where);
        checks.options(step_.options);
        checks.transformation(step_.transformation);
        if (step_.foreign) {
            checks.foreign(*step_.foreign);
        }
    }
    StepResult run(const StepRun& run) const override;

private:
    CopyStep step_;
};

StepResult CopyingStep::run(const StepRun& run) const {
    backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
    plan.target_table = run.table(step_.to);
    plan.target_key = require_table(run, plan.target_table).key;
    plan.where = step_.where.view();
    plan.if_exists = step_.if_exists;
    if (step_.foreign) {
        const auto transform = step_.foreign->open({run, plan.key, plan.lanes});
        plan.transform = transform.get();
        return run_backfill(run, plan);
    }
    if (step_.function) {
        FunctionTransform transform(step_.function, {true, false}, plan.key, run.table);
        plan.transform = &transform;
        return run_backfill(run, plan);
    }
    // Keys are the target's affair: another key, or none of the source's, is no change of an item.
    CompiledTransformation transform(step_.transformation, run_values(run), std::nullopt);
    plan.transform = &transform;
    return run_backfill(run, plan);
}

}  // namespace

StepPtr make_transform(TransformStep step) {
    return std::make_shared<TransformingStep>(std::move(step), "transform");
}

StepPtr make_copy(CopyStep step) { return std::make_shared<CopyingStep>(std::move(step)); }

StepPtr make_rename_attribute(std::string table, std::string from, std::string to,
                              OwnedExpression where) {
    TransformStep step;
    step.table = std::move(table);
    step.where = std::move(where);
    step.transformation.rename.emplace_back(std::move(from), std::move(to));
    return std::make_shared<TransformingStep>(std::move(step), "rename_attribute");
}

StepPtr make_remove_attribute(std::string table, std::string name, OwnedExpression where) {
    TransformStep step;
    step.table = std::move(table);
    step.where = std::move(where);
    step.transformation.remove.push_back(std::move(name));
    return std::make_shared<TransformingStep>(std::move(step), "remove_attribute");
}

}  // namespace dynamigrate::migrate
