#include "dry_event.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/fleet.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

std::string text(const json::Value& work, std::string_view name) {
    const json::Value* value = work.find(name);
    if (!value || !value->is_string()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the call of a dry run has no text \"{}\"", name));
    }
    return value->text();
}

std::uint32_t number(const json::Value& work, std::string_view name) {
    const json::Value* value = work.find(name);
    const std::string digits = value && value->is_number() ? value->text() : "";
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the call of a dry run has no whole number \"{}\"", name));
    }
    return number;
}

std::string answer(const DryWork& work) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("next").string(work.why_not.empty() ? "segments" : "done");
    out.key("step").number(work.step).key("total").number(work.total);
    out.key("line").string(work.line).key("why_not").string(work.why_not);
    out.key("segments").begin_array();
    for (const std::uint32_t segment : work.segments) {
        out.number(segment);
    }
    out.end_array().end_object();
    return text;
}

DryWork plan(const DryFleet& fleet, const json::Value& work) {
    const std::string action = text(work, "action");
    check_action(action);
    if (action != "up" && action != "repeat" && action != "named") {
        DryWork none;
        none.why_not = fmt::format(
            "{} works the journal, which no segments can try; `dynamigrate {} --dry` does", action,
            action);
        return none;
    }
    return fleet.plan(text(work, "migration"));
}

std::vector<backfill::SegmentTrial> trials_of(const json::Value& work) {
    const json::Value* results = work.find("results");
    if (!results || !results->is_array()) {
        throw Error(ErrorKind::invalid_argument, "the call of a dry run has no \"results\"");
    }
    std::vector<backfill::SegmentTrial> trials;
    for (const json::Value& result : results->elements()) {
        trials.push_back(to_trial(result));
    }
    return trials;
}

}  // namespace

bool is_dry_call(const json::Value& work) {
    const json::Value* what = work.find("do");
    return what && what->is_string() && what->text().starts_with("dry");
}

std::string answer_dry_call(const DryFleet& fleet, const json::Value& work, Listener& listener,
                            std::stop_token stop, std::stop_token stop_now) {
    const std::string what = text(work, "do");
    if (what == "dry") {
        const DryWork planned = plan(fleet, work);
        if (!planned.why_not.empty()) {
            listener.line("nothing is tried: " + planned.why_not);
        }
        return answer(planned);
    }
    const std::string migration = text(work, "migration");
    const std::uint32_t step = number(work, "step");
    const std::uint32_t total = number(work, "total");
    if (what == "dry-segment") {
        const DrySegment segment{step, number(work, "segment"), total, number(work, "concurrency")};
        return to_json(fleet.try_segment(migration, segment, std::move(stop), std::move(stop_now)));
    }
    if (what == "dry-total") {
        const DryTotal sum = fleet.add_up(migration, step, total, trials_of(work));
        listener.line(to_line(sum, fleet.currency()));
        return to_json(sum);
    }
    throw Error(ErrorKind::invalid_argument, fmt::format("no dry run knows the call \"{}\"", what));
}

}  // namespace dynamigrate::migrate
