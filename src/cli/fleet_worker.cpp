#include "fleet_worker.hpp"

#include "lines_listener.hpp"

#include <dynamigrate/cloud/ended_execution.hpp>
#include <dynamigrate/cloud/event_settings.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/migrate/fleet_event.hpp>

#include <fmt/format.h>

#include <charconv>
#include <iostream>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

std::uint64_t number_of(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    std::uint64_t number = 0;
    if (value && value->is_number()) {
        std::from_chars(value->text().data(), value->text().data() + value->text().size(), number);
    }
    return number;
}

/// One call, with the project opened for it.
class FleetCall {
public:
    FleetCall(const json::Value& event, std::string action, const std::string& execution,
              const FarSurroundings& surroundings)
        : surroundings_(surroundings),
          began_(clock_.steady_now()),
          environment_(cloud::with_settings(base::Environment::of_process(), event)),
          console_(std::cin, std::cout, std::cerr, false, false),
          session_(surroundings.own, console_, environment_, surroundings.log,
                   surroundings.registry),
          listener_([this](const std::string& line) { surroundings_.log.info("{}", line); }) {
        console_.be_quiet();
        metrics_.function = environment_.get(kLambdaFunction).value_or("");
        metrics_.request_id = surroundings.invocation.request_id;
        metrics_.action = std::move(action);
        surroundings.log.info("{} of {} begins", metrics_.action, execution);
        session_.open_project();
        session_.load_migrations(true);
        session_.connect();
        world_ = session_.wiring().world();
        world_.execution = execution;
    }

    migrate::Fleet fleet() { return {session_.registry, session_.project.settings, world_}; }
    migrate::Listener& listener() { return listener_; }
    migrate::Migrator& migrator() { return session_.migrator(); }

    /// All workers together keep to what its tables can do.
    void keep_to_capacity(const std::string& id) {
        if (const migrate::Migration* migration = session_.registry.find(id)) {
            session_.paced_migrator({migration});
        }
    }

    void count(const json::Value& answer) {
        metrics_.items = number_of(answer, "read");
        metrics_.changed = number_of(answer, "changed");
    }
    void has_failed() { metrics_.has_failed = true; }

    void write_metrics() {
        const layers::MeterReading reading = world_.meter->reading();
        metrics_.read_units = reading.read_units;
        metrics_.write_units = reading.write_units;
        metrics_.duration =
            std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - began_);
        surroundings_.log.write_document(cloud::metrics_line(metrics_, clock_.now()));
    }

private:
    const FarSurroundings& surroundings_;
    base::SystemClock clock_;
    base::SteadyTime began_;
    base::Environment environment_;
    Console console_;
    Session session_;
    LinesListener listener_;
    cloud::InvocationMetrics metrics_;
    migrate::World world_;
};

std::string migration_of(const json::Value& work, FleetCall& call) {
    const std::string run = json::text_of(work, "run");
    return run.empty() ? json::text_of(work, "migration") : call.migrator().find_run(run).id;
}

/// What is asked again goes on: the state machine retries what is aborted.
Error out_of_time(const Error& error) {
    return Error(ErrorKind::aborted, "the time of this call was over").because(error);
}

std::string worked(const json::Value& event, const json::Value& work, FleetCall& call,
                   const cloud::Deadline& deadline) {
    call.keep_to_capacity(migration_of(work, call));
    migrate::Fleet fleet = call.fleet();
    return migrate::answer_call(fleet, event, call.listener(), deadline.stop(),
                                deadline.stop_now());
}

}  // namespace

std::string answer_work(const json::Value& event, const FarSurroundings& surroundings) {
    const std::string execution = migrate::execution_of(event);
    const json::Value& work = *event.find("work");
    FleetCall call(event, json::text_of(work, "do"), execution, surroundings);
    try {
        std::string answer = worked(event, work, call, surroundings.deadline);
        call.count(json::parse_json(answer, "answer"));
        call.write_metrics();
        return answer;
    } catch (const Error& error) {
        call.has_failed();
        call.write_metrics();
        if (error.kind() == ErrorKind::cancelled && surroundings.deadline.is_near()) {
            throw out_of_time(error);
        }
        throw;
    }
}

std::string answer_ended_execution(const json::Value& event, const FarSurroundings& surroundings) {
    const cloud::EndedExecution ended = cloud::read_ended_execution(event);
    if (!ended.is_unfinished()) {
        return R"({"written":false})";
    }
    FleetCall call(event, "ended", ended.execution, surroundings);
    const bool is_written =
        call.fleet().fail(ended.reason(), true, call.listener(), surroundings.deadline.stop());
    call.write_metrics();
    return is_written ? R"({"written":true})" : R"({"written":false})";
}

}  // namespace dynamigrate::cli
