#pragma once

#include "jq_pool.hpp"

#include <dynamigrate/migrate/steps.hpp>

#include <memory>

namespace dynamigrate::authoring {

/// What the result of a jq program means for the item.
struct JqMeaning {
    bool changes_key = false;    ///< else a changed key quarantines the item
    bool empty_removes = false;  ///< no result: the item is left out; else it stays as it is
};

/// Items transformed by a jq program; every item it changes is guarded whole.
std::shared_ptr<const migrate::ForeignTransform> make_jq_transform(JqText text, JqMeaning meaning,
                                                                   JqLimits limits = {});

}  // namespace dynamigrate::authoring
