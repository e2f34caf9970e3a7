#pragma once

#include "native_table.hpp"

#include <dynamigrate/migrate/history_editor.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// The notes of one scope, in the native table.
class HistoryNotes {
public:
    explicit HistoryNotes(NativeTable& table) : table_(table) {}

    std::vector<HistoryNote> read();
    /// Writes the note, under the lock with that fence.
    void write(const HistoryNote& note, std::uint64_t fence);

private:
    NativeTable& table_;
};

}  // namespace dynamigrate::migrate
