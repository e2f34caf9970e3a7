#pragma once

#include "native_table.hpp"

#include <dynamigrate/layers/journal.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// What every undo from a journal needs.
namespace dynamigrate::migrate {

/// The table's TTL attribute; nothing where there is none or the endpoint knows no TTL.
std::optional<std::string> ttl_attribute(dynamodb::Service& service, const std::string& table,
                                         const std::stop_token& stop);

/// Errors: as backfill::UndoPlan::key_schema says.
dynamodb::KeySchema key_schema(dynamodb::Service& service, const std::string& table);

/// "restored 3, changed since and left alone 1".
std::string summary_line(const backfill::UndoResult& result);

/// The parts that the run told of and that are not found as they were. What was appended since is
/// checked by the frames' own checksums.
std::vector<std::string> damaged_parts(const std::vector<layers::PartSummary>& found,
                                       const HistoryRow& row);

/// Whoever worked the unfinished run, its segments too, can write none of its records any more and
/// append nothing to its journal: from then on that stays as it is.
/// `fence`: of the lock that is held now.
void seal_against_owner(layers::Journal& journal, const HistoryRow& row, NativeTable& table,
                        std::uint64_t fence);

/// Errors: failed_precondition when one is.
void expect_parts(layers::Journal& journal, const HistoryRow& row);

}  // namespace dynamigrate::migrate
