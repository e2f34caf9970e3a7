#pragma once

#include <dynamigrate/layers/journal.hpp>

#include <memory>
#include <utility>

namespace dynamigrate::layers {

/// A journal over another that makes parts of its own kind and leaves the rest to the other.
///
/// Owns the other one.
class JournalOver : public Journal {
public:
    std::string location() const override { return journal_->location(); }
    void seal(std::uint32_t last_attempt) override { journal_->seal(last_attempt); }
    JournalReadResult read(const std::function<bool(const JournalPage&)>& filter,
                           const EntryVisitor& visit) override {
        return journal_->read(filter, visit);
    }
    JournalReadResult read_newest_first(const std::function<bool(const JournalPage&)>& filter,
                                        const EntryVisitor& visit) override {
        return journal_->read_newest_first(filter, visit);
    }
    bool exists() override { return journal_->exists(); }
    std::uint32_t last_attempt() override { return journal_->last_attempt(); }

protected:
    explicit JournalOver(std::unique_ptr<Journal> journal) : journal_(std::move(journal)) {}
    Journal& other() { return *journal_; }

private:
    std::unique_ptr<Journal> journal_;
};

}  // namespace dynamigrate::layers
