#pragma once

#include "project.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/finding.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What `doctor` looks at, one thing each. Every function answers: what it cannot ask is
/// `unavailable`, never a failure.
namespace dynamigrate::cli {

/// The answer of one check.
struct Diagnosis {
    enum class State { good, note, warning, error, unavailable };
    State state = State::good;
    std::string check;   ///< "credentials", "point-in-time recovery" ...
    std::string text;    ///< what was seen
    std::string code;    ///< of the finding; "" for what is good or unavailable
    std::string remedy;  ///< what to do
};

std::string_view to_string(Diagnosis::State state) noexcept;
Diagnosis good(std::string check, std::string text);
Diagnosis unavailable(std::string check, std::string text = "not available here");

/// Who signs requests, and until when; `now`: to tell how long that is.
Diagnosis diagnose_credentials(const aws::Credentials& credentials, base::WallTime now);
/// `server`: the time in the header `date` of an answer.
Diagnosis diagnose_clock(const std::optional<std::string>& server, base::WallTime now);
/// Room for the journals of a run that reads `bytes` of items.
/// Where they are kept in a bucket or a table, `elsewhere`: that room is not limited.
Diagnosis diagnose_journal(const migrate::Settings& settings, std::uint64_t bytes,
                           const std::string& elsewhere = {});
/// Whether this process may write into the directory of the embedded engine.
Diagnosis diagnose_store(const std::filesystem::path& directory);
Diagnosis diagnose_lock(const std::optional<migrate::LockOwner>& owner);
/// Those that nobody works on are what is to do something about.
Diagnosis diagnose_runs(const std::vector<migrate::UnfinishedRun>& runs,
                        const migrate::Registry& registry);
/// What to do about an unfinished run: one whose migration there is can go on; others, such as those
/// of `scan`, can only be undone.
std::string command_for(const migrate::UnfinishedRun& run, const migrate::Registry& registry);

/// Who reads a stream, by its ARN; nothing where that cannot be asked.
using StreamReaders =
    std::function<std::optional<std::vector<std::string>>(const std::string& stream)>;

/// State, capacity, stream, expiry, point-in-time recovery and replicas of a table.
std::vector<Diagnosis> diagnose_table(dynamodb::Service& service,
                                      const dynamodb::TableDescription& table,
                                      const migrate::Settings& settings,
                                      const StreamReaders& readers = {});

/// Asks for each action by a request that changes nothing: it only reads, or names an item that no
/// table has under a condition that cannot hold. What cannot be asked so is named as not checked.
Diagnosis diagnose_permissions(dynamodb::Service& service, const dynamodb::TableDescription& table,
                               const std::set<std::string>& actions);

}  // namespace dynamigrate::cli
