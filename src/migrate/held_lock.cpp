#include "held_lock.hpp"

namespace dynamigrate::migrate {

JoinedStop::JoinedStop(const std::vector<std::stop_token>& causes) {
    for (const std::stop_token& cause : causes) {
        callbacks_.push_back(std::make_unique<Callback>(cause, Request{source_}));
    }
}

HeldLock::HeldLock(NativeTable& table, const World& world, const Settings& settings,
                   const Tell& tell, const Stops& stops)
    : waits_({stops.graceful, stops.now}),
      lock_(created(table), world, {settings.lease, settings.heartbeat}, tell, waits_.token()),
      control_(table, world, lock_),
      ends_({stops.graceful, stops.now, lock_.lost(), control_.aborted()}),
      ends_now_({stops.now, lock_.lost()}),
      release_(ends_.token(), Release{control_}) {}

NativeTable& HeldLock::created(NativeTable& table) const {
    table.create_if_absent(waits_.token());
    return table;
}

}  // namespace dynamigrate::migrate
