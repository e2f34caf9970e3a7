#pragma once

#include "table.hpp"

#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

using TablePointer = std::shared_ptr<const Table>;

/// The definitions of all tables.
///
/// Threads: `find` and `names` any; whoever puts, erases, or relies on a definition while it
///          writes rows holds `mutex()`: shared to write rows, alone to change definitions.
class Catalog {
public:
    virtual ~Catalog() = default;

    /// The table as it is now, whatever its status, or nullptr.
    virtual TablePointer find(std::string_view name) = 0;
    /// Sorted.
    virtual std::vector<std::string> names() = 0;
    /// Adds or replaces, durably.
    virtual TablePointer put(Table table) = 0;
    virtual void erase(std::string_view name) = 0;
    /// For a new table.
    virtual std::uint32_t next_number() = 0;

    std::shared_mutex& mutex() noexcept { return mutex_; }

private:
    std::shared_mutex mutex_;
};

}  // namespace dynamigrate::engine
