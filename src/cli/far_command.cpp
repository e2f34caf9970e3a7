#include "far_command.hpp"

#include "far_words.hpp"
#include "reporting.hpp"

#include <dynamigrate/migrate/control.hpp>

#include <fmt/format.h>

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

/// The function decides what it works on; a caller may only say what it is sure of.
/// Errors: invalid_argument for another table or profile than the function's.
void expect_own_place(Arguments& arguments, const Arguments& own) {
    if (arguments.table.empty() && arguments.profile.empty()) {
        return;
    }
    const Project project = load_project(own, base::Environment::of_process());
    const auto expect = [](std::string_view option, const std::string& asked,
                           const std::string& had, std::string_view advice) {
        if (!asked.empty() && asked != had) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("--{0} {1}: the {0} of this function is {2}; leave --{0} out, "
                                    "or {3}",
                                    option, asked, had.empty() ? "none" : had, advice));
        }
    };
    expect("table", arguments.table, project.settings.default_table,
           "call the function of that table");
    expect("profile", arguments.profile, project.config.profile,
           "set the function's variable PROFILE");
    arguments.table.clear();
    arguments.profile.clear();
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

/// Whether an earlier call of the request has begun, and may still work.
bool has_begun(Session& session) {
    const std::optional<migrate::LockOwner> owner = session.migrator().lock_owner();
    return (owner && is_of_request(*owner, session.far.request)) ||
           !session.rows_of_request().empty();
}

/// What an exit code means to whoever asked from afar.
State state_after(ExitCode code, Session& session, const FarSurroundings& surroundings) {
    if (code == ExitCode::interrupted && surroundings.deadline.is_near() &&
        !session.arguments.dry) {
        return State::proceed;
    }
    if (code == ExitCode::locked && session.is_connected() && has_begun(session)) {
        return State::running;
    }
    return State::done;
}

CommandAnswer run(const CommandRequest& request, Arguments arguments,
                  const FarSurroundings& surroundings, Pieces& pieces, Console& console) {
    CommandAnswer answer;
    FarSession far(std::move(arguments), request.run, console, surroundings);
    far.session().far.answers = request.answers;
    try {
        const ExitCode code = run_reporting(far.session());
        answer.exit_code = static_cast<int>(code);
        answer.state = state_after(code, far.session(), surroundings);
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
    console.answer_with([&](std::string_view question) -> std::optional<std::string> {
        for (const cloud::GivenAnswer& given : request.answers) {
            if (given.question == question) {
                return given.text;
            }
        }
        throw Question{std::string(question)};
    });
    Arguments arguments;
    try {
        arguments = parse_arguments(request.words);
        check_far_words(arguments);
        expect_own_place(arguments, surroundings.own);
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
    const bool has_pages = only_reads(arguments);
    if (!has_pages) {
        pieces.keep_page();
    }
    CommandAnswer answer =
        page_of(run(request, std::move(arguments), surroundings, pieces, console),
                has_pages ? request.from : 0, kPageBytes);
    if (!has_pages && answer.next != 0) {
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
        answer.state = State::cancelled;
    }
    return answer;
}

}  // namespace

CommandAnswer answer_command(const CommandRequest& request, const FarSurroundings& surroundings) {
    return request.verb == CommandRequest::Verb::start ? start(request, surroundings)
                                                       : look(request, surroundings);
}

}  // namespace dynamigrate::cli
