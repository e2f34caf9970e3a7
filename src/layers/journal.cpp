#include <dynamigrate/layers/journal.hpp>

#include "journal_scan.hpp"
#include "journal_writer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view kSealPrefix = "sealed-";

/// Holds a directory for the short time in which parts are created or sealed.
class DirectoryLock {
public:
    explicit DirectoryLock(const std::filesystem::path& directory)
        : handle_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        int result = -1;
        do {
            result = handle_ < 0 ? -1 : ::flock(handle_, LOCK_EX);
        } while (handle_ >= 0 && result != 0 && errno == EINTR);
        if (result != 0) {
            const int code = errno;
            close();
            throw Error(ErrorKind::unavailable, "cannot lock the journal's directory: " +
                                                    std::generic_category().message(code))
                .at(directory.string());
        }
    }
    ~DirectoryLock() { close(); }
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;

private:
    void close() noexcept {
        if (handle_ >= 0) {
            ::close(handle_);
        }
    }

    int handle_;
};

class FileSink final : public PartSink {
public:
    explicit FileSink(base::AppendFile file) : file_(std::move(file)) {}
    std::string name() const override { return file_.path().filename().string(); }
    std::string place() const override { return file_.path().string(); }
    void append(std::string_view bytes) override { file_.append(bytes); }
    void cut(std::uint64_t size) override { file_.truncate(size); }
    void flush() override {}
    void sync() override { file_.sync(); }

private:
    base::AppendFile file_;
};

class DirectoryJournal final : public Journal {
public:
    DirectoryJournal(const std::filesystem::path& directory, const std::string& run,
                     const base::Clock* clock)
        : parent_(directory),
          directory_(directory / run),
          clock_(clock) {}

    std::string location() const override { return directory_.string(); }
    std::unique_ptr<JournalWriter> create_part(const PartHeader& header) override;
    void seal(std::uint32_t last_attempt) override;

    JournalReadResult read(const PageFilter& filter, const EntryVisitor& visit) override {
        return read(filter, visit, false);
    }
    JournalReadResult read_newest_first(const PageFilter& filter,
                                        const EntryVisitor& visit) override {
        return read(filter, visit, true);
    }
    bool exists() override { return !list_parts(directory_).empty(); }
    std::uint32_t last_attempt() override {
        const auto parts = list_parts(directory_);
        return parts.empty() ? 0 : parts.back().attempt;
    }
    std::unique_ptr<Journal> share(const PartRange&) override {
        throw Error(
            ErrorKind::failed_precondition,
            "processes of several machines cannot share a journal in a directory; keep it in "
            "S3 or in a table (`journal: s3://BUCKET/PREFIX` or `journal: table`)")
            .at(directory_.string());
    }

private:
    JournalReadResult read(const PageFilter& filter, const EntryVisitor& visit,
                           bool newest_first) const;
    void make_directory() const {
        base::create_directories(parent_, 0700);
        base::create_directories(directory_, 0700);
    }
    std::uint32_t sealed_attempt() const;

    std::filesystem::path parent_;
    std::filesystem::path directory_;
    const base::Clock* clock_;
    const std::shared_ptr<std::atomic<std::uint64_t>> order_ =
        std::make_shared<std::atomic<std::uint64_t>>(0);
};

std::unique_ptr<JournalWriter> DirectoryJournal::create_part(const PartHeader& header) {
    const EntryCounter checked(header);
    make_directory();
    const DirectoryLock lock(directory_);
    const std::filesystem::path path = directory_ / part_file_name(header.attempt, header.lane);
    if (header.attempt <= sealed_attempt()) {
        throw Error(ErrorKind::aborted,
                    fmt::format("attempt {} of the run was taken over by another process; this one "
                                "must stop",
                                header.attempt))
            .at(path.string());
    }
    base::AppendFile file(path);
    if (file.size() > 0) {
        throw Error(ErrorKind::already_exists,
                    "the journal part is there already; every attempt needs a number of its own")
            .at(path.string());
    }
    return std::make_unique<PartWriter>(std::make_unique<FileSink>(std::move(file)), header, order_,
                                        clock_);
}

// No part can be created meanwhile, so a part found unlocked stays without a writer.
void DirectoryJournal::seal(std::uint32_t last_attempt) {
    if (last_attempt == 0 && !exists()) {
        return;
    }
    make_directory();
    const DirectoryLock lock(directory_);
    const auto parts = list_parts(directory_);
    for (const PartName& part : parts) {
        try {
            const base::AppendFile locked(part.path);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::failed_precondition) {
                throw;
            }
            throw Error(ErrorKind::aborted,
                        "a process on this host still writes the journal; stop it first")
                .at(part.path.string());
        }
    }
    const std::uint32_t last = parts.empty() ? 0 : parts.back().attempt;
    const std::string name = fmt::format("{}{:06}", kSealPrefix, std::max(last, last_attempt));
    base::write_file_atomically(directory_ / name, "", 0600);
}

JournalReadResult DirectoryJournal::read(const PageFilter& filter, const EntryVisitor& visit,
                                         bool newest_first) const {
    const JournalScan scan(list_parts(directory_), filter);
    JournalReadResult result;
    result.entries = scan.visit(visit, newest_first);
    result.parts = scan.summaries();
    result.torn_parts = scan.torn_parts();
    return result;
}

std::uint32_t DirectoryJournal::sealed_attempt() const {
    std::uint32_t last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
        const std::string name = entry.path().filename().string();
        std::uint32_t attempt = 0;
        if (name.starts_with(kSealPrefix)) {
            const char* digits = name.data() + kSealPrefix.size();
            std::from_chars(digits, name.data() + name.size(), attempt);
        }
        last = std::max(last, attempt);
    }
    return last;
}

class NullJournalWriter final : public JournalWriter {
public:
    explicit NullJournalWriter(const PartHeader& header) : counter_(header) {}
    void begin_page(const JournalPage&) override {}
    EntryId add(const JournalEntry&) override { return counter_.next(); }
    void commit_page() override {}
    void add_outcome(EntryId, EntryOutcome) override {}
    void flush() override {}
    PartSummary summary() const override { return {}; }

private:
    EntryCounter counter_;
};

class NullJournal final : public Journal {
public:
    std::string location() const override { return "none"; }
    std::unique_ptr<JournalWriter> create_part(const PartHeader& header) override {
        return std::make_unique<NullJournalWriter>(header);
    }
    void seal(std::uint32_t) override {}
    JournalReadResult read(const PageFilter&, const EntryVisitor&) override { return {}; }
    JournalReadResult read_newest_first(const PageFilter&, const EntryVisitor&) override {
        return {};
    }
    bool exists() override { return false; }
    std::uint32_t last_attempt() override { return 0; }
    std::unique_ptr<Journal> share(const PartRange&) override { return make_null_journal(); }
};

}  // namespace

std::unique_ptr<Journal> open_directory_journal(const std::filesystem::path& directory,
                                                const std::string& run, const base::Clock* clock) {
    if (run.empty() || run == "." || run == ".." || run.find('/') != std::string::npos) {
        throw Error(ErrorKind::invalid_argument,
                    "a run cannot be named '" + run + "': its journal is a directory of that name");
    }
    return std::make_unique<DirectoryJournal>(directory, run, clock);
}

std::unique_ptr<Journal> make_null_journal() { return std::make_unique<NullJournal>(); }

}  // namespace dynamigrate::layers
