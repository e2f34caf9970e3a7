#pragma once

#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/cloud_plan.hpp>

#include <string>
#include <vector>

namespace dynamigrate::cli {

/// What state machines take and cost, for people.
std::vector<std::string> cloud_plan_lines(const std::vector<migrate::CloudMigration>& migrations,
                                          const migrate::CloudTerms& terms);
/// The same for programs: the members of an object.
void write(json::Writer& writer, const std::vector<migrate::CloudMigration>& migrations,
           const migrate::CloudTerms& terms);

}  // namespace dynamigrate::cli
