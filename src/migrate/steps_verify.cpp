#include <dynamigrate/migrate/steps.hpp>

#include "control_plane.hpp"
#include "matching_items.hpp"
#include "nothing_step.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::uint32_t kDefaultLanes = 4;
constexpr std::int64_t kBytesPerLane = 4 * 1024 * 1024;
constexpr std::size_t kNamedKeys = 5;

class VerifyingStep final : public Step {
public:
    explicit VerifyingStep(VerifyStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "verify"; }
    std::string summary() const override {
        return fmt::format("verify {}: {} item{}{}{}", step_.table, step_.expect,
                           step_.expect == 1 ? "" : "s", step_.where.text.empty() ? "" : " where ",
                           step_.where.text);
    }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<NothingStep>(kind(), summary());
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override;

private:
    Counted counted(const StepRun& run, const dynamodb::TableDescription& table) const;
    [[noreturn]] void fail(const StepRun& run, const Counted& items,
                           const CountResult& found) const;

    VerifyStep step_;
};

void VerifyingStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(step_.table);
    checks.condition(step_.where);
    checks.options(step_.options);
    if (!std::holds_alternative<backfill::ScanSource>(step_.options.source) &&
        !std::holds_alternative<backfill::QuerySource>(step_.options.source)) {
        checks.error("bad_source", "verify counts a table or an index",
                     "leave `source` out, or write {index: name} or {query: ...}");
    }
}

Counted VerifyingStep::counted(const StepRun& run, const dynamodb::TableDescription& table) const {
    Counted items;
    items.table = table.name;
    items.key = table.key;
    items.source = step_.options.source;
    items.where = step_.where;
    auto lanes = step_.options.lanes.value_or(run.settings.lanes.value_or(kDefaultLanes));
    auto useful = static_cast<std::uint32_t>(
        std::min<std::int64_t>(table.size_bytes / kBytesPerLane + 1, 1024));
    items.lanes = std::clamp<std::uint32_t>(lanes, 1, useful);
    const auto* scan = std::get_if<backfill::ScanSource>(&items.source);
    const auto* index = table.index(
        scan != nullptr ? scan->index : std::get<backfill::QuerySource>(items.source).index);
    items.is_consistent = index == nullptr || index->is_local;
    return items;
}

StepResult VerifyingStep::run(const StepRun& run) const {
    std::string name = run.table(step_.table);
    auto table = describe(run, name);
    Counted items = counted(run, require_table(run, name));
    if (run.set_pace) {
        run.set_pace(step_.options.max_rcu, step_.options.max_wcu);
    }
    CountResult found = count_items(run, items);
    if (found.stopped) {
        return stopped_step();
    }
    StepResult result =
        done_step(fmt::format("{} of {} items of table {} match", found.matched, found.read, name));
    result.counts.read = found.read;
    result.counts.matched = found.matched;
    if (found.matched != step_.expect) {
        fail(run, items, found);
    }
    return result;
}

void VerifyingStep::fail(const StepRun& run, const Counted& items, const CountResult& found) const {
    std::string which;
    if (step_.expect == 0) {
        which = fmt::format("; {}", fmt::join(find_keys(run, items, kNamedKeys), ", "));
        which += found.matched > kNamedKeys ? " and others" : "";
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("{} of {} items match{}{}, {} expected{}; change them or the "
                            "migration, then resume",
                            found.matched, found.read, step_.where.text.empty() ? "" : " ",
                            step_.where.text, step_.expect, which))
        .at(fmt::format("verify {}", items.table));
}

}  // namespace

StepPtr make_verify(VerifyStep step) { return std::make_shared<VerifyingStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
