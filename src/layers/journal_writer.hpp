#pragma once

#include <dynamigrate/base/clock.hpp>
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

/// Where the bytes of a part go. Errors: aborted when the part was sealed; unavailable.
class PartSink {
public:
    virtual ~PartSink() = default;
    /// "part-000001-0000.dmj".
    virtual std::string name() const = 0;
    /// For people.
    virtual std::string place() const = 0;
    virtual void append(std::string_view bytes) = 0;
    /// Drops what a failed append left behind `size`.
    virtual void cut(std::uint64_t size) = 0;
    /// Hands over what was appended: it survives this process.
    virtual void flush() = 0;
    /// As `flush`, and it survives the machine.
    virtual void sync() = 0;
};

class PartWriter final : public JournalWriter {
public:
    /// Writes the beginning into the empty sink. `order` counts the pages of all lanes; without a
    /// clock pages have no time; `writer` names this writer in the header.
    PartWriter(std::unique_ptr<PartSink> sink, const PartHeader& header,
               std::shared_ptr<std::atomic<std::uint64_t>> order, const base::Clock* clock,
               std::string_view writer = {});
    ~PartWriter() override;

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
    void append_time();
    void hand_over(void (PartSink::*how)());

    std::unique_ptr<PartSink> sink_;
    const base::Clock* clock_;
    base::WallTime told_time_{};
    EntryCounter counter_;
    std::shared_ptr<std::atomic<std::uint64_t>> order_;
    PageFrame page_;
    EntryEncoder encoder_;
    Compressor compressor_;
    std::vector<OutcomeRun> outcomes_;
    ByteBuffer out_;
    PartSummary written_;
    bool is_broken_ = false;  ///< what the part's end holds is not known
};

}  // namespace dynamigrate::layers
