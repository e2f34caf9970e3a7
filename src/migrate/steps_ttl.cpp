#include <dynamigrate/migrate/steps.hpp>

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include "control_plane.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

struct TtlState {
    bool is_on = false;  ///< or being switched on
    std::string attribute;
};

TtlState read_ttl(const StepRun& run, const std::string& table) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    json::Value answer = json::parse_json(send(run, "DescribeTimeToLive", body), "answer");
    auto text = [](const json::Value* holder, std::string_view name) {
        const json::Value* value = holder == nullptr ? nullptr : holder->find(name);
        return value != nullptr && value->is_string() ? value->text() : std::string();
    };
    const json::Value* description = answer.find("TimeToLiveDescription");
    std::string status = text(description, "TimeToLiveStatus");
    return {status == "ENABLED" || status == "ENABLING", text(description, "AttributeName")};
}

class TimeToLiveStep final : public Step {
public:
    explicit TimeToLiveStep(TtlStep step) : step_(std::move(step)) {}

    std::string kind() const override { return "ttl"; }
    std::string summary() const override {
        return fmt::format("ttl {}: {} {}", step_.table, step_.attribute,
                           step_.enabled ? "on" : "off");
    }
    std::vector<std::string> tables() const override { return {step_.table}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<TimeToLiveStep>(
            TtlStep{step_.table, step_.attribute, !step_.enabled});
    }
    ShapeChange shape_change() const override {
        return {.expiry = step_.enabled ? step_.attribute : ""};
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(step_.table);
        if (step_.attribute.empty()) {
            checks.error("no_attribute", "ttl needs the name of the attribute that holds the time",
                         "write `attribute:`, also to switch it off");
        }
    }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(step_.table);
        std::string line = fmt::format("expiry of table {} by {} {}", table, step_.attribute,
                                       step_.enabled ? "on" : "off");
        if (!wait_until_idle(run, table)) {
            return stopped_step();
        }
        set_ttl(run, table, step_.attribute, step_.enabled);
        return done_step(line);
    }

private:
    TtlStep step_;
};

}  // namespace

void set_ttl(const StepRun& run, const std::string& table, const std::string& attribute,
             bool enabled) {
    TtlState state = read_ttl(run, table);
    if (state.is_on && state.attribute != attribute) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("items of table {} expire by attribute {}, not {}; switch that off "
                                "first (DynamoDB takes up to an hour)",
                                table, state.attribute, attribute));
    }
    if (state.is_on == enabled) {
        return;
    }
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("TimeToLiveSpecification");
    out.begin_object().key("Enabled").boolean(enabled).key("AttributeName").string(attribute);
    out.end_object().end_object();
    send(run, "UpdateTimeToLive", body);
}

StepPtr make_ttl(TtlStep step) { return std::make_shared<TimeToLiveStep>(std::move(step)); }

}  // namespace dynamigrate::migrate
