#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>

namespace dynamigrate::layers {

/// Serialises requests that write the same item. Threads: any.
class KeysInFlight {
public:
    /// Holds keys from when nobody else holds one of them until its end.
    class Held {
    public:
        /// Errors: Error cancelled when stopped while waiting.
        Held(KeysInFlight& keys, std::set<std::string> names, std::stop_token stop);
        ~Held();
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

    private:
        KeysInFlight& keys_;
        std::set<std::string> names_;
    };

private:
    bool are_free(const std::set<std::string>& names) const;

    std::mutex mutex_;
    std::condition_variable_any freed_;
    std::set<std::string> held_;
};

}  // namespace dynamigrate::layers
