#include "control_commands.hpp"

#include "commands.hpp"
#include "signals.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/control.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using migrate::RunWishes;

/// The runner looks with each heartbeat; this many may pass before one is told to look oneself.
constexpr int kHeartbeats = 3;

std::string run_word(const Session& session) {
    return session.arguments.words.empty() ? "" : session.arguments.words.front();
}

migrate::RunControl open_control(Session& session) {
    return {session.wiring().world(), session.project.settings};
}

ExitCode ask(Session& session, migrate::RunControl& control, const std::string& run,
             std::string_view wish, const std::function<void(RunWishes&)>& change) {
    const std::uint64_t number = control.ask(run, change).number;
    SignalWatch signals([](int) {});
    const bool is_seen = control.wait_until_seen(
        run, number, session.project.settings.heartbeat * kHeartbeats, signals.stop());
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("run").string(run).key("wish").string(wish).key("seen").boolean(is_seen);
        });
    } else {
        session.console.print(
            is_seen ? fmt::format("run {}: {}", run, wish)
                    : fmt::format("run {}: {} is asked for; its runner has not answered yet", run,
                                  wish));
    }
    return ExitCode::done;
}

ExitCode ask_for(Session& session, std::string_view wish,
                 const std::function<void(RunWishes&)>& change) {
    session.open_project();
    session.connect();
    migrate::RunControl control = open_control(session);
    const std::string run = control.at_work(run_word(session)).run;
    return ask(session, control, run, wish, change);
}

std::optional<double> units(const char* option, const std::optional<authoring::Rate>& rate) {
    if (rate && rate->units <= 0) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("--{} of a run that is under way takes units per second, not a "
                                "share",
                                option));
    }
    return rate ? std::optional(rate->units) : std::nullopt;
}

}  // namespace

std::optional<ExitCode> resume_paused(Session& session) {
    migrate::RunControl control = open_control(session);
    std::string run;
    try {
        run = control.at_work(run_word(session)).run;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) {
            throw;
        }
        return std::nullopt;
    }
    if (!control.wishes(run).pause) {
        return std::nullopt;
    }
    return ask(session, control, run, "going on", [](RunWishes& wishes) { wishes.pause = false; });
}

ExitCode pause(Session& session) {
    return ask_for(session, "paused", [](RunWishes& wishes) { wishes.pause = true; });
}

ExitCode abort_run(Session& session) {
    return ask_for(session, "stopping", [](RunWishes& wishes) { wishes.abort = true; });
}

ExitCode set_rate(Session& session) {
    const std::optional<double> read = units("max-rcu", session.arguments.max_rcu);
    const std::optional<double> write = units("max-wcu", session.arguments.max_wcu);
    if (!read && !write) {
        throw Error(ErrorKind::invalid_argument,
                    "say the new rate: --max-wcu 100, --max-rcu 200, or both");
    }
    return ask_for(session, "rate set", [&](RunWishes& wishes) {
        wishes.max_rcu = read ? read : wishes.max_rcu;
        wishes.max_wcu = write ? write : wishes.max_wcu;
    });
}

}  // namespace dynamigrate::cli
