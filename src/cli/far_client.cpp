#include "far_client.hpp"

#include "commands.hpp"
#include "far_command.hpp"
#include "signals.hpp"

#include <dynamigrate/base/random.hpp>
#include <dynamigrate/cloud/command_request.hpp>

#include <fmt/format.h>

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

/// One command under way in a function of ours. Whatever is sent twice runs once: each call names
/// the same run.
class FarRun {
public:
    FarRun(Session& session, FunctionCaller& function) : session_(session), function_(function) {
        base::SystemRandom random;
        request_.verb = CommandRequest::Verb::start;
        request_.run = random.uuid();
        request_.words = words_for_lambda(session.arguments);
    }

    ExitCode run() {
        SignalWatch signals([this](int count) { interrupt(count); });
        while (true) {
            const CommandAnswer answer = ask(signals.stop_now());
            print(answer);
            if (answer.state == State::done && answer.next == 0) {
                return static_cast<ExitCode>(answer.exit_code);
            }
            if (answer.state == State::proceed && signals.stop().stop_requested()) {
                return ExitCode::interrupted;
            }
            go_on(answer, signals.stop_now());
        }
    }

private:
    void interrupt(int count) {
        session_.console.report(
            count == 1 ? "stopping: the function finishes the pages at hand (interrupt "
                         "again to wait no longer)"
                       : "waiting no longer; the function ends by itself");
        if (count == 1) {
            CommandRequest cancel;
            cancel.verb = CommandRequest::Verb::cancel;
            cancel.run = request_.run;
            try {
                cloud::body_of(function_.call(to_event(cancel)), "cancel");
            } catch (const Error& error) {
                session_.console.report(error.what());
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
        } else if (answer.state == State::question) {
            if (std::optional<std::string> text = session_.console.ask(answer.question)) {
                request_.answers.push_back(*text);
            } else {
                request_.answers.emplace_back("");  // the end of the input is a no
            }
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
                const bool may_be_asked_again =
                    error.may_have_applied() || error.kind() == ErrorKind::throttled;
                if (!may_be_asked_again || error.kind() == ErrorKind::cancelled ||
                    losses == kMostLosses) {
                    throw;
                }
                session_.console.report(fmt::format("{}; asking again", error.what()));
                function_.clock().wait(kBetweenLooks * (losses + 1), stop);
            }
        }
    }

    void print(const CommandAnswer& answer) {
        for (const cloud::Printed& piece : answer.printed) {
            if (!piece.is_error) {
                session_.console.print_text(piece.text);
            } else if (!piece.text.empty()) {
                const bool ends = piece.text.ends_with('\n');
                session_.console.report(
                    std::string_view(piece.text).substr(0, piece.text.size() - (ends ? 1 : 0)));
            }
        }
    }

    Session& session_;
    FunctionCaller& function_;
    CommandRequest request_;
    std::string digest_;
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
    if (is_local_verb(session.arguments.verb)) {
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
