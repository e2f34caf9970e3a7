#include <dynamigrate/migrate/page_step.hpp>

#include "backfill_step.hpp"
#include "direct_client.hpp"
#include "step_checks.hpp"

#include <dynamigrate/migrate/program_step.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

/// What functions write past their items, journalled from the first call on.
class LateService final : public dynamodb::Service {
public:
    LateService(const StepRun& run, DirectClient& direct) : run_(run), direct_(direct) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        direct_.client().service().call(call, reply);
    }
    std::string location() const override { return run_.surroundings.service->location(); }

private:
    const StepRun& run_;
    DirectClient& direct_;
};

class PagesStep final : public Step {
public:
    explicit PagesStep(PageStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "pages"; }
    std::string summary() const override {
        return fmt::format("pages of {}: by {}{}", step_.table, step_.function->name(),
                           step_.where.text.empty() ? "" : " where " + step_.where.text);
    }
    std::vector<std::string> tables() const override { return {step_.table}; }
    const BackfillOptions* backfill_options() const override { return &step_.options; }
    Reversal reversal() const override { return {Reversal::Kind::journal, {}}; }
    bool is_repeatable() const override { return false; }
    std::string dry_note() const override {
        return "a dry run calls the function and shows what it does to tables; whatever else it "
               "does (mails, calls of other services) has really been done";
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(step_.table);
        checks.condition(step_.where);
        checks.options(step_.options);
    }
    StepResult run(const StepRun& run) const override;

private:
    PageStep step_;
};

StepResult PagesStep::run(const StepRun& run) const {
    if (run.programs == nullptr) {
        throw Error(ErrorKind::unimplemented, "functions of pages cannot be run here");
    }
    backfill::Plan plan = plan_backfill(run, step_.table, step_.options);
    plan.where = step_.where.view();
    plan.page_items = step_.page_items;
    DirectClient direct(run, step_.table);
    LateService service(run, direct);
    StepResult result;
    {
        const std::unique_ptr<ServiceDoor> door = run.programs->open(service);
        const std::unique_ptr<backfill::Transform> transform =
            step_.function->open({run, plan.key, plan.table, plan.lanes, door->environment()});
        plan.transform = transform.get();
        result = run_backfill(run, plan);
    }
    direct.finish(result);
    return result;
}

}  // namespace

StepPtr make_pages(PageStep step) { return std::make_shared<PagesStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
