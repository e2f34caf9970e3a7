#include <dynamigrate/migrate/steps.hpp>

#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/update.hpp>
#include <dynamigrate/migrate/item_file.hpp>

#include "backfill_step.hpp"
#include "item_functions.hpp"
#include "item_trial.hpp"
#include "placeholders.hpp"
#include "step_checks.hpp"
#include "transformation.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

/// update: an update expression on every item that matches.
class UpdatingStep final : public Step {
public:
    explicit UpdatingStep(UpdateStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "update"; }
    std::string summary() const override {
        return fmt::format("update {}: {}{}{}", step_.table, step_.expression.text,
                           step_.where.text.empty() ? "" : " where ", step_.where.text);
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    bool is_repeatable() const override { return step_.options.marker; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(step_.table);
        checks.options(step_.options);
        checks.expect_no_error("bad_expression", "update", [&] {
            SharedExpressions own = share_out(step_.where, step_.expression);
            if (!own.first.text.empty()) {
                expressions::Condition::parse(own.first.view(), "condition");
            }
            if (expressions::UpdateExpression::parse(own.second.view()).empty()) {
                throw Error(ErrorKind::invalid_argument, "`expression` is missing");
            }
        });
    }
    std::optional<dynamodb::Item> try_on(const dynamodb::Item& item, const dynamodb::KeySchema&,
                                         base::Arena& arena) const override {
        SharedExpressions own = share_out(step_.where, step_.expression);
        UpdateTransform transform(expressions::UpdateExpression::parse(own.second.view()));
        return try_transform(transform, own.first.view(), item, arena);
    }
    StepResult run(const StepRun& run) const override;

private:
    UpdateStep step_;
};

StepResult UpdatingStep::run(const StepRun& run) const {
    backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
    SharedExpressions own = share_out(step_.where, step_.expression);
    auto expression = expressions::UpdateExpression::parse(own.second.view());
    for (const std::string& name : expression.attributes_written()) {
        if (plan.key.contains(name)) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("the update expression changes {}, an attribute of table {}'s "
                                    "key; a transform with `set` can change keys",
                                    name, plan.table));
        }
    }
    UpdateTransform transform(std::move(expression));
    plan.where = own.first.view();
    plan.transform = &transform;
    return run_backfill(run, plan);
}

class DeletingStep final : public Step {
public:
    explicit DeletingStep(DeleteStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "delete"; }
    std::string summary() const override {
        return step_.keys.empty()
                   ? fmt::format("delete from {} where {}", step_.table, step_.where.text)
                   : fmt::format("delete {} items from {} by key", step_.keys.size(), step_.table);
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(step_.table);
        checks.condition(step_.where);
        checks.options(step_.options);
        bool has_source = !std::holds_alternative<backfill::ScanSource>(step_.options.source);
        if (step_.where.text.empty() && step_.keys.empty() && !has_source) {
            checks.error("delete_everything", "delete has neither `where` nor `keys`",
                         "to delete every item write `where: attribute_exists(<hash key>)`");
        }
    }
    StepResult run(const StepRun& run) const override {
        backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
        if (!step_.keys.empty()) {
            plan.source = backfill::KeysSource{[keys = step_.keys] { return stream_items(keys); }};
        }
        RemoveTransform transform;
        plan.where = step_.where.view();
        plan.transform = &transform;
        return run_backfill(run, plan);
    }

private:
    DeleteStep step_;
};

class PuttingStep final : public Step {
public:
    explicit PuttingStep(PutStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "put"; }
    std::string summary() const override {
        return step_.file.empty()
                   ? fmt::format("put {} item{} into {}", step_.items.size(),
                                 step_.items.size() == 1 ? "" : "s", step_.table)
                   : fmt::format("put the items of {} into {}",
                                 std::filesystem::path(step_.file).filename().string(),
                                 step_.table);
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override {
        backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
        if (step_.file.empty()) {
            plan.source =
                backfill::ItemsSource{[items = step_.items] { return stream_items(items); }};
        } else {
            plan.source = backfill::ItemsSource{[file = step_.file,
                                                 is_dynamodb = step_.is_dynamodb_json] {
                return open_item_file(file, is_dynamodb ? ItemFormat::dynamodb : ItemFormat::plain);
            }};
        }
        CompiledTransformation transform(step_.transformation, run_values(run), std::nullopt);
        plan.transform = &transform;
        plan.if_exists = step_.if_exists;
        return run_backfill(run, plan);
    }

private:
    PutStep step_;
};

void PuttingStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(step_.table);
    checks.transformation(step_.transformation);
    checks.options(step_.options);
    if (step_.file.empty() == step_.items.empty()) {
        checks.error("nothing_to_do", step_.file.empty() ? "put has neither `items` nor `file`"
                                                         : "put has both `items` and `file`");
    }
    if (step_.file.empty()) {
        return;
    }
    if (std::string reason = check_item_file_name(step_.file); !reason.empty()) {
        checks.error("bad_file", reason);
    } else if (std::error_code ignored; !std::filesystem::is_regular_file(step_.file, ignored)) {
        checks.error("no_file", fmt::format("there is no file {}", step_.file),
                     "paths are relative to the migration's file");
    }
}

}  // namespace

StepPtr make_update(UpdateStep step) { return std::make_shared<UpdatingStep>(std::move(step)); }

StepPtr make_delete(DeleteStep step) { return std::make_shared<DeletingStep>(std::move(step)); }

StepPtr make_put(PutStep step) { return std::make_shared<PuttingStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
