#include "far_session.hpp"

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

/// What the caller did not say the function's own command line may.
Arguments joined(Arguments asked, const Arguments& own) {
    for (std::string Arguments::*member :
         {&Arguments::config, &Arguments::profile, &Arguments::table, &Arguments::endpoint,
          &Arguments::region, &Arguments::journal}) {
        if ((asked.*member).empty()) {
            asked.*member = own.*member;
        }
    }
    return asked;
}

}  // namespace

FarSession::FarSession(Arguments arguments, const std::string& request, Console& console,
                       const FarSurroundings& surroundings)
    : surroundings_(surroundings),
      began_(clock_.steady_now()),
      environment_(base::Environment::of_process()),
      arguments_(joined(std::move(arguments), surroundings.own)),
      request_(request),
      session_(arguments_, console, environment_, surroundings.log, surroundings.registry) {
    session_.far = {request, surroundings.deadline.stop(), surroundings.deadline.stop_now(),
                    [this](const migrate::PlannedMigration& planned) { begins(planned); }};
    surroundings.log.info("{} begins (request {})", action_name(arguments_), request);
}

FarSession::~FarSession() {
    cloud::InvocationMetrics metrics;
    metrics.function = environment_.get(kLambdaFunction).value_or("");
    metrics.request_id = surroundings_.invocation.request_id;
    metrics.action = action_name(arguments_);
    metrics.has_failed = has_failed_;
    try {
        if (session_.is_connected()) {
            count_items(metrics);
            const layers::MeterReading reading = session_.wiring().world().meter->reading();
            metrics.read_units = reading.read_units;
            metrics.write_units = reading.write_units;
        }
    } catch (const std::exception& error) {
        surroundings_.log.warning("the items of this run are not counted: {}", error.what());
    }
    metrics.duration =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady_now() - began_);
    surroundings_.log.write_document(cloud::metrics_line(metrics, clock_.now()));
}

void FarSession::begins(const migrate::PlannedMigration& planned) {
    surroundings_.log.info("{} {} begins", planned.action, planned.migration->id());
    backfill::Counts before;
    if (!planned.resumed_run.empty()) {
        before = session_.migrator().find_run(planned.resumed_run).counts;
    }
    before_[planned.migration->id()] = before;
}

void FarSession::count_items(cloud::InvocationMetrics& metrics) {
    if (before_.empty() || session_.dry_run()) {
        return;
    }
    std::map<std::string, backfill::Counts> now;
    for (const migrate::HistoryRow& row : session_.migrator().history()) {
        if (is_of_request(row, request_) && before_.contains(row.id)) {
            now[row.id] = row.counts;
        }
    }
    for (const auto& [id, counts] : now) {
        const backfill::Counts& before = before_.at(id);
        metrics.items += counts.read - before.read;
        metrics.changed += counts.changed - before.changed;
        metrics.conflicts += counts.conflicts - before.conflicts;
        metrics.quarantined += counts.quarantined - before.quarantined;
        surroundings_.log.info("{}: {} read, {} changed in all calls so far", id, counts.read,
                               counts.changed);
    }
}

std::string action_name(const Arguments& arguments) {
    if (!arguments.verb.empty()) {
        return arguments.verb;
    }
    const bool is_version =
        !arguments.words.empty() && migrate::Version::parse(arguments.words.front()).has_value();
    return is_version ? "version" : "named";
}

}  // namespace dynamigrate::cli
