#pragma once

#include "run_records.hpp"

#include <dynamigrate/migrate/migrator.hpp>

#include <string>

/// What a state machine's run used, told when it ends.
namespace dynamigrate::migrate {

/// Adds up in the row what the records of the run's segments tell; nothing happens to the row of a
/// run that no state machine worked.
void sum_up_cloud(HistoryRow& row, NativeRunRecords& records, const Settings& settings);

/// "used 12 calls, 34.5 s of the function, ...: about 0.0123 USD".
std::string cloud_report_line(const HistoryRow& row);

}  // namespace dynamigrate::migrate
