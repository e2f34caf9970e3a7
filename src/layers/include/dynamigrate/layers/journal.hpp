#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The journal: undo log and intent log of a run, in numbered parts, one writer each.
///
/// A part is a sequence of checksummed frames, compressed. A *page* frame holds the intents of one
/// page: for every item that is about to be written, its key and the images before and after of
/// the attributes that the write guards or changes. An *outcome* frame tells what became of them.
/// A torn tail (crash, full disk) is recognised by its checksum; everything before it counts.
namespace dynamigrate::layers {

/// Names one entry of a run for good: unique across parts, attempts and lanes.
using EntryId = std::uint64_t;

/// Names the part that an entry is in.
constexpr std::uint32_t part_of(EntryId id) noexcept {
    return static_cast<std::uint32_t>(id >> 32);
}

enum class EntryKind : std::uint8_t {
    update,   ///< the item existed and stays
    insert,   ///< the item did not exist
    remove,   ///< the item existed and goes; `before` is the whole item
    replace,  ///< the item existed and was replaced as a whole (unguarded or by put)
    // Effects that a transform asked for on items other than the one it was given.
    action_update,
    action_insert,
    action_remove,
    // A change of key: both entries stand together, in this order.
    move_remove,
    move_insert,
};

/// What became of an entry. An entry without an outcome is unsettled: it may have been applied.
enum class EntryOutcome : std::uint8_t {
    unsettled,
    applied,
    guard_failed,  ///< surely not applied: somebody changed the item; a later entry may follow
    rejected,      ///< surely not applied: the service refused it; the item is in quarantine
    unknown,       ///< settled as "cannot be known": listed, never replayed nor undone
};

/// An image holds the guarded and the written attributes only (all of them for insert and remove).
/// An attribute of one image that is missing in the other was added or removed by the write.
/// `absent` names attributes that were guarded as absent and are not in `after` either.
/// `was_read_before`: the images follow from a consistent read before an unguarded write, which did
/// not return what it replaced: what somebody else wrote between the two is not in them.
struct JournalEntry {
    EntryId id = 0;
    EntryKind kind = EntryKind::update;
    std::string_view table;
    dynamodb::Item key;
    dynamodb::Item before;
    dynamodb::Item after;
    std::vector<std::string_view> absent;
    bool was_read_before = false;
};

/// The intents of one page of one segment.
struct JournalPage {
    std::uint32_t step = 0;  ///< index of the step in the run
    std::uint32_t segment = 0;
    std::uint64_t page = 0;  ///< counts the pages of the segment over all attempts
    /// Given by the journal: rises over the pages of all lanes and attempts as they are committed.
    /// Who commits a page after having read what another page wrote comes after that page.
    std::uint64_t order = 0;
    /// Given by the journal: when it was committed; the epoch where that is not known.
    base::WallTime time{};
};

/// What identifies a part.
struct PartHeader {
    std::string run;
    std::uint32_t attempt = 0;  ///< 1 for the first start of the run, +1 for each resume
    std::uint32_t lane = 0;
    std::uint64_t fence = 0;  ///< of the lock under which it was written
    std::string tool_version;
};

/// Counts and checksum of a part, for the run record: a missing or shortened part is noticed.
struct PartSummary {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
    std::uint32_t checksum = 0;  ///< crc32 over the whole part
};

/// Appends one part.
///
/// Threads: one at a time.
/// Errors:  aborted when the part was sealed by a new owner of the run; unavailable (disk full).
class JournalWriter {
public:
    virtual ~JournalWriter() = default;

    /// Begins a page frame in memory.
    virtual void begin_page(const JournalPage& page) = 0;
    /// Adds an intent and returns its new id (`entry.id` is ignored).
    virtual EntryId add(const JournalEntry& entry) = 0;
    /// Writes the page frame; returns after it is on stable storage. Nothing may be sent to the
    /// table before. A page without entries writes nothing.
    /// After Error unavailable it may be called again (there is room now); ids stay.
    virtual void commit_page() = 0;
    /// Appends the outcome of entries (of this or of an earlier part). Buffered: written with the
    /// next frame, by `flush`, or on close; not synced.
    virtual void add_outcome(EntryId id, EntryOutcome outcome) = 0;
    virtual void flush() = 0;
    virtual PartSummary summary() const = 0;
};

/// Called for each entry; views are valid during the call only.
using EntryVisitor = std::function<void(const JournalPage&, const JournalEntry&, EntryOutcome)>;

/// What a whole read of a journal found.
struct JournalReadResult {
    std::uint64_t entries = 0;            ///< visited
    std::vector<PartSummary> parts;       ///< each up to where it is sound
    std::vector<std::string> torn_parts;  ///< parts whose tail was cut off by a crash
};

/// Some parts of a run's journal: of the lanes from the first to the last one, those of the attempts
/// from the first to the last one; and those of any lane of the attempts up to `every_lane_until`.
struct PartRange {
    std::uint32_t first_lane = 0;
    std::uint32_t last_lane = 65'535;
    std::uint32_t first_attempt = 1;
    std::uint32_t last_attempt = 0;  ///< 0: none
    std::uint32_t every_lane_until = 0;
};

/// All parts of one run in one store.
class Journal {
public:
    virtual ~Journal() = default;
    /// Where it lies, for people.
    virtual std::string location() const = 0;
    virtual std::unique_ptr<JournalWriter> create_part(const PartHeader& header) = 0;
    /// Makes further appends by an earlier owner fail, so that what is read stays true.
    /// Ensures: no part of an attempt up to `last_attempt`, or up to the last one that has a part,
    ///          can be created any more; attempts that have none yet included.
    /// Errors:  aborted when a live writer on this host still holds a part.
    virtual void seal(std::uint32_t last_attempt = 0) = 0;
    /// Visits the entries whose page passes the filter, in the order in which the pages of all
    /// parts were committed, each with its final outcome. Memory: the outcomes of one run's
    /// selected pages and one frame.
    virtual JournalReadResult read(const std::function<bool(const JournalPage&)>& filter,
                                   const EntryVisitor& visit) = 0;
    /// As `read`, but newest first, entries of a page too.
    virtual JournalReadResult read_newest_first(
        const std::function<bool(const JournalPage&)>& filter, const EntryVisitor& visit) = 0;
    /// Whether any part exists.
    virtual bool exists() = 0;
    /// The highest attempt number among the parts; 0 when there are none.
    virtual std::uint32_t last_attempt() = 0;
    /// A journal of these parts only, for one of many processes that work a run at once, each with
    /// lanes of its own: what it begins are parts of those lanes, of later attempts; sealing it seals
    /// those lanes up to the range's last attempt, and leaves others alone. It must not outlive the
    /// store.
    /// Errors: failed_precondition where the parts are for this host only.
    virtual std::unique_ptr<Journal> share(const PartRange& range) = 0;
};

/// Parts as files (mode 0600) in `directory`/`run`, appended under an exclusive lock (flock).
/// The layout: docs/reference/journal-format.md.
/// `create_part`: Errors: failed_precondition while a writer holds that part, already_exists when
/// it was written before, aborted when its attempt was sealed.
/// `clock`, which must outlive it, tells when pages are committed; without one they have no time.
std::unique_ptr<Journal> open_directory_journal(const std::filesystem::path& directory,
                                                const std::string& run,
                                                const base::Clock* clock = nullptr);
/// Keeps nothing (journal: none): entries get ids, reads find nothing.
std::unique_ptr<Journal> make_null_journal();

}  // namespace dynamigrate::layers
