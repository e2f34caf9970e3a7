#pragma once

#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/dry_report.hpp>

#include <string>
#include <vector>

namespace dynamigrate::cli {

/// The report's lines for people; `has_colour`: what goes is red, what comes is green.
std::vector<std::string> dry_report_lines(const migrate::DryReport& report, bool has_colour);

/// The report as one object.
void write(json::Writer& writer, const migrate::DryReport& report);

}  // namespace dynamigrate::cli
