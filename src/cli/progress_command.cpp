#include "progress_command.hpp"

#include "output_text.hpp"
#include "progress.hpp"
#include "signals.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace dynamigrate::cli {

namespace {

using migrate::RunProgress;
using migrate::StepProgress;

constexpr std::chrono::seconds kLook{1};
/// A run with very many segments has as many records to read.
constexpr std::uint32_t kManySegments = 500;
constexpr std::chrono::seconds kSlowLook{5};

std::string state_of(const RunProgress& progress) {
    const migrate::HistoryRow& row = progress.row;
    if (progress.wishes.abort && !progress.has_ended) {
        return "stopping";
    }
    if (progress.wishes.pause && !progress.has_ended) {
        return "paused";
    }
    if (row.interrupted && progress.has_ended) {
        return "interrupted";
    }
    const bool is_begun =
        row.status == migrate::Status::running || row.status == migrate::Status::rolling_back;
    return is_begun && !progress.is_at_work
               ? fmt::format("{}, its runner is gone", to_string(row.status))
               : std::string(to_string(row.status));
}

/// Speeds and the time that is left, from what was seen before.
class Speeds {
public:
    void add(base::SteadyTime now, const RunProgress& progress) {
        if (!progress.step || progress.step->step != step_) {
            rates_ = {};
            step_ = progress.step ? progress.step->step : ~0U;
        }
        if (progress.step) {
            rates_.add({now, static_cast<double>(progress.step->counts.read),
                        progress.used.read_units + progress.row.read_units,
                        progress.used.write_units + progress.row.write_units});
        }
    }
    const RecentRates& rates() const { return rates_; }
    std::optional<double> seconds_left(const StepProgress& step, double items) const {
        const double speed = rates_.items_per_second();
        const auto read = static_cast<double>(step.counts.read);
        if (speed <= 0) {
            return std::nullopt;
        }
        if (items > read) {
            return (items - read) / speed;
        }
        return step.done > 0 ? std::optional(read / step.done * (step.segments - step.done) / speed)
                             : std::nullopt;
    }

private:
    RecentRates rates_;
    std::uint32_t step_ = ~0U;
};

std::string step_text(const RunProgress& progress, const Speeds& speeds, double items) {
    const StepProgress& step = *progress.step;
    const RecentRates& rates = speeds.rates();
    std::string text = fmt::format("step {}", step.step + 1);
    if (progress.steps > 0) {
        text += fmt::format("/{}", progress.steps);
    }
    text +=
        fmt::format("  segments {} done, {} at work, {} left of {}  {} items  {} changed  {:.0f}/s",
                    step.done, step.begun, step.left(), step.segments, step.counts.read,
                    step.counts.changed, rates.items_per_second());
    if (step.counts.quarantined > 0) {
        text += fmt::format("  {} quarantined", step.counts.quarantined);
    }
    if (progress.used.is_any()) {
        text += fmt::format("  {:.0f} RCU/s  {:.0f} WCU/s", rates.read_units_per_second(),
                            rates.write_units_per_second());
    }
    if (const auto seconds = speeds.seconds_left(step, items)) {
        text += "  ETA " + format_seconds(*seconds);
    }
    return text;
}

std::string line_of(const RunProgress& progress, const Speeds& speeds, double items) {
    const migrate::HistoryRow& row = progress.row;
    std::string text = fmt::format("{} of {} is {}", row.action, row.id, state_of(progress));
    if (progress.step) {
        return text + "  " + step_text(progress, speeds, items);
    }
    return text + fmt::format("  {} steps done  {} items  {} changed", row.steps_done,
                              row.counts.read, row.counts.changed);
}

/// About, as DynamoDB last counted them.
double items_of(Session& session, const RunProgress& progress) {
    if (!progress.step || progress.step->table.empty()) {
        return 0;
    }
    const dynamodb::TableDescription* table = session.tables().find(progress.step->table);
    return table ? static_cast<double>(table->item_count) : 0;
}

void tell(Session& session, const RunProgress& progress, const Speeds& speeds, std::string& told) {
    const double items = items_of(session, progress);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("event").string("progress").key("run");
            write(writer, progress);
            writer.key("items_per_second").number(speeds.rates().items_per_second());
            writer.key("expected_items").number(items);
            if (progress.step) {
                if (const auto seconds = speeds.seconds_left(*progress.step, items)) {
                    writer.key("seconds_left").number(*seconds);
                }
            }
        });
        return;
    }
    std::string line = line_of(progress, speeds, items);
    if (session.console.has_bar()) {
        session.console.show_bar(line);
    } else if (line != told) {
        session.console.print(line);
    }
    told = std::move(line);
}

ExitCode code_of(const RunProgress& progress) {
    const migrate::Status status = progress.row.status;
    const bool is_good =
        status == migrate::Status::applied || status == migrate::Status::rolled_back;
    return is_good ? ExitCode::done : ExitCode::failed;
}

}  // namespace

void write(json::Writer& writer, const RunProgress& progress) {
    writer.begin_object().key("row");
    write(writer, progress.row);
    writer.key("state").string(state_of(progress));
    writer.key("at_work").boolean(progress.is_at_work).key("ended").boolean(progress.has_ended);
    writer.key("steps").number(progress.steps);
    if (progress.step) {
        const StepProgress& step = *progress.step;
        writer.key("step").begin_object().key("number").number(step.step + 1);
        writer.key("line").string(step.line).key("table").string(step.table);
        writer.key("segments").number(step.segments).key("done").number(step.done);
        writer.key("begun").number(step.begun).key("left").number(step.left()).key("counts");
        write(writer, step.counts);
        writer.end_object();
    }
    writer.key("used");
    write(writer, progress.used);
    writer.end_object();
}

ExitCode watch_run(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    const std::string run = session.arguments.words.empty() ? "" : session.arguments.words.front();
    base::SystemClock clock;
    const migrate::World world = session.wiring().world();
    SignalWatch signals([](int) {});
    Speeds speeds;
    std::string told, watched = run;
    for (;;) {
        const RunProgress progress =
            migrate::read_progress(world, session.project.settings, session.registry, watched);
        watched = progress.row.run;
        speeds.add(clock.steady_now(), progress);
        tell(session, progress, speeds, told);
        if (progress.has_ended) {
            session.console.show_bar("");
            if (session.console.has_bar() && !session.arguments.json) {
                session.console.print(told);
            }
            return code_of(progress);
        }
        const bool is_large = progress.step && progress.step->segments > kManySegments;
        if (!clock.wait(is_large ? kSlowLook : kLook, signals.stop())) {
            session.console.show_bar("");
            return ExitCode::interrupted;
        }
    }
}

}  // namespace dynamigrate::cli
