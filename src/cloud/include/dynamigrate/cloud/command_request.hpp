#pragma once

#include <dynamigrate/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::cloud {

/// What somebody answered to a question. It counts for that question only.
struct GivenAnswer {
    std::string question, text;
    friend bool operator==(const GivenAnswer&, const GivenAnswer&) = default;
};

/// What our command line asks of a function.
struct CommandRequest {
    enum class Verb {
        hello,  ///< is it ours?
        start,  ///< run the command, or go on with it
        poll,   ///< is it under way?
        cancel  ///< stop it, resumable
    };
    Verb verb = Verb::hello;
    std::string run;                   ///< names the request; the same for all its calls
    std::vector<std::string> words;    ///< the command line
    std::vector<GivenAnswer> answers;  ///< to the questions asked so far
    std::uint64_t from = 0;            ///< where in the output the answer begins
};

/// Errors: invalid_argument for a start, poll or cancel without `run`, and a start without words.
CommandRequest read_command_request(const json::Value& event);
std::string to_event(const CommandRequest& request);

/// A piece of what a command printed.
struct Printed {
    bool is_error = false;  ///< standard error
    std::string text;
    friend bool operator==(const Printed&, const Printed&) = default;
};

/// How far a command came.
struct CommandAnswer {
    enum class State {
        done,      ///< it ended with that exit code
        proceed,   ///< the time was over; start it again and it goes on
        running,   ///< another call works on it; ask again later
        idle,      ///< nobody works on it, or not yet
        question,  ///< it wants an answer more
        cancelled  ///< the wish to stop it is noted
    };
    State state = State::done;
    int exit_code = 0;
    std::vector<Printed> printed;
    std::string question;
    std::uint64_t next = 0;  ///< the output goes on there; 0: that was all
    std::string digest;      ///< of the whole output
};

/// The answer's body.
std::string to_body(const CommandAnswer& answer);
/// Errors: corrupted for what is no such body.
CommandAnswer read_command_answer(const json::Value& body);

/// The part of the output that fits into an answer, from a byte on, with `next` and `digest` set.
/// `limit`: bytes of text, before it is quoted.
CommandAnswer page_of(CommandAnswer whole, std::uint64_t from, std::size_t limit);

/// What was printed without the lines at its beginning that were shown already, in the same order.
std::vector<Printed> without_beginning(const std::vector<Printed>& printed,
                                       const std::vector<Printed>& shown);

std::string_view to_string(CommandRequest::Verb verb) noexcept;
/// Nothing for a word that is none of ours.
std::optional<CommandRequest::Verb> verb_of(std::string_view word) noexcept;
std::string_view to_string(CommandAnswer::State state) noexcept;

}  // namespace dynamigrate::cloud
