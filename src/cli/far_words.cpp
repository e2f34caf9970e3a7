#include "far_words.hpp"

#include "option_table.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

/// What a command means, wherever it runs; and `table` and `profile`, which the function compares
/// with its own.
constexpr auto kSentOptions = std::to_array<std::string_view>(
    {"table",        "profile", "down",        "dry",   "sample",     "yes",      "force",
     "retry-failed", "from",    "to",          "undo",  "lanes",      "segments", "max-rcu",
     "max-wcu",      "key",     "since",       "until", "older-than", "limit",    "json",
     "exit-code",    "cloud",   "concurrency", "quiet", "verbose"});
/// Of use here when a function is called. All others make no sense with one.
constexpr auto kNearOptions = std::to_array<std::string_view>(
    {"config", "dir", "aws-access-key", "aws-secret-key", "aws-region", "aws-profile", "arn",
     "lambda-endpoint", "no-color", "debug", "help", "version"});
constexpr auto kLocalVerbs =
    std::to_array<std::string_view>({"init", "generate", "serve", "lambda", "deploy", "version",
                                     "help", "iam-policy", "scan", "stream", "filter"});
constexpr auto kReadingVerbs = std::to_array<std::string_view>(
    {"status", "list", "outstanding", "named", "runs", "history", "quarantine", "indexes",
     "restore", "plan", "validate", "doctor"});
/// A version or a name has no verb.
constexpr auto kVerbsThatGoOn = std::to_array<std::string_view>(
    {"", "up", "down", "all", "repeat", "reset", "resume", "retry-failed"});

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

std::string spelled(const Arguments& arguments, const Option& option) {
    return std::visit(Speller{arguments, option.text.name}, option.target);
}

Error refused(std::string_view option) {
    std::string why = "which has its own";
    if (option == "journal") {
        why =
            "since whoever may call it must not choose where customers' data is copied; set "
            "`journal:` in its configuration";
    } else if (option == "watch") {
        why = "which answers when it is done; ask for `status` again and again";
    }
    return {ErrorKind::invalid_argument,
            fmt::format("--{} is of no use with a Lambda function (--arn), {}", option, why)};
}

}  // namespace

std::vector<std::string> words_for_lambda(const Arguments& arguments) {
    std::vector<std::string> words;
    if (!arguments.verb.empty()) {
        words.push_back(arguments.verb);
    }
    for (const Option& option : option_table()) {
        const std::string word = spelled(arguments, option);
        if (word.empty() || is_in(kNearOptions, option.text.name)) {
            continue;
        }
        if (!is_in(kSentOptions, option.text.name)) {
            throw refused(option.text.name);
        }
        words.push_back(word);
    }
    words.emplace_back("--");
    words.insert(words.end(), arguments.words.begin(), arguments.words.end());
    return words;
}

void check_far_words(const Arguments& arguments) {
    for (const Option& option : option_table()) {
        if (!is_in(kSentOptions, option.text.name) && !spelled(arguments, option).empty()) {
            throw refused(option.text.name);
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

bool is_local_verb(const std::string& verb) { return is_in(kLocalVerbs, verb); }

bool only_reads(const Arguments& arguments) {
    const bool is_purge = !arguments.words.empty() && arguments.words.front() == "purge";
    return is_in(kReadingVerbs, arguments.verb) || (arguments.verb == "journal" && !is_purge);
}

bool may_be_sent_again(const Arguments& arguments) {
    return only_reads(arguments) || is_in(kVerbsThatGoOn, arguments.verb);
}

std::string command_that_looks(const Arguments& arguments) {
    const std::string& verb = arguments.verb;
    if (verb == "unlock") {
        return "doctor";
    }
    if (verb == "journal") {
        return "journal show";
    }
    const bool is_of_runs = verb == "undo" || verb == "pause" || verb == "rate" || verb == "abort";
    return is_of_runs ? "runs" : "history";
}

}  // namespace dynamigrate::cli
