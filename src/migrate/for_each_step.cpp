#include <dynamigrate/migrate/actions.hpp>

#include "backfill_step.hpp"
#include "direct_client.hpp"
#include "item_functions.hpp"
#include "step_checks.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

constexpr std::uint32_t kMostCallbacks = 63;

/// Calls the callback; actions go where the step says.
class ForEachTransform final : public backfill::Transform {
public:
    ForEachTransform(const ForEach& step, dynamodb::KeySchema key, const StepRun& run,
                     DirectClient& direct)
        : step_(step),
          key_(std::move(key)),
          run_(run),
          direct_(direct) {}

    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override {
        const ItemFunction function = [&](ItemEditor& editor) {
            Actions actions(step_.actions, out, arena, run_.table, direct_);
            step_.callback(editor, actions);
        };
        FunctionTransform(function, {step_.changes_key, may_act()}, key_, run_.table)
            .apply(item, arena, out);
    }
    bool may_change_key() const override { return step_.changes_key; }
    bool may_act() const override { return step_.actions == When::immediate; }
    bool may_defer() const override { return step_.actions == When::deferred; }
    bool is_pure() const override { return false; }

private:
    const ForEach& step_;
    const dynamodb::KeySchema key_;
    const StepRun& run_;
    DirectClient& direct_;
};

/// Passes everything on and tells of what is quarantined.
class TellingRecords final : public backfill::RunRecords {
public:
    TellingRecords(backfill::RunRecords& inner,
                   std::function<void(const backfill::QuarantinedItem&)> tell)
        : inner_(inner),
          tell_(std::move(tell)) {}

    std::optional<std::uint32_t> total_segments(std::uint32_t step) override {
        return inner_.total_segments(step);
    }
    void begin_step(std::uint32_t step, std::uint32_t total) override {
        inner_.begin_step(step, total);
    }
    std::vector<backfill::SegmentState> load_segments(std::uint32_t step) override {
        return inner_.load_segments(step);
    }
    void save_segment(std::uint32_t step, const backfill::SegmentState& state) override {
        inner_.save_segment(step, state);
    }
    backfill::SegmentState take_segment(std::uint32_t step, std::uint32_t segment,
                                        std::uint32_t after) override {
        return inner_.take_segment(step, segment, after);
    }
    void quarantine(const backfill::QuarantinedItem& item) override {
        inner_.quarantine(item);
        if (tell_) {
            std::lock_guard lock(mutex_);
            tell_(item);
        }
    }
    std::vector<backfill::QuarantinedItem> quarantined(std::uint32_t step) override {
        return inner_.quarantined(step);
    }
    void forget_quarantined(const backfill::QuarantinedItem& item) override {
        inner_.forget_quarantined(item);
    }

private:
    backfill::RunRecords& inner_;
    const std::function<void(const backfill::QuarantinedItem&)> tell_;
    std::mutex mutex_;
};

ForEachProgress progress_of(const backfill::Progress& progress) {
    ForEachProgress told;
    told.callbacks = progress.counts.matched;
    told.callback_errors = progress.counts.quarantined - progress.deferred.failed;
    told.actions = progress.deferred.collected;
    told.actions_done = progress.deferred.done;
    told.action_errors = progress.deferred.failed;
    return told;
}

class ForEachStep final : public Step {
public:
    explicit ForEachStep(ForEach step) : step_(std::move(step)) {}

    std::string kind() const override { return "for_each"; }
    std::string summary() const override {
        std::string name = step_.name.empty() ? "by a callback" : step_.name;
        std::string where = step_.where.text.empty() ? "" : " where " + step_.where.text;
        return fmt::format("for each item of {}{}: {}{}", step_.table, where, name,
                           step_.actions == When::deferred ? "" : ", actions at once");
    }
    std::vector<std::string> tables() const override {
        std::vector<std::string> tables{step_.table};
        tables.insert(tables.end(), step_.tables.begin(), step_.tables.end());
        return tables;
    }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    bool is_repeatable() const override { return false; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override;

private:
    backfill::Plan plan(const StepRun& run) const;

    ForEach step_;
};

void ForEachStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(step_.table);
    for (const std::string& table : step_.tables) {
        checks.table_name(table);
    }
    checks.condition(step_.where);
    checks.options(step_.options);
    if (!step_.callback) {
        checks.error("nothing_to_do", "the step has no callback", "give it one");
    }
    if (step_.concurrency.value_or(0) > kMostCallbacks) {
        checks.error(
            "bad_option",
            fmt::format("concurrency is {}, of at most {}", *step_.concurrency, kMostCallbacks),
            "lower it");
    }
    if (step_.actions == When::deferred && step_.options.passes != 1) {
        checks.error("bad_option", "deferred actions need one pass over the table",
                     "leave passes out, or do the actions at once");
    }
}

backfill::Plan ForEachStep::plan(const StepRun& run) const {
    BackfillOptions options = step_.options;
    if (step_.concurrency.value_or(0) > 0) {
        options.lanes = step_.concurrency;
    }
    backfill::Plan plan = plan_backfill(run, step_.table, options);
    if (plan.lanes == 1) {
        plan.segments = 1;  // so that the order is that of one scan
    }
    plan.where = step_.where.view();
    plan.judges_at_end = !step_.fail_on_first_error;
    return plan;
}

StepResult ForEachStep::run(const StepRun& run) const {
    backfill::Plan plan = this->plan(run);
    DirectClient direct(run, step_.table);
    TellingRecords records(*run.surroundings.records, step_.on_error);
    StepRun told = run;
    told.surroundings.records = &records;
    if (step_.on_progress) {
        told.surroundings.on_progress = [&](const backfill::Progress& progress) {
            step_.on_progress(progress_of(progress));
            if (run.surroundings.on_progress) {
                run.surroundings.on_progress(progress);
            }
        };
    }
    ForEachTransform transform(step_, plan.key, run, direct);
    plan.transform = &transform;
    const backfill::Result done = backfill::run(plan, told.surroundings, told.stop, told.stop_now);
    StepResult result;
    result.stopped = done.stopped;
    result.counts = done.counts;
    result.parts = done.parts;
    if (done.deferred > 0 && !done.stopped) {
        result.lines.push_back(fmt::format("{} deferred actions done", done.deferred));
    }
    direct.finish(result);
    return result;
}

}  // namespace

StepPtr make_for_each(ForEach step) { return std::make_shared<ForEachStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
