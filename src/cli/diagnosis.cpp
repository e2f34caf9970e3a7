#include "diagnosis.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <system_error>

namespace dynamigrate::cli {

namespace fs = std::filesystem;

namespace {

using State = Diagnosis::State;

constexpr auto kSoon = std::chrono::hours(1);
constexpr auto kRefusedSkew = std::chrono::minutes(5);
constexpr auto kSuspectSkew = std::chrono::minutes(1);
/// The images before and after of every item, half of it by compression.
constexpr double kJournalPerByte = 1.0;

std::string megabytes(std::uint64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// The directory, or the nearest one above it that is there.
fs::path existing_part(fs::path directory) {
    std::error_code ignored;
    directory = fs::absolute(directory, ignored).lexically_normal();
    while (!fs::exists(directory, ignored) && directory.has_parent_path() &&
           directory != directory.parent_path()) {
        directory = directory.parent_path();
    }
    return directory;
}

bool is_writable(const fs::path& directory) {
    fs::path there = existing_part(directory);
    std::error_code ignored;
    return fs::is_directory(there, ignored) && ::access(there.c_str(), W_OK | X_OK) == 0;
}

}  // namespace

std::string_view to_string(State state) noexcept {
    switch (state) {
        case State::good:
            return "ok";
        case State::note:
            return "note";
        case State::warning:
            return "warning";
        case State::error:
            return "error";
        case State::unavailable:
            return "unavailable";
    }
    return "error";
}

Diagnosis good(std::string check, std::string text) {
    return {State::good, std::move(check), std::move(text), {}, {}};
}

Diagnosis unavailable(std::string check, std::string text) {
    return {State::unavailable, std::move(check), std::move(text), {}, {}};
}

Diagnosis diagnose_credentials(const aws::Credentials& credentials, base::WallTime now) {
    std::string text = aws::to_string(credentials);
    if (credentials.expires && *credentials.expires - now < kSoon) {
        bool is_over = *credentials.expires <= now;
        return {is_over ? State::error : State::warning, "credentials", std::move(text),
                "credentials_expire",
                "sign in anew; a long run needs credentials that are renewed, such as a profile "
                "with a role"};
    }
    return good("credentials", std::move(text));
}

Diagnosis diagnose_clock(const std::optional<std::string>& server, base::WallTime now) {
    std::tm parts{};
    if (!server || ::strptime(server->c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) {
        return unavailable("clock");
    }
    auto theirs = std::chrono::system_clock::from_time_t(::timegm(&parts));
    auto skew = std::chrono::duration_cast<std::chrono::seconds>(now - theirs);
    auto size = std::chrono::abs(skew);
    std::string text =
        fmt::format("{} s {} the server's", size.count(), skew.count() < 0 ? "behind" : "ahead of");
    if (size <= kSuspectSkew) {
        return good("clock", "agrees with the server's");
    }
    return {size > kRefusedSkew ? State::error : State::warning, "clock", std::move(text),
            "clock_skew", "set this machine's clock: AWS refuses signatures 5 minutes off"};
}

Diagnosis diagnose_journal(const migrate::Settings& settings, std::uint64_t bytes,
                           const std::string& elsewhere) {
    if (!settings.journal) {
        return {State::warning, "journal", "none is kept", "no_journal",
                "remove `journal: none`: without it nothing can be undone by it"};
    }
    auto needed = static_cast<std::uint64_t>(static_cast<double>(bytes) * kJournalPerByte);
    if (settings.journal_max_bytes && *settings.journal_max_bytes < needed) {
        return {State::warning, "journal",
                fmt::format("may take {} (max_bytes), at most about {} needed",
                            megabytes(*settings.journal_max_bytes), megabytes(needed)),
                "journal_space", "raise `max_bytes`, or remove old ones with `journal purge`"};
    }
    if (!elsewhere.empty()) {
        return good("journal",
                    fmt::format("{}; at most about {} needed", elsewhere, megabytes(needed)));
    }
    const fs::path& directory = settings.journal_directory;
    if (!is_writable(directory)) {
        return {State::error, "journal", directory.string() + " cannot be written",
                "journal_not_writable", "give yourself the right to, or set `journal:`"};
    }
    std::error_code failure;
    fs::space_info space = fs::space(existing_part(directory), failure);
    if (failure) {
        return unavailable("journal", "how much room there is cannot be asked");
    }
    std::string text =
        fmt::format("{} free in {}, at most about {} needed", megabytes(space.available),
                    directory.string(), megabytes(needed));
    if (space.available < needed) {
        return {State::warning, "journal", std::move(text), "journal_space",
                "make room, or keep journals elsewhere with `journal:`"};
    }
    return good("journal", fmt::format("{} can be written; at most about {} needed, which is free",
                                       directory.string(), megabytes(needed)));
}

Diagnosis diagnose_store(const fs::path& directory) {
    if (!is_writable(directory)) {
        return {State::error, "store", directory.string() + " cannot be written",
                "store_not_writable", "give yourself the right to, or set another endpoint"};
    }
    return good("store", "can be written");
}

Diagnosis diagnose_lock(const std::optional<migrate::LockOwner>& owner) {
    if (!owner) {
        return good("lock", "free");
    }
    std::string text = fmt::format("held by {} since {}{}", owner->owner, owner->since,
                                   owner->run.empty() ? "" : ", run " + owner->run);
    if (owner->identity.is_dead_here()) {
        return {State::warning, "lock", text + "; that process is gone", "stale_lock",
                "the next run takes it over; or `dynamigrate unlock`"};
    }
    return {State::note, "lock", std::move(text), "locked", "wait until that run has ended"};
}

std::string command_for(const migrate::UnfinishedRun& run, const migrate::Registry& registry) {
    return fmt::format("dynamigrate {} {}", registry.find(run.row.id) ? "resume" : "undo",
                       run.row.run);
}

Diagnosis diagnose_runs(const std::vector<migrate::UnfinishedRun>& runs,
                        const migrate::Registry& registry) {
    if (runs.empty()) {
        return good("runs", "none is unfinished");
    }
    std::string text;
    for (const migrate::UnfinishedRun& run : runs) {
        text += fmt::format("{}run {} ({} of {}) is {}{}", text.empty() ? "" : "; ", run.row.run,
                            run.row.action, run.row.id, run.state(),
                            run.owner_is_dead ? "" : ", and worked on");
    }
    const auto left = std::ranges::find(runs, true, &migrate::UnfinishedRun::owner_is_dead);
    if (left == runs.end()) {
        return good("runs", std::move(text));
    }
    const migrate::UnfinishedRun& first = *left;
    const std::string command = command_for(first, registry);
    std::string remedy =
        registry.find(first.row.id)
            ? fmt::format("continue with `{}`, or undo with `dynamigrate down`", command)
            : fmt::format(
                  "its migration is not here to go on with; put back what the run changed "
                  "with `{}`",
                  command);
    return {State::warning, "runs", std::move(text), "unfinished_run", std::move(remedy)};
}

}  // namespace dynamigrate::cli
