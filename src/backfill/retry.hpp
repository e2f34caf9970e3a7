#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace dynamigrate::backfill {

/// The items of the plan's table that an earlier attempt quarantined and that may be tried again.
/// An item of unknown outcome may not: it could be changed twice. An item of a file is found again
/// by nothing.
///
/// Threads: one.
class Quarantine {
public:
    Quarantine(const Plan& plan, const Surroundings& surroundings);

    bool empty() const noexcept { return waiting_.empty(); }
    /// The keys, each handed out once; the source of a pass over the quarantine alone.
    Source source();
    /// Forgets what was handed out and was not quarantined again: `failed_again` holds those keys.
    void settle(const std::unordered_set<std::string>& failed_again);

private:
    class Keys;

    const Plan& plan_;
    const Surroundings& surroundings_;
    std::vector<QuarantinedItem> waiting_;
    std::size_t handed_out_ = 0;
    std::size_t settled_ = 0;
};

}  // namespace dynamigrate::backfill
