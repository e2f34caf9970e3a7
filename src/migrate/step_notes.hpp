#pragma once

#include "native_table.hpp"

#include <dynamigrate/migrate/step.hpp>

#include <cstdint>
#include <string>

namespace dynamigrate::migrate {

/// The notes of one step of a run in the native table. Every write is fenced.
class NativeStepNotes final : public StepNotes {
public:
    NativeStepNotes(NativeTable& table, const std::string& run, std::uint32_t step,
                    std::uint64_t fence);

    std::optional<std::string> read(std::string_view name) override;
    void write(std::string_view name, std::string_view text) override;
    void forget(std::string_view name) override;
    /// All of the step, by name.
    std::map<std::string, std::string> all();

private:
    NativeTable& table_;
    std::string prefix_;
    std::uint64_t fence_;
};

}  // namespace dynamigrate::migrate
