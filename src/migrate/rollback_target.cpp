#include "rollback_target.hpp"

#include "identity.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

constexpr const char* kNothing = "0";

bool is_zero(const std::string& version) {
    return version.find_first_not_of("0.") == std::string::npos;
}

std::string at_or_nothing(const std::vector<std::string>& standing, std::size_t position) {
    return position < standing.size() ? standing[position] : kNothing;
}

}  // namespace

std::string rollback_target(const RollbackOptions& options, const std::string& target,
                            const std::vector<std::string>& standing) {
    if (target.empty()) {
        if (options.steps == 0) {
            throw base::Error(base::ErrorKind::invalid_argument,
                              "a rollback of 0 steps was asked for; name a target or how many "
                              "migrations to roll back");
        }
        return at_or_nothing(standing, options.steps);
    }
    auto found = std::find_if(standing.begin(), standing.end(), [&](const std::string& id) {
        return canonical_id(id) == canonical_id(target);
    });
    if (found == standing.end()) {
        if (is_zero(target)) {
            return kNothing;
        }
        throw base::Error(
            base::ErrorKind::not_found,
            fmt::format("Cannot find migration {} in applied migrations: {}", target,
                        standing.empty() ? "none" : fmt::format("{}", fmt::join(standing, ", "))));
    }
    auto position = static_cast<std::size_t>(found - standing.begin());
    return at_or_nothing(standing, options.includes_target ? position + 1 : position);
}

}  // namespace dynamigrate::migrate
