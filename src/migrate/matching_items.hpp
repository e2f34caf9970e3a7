#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Reading without changing: how many items match, and which.
namespace dynamigrate::migrate {

/// The items of a table or an index that are counted.
struct Counted {
    std::string table;
    dynamodb::KeySchema key;
    backfill::Source source;  ///< a ScanSource or a QuerySource
    OwnedExpression where;
    std::uint32_t lanes = 1;
    bool is_consistent = true;  ///< not possible for a global index
};

struct CountResult {
    std::uint64_t read = 0;
    std::uint64_t matched = 0;
    bool stopped = false;
};

/// Counts, a scan in `lanes` segments at once, evaluated by the service.
CountResult count_items(const StepRun& run, const Counted& counted);

/// Digests of the keys of the first items that match, at most `limit`.
std::vector<std::string> find_keys(const StepRun& run, const Counted& counted, std::size_t limit);

}  // namespace dynamigrate::migrate
