#include <dynamigrate/layers/journal_store.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/layers/journal_over.hpp>

#include <fmt/format.h>

#include <atomic>
#include <system_error>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr unsigned kPrivate = 0700;

class DirectoryJournals final : public JournalStore {
public:
    DirectoryJournals(std::filesystem::path directory, const base::Clock& clock)
        : directory_(std::move(directory)),
          clock_(clock) {}

    std::string location(const std::string& run) const override {
        return std::filesystem::absolute(directory_ / run).lexically_normal().string();
    }
    void begin(const std::string& run) override {
        base::create_directories(directory_, kPrivate);
        base::create_directories(directory_ / run, kPrivate);
    }
    bool holds(const std::string& run, const std::string&) override {
        return std::filesystem::is_directory(directory_ / run);
    }
    std::unique_ptr<Journal> open(const std::string& run, const std::string&) override {
        return open_directory_journal(directory_, run, &clock_);
    }
    void remove(const std::string& run, const std::string&) override {
        open_directory_journal(directory_, run);
        std::error_code failure;
        std::filesystem::remove_all(directory_ / run, failure);
        if (failure) {
            throw Error(ErrorKind::unavailable, "cannot remove the journal: " + failure.message())
                .at((directory_ / run).string());
        }
    }

private:
    const std::filesystem::path directory_;
    const base::Clock& clock_;
};

/// What all parts of a journal may take together.
struct Allowance {
    Allowance(std::uint64_t bytes, std::string what_to_do)
        : max_bytes(bytes),
          remedy(std::move(what_to_do)) {}
    std::uint64_t max_bytes;
    std::string remedy;
    std::atomic<std::uint64_t> used{0};
};

class LimitedWriter final : public JournalWriter {
public:
    LimitedWriter(std::unique_ptr<JournalWriter> writer, std::shared_ptr<Allowance> allowance)
        : writer_(std::move(writer)),
          allowance_(std::move(allowance)) {
        count();
    }

    void begin_page(const JournalPage& page) override { writer_->begin_page(page); }
    EntryId add(const JournalEntry& entry) override {
        ++entries_;
        return writer_->add(entry);
    }
    void commit_page() override {
        if (entries_ > 0 && allowance_->used >= allowance_->max_bytes) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("the journals have the {} bytes that `max_bytes` allows; {}",
                                    allowance_->max_bytes, allowance_->remedy));
        }
        writer_->commit_page();
        entries_ = 0;
        count();
    }
    void add_outcome(EntryId id, EntryOutcome outcome) override {
        writer_->add_outcome(id, outcome);
    }
    void flush() override {
        writer_->flush();
        count();
    }
    PartSummary summary() const override { return writer_->summary(); }

private:
    void count() {
        const std::uint64_t bytes = writer_->summary().bytes;
        allowance_->used += bytes - counted_;
        counted_ = bytes;
    }

    std::unique_ptr<JournalWriter> writer_;
    std::shared_ptr<Allowance> allowance_;
    std::uint64_t counted_ = 0;
    std::uint64_t entries_ = 0;
};

class LimitedJournal final : public JournalOver {
public:
    LimitedJournal(std::unique_ptr<Journal> journal, std::uint64_t max_bytes, std::string remedy)
        : JournalOver(std::move(journal)),
          allowance_(std::make_shared<Allowance>(max_bytes, std::move(remedy))) {}

    std::unique_ptr<JournalWriter> create_part(const PartHeader& header) override {
        return std::make_unique<LimitedWriter>(other().create_part(header), allowance_);
    }
    std::unique_ptr<Journal> share(const PartRange& range) override {
        return std::make_unique<LimitedJournal>(other().share(range), allowance_);
    }

    LimitedJournal(std::unique_ptr<Journal> journal, std::shared_ptr<Allowance> allowance)
        : JournalOver(std::move(journal)),
          allowance_(std::move(allowance)) {}

private:
    std::shared_ptr<Allowance> allowance_;
};

}  // namespace

std::unique_ptr<JournalStore> make_directory_journals(std::filesystem::path directory,
                                                      const base::Clock& clock) {
    return std::make_unique<DirectoryJournals>(std::move(directory), clock);
}

std::unique_ptr<Journal> limit_journal(std::unique_ptr<Journal> journal, std::uint64_t max_bytes,
                                       std::string remedy) {
    return std::make_unique<LimitedJournal>(std::move(journal), max_bytes, std::move(remedy));
}

}  // namespace dynamigrate::layers
