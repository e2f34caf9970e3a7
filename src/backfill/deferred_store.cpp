#include "deferred_store.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

constexpr unsigned kPrivate = 0700;
constexpr char kAction = 'A';
constexpr char kEnd = 'E';

/// A record of a segment's spill.
struct SpillRecord {
    char type = kAction;
    std::uint64_t page = 0;
    std::uint64_t group = 0;
    std::uint64_t count = 0;  ///< of an end: actions of the group
    std::string_view rest;    ///< of an end: the origin; else what is executed
};

SpillRecord read_spill(std::string_view record) {
    SpillRecord read;
    read.type = record.front();
    record.remove_prefix(1);
    read.page = take_number(record);
    read.group = take_number(record);
    read.count = read.type == kEnd ? take_number(record) : 0;
    read.rest = record;
    return read;
}

/// Walks a spill page by page and gives what counts of each.
class SpillPages {
public:
    SpillPages(const std::filesystem::path& file, bool may_be_torn)
        : reader_(file),
          may_be_torn_(may_be_torn) {
        has_next_ = reader_.next(record_, may_be_torn_);
    }

    /// Calls `visit(record, origin)` for every record of the next page's groups that count; false
    /// at the end. `origin`: of the record's group.
    bool next(const std::function<void(std::string_view, const std::string&)>& visit) {
        if (!has_next_) {
            return false;
        }
        const std::uint64_t start = at_;
        const std::uint64_t page = read_spill(record_).page;
        std::unordered_map<std::string, std::uint64_t> last;  // group, by origin
        while (has_next_) {
            const SpillRecord read = read_spill(record_);
            if (read.page != page) {
                break;
            }
            if (read.type == kEnd) {
                last[std::string(read.rest)] = read.count > 0 ? read.group : kNone;
            }
            advance();
        }
        std::unordered_map<std::uint64_t, std::string> groups;
        for (const auto& [origin, group] : last) {
            if (group != kNone) {
                groups.emplace(group, origin);
            }
        }
        const std::uint64_t end = has_next_ ? at_ : kNone;
        go_to(start);
        while (has_next_ && at_ < end && read_spill(record_).page == page) {
            if (const auto group = groups.find(read_spill(record_).group); group != groups.end()) {
                visit(record_, group->second);
            }
            advance();
        }
        return true;
    }

private:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    void advance() {
        at_ = reader_.offset();
        has_next_ = reader_.next(record_, may_be_torn_);
    }
    void go_to(std::uint64_t offset) {
        reader_.seek(offset);
        advance();
    }

    RecordReader reader_;
    bool may_be_torn_;
    std::string_view record_;
    std::uint64_t at_ = 0;  ///< where the record at hand begins
    bool has_next_ = false;
};

}  // namespace

SegmentSpill::SegmentSpill(const std::filesystem::path& file, std::atomic<std::uint64_t>& collected)
    : file_(file),
      collected_(collected) {}

void SegmentSpill::begin_page(std::uint64_t page) {
    page_ = page;
    counts_.clear();
}

void SegmentSpill::begin(std::string origin) {
    origin_ = std::move(origin);
    ++group_;
    count_ = 0;
}

void SegmentSpill::add(std::string_view name, std::string_view text) {
    record_.assign(1, kAction);
    append_number(record_, page_);
    append_number(record_, group_);
    append_number(record_, name.size());
    record_ += name;
    record_ += text;
    file_.append(record_);
    ++count_;
}

void SegmentSpill::commit() {
    if (count_ > 0 || counts_.contains(origin_)) {
        write_end(origin_, count_);
    }
    count_ = 0;
}

void SegmentSpill::drop(const std::string& origin) {
    if (const auto known = counts_.find(origin); known != counts_.end() && known->second > 0) {
        write_end(origin, 0);
    }
}

void SegmentSpill::write_end(const std::string& origin, std::uint64_t count) {
    record_.assign(1, kEnd);
    append_number(record_, page_);
    append_number(record_, group_);
    append_number(record_, count);
    record_ += origin;
    file_.append(record_);
    std::uint64_t& known = counts_[origin];
    collected_ += count - known;
    known = count;
}

NumberedAction read_numbered(std::string_view record) {
    const std::uint64_t size = take_number(record);
    return {record.substr(0, size), record.substr(size)};
}

DeferredStore::DeferredStore(const Surroundings& surroundings, const std::string& run,
                             std::uint32_t step)
    : directory_(surroundings.spool_directory / run / fmt::format("deferred-{}", step)),
      collecting_(directory_ / "collecting"),
      numbered_(directory_ / "numbered"),
      complete_(directory_ / "complete") {}

bool DeferredStore::is_numbered() const { return std::filesystem::exists(complete_); }

void DeferredStore::begin(bool has_begun) {
    if (has_begun && !std::filesystem::exists(collecting_)) {
        throw Error(ErrorKind::failed_precondition,
                    "the deferred actions that this run has collected are not here; resume it on "
                    "the machine where they lie, or undo it")
            .at("directory " + directory_.string());
    }
    base::create_directories(directory_, kPrivate);
    base::create_directories(collecting_, kPrivate);
}

std::filesystem::path DeferredStore::spill(std::uint32_t records_step,
                                           std::uint32_t segment) const {
    return collecting_ / fmt::format("{:010}-{:06}", records_step, segment);
}

std::unique_ptr<SegmentSpill> DeferredStore::open(std::uint32_t records_step,
                                                  std::uint32_t segment) {
    return std::make_unique<SegmentSpill>(spill(records_step, segment), collected_);
}

void DeferredStore::settle(
    std::uint32_t records_step, const std::vector<SegmentState>& states,
    const std::map<std::uint32_t, std::unordered_set<std::string>>& settled) {
    for (const SegmentState& state : states) {
        const std::filesystem::path file = spill(records_step, state.segment);
        if (state.is_done || !std::filesystem::exists(file)) {
            continue;
        }
        const auto of_segment = settled.find(state.segment);
        const auto is_kept = [&](std::uint64_t page, const std::string& origin) {
            return !state.is_ahead(page) ||
                   (of_segment != settled.end() && of_segment->second.contains(origin));
        };
        std::filesystem::path kept = file;
        kept += ".part";
        std::filesystem::remove(kept);
        {
            RecordWriter out(kept);
            SpillPages pages(file, true);
            while (pages.next([&](std::string_view record, const std::string& origin) {
                if (is_kept(read_spill(record).page, origin)) {
                    out.append(record);
                }
            })) {}
            out.sync();
        }
        std::filesystem::rename(kept, file);
    }
}

void DeferredStore::number(std::uint32_t parts, const std::stop_token& stop) {
    std::filesystem::remove_all(numbered_);
    base::create_directories(numbered_, kPrivate);
    std::vector<std::filesystem::path> spills;
    for (const auto& entry : std::filesystem::directory_iterator(collecting_)) {
        if (entry.path().extension() != ".part") {
            spills.push_back(entry.path());
        }
    }
    std::sort(spills.begin(), spills.end());
    std::uint64_t total = 0;
    std::vector<std::unique_ptr<RecordWriter>> writers;
    for (std::uint32_t i = 0; i < parts; ++i) {
        writers.push_back(std::make_unique<RecordWriter>(part(i)));
    }
    for (const std::filesystem::path& file : spills) {
        SpillPages pages(file, false);
        while (pages.next([&](std::string_view record, const std::string&) {
            const SpillRecord read = read_spill(record);
            if (read.type == kAction) {
                const std::uint64_t hash = base::fast_hash(read_numbered(read.rest).name);
                writers[hash % parts]->append(read.rest);
                ++total;
            }
        })) {
            base::throw_if_stopped(stop);
        }
    }
    for (const auto& writer : writers) {
        writer->sync();
    }
    base::write_file_atomically(complete_, fmt::format("{} {}", parts, total), 0600);
    std::filesystem::remove_all(collecting_);
}

std::pair<std::uint32_t, std::uint64_t> DeferredStore::numbers() const {
    const std::string text = base::read_file(complete_);
    std::pair<std::uint32_t, std::uint64_t> numbers;
    const char* end = text.data() + text.size();
    const auto parts = std::from_chars(text.data(), end, numbers.first);
    const auto total =
        parts.ptr == end ? parts : std::from_chars(parts.ptr + 1, end, numbers.second);
    if (parts.ec != std::errc() || total.ec != std::errc() || numbers.first == 0) {
        throw Error(ErrorKind::corrupted, "the file is not as it was written")
            .at("file " + complete_.string());
    }
    return numbers;
}

std::uint32_t DeferredStore::parts() const { return numbers().first; }
std::uint64_t DeferredStore::total() const { return numbers().second; }

std::filesystem::path DeferredStore::part(std::uint32_t part) const {
    return numbered_ / fmt::format("part-{:04}", part);
}

void DeferredStore::remove() {
    std::error_code ignored;
    std::filesystem::remove(complete_, ignored);
    std::filesystem::remove_all(directory_, ignored);
}

}  // namespace dynamigrate::backfill
