#include "journal_writer.hpp"

#include <dynamigrate/base/hash.hpp>

#include <utility>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t kMaxBufferedRuns = 16 * 1024;

}  // namespace

EntryCounter::EntryCounter(const PartHeader& header)
    : attempt_(header.attempt),
      lane_(header.lane) {
    if (attempt_ == 0 || attempt_ > UINT16_MAX || lane_ > UINT16_MAX) {
        throw Error(ErrorKind::invalid_argument,
                    "a journal part has attempt 1 to 65535 and lane 0 to 65535, not " +
                        std::to_string(attempt_) + " and " + std::to_string(lane_));
    }
}

EntryId EntryCounter::next() {
    if (given_ > UINT32_MAX) {
        throw Error(ErrorKind::failed_precondition,
                    "a journal part holds at most 4294967296 entries; stop and resume the run");
    }
    return make_entry_id(attempt_, lane_, given_++);
}

PartWriter::PartWriter(std::unique_ptr<PartSink> sink, const PartHeader& header,
                       std::shared_ptr<std::atomic<std::uint64_t>> order, const base::Clock* clock,
                       std::string_view writer)
    : sink_(std::move(sink)),
      clock_(clock),
      counter_(header),
      order_(std::move(order)) {
    written_.name = sink_->name();
    out_.put_bytes(kPartMagic);
    append_header(out_, header, writer);
    append_or_cut_back();
    sink_->flush();
}

PartWriter::~PartWriter() {
    try {
        flush();
    } catch (const std::exception&) {
        // Entries whose outcomes are lost count as unsettled, which is always safe.
    }
}

void PartWriter::begin_page(const JournalPage& page) {
    encoder_.clear();
    page_ = PageFrame{page, counter_.given(), 0, 0, {}};
}

EntryId PartWriter::add(const JournalEntry& entry) {
    const EntryId id = counter_.next();
    encoder_.add(entry);
    ++page_.entries;
    return id;
}

void PartWriter::commit_page() {
    if (page_.entries == 0) {
        return;
    }
    begin_write();
    page_.page.order = ++*order_;
    append_time();
    compressor_.append_page(out_, page_, encoder_.encoded());
    write();
    written_.entries += page_.entries;
    begin_page(page_.page);
    hand_over(&PartSink::sync);
}

void PartWriter::append_time() {
    if (clock_ == nullptr) {
        return;
    }
    if (const base::WallTime now = clock_->now(); now != told_time_) {
        layers::append_time(out_, now);
        told_time_ = now;
    }
}

void PartWriter::hand_over(void (PartSink::*how)()) {
    try {
        (*sink_.*how)();
    } catch (const Error&) {
        is_broken_ = true;
        throw;
    }
}

void PartWriter::add_outcome(EntryId id, EntryOutcome outcome) {
    if (!outcomes_.empty()) {
        OutcomeRun& last = outcomes_.back();
        if (last.outcome == outcome && id == last.first + last.count) {
            ++last.count;
            return;
        }
    }
    if (outcomes_.size() >= kMaxBufferedRuns) {
        flush();
    }
    outcomes_.push_back({id, 1, outcome});
}

void PartWriter::flush() {
    if (outcomes_.empty()) {
        return;
    }
    begin_write();
    write();
    hand_over(&PartSink::flush);
}

PartSummary PartWriter::summary() const { return written_; }

void PartWriter::begin_write() {
    if (is_broken_) {
        throw Error(ErrorKind::unavailable,
                    "an earlier write to this journal part failed; start the run again to go on in "
                    "a new part")
            .at(sink_->place());
    }
    out_.clear();
    if (!outcomes_.empty()) {
        append_outcomes(out_, outcomes_);
    }
}

void PartWriter::write() {
    append_or_cut_back();
    outcomes_.clear();
}

void PartWriter::append_or_cut_back() {
    try {
        sink_->append(out_.view());
    } catch (const Error& error) {
        told_time_ = {};
        try {
            sink_->cut(written_.bytes);
        } catch (const Error&) {
            is_broken_ = true;
        }
        throw Error(ErrorKind::unavailable,
                    "cannot write the journal; nothing is changed without it: make room on its "
                    "disk and start the run again")
            .because(error);
    }
    written_.bytes += out_.size();
    written_.checksum = base::crc32(out_.view(), written_.checksum);
}

}  // namespace dynamigrate::layers
