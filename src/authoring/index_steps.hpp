#pragma once

#include "step_reader.hpp"

#include <vector>

/// Steps that create, change and delete indexes.
namespace dynamigrate::authoring {

/// One step, or two where attributes are set first: a transform and the creation.
std::vector<migrate::StepPtr> read_create_index(const json::Value& value, const StepPlace& place);
migrate::StepPtr read_update_index(const json::Value& value, const StepPlace& place);
migrate::StepPtr read_delete_index(const json::Value& value, const StepPlace& place);

}  // namespace dynamigrate::authoring
