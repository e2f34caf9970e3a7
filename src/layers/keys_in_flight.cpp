#include "keys_in_flight.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <utility>

namespace dynamigrate::layers {

KeysInFlight::Held::Held(KeysInFlight& keys, std::set<std::string> names, std::stop_token stop)
    : keys_(keys),
      names_(std::move(names)) {
    std::unique_lock lock(keys_.mutex_);
    if (!keys_.freed_.wait(lock, stop, [&] { return keys_.are_free(names_); })) {
        throw base::Error(base::ErrorKind::cancelled,
                          "stopped while another request writes the same item");
    }
    keys_.held_.insert(names_.begin(), names_.end());
}

KeysInFlight::Held::~Held() {
    {
        const std::lock_guard lock(keys_.mutex_);
        for (const std::string& name : names_) {
            keys_.held_.erase(name);
        }
    }
    keys_.freed_.notify_all();
}

bool KeysInFlight::are_free(const std::set<std::string>& names) const {
    return std::none_of(names.begin(), names.end(),
                        [&](const std::string& name) { return held_.contains(name); });
}

}  // namespace dynamigrate::layers
