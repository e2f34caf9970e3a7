#include <dynamigrate/cloud/deadline.hpp>

#include <algorithm>

namespace dynamigrate::cloud {

using std::chrono::milliseconds;

DeadlineMargins deadline_margins(milliseconds left) {
    constexpr milliseconds kGently = std::chrono::minutes(1);
    constexpr milliseconds kAtOnce = std::chrono::seconds(10);
    const milliseconds some = std::max(left, milliseconds(0));
    return {std::min(kGently, some / 3), std::min(kAtOnce, some / 10)};
}

Deadline::Deadline(base::Clock& clock, base::WallTime end)
    : thread_([this, &clock, end](const std::stop_token& over) { watch(clock, end, over); }) {}

void Deadline::watch(base::Clock& clock, base::WallTime end, const std::stop_token& over) {
    const milliseconds left = end - clock.now();
    const DeadlineMargins margins = deadline_margins(left);
    if (!clock.wait(left - margins.gently, over)) {
        return;
    }
    stop_.request_stop();
    if (clock.wait(margins.gently - margins.at_once, over)) {
        stop_now_.request_stop();
    }
}

}  // namespace dynamigrate::cloud
