#include "programs.hpp"

#include "program_environment.hpp"
#include "program_watch.hpp"

#include <dynamigrate/base/ending.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/live_child.hpp>
#include <dynamigrate/base/scratch_directory.hpp>
#include <dynamigrate/gateway/gateway.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::chrono::seconds kGrace{10};
constexpr unsigned kPrivate = 0600;

/// The end of what it wrote to its standard error, for people.
std::string last_words(const base::LiveChild& child) {
    const std::vector<std::string> lines = child.last_errors();
    return lines.empty() ? ""
                         : fmt::format("; its last errors:\n    {}", fmt::join(lines, "\n    "));
}

/// Kills it. `why`: the limit that it went beyond, or "" when it was asked to stop.
[[noreturn]] void end(base::LiveChild& child, const migrate::ProgramCall& call,
                      const std::string& why) {
    child.end(why.empty() ? kGrace : std::chrono::seconds(0), call.stop_now);
    if (why.empty()) {
        throw Error(ErrorKind::cancelled, "stopped while " + call.arguments[0] + " ran");
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("{} {}{}", call.arguments[0], why, last_words(child)));
}

/// Looks after its limits meanwhile.
int code_of(base::LiveChild& child, const migrate::ProgramCall& call, const Activity& activity,
            base::Clock& clock) {
    const base::SteadyTime start = clock.steady_now();
    for (;;) {
        const ProgramUse use{
            std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - start),
            activity.idle(), child.resident_memory()};
        if (const std::string why = exceeded(use, call.limits); !why.empty()) {
            end(child, call, why);
        }
        if (const auto code = child.wait(watch_interval(use, call.limits), call.stop)) {
            return *code;
        }
        if (call.stop.stop_requested()) {
            end(child, call, "");
        }
    }
}

void wait_for(base::LiveChild& child, const migrate::ProgramCall& call, const Activity& activity,
              base::Clock& clock) {
    const int code = code_of(child, call, activity, clock);
    if (code == 0) {
        return;
    }
    if (call.stop.stop_requested()) {
        throw Error(ErrorKind::cancelled, "stopped while " + call.arguments[0] + " ran");
    }
    throw Error(
        ErrorKind::failed_precondition,
        fmt::format("{} {}{}", call.arguments[0], base::describe_ending(code), last_words(child)));
}

}  // namespace

/// A gateway, the key to it, and where its clients find no other one.
class Programs::Door final : public migrate::ServiceDoor {
public:
    Door(dynamodb::Service& service, const Parts& parts, const std::string& region,
         bool inherits_aws)
        : directory_(base::temporary_parent(), "dynamigrate-run-"),
          key_(gateway::make_access_key(parts.random)),
          gateway_(service, options(inherits_aws), parts.clock, parts.random, parts.log) {
        for (const char* name : {"config", "credentials"}) {
            base::write_file_atomically(directory_.path() / name, "", kPrivate);
        }
        environment_ = program_environment(
            parts.environment, {gateway_.origin(), key_, region, directory_.path()}, inherits_aws);
        environment_["DYNAMIGRATE_DRY"] = parts.is_dry ? "yes" : "no";
        environment_["DYNAMIGRATE_PROFILE"] = parts.profile;
    }
    const std::map<std::string, std::string>& environment() const override { return environment_; }

private:
    gateway::GatewayOptions options(bool inherits_aws) const {
        gateway::GatewayOptions options;
        if (!inherits_aws) {
            options.access_keys = {key_};
        }
        return options;
    }

    const base::ScratchDirectory directory_;
    const aws::AccessKey key_;
    gateway::Gateway gateway_;
    std::map<std::string, std::string> environment_;
};

Programs Programs::dry() const {
    Parts parts = parts_;
    parts.is_dry = true;
    return Programs(std::move(parts));
}

std::string Programs::region() const {
    if (!parts_.region.empty()) {
        return parts_.region;
    }
    return parts_.environment.get("AWS_REGION")
        .value_or(parts_.environment.get("AWS_DEFAULT_REGION").value_or("us-east-1"));
}

std::unique_ptr<Programs::Door> Programs::make_door(dynamodb::Service& service, bool inherits_aws) {
    return std::make_unique<Door>(service, parts_, region(), inherits_aws);
}

std::unique_ptr<migrate::ServiceDoor> Programs::open(dynamodb::Service& service) {
    return make_door(service, false);
}

void Programs::run(dynamodb::Service& service, const migrate::ProgramCall& call) {
    if (call.inherits_aws && parts_.is_dry) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("{} has the real credentials (`aws: inherit`), with which it could "
                                "write; a dry run does not start it",
                                call.arguments.at(0)));
    }
    Activity activity(parts_.clock);
    NotedService noted(service, activity);
    const std::unique_ptr<Door> door = make_door(noted, call.inherits_aws);
    base::LiveChildOptions child;
    child.arguments = call.arguments;
    child.directory = call.directory;
    child.environment = door->environment();
    for (const auto& [name, value] : call.variables) {
        child.environment[name] = value;
    }
    for (const char* name : {"DYNAMIGRATE_DRY", "DYNAMIGRATE_PROFILE"}) {
        child.environment[name] = door->environment().at(name);
    }
    child.on_line = [&](std::string_view line) {
        activity.note();
        call.tell("| " + std::string(line));
    };
    child.output = call.output;
    child.has_channel = static_cast<bool>(call.converse);
    base::LiveChild running(std::move(child));
    if (call.converse) {
        call.converse(running);
    }
    wait_for(running, call, activity, parts_.clock);
}

}  // namespace dynamigrate::cli
