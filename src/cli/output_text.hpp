#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::cli {

// Each writes one value: the shapes of docs/reference/command-line.md.
void write(json::Writer& writer, const backfill::Counts& counts);
void write(json::Writer& writer, const migrate::CloudUsage& usage);
void write(json::Writer& writer, const migrate::Finding& finding);
void write(json::Writer& writer, const migrate::HistoryRow& row);
void write(json::Writer& writer, const backfill::QuarantinedItem& item);
void write(json::Writer& writer, const migrate::LockOwner& owner);
void write(json::Writer& writer, const base::Error& error, int exit_code);

}  // namespace dynamigrate::cli
