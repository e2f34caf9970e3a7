#include "journalled_writes.hpp"

#include "control_plane.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::uint32_t kMostParts = 65'536;
/// Backfills number the parts of a run's first steps from 0 on.
constexpr std::uint32_t kFirstPart = 60'000;
constexpr std::uint64_t kToldConflicts = 10;

std::unique_ptr<layers::JournalWriter> create_part(const StepRun& run) {
    layers::PartHeader header;
    header.run = run.run;
    header.attempt = run.surroundings.attempt;
    header.fence = run.surroundings.fence;
    for (std::uint32_t tries = 0;; ++tries) {
        header.lane = (kFirstPart + tries) % kMostParts;
        try {
            return run.surroundings.journal->create_part(header);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::already_exists || tries + 1 == kMostParts) {
                throw;
            }
        }
    }
}

}  // namespace

/// Counts what is known to be applied.
class JournalledWrites::CountingWriter final : public layers::JournalWriter {
public:
    explicit CountingWriter(std::unique_ptr<layers::JournalWriter> inner)
        : inner_(std::move(inner)) {}

    void begin_page(const layers::JournalPage& page) override { inner_->begin_page(page); }
    layers::EntryId add(const layers::JournalEntry& entry) override { return inner_->add(entry); }
    void commit_page() override { inner_->commit_page(); }
    void add_outcome(layers::EntryId id, layers::EntryOutcome outcome) override {
        applied_ += outcome == layers::EntryOutcome::applied ? 1U : 0U;
        inner_->add_outcome(id, outcome);
    }
    void flush() override { inner_->flush(); }
    layers::PartSummary summary() const override { return inner_->summary(); }
    std::uint64_t applied() const { return applied_; }

private:
    std::unique_ptr<layers::JournalWriter> inner_;
    std::atomic<std::uint64_t> applied_ = 0;
};

JournalledWrites::JournalledWrites(const StepRun& run, std::uint32_t step)
    : capacity_(*run.surroundings.service),
      writer_(std::make_unique<CountingWriter>(create_part(run))),
      service_(std::make_unique<layers::JournalService>(
          capacity_, *writer_, step, *run.surroundings.clock, *run.surroundings.log)) {}

JournalledWrites::~JournalledWrites() = default;

std::uint64_t JournalledWrites::applied() const { return writer_->applied(); }

layers::PartSummary JournalledWrites::finish() {
    writer_->flush();
    return writer_->summary();
}

bool take_back(const StepRun& run) {
    std::uint64_t told = 0;
    backfill::UndoPlan plan;
    plan.steps = {run.index};
    plan.key_schema = [&](const std::string& table) { return require_table(run, table).key; };
    plan.on_conflict = [&](const backfill::UndoConflict& conflict) {
        if (told++ < kToldConflicts) {
            run.tell(fmt::format("not taken back: table {}, key {}: {}", conflict.table,
                                 conflict.key, conflict.reason));
        }
    };
    const backfill::UndoResult undone = backfill::undo(plan, run.surroundings, run.stop);
    const std::uint64_t left = undone.conflicts + undone.unsettled;
    if (left > 0 && !run.force) {
        throw Error(
            ErrorKind::outcome_unknown,
            fmt::format("the code was cut short, and {} of the items that it had changed "
                        "were changed since by somebody else or have an unknown outcome, so "
                        "that it cannot start over; look at them, then resume with --force "
                        "to run the code on them as they are, or go back with "
                        "`dynamigrate down`",
                        left));
    }
    if (undone.restored > 0) {
        run.tell(
            fmt::format("took back {} items of the attempt that was cut short", undone.restored));
    }
    return !undone.stopped;
}

}  // namespace dynamigrate::migrate
