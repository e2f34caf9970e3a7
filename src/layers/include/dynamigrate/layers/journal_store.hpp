#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

/// Where the journals of runs are kept: a directory, or numbered objects of a bucket or a table.
namespace dynamigrate::layers {

/// The journals of any number of runs in one place.
///
/// Threads: any. Errors: as the journals; permission_denied, unauthenticated of a remote place.
class JournalStore {
public:
    virtual ~JournalStore() = default;
    /// Where a new run's journal will lie: kept in the run's row, shown to people.
    virtual std::string location(const std::string& run) const = 0;
    /// Notes that the run keeps its journal here, before anything is written to it.
    virtual void begin(const std::string& run) = 0;
    /// Whether the run was begun here. `at`: what `location` told then.
    /// A run whose row names a place that does not hold it was begun elsewhere, or it was removed.
    virtual bool holds(const std::string& run, const std::string& at) = 0;
    virtual std::unique_ptr<Journal> open(const std::string& run, const std::string& at) = 0;
    /// Removes the whole journal of the run; nothing happens where there is none.
    virtual void remove(const std::string& run, const std::string& at) = 0;
};

/// Journals as directories below `directory`. The clock must outlive it.
std::unique_ptr<JournalStore> make_directory_journals(std::filesystem::path directory,
                                                      const base::Clock& clock);

/// What journals of objects need. The references must outlive the store.
struct ObjectJournalOptions {
    base::ObjectStore& objects;
    base::Clock& clock;
    base::Random& random;
    std::size_t max_object_bytes = 4 * 1024 * 1024;
};

/// Journals as numbered objects, each written only if its number is free: what is appended is there
/// for every machine, and one that seals a part takes its next number.
///
/// Holds: a temporary directory with what was read of a journal, as long as that is open.
/// Writers: an append that fails for good breaks its part; start the run again.
std::unique_ptr<JournalStore> make_object_journals(const ObjectJournalOptions& options);

/// Objects as items (partition key `pk`: "journal#" and the name up to the first '/'; sort key `sk`:
/// the rest) of a DynamoDB table, which the first put creates where there is none.
/// An object holds at most `kMaxTableObject` bytes. The references must outlive it.
std::unique_ptr<base::ObjectStore> make_table_objects(dynamodb::Service& service,
                                                      const std::string& table, base::Clock& clock);
constexpr std::size_t kMaxTableObject = 380 * 1024;

/// What another store holds, and what is put and removed here, which stays here.
/// For dry runs. The store must outlive it.
std::unique_ptr<base::ObjectStore> make_objects_over(base::ObjectStore& objects);

/// The journal, which takes no page once its parts of this run have `max_bytes`: the run stops and
/// can be resumed when there is room. `remedy`: how a person makes room.
/// Errors: failed_precondition then.
std::unique_ptr<Journal> limit_journal(std::unique_ptr<Journal> journal, std::uint64_t max_bytes,
                                       std::string remedy);

}  // namespace dynamigrate::layers
