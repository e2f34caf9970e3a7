#pragma once

#include <dynamigrate/layers/capacity.hpp>
#include <dynamigrate/layers/journal_service.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace dynamigrate::migrate {

/// The run's service for code that writes as it likes: each write is journalled as the step's, and
/// its capacity asked for.
///
/// Owns: a part of the run's journal. The run must outlive it. Threads: any.
class JournalledWrites {
public:
    explicit JournalledWrites(const StepRun& run) : JournalledWrites(run, run.index) {}
    /// `step`: the number of the entries in the journal.
    JournalledWrites(const StepRun& run, std::uint32_t step);
    ~JournalledWrites();

    dynamodb::Service& service() noexcept { return *service_; }
    /// Writes known to be applied so far.
    std::uint64_t applied() const;
    /// Writes out what is buffered; then the part as it is.
    layers::PartSummary finish();

private:
    class CountingWriter;

    layers::CapacityService capacity_;
    std::unique_ptr<CountingWriter> writer_;
    std::unique_ptr<layers::JournalService> service_;
};

/// Takes back what earlier attempts of the run wrote in the step, so that it can run again.
/// Returns false when stopped.
/// Errors: outcome_unknown, naming what is to be done, where something cannot be taken back and the
///         run is not forced.
bool take_back(const StepRun& run);

}  // namespace dynamigrate::migrate
