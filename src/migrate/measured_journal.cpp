#include "measured_journal.hpp"

#include <dynamigrate/layers/journal_over.hpp>

namespace dynamigrate::migrate {

namespace {

using layers::EntryId;
using layers::EntryOutcome;
using layers::EntryVisitor;
using layers::Journal;
using layers::JournalEntry;
using layers::JournalPage;
using layers::JournalReadResult;
using layers::JournalWriter;
using layers::PartHeader;
using layers::PartRange;
using layers::PartSummary;

class MeasuredWriter final : public JournalWriter {
public:
    MeasuredWriter(std::unique_ptr<JournalWriter> writer, std::shared_ptr<WrittenParts> written)
        : writer_(std::move(writer)),
          written_(std::move(written)) {}

    void begin_page(const JournalPage& page) override {
        writer_->begin_page(page);
        has_entries_ = false;
    }
    EntryId add(const JournalEntry& entry) override {
        has_entries_ = true;
        return writer_->add(entry);
    }
    void commit_page() override {
        writer_->commit_page();
        if (has_entries_) {
            written_->note(writer_->summary());
            has_entries_ = false;
        }
    }
    void add_outcome(EntryId id, EntryOutcome outcome) override {
        writer_->add_outcome(id, outcome);
        has_outcomes_ = true;
    }
    void flush() override {
        writer_->flush();
        if (has_outcomes_) {
            written_->note(writer_->summary());
            has_outcomes_ = false;
        }
    }
    PartSummary summary() const override { return writer_->summary(); }

private:
    std::unique_ptr<JournalWriter> writer_;
    std::shared_ptr<WrittenParts> written_;
    bool has_entries_ = false;
    bool has_outcomes_ = false;
};

class MeasuredJournal final : public layers::JournalOver {
public:
    MeasuredJournal(std::unique_ptr<Journal> journal, std::shared_ptr<WrittenParts> written)
        : JournalOver(std::move(journal)),
          written_(std::move(written)) {}

    std::unique_ptr<JournalWriter> create_part(const PartHeader& header) override {
        return std::make_unique<MeasuredWriter>(other().create_part(header), written_);
    }
    std::unique_ptr<Journal> share(const PartRange& range) override {
        return std::make_unique<MeasuredJournal>(other().share(range), written_);
    }

private:
    std::shared_ptr<WrittenParts> written_;
};

}  // namespace

void WrittenParts::note(const PartSummary& part) {
    const std::lock_guard lock(mutex_);
    parts_[part.name] = part;
    ++writes_;
}

std::vector<PartSummary> WrittenParts::parts() const {
    const std::lock_guard lock(mutex_);
    std::vector<PartSummary> parts;
    for (const auto& [name, part] : parts_) {
        parts.push_back(part);
    }
    return parts;
}

std::uint64_t WrittenParts::bytes() const {
    std::uint64_t bytes = 0;
    for (const PartSummary& part : parts()) {
        bytes += part.bytes;
    }
    return bytes;
}

std::uint64_t WrittenParts::writes() const {
    const std::lock_guard lock(mutex_);
    return writes_;
}

std::unique_ptr<Journal> measure_journal(std::unique_ptr<Journal> journal,
                                         std::shared_ptr<WrittenParts> written) {
    return std::make_unique<MeasuredJournal>(std::move(journal), std::move(written));
}

}  // namespace dynamigrate::migrate
