#include <dynamigrate/layers/journal_store.hpp>

#include "journal_scan.hpp"
#include "journal_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <mutex>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view kSealPrefix = "sealed-";
constexpr std::string_view kLaneSealPrefix = "lane-sealed-";
constexpr std::uint32_t kLastLane = 65'535;
constexpr std::uint32_t kAnyAttempt = std::numeric_limits<std::uint32_t>::max();
constexpr std::string_view kBegun = "begun";
constexpr std::string_view kSealedPart = "sealed\n";
constexpr int kPutAttempts = 5;
constexpr auto kBetweenPuts = std::chrono::seconds(1);

std::string block_name(const std::string& part, std::uint64_t number) {
    return fmt::format("{}/{:08}", part, number);
}

Error sealed_error(const std::string& place) {
    return Error(ErrorKind::aborted,
                 "the run was taken over by another process; this one must stop")
        .at(place);
}

/// The next free object of a part.
class ObjectSink final : public PartSink {
public:
    ObjectSink(const ObjectJournalOptions& options, std::string part, std::string name)
        : options_(options),
          part_(std::move(part)),
          name_(std::move(name)) {}

    std::string name() const override { return name_; }
    std::string place() const override { return options_.objects.location() + "/" + part_; }
    void append(std::string_view bytes) override { pending_ += bytes; }
    void cut(std::uint64_t size) override { pending_.resize(size - put_bytes_); }
    void flush() override {
        std::string_view rest = pending_;
        while (!rest.empty()) {
            const std::string_view block = rest.substr(0, options_.max_object_bytes);
            put(block);
            rest.remove_prefix(block.size());
        }
        put_bytes_ += pending_.size();
        pending_.clear();
    }
    void sync() override { flush(); }

private:
    /// What is there after an answer that was lost tells whose put it was.
    void put(std::string_view block) {
        const std::string object = block_name(part_, next_);
        for (int attempt = 1;; ++attempt) {
            try {
                if (options_.objects.put(object, block, true) ||
                    options_.objects.get(object) == block) {
                    ++next_;
                    return;
                }
                break;
            } catch (const Error& error) {
                const bool may_help =
                    base::is_retryable(error.kind()) || error.kind() == ErrorKind::outcome_unknown;
                if (!may_help || attempt == kPutAttempts) {
                    throw;
                }
                options_.clock.wait(kBetweenPuts * attempt, {});
            }
        }
        if (next_ == 1) {
            throw Error(ErrorKind::already_exists,
                        "the journal part is there already; every attempt needs a number of its "
                        "own")
                .at(place());
        }
        throw sealed_error(place());
    }

    const ObjectJournalOptions& options_;
    const std::string part_;
    const std::string name_;
    std::string pending_;
    std::uint64_t put_bytes_ = 0;
    std::uint64_t next_ = 1;
};

class ObjectJournal final : public Journal {
public:
    /// `range`: which parts it is about; nothing: all.
    ObjectJournal(const ObjectJournalOptions& options, std::string run, std::string location,
                  std::optional<PartRange> range = {})
        : options_(options),
          run_(std::move(run)),
          location_(std::move(location)),
          range_(range) {}

    std::string location() const override { return location_; }
    std::unique_ptr<JournalWriter> create_part(const PartHeader& header) override;
    void seal(std::uint32_t last_attempt) override;
    JournalReadResult read(const PageFilter& filter, const EntryVisitor& visit) override {
        return read(filter, visit, false);
    }
    JournalReadResult read_newest_first(const PageFilter& filter,
                                        const EntryVisitor& visit) override {
        return read(filter, visit, true);
    }
    bool exists() override { return !parts().empty(); }
    std::uint32_t last_attempt() override {
        std::uint32_t last = 0;
        for (const auto& [name, blocks] : parts()) {
            last = std::max(last, parse_part_name(name)->attempt);
        }
        return last;
    }
    std::unique_ptr<Journal> share(const PartRange& range) override {
        return std::make_unique<ObjectJournal>(options_, run_, location_, range);
    }

private:
    using Parts = std::map<std::string, std::uint64_t>;

    /// Each part's last number.
    Parts parts() const;
    Parts parts_in_range() const;
    void list_parts(const std::string& prefix, std::uint32_t last_attempt, Parts& parts) const;
    void check_in_range(const PartHeader& header) const;
    std::uint32_t last_number(const std::string& prefix) const;
    void check_not_sealed(const PartHeader& header) const;
    void seal_range();
    std::string lane_seals(std::uint32_t lane) const {
        return fmt::format("{}/{}{:05}-", run_, kLaneSealPrefix, lane);
    }
    void seal_part(const std::string& name, std::uint64_t last);
    void fetch();
    void fetch(const std::string& name, std::uint64_t last);
    JournalReadResult read(const PageFilter& filter, const EntryVisitor& visit, bool newest_first);

    const ObjectJournalOptions& options_;
    const std::string run_;
    const std::string location_;
    const std::optional<PartRange> range_;
    const std::shared_ptr<std::atomic<std::uint64_t>> order_ =
        std::make_shared<std::atomic<std::uint64_t>>(0);
    std::mutex mutex_;  ///< guards what follows
    base::TemporaryDirectory fetched_;
    Parts fetched_blocks_;
};

ObjectJournal::Parts ObjectJournal::parts() const {
    if (range_) {
        return parts_in_range();
    }
    Parts parts;
    list_parts(run_ + "/part-", kAnyAttempt, parts);
    return parts;
}

/// Asks for no more names than it needs: a run that many processes work has very many parts.
ObjectJournal::Parts ObjectJournal::parts_in_range() const {
    Parts parts;
    if (range_->every_lane_until > 0) {
        list_parts(run_ + "/part-", range_->every_lane_until, parts);
    }
    for (std::uint32_t attempt = range_->first_attempt; attempt <= range_->last_attempt;
         ++attempt) {
        if (range_->first_lane == 0 && range_->last_lane == kLastLane) {
            list_parts(fmt::format("{}/part-{:06}-", run_, attempt), attempt, parts);
            continue;
        }
        for (std::uint32_t lane = range_->first_lane; lane <= range_->last_lane; ++lane) {
            list_parts(fmt::format("{}/{}/", run_, part_file_name(attempt, lane)), attempt, parts);
        }
    }
    return parts;
}

void ObjectJournal::list_parts(const std::string& prefix, std::uint32_t last_attempt,
                               Parts& parts) const {
    for (const std::string& object : options_.objects.list(prefix)) {
        const std::string_view rest = std::string_view(object).substr(run_.size() + 1);
        const std::size_t slash = rest.find('/');
        const auto part =
            slash == rest.npos ? std::nullopt : parse_part_name(rest.substr(0, slash));
        if (!part || part->attempt > last_attempt) {
            continue;
        }
        std::uint64_t number = 0;
        std::from_chars(rest.data() + slash + 1, rest.data() + rest.size(), number);
        std::uint64_t& last = parts[std::string(rest.substr(0, slash))];
        last = std::max(last, number);
    }
}

/// The highest number that follows the prefix among the objects' names; 0 where there is none.
std::uint32_t ObjectJournal::last_number(const std::string& prefix) const {
    std::uint32_t last = 0;
    for (const std::string& object : options_.objects.list(prefix)) {
        std::uint32_t number = 0;
        std::from_chars(object.data() + prefix.size(), object.data() + object.size(), number);
        last = std::max(last, number);
    }
    return last;
}

void ObjectJournal::check_in_range(const PartHeader& header) const {
    if (range_ && (header.lane < range_->first_lane || header.lane > range_->last_lane ||
                   header.attempt <= range_->last_attempt)) {
        throw Error(ErrorKind::internal,
                    fmt::format("part {} is none of those that this process may write",
                                part_file_name(header.attempt, header.lane)))
            .at(location_);
    }
}

void ObjectJournal::check_not_sealed(const PartHeader& header) const {
    const std::uint32_t sealed = std::max(last_number(fmt::format("{}/{}", run_, kSealPrefix)),
                                          range_ ? last_number(lane_seals(header.lane)) : 0);
    if (header.attempt <= sealed) {
        throw Error(ErrorKind::aborted,
                    fmt::format("attempt {} of the run was taken over by another process; this one "
                                "must stop",
                                header.attempt))
            .at(location_);
    }
}

/// Who seals writes the seal before looking for parts; who begins a part looks for the seal after
/// having written: one of the two sees the other.
std::unique_ptr<JournalWriter> ObjectJournal::create_part(const PartHeader& header) {
    const EntryCounter checked(header);
    check_in_range(header);
    check_not_sealed(header);
    const std::string name = part_file_name(header.attempt, header.lane);
    auto writer = std::make_unique<PartWriter>(
        std::make_unique<ObjectSink>(options_, run_ + "/" + name, name), header, order_,
        &options_.clock, options_.random.uuid());
    check_not_sealed(header);
    return writer;
}

void ObjectJournal::seal_range() {
    const bool is_every_lane = range_->first_lane == 0 && range_->last_lane == kLastLane;
    if (range_->last_attempt == 0) {
        return;
    }
    if (is_every_lane) {
        options_.objects.put(fmt::format("{}/{}{:06}", run_, kSealPrefix, range_->last_attempt),
                             kSealedPart, false);
    } else {
        for (std::uint32_t lane = range_->first_lane; lane <= range_->last_lane; ++lane) {
            options_.objects.put(fmt::format("{}{:06}", lane_seals(lane), range_->last_attempt),
                                 kSealedPart, false);
        }
    }
    for (const auto& [name, blocks] : parts()) {
        const auto part = *parse_part_name(name);
        const bool is_of_own_lane = part.lane >= range_->first_lane &&
                                    part.lane <= range_->last_lane &&
                                    part.attempt <= range_->last_attempt;
        if (part.attempt >= range_->first_attempt || is_of_own_lane) {
            seal_part(name, blocks);
        }
    }
}

void ObjectJournal::seal(std::uint32_t last_attempt) {
    if (range_) {
        seal_range();
        return;
    }
    const std::uint32_t last = std::max(last_attempt, this->last_attempt());
    if (last == 0) {
        return;
    }
    options_.objects.put(fmt::format("{}/{}{:06}", run_, kSealPrefix, last), kSealedPart, false);
    for (const auto& [name, blocks] : parts()) {
        if (parse_part_name(name)->attempt <= last) {
            seal_part(name, blocks);
        }
    }
}

void ObjectJournal::seal_part(const std::string& name, std::uint64_t last) {
    const std::string part = run_ + "/" + name;
    if (options_.objects.get(block_name(part, last)) == kSealedPart) {
        return;
    }
    while (!options_.objects.put(block_name(part, last + 1), kSealedPart, true)) {
        ++last;
        if (options_.objects.get(block_name(part, last)) == kSealedPart) {
            return;
        }
    }
}

void ObjectJournal::fetch() {
    for (const auto& [name, last] : parts()) {
        fetch(name, last);
    }
}

/// Appends what is not here yet.
void ObjectJournal::fetch(const std::string& name, std::uint64_t last) {
    std::uint64_t& here = fetched_blocks_[name];
    if (here >= last) {
        return;
    }
    const std::filesystem::path path = fetched_.path() / name;
    std::ofstream file(path, std::ios::binary | std::ios::app);
    std::filesystem::permissions(
        path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    while (here < last) {
        const auto block = options_.objects.get(block_name(run_ + "/" + name, here + 1));
        if (!block || *block == kSealedPart) {
            break;
        }
        file.write(block->data(), static_cast<std::streamsize>(block->size()));
        ++here;
    }
    file.close();
    if (!file) {
        throw Error(ErrorKind::unavailable,
                    "cannot keep what was read of the journal; make room on that disk")
            .at(path.string());
    }
}

JournalReadResult ObjectJournal::read(const PageFilter& filter, const EntryVisitor& visit,
                                      bool newest_first) {
    std::unique_lock lock(mutex_);
    fetch();
    const JournalScan scan(layers::list_parts(fetched_.path()), filter);
    lock.unlock();
    JournalReadResult result;
    result.entries = scan.visit(visit, newest_first);
    result.parts = scan.summaries();
    result.torn_parts = scan.torn_parts();
    return result;
}

class ObjectJournals final : public JournalStore {
public:
    explicit ObjectJournals(const ObjectJournalOptions& options) : options_(options) {}

    std::string location(const std::string& run) const override {
        return options_.objects.location() + "/" + run;
    }
    void begin(const std::string& run) override {
        options_.objects.put(fmt::format("{}/{}", checked(run), kBegun), "", false);
    }
    bool holds(const std::string& run, const std::string&) override {
        return options_.objects.get(fmt::format("{}/{}", checked(run), kBegun)).has_value();
    }
    std::unique_ptr<Journal> open(const std::string& run, const std::string&) override {
        return std::make_unique<ObjectJournal>(options_, checked(run), location(run));
    }
    /// The mark goes last: what is left of a removal that was cut short is still found.
    void remove(const std::string& run, const std::string&) override {
        const std::string mark = fmt::format("{}/{}", checked(run), kBegun);
        for (const std::string& object : options_.objects.list(run + "/")) {
            if (object != mark) {
                options_.objects.remove(object);
            }
        }
        options_.objects.remove(mark);
    }

private:
    static const std::string& checked(const std::string& run) {
        if (run.empty() || run == "." || run == ".." || run.find('/') != std::string::npos) {
            throw Error(ErrorKind::invalid_argument,
                        "a run cannot be named '" + run + "': its journal has that name");
        }
        return run;
    }

    const ObjectJournalOptions options_;
};

/// Keeps what was put and removed.
class ObjectsOver final : public base::ObjectStore {
public:
    explicit ObjectsOver(base::ObjectStore& objects) : objects_(objects) {}

    std::string location() const override { return objects_.location(); }
    std::optional<std::string> get(const std::string& name) override {
        {
            const std::lock_guard lock(mutex_);
            if (const auto own = own_.find(name); own != own_.end()) {
                return own->second;
            }
        }
        return objects_.get(name);
    }
    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        if (only_if_absent && get(name)) {
            return false;
        }
        const std::lock_guard lock(mutex_);
        own_[name] = std::string(bytes);
        return true;
    }
    std::vector<std::string> list(const std::string& prefix) override {
        std::vector<std::string> names = objects_.list(prefix);
        const std::lock_guard lock(mutex_);
        std::erase_if(names, [&](const std::string& name) { return own_.contains(name); });
        for (const auto& [name, bytes] : own_) {
            if (bytes && name.starts_with(prefix)) {
                names.push_back(name);
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    }
    void remove(const std::string& name) override {
        const std::lock_guard lock(mutex_);
        own_[name] = std::nullopt;
    }

private:
    base::ObjectStore& objects_;
    std::mutex mutex_;
    std::map<std::string, std::optional<std::string>> own_;  ///< nothing: removed
};

}  // namespace

std::unique_ptr<JournalStore> make_object_journals(const ObjectJournalOptions& options) {
    return std::make_unique<ObjectJournals>(options);
}

std::unique_ptr<base::ObjectStore> make_objects_over(base::ObjectStore& objects) {
    return std::make_unique<ObjectsOver>(objects);
}

}  // namespace dynamigrate::layers
