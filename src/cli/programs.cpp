#include "programs.hpp"

#include "program_environment.hpp"

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
constexpr int kFirstSignal = 128;

/// The end of what it wrote to its standard error, for people.
std::string last_words(const base::LiveChild& child) {
    const std::vector<std::string> lines = child.last_errors();
    return lines.empty() ? ""
                         : fmt::format("; its last errors:\n    {}", fmt::join(lines, "\n    "));
}

std::string ending(int code) {
    return code > kFirstSignal ? fmt::format("was killed by signal {}", code - kFirstSignal)
                               : fmt::format("ended with exit code {}", code);
}

void wait_for(base::LiveChild& child, const migrate::ProgramCall& call) {
    const std::string& program = call.arguments[0];
    const std::optional<int> code = child.wait(call.timeout, call.stop);
    if (!code) {
        child.end(call.stop.stop_requested() ? kGrace : std::chrono::seconds(0), call.stop_now);
        if (call.stop.stop_requested()) {
            throw Error(ErrorKind::cancelled, "stopped while " + program + " ran");
        }
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("{} did not end within {} s and was killed; if it needs longer, raise the "
                        "step's `timeout`{}",
                        program,
                        std::chrono::duration_cast<std::chrono::seconds>(call.timeout).count(),
                        last_words(child)));
    }
    if (*code != 0) {
        if (call.stop.stop_requested()) {
            throw Error(ErrorKind::cancelled, "stopped while " + program + " ran");
        }
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("{} {}{}", program, ending(*code), last_words(child)));
    }
}

}  // namespace

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

void Programs::run(dynamodb::Service& service, const migrate::ProgramCall& call) {
    if (call.inherits_aws && parts_.is_dry) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("{} has the real credentials (`aws: inherit`), with which it could "
                                "write; a dry run does not start it",
                                call.arguments.at(0)));
    }
    const base::ScratchDirectory directory(base::temporary_parent(), "dynamigrate-run-");
    for (const char* name : {"config", "credentials"}) {
        base::write_file_atomically(directory.path() / name, "", kPrivate);
    }
    const aws::AccessKey key = gateway::make_access_key(parts_.random);
    gateway::GatewayOptions options;
    if (!call.inherits_aws) {
        options.access_keys = {key};
    }
    gateway::Gateway gateway(service, options, parts_.clock, parts_.random, parts_.log);
    base::LiveChildOptions child;
    child.arguments = call.arguments;
    child.directory = call.directory;
    child.environment = program_environment(
        parts_.environment, {gateway.origin(), key, region(), directory.path()}, call.inherits_aws);
    for (const auto& [name, value] : call.variables) {
        child.environment[name] = value;
    }
    child.environment["DYNAMIGRATE_DRY"] = parts_.is_dry ? "yes" : "no";
    child.environment["DYNAMIGRATE_PROFILE"] = parts_.profile;
    child.on_line = [&](std::string_view line) { call.tell("| " + std::string(line)); };
    child.output = call.output;
    child.has_channel = static_cast<bool>(call.converse);
    base::LiveChild running(std::move(child));
    if (call.converse) {
        call.converse(running);
    }
    wait_for(running, call);
}

}  // namespace dynamigrate::cli
