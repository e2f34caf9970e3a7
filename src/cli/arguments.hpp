#pragma once

#include <dynamigrate/authoring/config.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::cli {

/// What the user typed.
struct Arguments {
    /// Called by the name of OneTable's command line: where the two differ it behaves as that.
    bool as_onetable = false;
    std::string verb;                ///< a command, or "" for a version or a name in `words`
    std::vector<std::string> words;  ///< what stands beside the verb, in order

    std::string config, profile, directory, table, endpoint;
    std::string access_key, secret_key, region, aws_profile;
    std::string arn, lambda_endpoint;
    std::string bump, language, name, journal, schema, crypto;
    std::string from, to;
    std::string host, port, store, gateway_key, gateway_secret;
    std::string key, keys, since, until, older_than;
    std::string output;                           ///< of filter and deploy
    std::string format, on_timeout, on_rollback;  ///< of deploy template
    std::optional<std::uint32_t> migrations_timeout;
    bool nested = false;
    std::optional<std::uint32_t> limit;
    std::optional<std::uint32_t> lanes, segments, sample, concurrency;
    std::optional<authoring::Rate> max_rcu, max_wcu;

    bool cloud = false, watch = false;
    bool down = false, dry = false, force = false, yes = false, retry_failed = false;
    bool take_back = false;  ///< --undo
    bool live = false, has_plain_lines = false, shows_rate = false;
    bool quiet = false, verbose = false, debug = false, no_color = false;
    bool memory = false, json = false, exit_code = false, help = false, version = false;
};

/// Reads the arguments after the program's name. Options stand anywhere; a leading word `migrate`
/// is skipped. `--name value`, `--name=value`, `-n value`; a switch also takes `=true` and `=false`;
/// what follows `--` is no option.
/// Errors: invalid_argument for an unknown option (with the nearest known one), one that is for
///         other commands, a missing or malformed value, and words that the verb does not take.
Arguments parse_arguments(const std::vector<std::string>& texts);

/// An option as the user sees it.
struct OptionText {
    std::string_view name;   ///< without dashes
    char letter;             ///< 0: none
    std::string_view value;  ///< "" for a switch, else what the value is called
    std::string_view help;
    std::string_view commands = "";  ///< that it is for ("filter, deploy template"); "": all

    /// Whether it is for this command with these words.
    bool is_for(std::string_view verb, const std::vector<std::string>& words) const;
};

/// A command as the user sees it.
struct VerbText {
    std::string_view name;
    std::string_view words;  ///< what it takes, for people
    std::size_t max_words;
    std::string_view help;
};

std::vector<OptionText> option_texts();
const std::vector<VerbText>& verb_texts();

}  // namespace dynamigrate::cli
