#pragma once

#include "catalog.hpp"
#include "overlay_base.hpp"

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <map>
#include <set>
#include <string>

namespace dynamigrate::engine {

/// The definitions of another Service's tables, read when a table is first used, and of the tables
/// that were made, changed or deleted here, which stay here.
///
/// Tags and continuous backups of the base's tables are not read here, but by OverlaySettings.
class OverlayCatalog final : public Catalog {
public:
    /// How long the description of a table counts that is on its way to another status.
    static constexpr std::chrono::seconds kMovingAge{5};

    OverlayCatalog(OverlayBase& base, base::Clock& clock) : base_(base), clock_(clock) {}

    /// May read the base.
    TablePointer find(std::string_view name) override;
    /// Reads the names of the base's tables.
    std::vector<std::string> names() override;
    TablePointer put(Table table) override;
    void erase(std::string_view name) override;
    std::uint32_t next_number() override;

private:
    struct Known {
        TablePointer table;
        bool is_own = false;  ///< put here
        bool is_moving = false;
        base::SteadyTime read_at{};
    };

    bool is_fresh(const Known& known) const;
    TablePointer read(std::string_view name);

    OverlayBase& base_;
    base::Clock& clock_;
    std::shared_mutex tables_mutex_;
    std::map<std::string, Known, std::less<>> tables_;
    std::set<std::string, std::less<>> erased_;
    std::uint32_t last_number_ = 0;
};

}  // namespace dynamigrate::engine
