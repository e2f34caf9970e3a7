#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// A table whose capacity a run raised for its time and has not given back.
struct OwedCapacity {
    std::string run;
    std::string table;
    std::string before;  ///< what it and its indexes had, for people
};

/// Of runs that nobody works on any more: the next run of this history gives them back.
std::vector<OwedCapacity> owed_capacities(const World& world, const Settings& settings);

}  // namespace dynamigrate::migrate
