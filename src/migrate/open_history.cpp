#include "open_history.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

void OpenHistory::check_untold() {
    const std::vector<HistoryRow> rows =
        settings.force ? std::vector<HistoryRow>() : history.untold();
    if (!rows.empty()) {
        throw base::Error(
            base::ErrorKind::failed_precondition,
            fmt::format(
                "{} applied migrations ({} ...) are in the native history but not in the "
                "layout {}; write them there with `dynamigrate adopt --from native --to {}`",
                rows.size(), rows.front().id, settings.history_layout, settings.history_layout));
    }
}

}  // namespace dynamigrate::migrate
