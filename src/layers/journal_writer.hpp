#pragma once

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/layers/journal.hpp>

#include "journal_entries.hpp"
#include "journal_frames.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::layers {

/// Gives the ids of a part in order.
class EntryCounter {
public:
    /// Errors: invalid_argument when attempt or lane does not fit an id.
    explicit EntryCounter(const PartHeader& header);
    std::uint64_t given() const noexcept { return given_; }
    EntryId next();

private:
    std::uint32_t attempt_;
    std::uint32_t lane_;
    std::uint64_t given_ = 0;
};

class FileJournalWriter final : public JournalWriter {
public:
    /// Owns the locked, empty file and writes its beginning. `order` counts the pages of all lanes.
    FileJournalWriter(base::AppendFile file, const PartHeader& header,
                      std::shared_ptr<std::atomic<std::uint64_t>> order);
    ~FileJournalWriter() override;

    void begin_page(const JournalPage& page) override;
    EntryId add(const JournalEntry& entry) override;
    void commit_page() override;
    void add_outcome(EntryId id, EntryOutcome outcome) override;
    void flush() override;
    PartSummary summary() const override;

private:
    void begin_write();
    void write();
    void append_or_cut_back();

    base::AppendFile file_;
    EntryCounter counter_;
    std::shared_ptr<std::atomic<std::uint64_t>> order_;
    PageFrame page_;
    EntryEncoder encoder_;
    Compressor compressor_;
    std::vector<OutcomeRun> outcomes_;
    ByteBuffer out_;
    PartSummary written_;
    bool is_broken_ = false;  ///< what the file's end holds is not known
};

}  // namespace dynamigrate::layers
