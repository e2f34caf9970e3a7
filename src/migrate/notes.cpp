#include "notes.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

void remember_before(const StepRun& run, const json::Value& state) {
    if (run.notes != nullptr && !run.notes->read(kBefore)) {
        run.notes->write(kBefore, json::to_json(state));
    }
}

std::optional<json::Value> recall_before(const StepRun& run, const std::string& what,
                                         bool has_ended) {
    std::optional<std::string> note =
        run.reversed == nullptr ? std::nullopt : run.reversed->read(kBefore);
    if (note) {
        return json::parse_json(*note, "a run's records");
    }
    if (has_ended && !run.force) {
        throw base::Error(base::ErrorKind::failed_precondition,
                          fmt::format("{}: how it was before is not in the records of the run that "
                                      "changed it; set it by hand and use --force, or write `down`",
                                      what));
    }
    return std::nullopt;
}

}  // namespace dynamigrate::migrate
