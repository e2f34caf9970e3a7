#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/deployment.hpp>

#include <chrono>
#include <stop_token>

namespace dynamigrate::cli {

/// Calls the function again for two minutes while permissions refuse it: new ones take a while until
/// they are in force.
/// Errors: its own.
/// Cancel: cancelled.
template <class Function>
auto patiently(base::Clock& clock, const std::stop_token& stop, const Function& function) {
    constexpr std::chrono::seconds kPause{10};
    const base::SteadyTime end = clock.steady_now() + cloud::kLatePermissions;
    for (;;) {
        try {
            return function();
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::permission_denied || clock.steady_now() >= end) {
                throw;
            }
        }
        clock.wait(kPause, stop);
        base::throw_if_stopped(stop);
    }
}

}  // namespace dynamigrate::cli
