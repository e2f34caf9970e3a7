#include "far_client.hpp"

#include "commands.hpp"
#include "far_words.hpp"
#include "signals.hpp"

#include <dynamigrate/base/random.hpp>
#include <dynamigrate/cloud/command_request.hpp>

#include <fmt/format.h>

#include <thread>
#include <utility>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::CommandAnswer;
using cloud::CommandRequest;
using State = CommandAnswer::State;

constexpr std::chrono::seconds kBetweenLooks{2};
/// Calls in a row that bring no answer.
constexpr int kMostLosses = 5;

/// One command under way in a function of ours. Each call names the same request, by which the
/// function knows what earlier calls began: but only what may be sent again is, once an answer is
/// lost.
class FarRun {
public:
    FarRun(Session& session, FunctionCaller& function) : session_(session), function_(function) {
        base::SystemRandom random;
        request_.verb = CommandRequest::Verb::start;
        request_.run = random.uuid();
        request_.words = words_for_lambda(session.arguments);
    }

    ExitCode run() {
        while (true) {
            const CommandAnswer answer = run_to_question();
            if (answer.state != State::question) {
                return static_cast<ExitCode>(answer.exit_code);
            }
            // The end of the input is a no.
            const std::optional<std::string> text = session_.console.ask(answer.question);
            request_.answers.push_back({answer.question, text.value_or("")});
        }
    }

private:
    /// To the end or the next question: what asks a person is not kept from being interrupted.
    CommandAnswer run_to_question() {
        std::jthread cancelling;
        SignalWatch signals([&](int count) { interrupt(count, cancelling); });
        while (true) {
            CommandAnswer answer = ask(signals.stop_now());
            print(answer);
            const bool is_at_rest =
                answer.state == State::proceed || answer.state == State::question;
            if (is_at_rest && signals.stop().stop_requested()) {
                answer.state = State::done;
                answer.exit_code = static_cast<int>(ExitCode::interrupted);
            }
            if (answer.state == State::question ||
                (answer.state == State::done && answer.next == 0)) {
                return answer;
            }
            go_on(answer, signals.stop_now());
        }
    }

    /// Must not wait: the next signal comes here, too.
    void interrupt(int count, std::jthread& cancelling) {
        session_.console.report(
            count == 1 ? "stopping: the function finishes the pages at hand (interrupt "
                         "again to wait no longer)"
                       : "waiting no longer; the function ends by itself");
        if (count == 1) {
            cancelling = std::jthread([this](const std::stop_token& ended) { cancel(ended); });
        }
    }

    /// Until there is something to stop: what is under way may not have begun yet.
    void cancel(const std::stop_token& ended) {
        CommandRequest request;
        request.verb = CommandRequest::Verb::cancel;
        request.run = request_.run;
        State state = State::idle;
        bool has_told = false;
        while (state == State::idle && !ended.stop_requested()) {
            try {
                state = cloud::read_command_answer(
                            cloud::body_of(function_.call(to_event(request), ended), "cancel"))
                            .state;
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::cancelled && !std::exchange(has_told, true)) {
                    session_.console.report(fmt::format("{}; trying again", error.what()));
                }
            }
            if (state == State::idle) {
                function_.clock().wait(kBetweenLooks, ended);
            }
        }
    }

    /// Prepares the next call.
    void go_on(const CommandAnswer& answer, const std::stop_token& stop) {
        if (answer.state == State::done) {
            if (!digest_.empty() && digest_ != answer.digest) {
                throw Error(ErrorKind::aborted,
                            "what the command prints has changed while it was read in parts; type "
                            "it again");
            }
            digest_ = answer.digest;
            request_.from = answer.next;
        } else if (answer.state == State::running) {
            function_.clock().wait(kBetweenLooks, stop);
        }
        base::throw_if_stopped(stop);
    }

    /// Starts the run or goes on with it, also when an answer is lost.
    CommandAnswer ask(const std::stop_token& stop) {
        for (int losses = 0;; ++losses) {
            try {
                session_.phase = Phase::deciding;
                return cloud::read_command_answer(
                    cloud::body_of(function_.call(to_event(request_), stop), "start"));
            } catch (const Error& error) {
                const bool is_throttled = error.kind() == ErrorKind::throttled;
                if ((!is_throttled && !error.may_have_applied()) ||
                    error.kind() == ErrorKind::cancelled) {
                    throw;
                }
                if (!is_throttled && !may_be_sent_again(session_.arguments)) {
                    throw unknown_outcome(error);
                }
                if (losses == kMostLosses) {
                    throw;
                }
                session_.console.report(fmt::format("{}; asking again", error.what()));
                function_.clock().wait(kBetweenLooks * (losses + 1), stop);
            }
        }
    }

    Error unknown_outcome(const Error& error) const {
        return Error(
                   ErrorKind::outcome_unknown,
                   fmt::format("the function's answer to `{0}` is lost: it may have been done, or "
                               "be done yet; look with `dynamigrate {1} --arn {2}` before you "
                               "type it again",
                               session_.arguments.verb, command_that_looks(session_.arguments),
                               session_.project.arn))
            .because(error);
    }

    /// What was printed before a question is printed again with each later answer.
    void print(const CommandAnswer& answer) {
        if (answer.state == State::running) {
            if (!std::exchange(has_told_of_waiting_, true)) {
                session_.console.report("another call of the function works on it; waiting");
            }
            return;
        }
        const std::vector<cloud::Printed> news = cloud::without_beginning(answer.printed, shown_);
        for (const cloud::Printed& piece : news) {
            if (!piece.is_error) {
                session_.console.print_text(piece.text);
            } else if (!piece.text.empty()) {
                const bool ends = piece.text.ends_with('\n');
                session_.console.report(
                    std::string_view(piece.text).substr(0, piece.text.size() - (ends ? 1 : 0)));
            }
        }
        shown_ = answer.state == State::question ? answer.printed : std::vector<cloud::Printed>();
    }

    Session& session_;
    FunctionCaller& function_;
    CommandRequest request_;
    std::string digest_;
    std::vector<cloud::Printed> shown_;  ///< before the question that is asked
    bool has_told_of_waiting_ = false;
};

/// Functions of others answer the question with an error, or with whatever they answer to all.
bool is_ours(FunctionCaller& function) {
    const cloud::FunctionAnswer answer = function.call(cloud::to_event(CommandRequest{}));
    try {
        return cloud::body_of(answer, "hello").find("dynamigrate") != nullptr;
    } catch (const Error&) {
        if (cloud::is_of_broken_function(answer)) {
            throw;
        }
        return false;
    }
}

}  // namespace

ExitCode run_by_own_function(Session& session, FunctionCaller& function) {
    return FarRun(session, function).run();
}

bool is_for_lambda(Session& session) {
    // Who watches reads the history table itself, as long as the run takes.
    if (is_local_verb(session.arguments.verb) || session.arguments.watch) {
        return false;
    }
    session.open_project();
    return !session.project.arn.empty();
}

ExitCode ask_lambda(Session& session) {
    if (!session.arguments.endpoint.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "--endpoint is of no use with a Lambda function (--arn), which knows its "
                    "database; for another address of Lambda itself there is --lambda-endpoint");
    }
    session.phase = Phase::setup;
    session.console.say(session.project.place(session.project.arn));
    FunctionCaller function(session);
    return is_ours(function) ? run_by_own_function(session, function)
                             : run_by_onetable_function(session, function);
}

}  // namespace dynamigrate::cli
