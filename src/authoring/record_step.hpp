#pragma once

#include "node_process.hpp"

#include <dynamigrate/authoring/record_script.hpp>

#include <memory>

namespace dynamigrate::authoring {

/// The step of `record_migration`.
migrate::StepPtr make_record_step(RecordScript script,
                                  std::shared_ptr<const NodeInstallation> installation);

}  // namespace dynamigrate::authoring
