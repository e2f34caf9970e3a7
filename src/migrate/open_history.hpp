#pragma once

#include "foreign_history.hpp"
#include "history.hpp"

#include <memory>
#include <utility>

namespace dynamigrate::migrate {

/// The history where the settings say that it stands, in the layouts that they say. Its parts point
/// to each other: it stays where it was made.
struct OpenHistory {
    Settings settings;
    World world;
    NativeTable table;
    std::unique_ptr<ForeignHistory> foreign;  ///< nullptr: the native layout alone
    History history;

    OpenHistory(Settings the_settings, const World& the_world)
        : settings(std::move(the_settings)),
          world(the_world),
          table(*world.service, settings.history_table, settings.scope, *world.clock,
                *world.random),
          foreign(open_foreign_history(*world.service, *world.clock, settings)),
          history(table, foreign.get()) {}
    /// Otherwise the other tool would run again what was applied before its layout was chosen.
    /// Errors: failed_precondition, unless forced.
    void check_untold();
    OpenHistory(const OpenHistory&) = delete;
    OpenHistory& operator=(const OpenHistory&) = delete;
};

}  // namespace dynamigrate::migrate
