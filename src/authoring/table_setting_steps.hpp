#pragma once

#include "step_reader.hpp"

/// Steps for backups, point-in-time recovery and tags.
namespace dynamigrate::authoring {

migrate::StepPtr read_pitr(const json::Value& value, const StepPlace& place);
migrate::StepPtr read_backup(const json::Value& value, const StepPlace& place);
migrate::StepPtr read_tag(const json::Value& value, const StepPlace& place);

}  // namespace dynamigrate::authoring
