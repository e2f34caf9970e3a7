#pragma once

#include <dynamigrate/base/live_child.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What a program may take before it is killed and its migration fails.
struct ProgramLimits {
    std::chrono::milliseconds time = std::chrono::milliseconds::max();
    /// Without a request to DynamoDB under way and without a line of output.
    std::chrono::milliseconds idle = std::chrono::milliseconds::max();
    std::uint64_t memory_mb = 0;  ///< of the program itself, without its children; 0: any
};

/// A program that is to be run, and what it is told.
struct ProgramCall {
    std::vector<std::string> arguments;  ///< the first: the program
    std::filesystem::path directory;     ///< it works in
    std::map<std::string, std::string> variables;
    bool inherits_aws = false;  ///< has the real credentials, for other services
    ProgramLimits limits;
    std::function<void(const std::string&)> tell;  ///< what it prints, line by line
    /// Where it prints to instead.
    std::optional<base::ChildOutput> output = std::nullopt;
    /// Talks with it by its channel, which it has then, until it may end.
    std::function<void(base::LiveChild&)> converse = {};
    std::stop_token stop;      ///< asks it to end
    std::stop_token stop_now;  ///< ends it
};

/// A way to a service for processes that somebody else starts, as long as it lives.
class ServiceDoor {
public:
    virtual ~ServiceDoor() = default;
    /// Of such a process: all of its variables. They hold no credentials but the door's.
    virtual const std::map<std::string, std::string>& environment() const = 0;
};

/// Runs programs that can reach the tables only through the service that is given.
class ProgramRunner {
public:
    virtual ~ProgramRunner() = default;
    /// Returns when the program has ended well.
    /// Errors: failed_precondition, with the last lines of its errors, when it ended otherwise or
    ///         went beyond its limits, and for a call that a dry run must not make; not_found when it cannot
    ///         be started; cancelled when it was ended on a stop.
    virtual void run(dynamodb::Service& service, const ProgramCall& call) = 0;
    /// A door to the service, which outlives it. Errors: unimplemented where there are none.
    virtual std::unique_ptr<ServiceDoor> open(dynamodb::Service& service);
};

/// A step that is a program of any language.
struct ProgramStep {
    std::string name;                 ///< for plans; "" : the arguments
    std::string table;                ///< the migration's own: DYNAMIGRATE_TABLE
    std::vector<std::string> tables;  ///< others that it works on, for plans and pace
    std::vector<std::string> arguments;
    std::filesystem::path directory;
    std::map<std::string, std::string> variables;
    bool inherits_aws = false;
    ProgramLimits limits;
    /// As CodeStep's.
    bool is_repeatable = false;
    std::optional<base::ChildOutput> output = std::nullopt;
    /// As ProgramCall's; how many items the program was given.
    std::function<std::uint64_t(const StepRun&, base::LiveChild&)> converse = {};
};

StepPtr make_run(ProgramStep step);

}  // namespace dynamigrate::migrate
