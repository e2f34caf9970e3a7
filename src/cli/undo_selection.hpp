#pragma once

#include "arguments.hpp"

#include <dynamigrate/backfill/backfill.hpp>

namespace dynamigrate::cli {

/// What --key, --keys, --since and --until say.
/// Errors: invalid_argument for a malformed time or an empty file; not_found for the file.
backfill::UndoSelection undo_selection(const Arguments& arguments);

}  // namespace dynamigrate::cli
