#pragma once

#include "session.hpp"

#include <dynamigrate/cloud/deadline.hpp>
#include <dynamigrate/cloud/function.hpp>
#include <dynamigrate/cloud/json_log.hpp>
#include <dynamigrate/cloud/metrics.hpp>

#include <map>
#include <sstream>
#include <string>

namespace dynamigrate::cli {

/// One invocation of the function that runs a command.
struct FarSurroundings {
    const cloud::Invocation& invocation;
    const cloud::Deadline& deadline;
    cloud::JsonLog& log;
    const migrate::Registry& registry;  ///< the program's own migrations
    const Arguments& own;               ///< what the function itself was started with
};

/// A command that somebody far away asked for, run in this process: opens the project anew, tells
/// the log what it does and CloudWatch what it took.
class FarSession {
public:
    /// `request`: names what was asked for. The console and the surroundings must outlive it.
    FarSession(Arguments arguments, const std::string& request, Console& console,
               const FarSurroundings& surroundings);
    ~FarSession();
    FarSession(const FarSession&) = delete;
    FarSession& operator=(const FarSession&) = delete;

    Session& session() { return session_; }
    /// For the metrics.
    void set_failed() { has_failed_ = true; }

private:
    void begins(const migrate::PlannedMigration& planned);
    void count_items(cloud::InvocationMetrics& metrics);

    const FarSurroundings& surroundings_;
    base::SystemClock clock_;
    base::SteadyTime began_;
    base::Environment environment_;
    Arguments arguments_;
    std::string request_;
    std::map<std::string, backfill::Counts> before_;  ///< by migration: what earlier calls did
    bool has_failed_ = false;
    Session session_;
};

/// What metrics and logs call the command.
std::string action_name(const Arguments& arguments);

}  // namespace dynamigrate::cli
