#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace dynamigrate::backfill {

/// The items of the plan's source that an earlier attempt quarantined and that may be tried again.
/// An item of unknown outcome may not: it could be changed twice.
///
/// Threads: one.
class Quarantine {
public:
    Quarantine(const Plan& plan, const Surroundings& surroundings);

    bool empty() const noexcept { return waiting_.empty(); }
    /// The keys, or the items of the plan's stream, each handed out once; the source of a pass over
    /// the quarantine alone.
    Source source();
    /// The number in the plan's stream of the item that was handed out as the `number`-th.
    std::uint64_t number_in_source(std::uint64_t number) const {
        return waiting_[number - 1].number;
    }
    /// Forgets what was handed out and was not quarantined again: `failed_again` holds those keys.
    void settle(const std::unordered_set<std::string>& failed_again);

private:
    class Keys;
    class Items;

    const Plan& plan_;
    const Surroundings& surroundings_;
    std::vector<QuarantinedItem> waiting_;
    std::size_t handed_out_ = 0;
    std::size_t settled_ = 0;
};

}  // namespace dynamigrate::backfill
