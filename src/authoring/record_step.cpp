#include "record_step.hpp"

#include "frames.hpp"
#include "record_source.hpp"

#include <dynamigrate/base/ending.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/program_step.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace dynamigrate::authoring {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using migrate::StepPtr;
using migrate::StepRun;

namespace {

constexpr std::chrono::milliseconds kAnyTime = std::chrono::hours{24 * 365};
constexpr std::chrono::seconds kDyingTime{5};
constexpr std::uint32_t kMostSegments = 64;

std::string full_path(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

/// Questions to a script's process and their answers, which take as long as the script does.
class RecordChannel {
public:
    RecordChannel(base::LiveChild& child, const RecordScript& script, std::stop_token stop)
        : child_(child),
          script_(script),
          stop_(std::move(stop)) {}

    void give(const RecordBatch& batch);
    /// Waits until the records at hand are done.
    void drain() { ask_plainly("drain"); }
    /// Then the script's own end. Returns how many records there were.
    std::uint64_t finish();

private:
    json::Writer begin();
    void ask_plainly(std::string_view what);
    void ask();
    bool receive(std::size_t count);
    void read_answer();
    void has_ended();

    base::LiveChild& child_;
    const RecordScript& script_;
    std::stop_token stop_;
    std::string question_, answer_;
    std::uint64_t done_ = 0;
    bool is_finishing_ = false;
};

json::Writer RecordChannel::begin() {
    begin_frame(question_);
    return json::Writer(question_);
}

void RecordChannel::give(const RecordBatch& batch) {
    json::Writer writer = begin();
    writer.begin_object().key("do").string("records");
    writer.key("scans").number(batch.scanned_pages).key("ready").number(batch.ready);
    writer.key("records").raw(batch.json).end_object();
    ask();
}

void RecordChannel::ask_plainly(std::string_view what) {
    begin().begin_object().key("do").string(what).end_object();
    ask();
}

std::uint64_t RecordChannel::finish() {
    is_finishing_ = true;
    ask_plainly("finish");
    return done_;
}

bool RecordChannel::receive(std::size_t count) {
    answer_.clear();
    return child_.receive(answer_, count, kAnyTime, stop_);
}

void RecordChannel::ask() {
    end_frame(question_);
    // What a process that no longer reads had to say may still be there.
    child_.send(question_, kAnyTime, stop_);
    if (receive(kFrameLength) && receive(frame_length(answer_))) {
        read_answer();
    } else {
        has_ended();
    }
}

void RecordChannel::read_answer() {
    const json::Value answer = json::parse_json(answer_, "the script's process");
    if (const json::Value* done = answer.find("ok")) {
        done_ = std::stoull(done->text());
        return;
    }
    std::string text = answer.find("error")->find("message")->text();
    if (!script_.output) {  // else it has printed them there
        for (const json::Value& frame : answer.find("error")->find("frames")->elements()) {
            text += "\n    " + frame.text();
        }
    }
    throw Error(ErrorKind::failed_precondition, text).at(script_.file.string());
}

/// A script may end its process itself when all is done.
void RecordChannel::has_ended() {
    const int code = child_.wait(kDyingTime, stop_).value_or(0);
    if (is_finishing_ && code == 0) {
        return;
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("the script's process {}{}", base::describe_ending(code),
                            is_finishing_ ? "" : " before all records were done"))
        .at(script_.file.string());
}

std::unique_ptr<RecordSource> open_source(const RecordScript& script, const StepRun& run) {
    if (script.lines) {
        return make_line_records(*script.lines, script.has_plain_lines);
    }
    const std::uint32_t segments = run.settings.segments.value_or(script.segments);
    return make_scan_records(*run.surroundings.service, run.table(script.table),
                             std::clamp(segments, 1U, kMostSegments), run.stop_now);
}

/// Gives the script all records. What it began it may end, whatever stops the reading.
std::uint64_t feed(const RecordScript& script, const StepRun& run, base::LiveChild& child) {
    RecordChannel channel(child, script, run.stop_now);
    const std::unique_ptr<RecordSource> source = open_source(script, run);
    while (true) {
        std::optional<RecordBatch> batch;
        try {
            batch = source->next(run.stop);
        } catch (const Error& error) {
            channel.drain();
            throw Error(error);
        }
        if (!batch) {
            return channel.finish();
        }
        channel.give(*batch);
    }
}

std::string settings_of(const RecordScript& script) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("live").boolean(script.is_live);
    writer.key("concurrency").number(script.concurrency);
    writer.key("plain").boolean(script.lines && script.has_plain_lines);
    writer.key("rate").boolean(script.shows_rate);
    writer.key("log").string(script.log.string()).end_object();
    return text;
}

/// The step, and the host's files that it runs.
struct KeptStep {
    std::shared_ptr<const NodeInstallation> installation;
    StepPtr step;
};

}  // namespace

StepPtr make_record_step(RecordScript script,
                         std::shared_ptr<const NodeInstallation> installation) {
    migrate::ProgramStep step;
    step.name = fmt::format("{} on each record", script.file.filename().string());
    step.table = script.table;
    step.arguments = installation->command("records.mjs", {full_path(script.file)});
    step.directory = installation->settings().directory;
    step.variables["DYNAMIGRATE_RECORDS"] = settings_of(script);
    step.output = script.output;
    step.converse = [script = std::move(script)](const StepRun& run, base::LiveChild& child) {
        return feed(script, run, child);
    };
    const auto kept = std::make_shared<const KeptStep>(
        KeptStep{std::move(installation), migrate::make_run(std::move(step))});
    return StepPtr(kept, kept->step.get());
}

migrate::Migration record_migration(const std::string& id, RecordScript script,
                                    const ScriptSettings& settings) {
    migrate::Migration migration(id);
    migration.on(script.table);
    const std::string place = script.file.string();
    migration.step(
        make_record_step(std::move(script), std::make_shared<const NodeInstallation>(settings)),
        place);
    migration.down_auto();
    return migration;
}

namespace {

/// What is left of a file when its writer failed.
struct RemovedAtEnd {
    fs::path file;
    ~RemovedAtEnd() {
        std::error_code ignored;
        fs::remove(file, ignored);
    }
};

void filter_lines(const LineFilter& filter, const ScriptSettings& settings,
                  const std::stop_token& stop) {
    const NodeInstallation installation(settings);
    std::vector<std::string> arguments{full_path(filter.input), full_path(filter.script)};
    if (!filter.output.empty()) {
        arguments.push_back(full_path(filter.output));
    }
    base::LiveChildOptions options;
    options.arguments = installation.command("filter.mjs", arguments);
    options.environment = settings.environment;
    options.output.emplace();
    base::LiveChild child(std::move(options));
    const std::optional<int> code = child.wait(std::chrono::milliseconds::max(), stop);
    if (!code) {
        throw Error(ErrorKind::cancelled, "stopped while filtering " + filter.input.string());
    }
    if (*code != 0) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("filtering {} failed: its process {}", filter.input.string(),
                                base::describe_ending(*code)))
            .at(filter.script.string());
    }
}

}  // namespace

void run_filter(const LineFilter& filter, const ScriptSettings& settings, std::stop_token stop) {
    if (filter.output.empty()) {
        return filter_lines(filter, settings, stop);
    }
    LineFilter to_part = filter;
    to_part.output += fmt::format(".{}.part", ::getpid());
    const RemovedAtEnd removed{to_part.output};
    filter_lines(to_part, settings, stop);
    if (fs::exists(filter.output)) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("Output file {} already exists", filter.output.string()));
    }
    fs::rename(to_part.output, filter.output);
}

}  // namespace dynamigrate::authoring
