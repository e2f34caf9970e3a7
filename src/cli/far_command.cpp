#include "far_command.hpp"

#include "option_table.hpp"
#include "reporting.hpp"

#include <dynamigrate/migrate/control.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <streambuf>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::CommandAnswer;
using cloud::CommandRequest;
using cloud::Printed;
using State = CommandAnswer::State;

/// Of text, before it is quoted: below what Lambda takes.
constexpr std::size_t kPageBytes = 2 * 1024 * 1024;
constexpr std::size_t kKeptPages = 3;

/// Of these only the machine where they are typed knows.
constexpr auto kNearOptions = std::to_array<std::string_view>(
    {"config", "dir", "aws-access-key", "aws-secret-key", "aws-region", "aws-profile", "arn",
     "lambda-endpoint", "no-color", "debug", "help", "version"});
/// And these make no sense anywhere else.
constexpr auto kForbiddenOptions = std::to_array<std::string_view>(
    {"endpoint", "schema", "crypto", "keys", "port", "host", "store", "memory", "access-key",
     "secret-key", "bump", "lang", "output"});
constexpr auto kLocalVerbs =
    std::to_array<std::string_view>({"init", "generate", "serve", "lambda", "deploy", "version",
                                     "help", "iam-policy", "scan", "stream", "filter"});
constexpr auto kReadingVerbs = std::to_array<std::string_view>(
    {"status", "list", "outstanding", "named", "runs", "history", "quarantine", "indexes",
     "restore", "plan", "validate", "doctor"});

bool is_in(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

/// `--name=value` where the option has a value of its own.
struct Speller {
    const Arguments& arguments;
    std::string_view name;

    std::string operator()(bool Arguments::*target) const {
        return arguments.*target ? fmt::format("--{}", name) : "";
    }
    std::string operator()(std::string Arguments::*target) const {
        const std::string& text = arguments.*target;
        return text.empty() ? "" : fmt::format("--{}={}", name, text);
    }
    std::string operator()(std::optional<std::uint32_t> Arguments::*target) const {
        const auto& number = arguments.*target;
        return number ? fmt::format("--{}={}", name, *number) : "";
    }
    std::string operator()(std::optional<authoring::Rate> Arguments::*target) const {
        const auto& rate = arguments.*target;
        if (!rate) {
            return "";
        }
        return rate->percent > 0 ? fmt::format("--{}={}%", name, rate->percent)
                                 : fmt::format("--{}={}", name, rate->units);
    }
};

/// What a command printed, piece by piece in order.
class Pieces {
public:
    Pieces() : out_(*this, false), err_(*this, true) {}

    std::ostream& out() { return out_stream_; }
    std::ostream& err() { return err_stream_; }
    std::vector<Printed> take() { return std::move(printed_); }
    /// Keeps no more than a page and says how much was left out.
    void keep_page() { keeps_page_ = true; }

private:
    class Buffer final : public std::streambuf {
    public:
        Buffer(Pieces& pieces, bool is_error) : pieces_(pieces), is_error_(is_error) {}

    protected:
        std::streamsize xsputn(const char* text, std::streamsize count) override {
            pieces_.add(is_error_, {text, static_cast<std::size_t>(count)});
            return count;
        }
        int overflow(int c) override {
            const char byte = static_cast<char>(c);
            pieces_.add(is_error_, {&byte, 1});
            return c;
        }

    private:
        Pieces& pieces_;
        bool is_error_;
    };

    void add(bool is_error, std::string_view text) {
        if (keeps_page_ && bytes_ > kPageBytes * kKeptPages) {
            return;
        }
        bytes_ += text.size();
        if (printed_.empty() || printed_.back().is_error != is_error) {
            printed_.push_back({is_error, ""});
        }
        printed_.back().text += text;
    }

    std::vector<Printed> printed_;
    std::size_t bytes_ = 0;
    bool keeps_page_ = false;
    Buffer out_, err_;
    std::ostream out_stream_{&out_}, err_stream_{&err_};
};

/// Thrown out of a command that wants an answer which nobody gave yet. Nothing has begun by then.
struct Question {
    std::string text;
};

/// Errors: invalid_argument, for what only works where it is typed.
void check(const Arguments& arguments) {
    for (const Option& option : option_table()) {
        const std::string_view name = option.text.name;
        const bool is_near = is_in(kNearOptions, name) && name != "no-color" && name != "debug";
        if ((is_near || is_in(kForbiddenOptions, name)) &&
            !std::visit(Speller{arguments, name}, option.target).empty()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("--{} is not for a Lambda function", name));
        }
    }
    if (is_local_verb(arguments.verb)) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("`{}` is not for a Lambda function", arguments.verb));
    }
    if (arguments.retry_failed) {
        throw Error(ErrorKind::invalid_argument,
                    "a function may be asked twice, and what --retry-failed means depends on how "
                    "often it is said; use the command `retry-failed`, then the other");
    }
}

/// The row of the request's run that is under way.
std::optional<migrate::HistoryRow> under_way(Session& session, const std::string& request) {
    migrate::RunControl control(session.wiring().world(), session.project.settings);
    try {
        migrate::HistoryRow row = control.at_work("");
        return is_of_request(row, request) ? std::optional(row) : std::nullopt;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) {
            throw;
        }
        return std::nullopt;
    }
}

bool has_begun(Session& session, const std::string& request) {
    for (const migrate::HistoryRow& row : session.migrator().history()) {
        if (is_of_request(row, request)) {
            return true;
        }
    }
    return false;
}

/// What an exit code means to whoever asked from afar.
State state_after(ExitCode code, Session& session, const FarSurroundings& surroundings,
                  const std::string& request) {
    if (code == ExitCode::interrupted && surroundings.deadline.is_near() &&
        !session.arguments.dry) {
        return State::proceed;
    }
    if (code == ExitCode::locked && session.is_connected() && has_begun(session, request)) {
        return State::running;
    }
    return State::done;
}

CommandAnswer run(const CommandRequest& request, Arguments arguments,
                  const FarSurroundings& surroundings, Pieces& pieces, Console& console) {
    CommandAnswer answer;
    FarSession far(std::move(arguments), request.run, console, surroundings);
    try {
        const ExitCode code = run_reporting(far.session());
        answer.exit_code = static_cast<int>(code);
        answer.state = state_after(code, far.session(), surroundings, request.run);
        if (code == ExitCode::failed) {
            far.set_failed();
        }
    } catch (const Question& question) {
        answer.state = State::question;
        answer.question = question.text;
    }
    answer.printed = pieces.take();
    return answer;
}

CommandAnswer start(const CommandRequest& request, const FarSurroundings& surroundings) {
    Pieces pieces;
    std::istringstream no_input;
    Console console(no_input, pieces.out(), pieces.err(), false, false);
    std::size_t answered = 0;
    console.answer_with([&](std::string_view question) -> std::optional<std::string> {
        if (answered == request.answers.size()) {
            throw Question{std::string(question)};
        }
        return request.answers[answered++];
    });
    Arguments arguments;
    try {
        arguments = parse_arguments(request.words);
        check(arguments);
    } catch (const Error& error) {
        CommandAnswer answer;
        answer.exit_code =
            static_cast<int>(report_error(console, error, Phase::setup, arguments.json));
        answer.printed = pieces.take();
        return answer;
    }
    if (arguments.quiet) {
        console.be_quiet();
    }
    const bool only_reads = is_in(kReadingVerbs, arguments.verb) ||
                            (arguments.verb == "journal" && !arguments.words.empty() &&
                             arguments.words.front() != "purge");
    if (!only_reads) {
        pieces.keep_page();
    }
    CommandAnswer answer =
        page_of(run(request, std::move(arguments), surroundings, pieces, console),
                only_reads ? request.from : 0, kPageBytes);
    if (!only_reads && answer.next != 0) {
        answer.next = 0;
        answer.printed.push_back(
            {true, "(what else was printed is more than Lambda hands over)\n"});
    }
    return answer;
}

CommandAnswer look(const CommandRequest& request, const FarSurroundings& surroundings) {
    Pieces pieces;
    std::istringstream no_input;
    Console console(no_input, pieces.out(), pieces.err(), false, false);
    Arguments arguments;
    arguments.verb = to_string(request.verb);
    FarSession far(arguments, "", console, surroundings);
    Session& session = far.session();
    session.open_project();
    session.connect();
    const std::optional<migrate::HistoryRow> row = under_way(session, request.run);
    CommandAnswer answer;
    answer.state = row ? State::running : State::idle;
    if (row && request.verb == CommandRequest::Verb::cancel) {
        migrate::RunControl control(session.wiring().world(), session.project.settings);
        control.ask(row->run, [](migrate::RunWishes& wishes) { wishes.abort = true; });
    }
    if (request.verb == CommandRequest::Verb::cancel) {
        answer.state = State::cancelled;
    }
    return answer;
}

}  // namespace

std::vector<std::string> words_for_lambda(const Arguments& arguments) {
    std::vector<std::string> words;
    if (!arguments.verb.empty()) {
        words.push_back(arguments.verb);
    }
    for (const Option& option : option_table()) {
        const std::string word = std::visit(Speller{arguments, option.text.name}, option.target);
        if (word.empty() || is_in(kNearOptions, option.text.name)) {
            continue;
        }
        if (is_in(kForbiddenOptions, option.text.name)) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("--{} is of no use with a Lambda function (--arn), which has "
                                    "its own",
                                    option.text.name));
        }
        words.push_back(word);
    }
    words.emplace_back("--");
    words.insert(words.end(), arguments.words.begin(), arguments.words.end());
    return words;
}

bool is_local_verb(const std::string& verb) { return is_in(kLocalVerbs, verb); }

CommandAnswer answer_command(const CommandRequest& request, const FarSurroundings& surroundings) {
    return request.verb == CommandRequest::Verb::start ? start(request, surroundings)
                                                       : look(request, surroundings);
}

}  // namespace dynamigrate::cli
