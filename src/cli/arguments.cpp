#include "arguments.hpp"

#include "option_table.hpp"
#include "script_arguments.hpp"

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

Error usage_error(std::string message) {
    return Error(ErrorKind::invalid_argument, std::move(message));
}

template <class Number>
std::optional<Number> parse_whole(std::string_view text) {
    Number number{};
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

authoring::Rate parse_rate(std::string_view name, std::string_view text) {
    bool is_share = text.ends_with('%');
    std::string_view digits = is_share ? text.substr(0, text.size() - 1) : text;
    std::optional<double> number = parse_whole<double>(digits);
    if (!number || !std::isfinite(*number) || *number <= 0 || (is_share && *number > 100)) {
        throw usage_error(
            fmt::format("--{} takes units per second or a share such as 40%, not "
                        "\"{}\"",
                        name, text));
    }
    return is_share ? authoring::Rate{0, *number} : authoring::Rate{*number, 0};
}

std::uint32_t parse_count(std::string_view name, std::string_view text) {
    std::optional<std::uint32_t> number = parse_whole<std::uint32_t>(text);
    if (!number || *number == 0) {
        throw usage_error(
            fmt::format("--{} takes a whole number of 1 or more, not \"{}\"", name, text));
    }
    return *number;
}

bool parse_switch(std::string_view name, std::string_view text) {
    if (text != "true" && text != "false") {
        throw usage_error(fmt::format("--{} takes true or false, not \"{}\"", name, text));
    }
    return text == "true";
}

/// Puts an option's text where it belongs.
struct Setter {
    Arguments& arguments;
    std::string_view name;
    const std::string& text;

    void operator()(bool Arguments::*target) const { arguments.*target = parse_switch(name, text); }
    void operator()(std::string Arguments::*target) const { arguments.*target = text; }
    void operator()(std::optional<std::uint32_t> Arguments::*target) const {
        arguments.*target = parse_count(name, text);
    }
    void operator()(std::optional<authoring::Rate> Arguments::*target) const {
        arguments.*target = parse_rate(name, text);
    }
};

/// Reads the texts one by one.
class ArgumentReader {
public:
    explicit ArgumentReader(const std::vector<std::string>& texts) : texts_(texts) {}

    Arguments read() {
        while (next_ < texts_.size()) {
            const std::string& text = texts_[next_++];
            if (only_words_ || text.size() < 2 || text[0] != '-') {
                words_.push_back(text);
            } else if (text == "--") {
                only_words_ = true;
            } else {
                read_option(text);
            }
        }
        take_verb();
        return std::move(arguments_);
    }

    /// What OneTable's command line takes with any command is taken, too.
    void check_options(const Arguments& arguments) const {
        if (arguments.help || arguments.version) {
            return;
        }
        for (const OptionText& option : options_) {
            if (!option.is_for(arguments.verb, arguments.words) && option.name != "bump") {
                throw usage_error(fmt::format("--{} is for {} only", option.name, option.commands));
            }
        }
    }

private:
    void read_option(const std::string& text) {
        std::size_t equals = text.find('=');
        const Option& option = find_option(text.substr(0, equals));
        bool is_switch = option.text.value.empty();
        std::string value;
        if (equals != std::string::npos) {
            value = text.substr(equals + 1);
        } else if (is_switch) {
            value = "true";
        } else if (next_ < texts_.size()) {
            value = texts_[next_++];
        } else {
            throw usage_error(fmt::format("--{} needs a value: --{} {}", option.text.name,
                                          option.text.name, option.text.value));
        }
        if (value.empty()) {
            throw usage_error(
                fmt::format("--{} needs a value that is not empty", option.text.name));
        }
        std::visit(Setter{arguments_, option.text.name, value}, option.target);
        options_.push_back(option.text);
    }

    static const Option& find_option(const std::string& dashed) {
        bool is_long = dashed.starts_with("--");
        for (const Option& option : option_table()) {
            bool is_letter = !is_long && dashed.size() == 2 &&
                             (dashed[1] == option.text.letter ||
                              (dashed[1] == 'h' && option.text.name == "help"));
            if (is_letter || (is_long && dashed.substr(2) == option.text.name)) {
                return option;
            }
        }
        throw usage_error(fmt::format("unknown option {}{}", dashed, suggestion(dashed)));
    }

    static std::string suggestion(const std::string& dashed) {
        std::vector<std::string> known;
        for (const Option& option : option_table()) {
            known.push_back(fmt::format("--{}", option.text.name));
        }
        std::string near = json::nearest(dashed, known);
        return near.empty() ? "; `dynamigrate --help` lists the options"
                            : fmt::format("; did you mean {}?", near);
    }

    void take_verb() {
        if (!words_.empty() && words_.front() == "migrate") {
            words_.erase(words_.begin());
        }
        arguments_.words = std::move(words_);
        if (arguments_.words.empty()) {
            return;
        }
        std::string first =
            arguments_.words.front() == "latest" ? "reset" : arguments_.words.front();
        for (const VerbText& verb : verb_texts()) {
            if (verb.name == first) {
                arguments_.verb = first;
                arguments_.words.erase(arguments_.words.begin());
                check_words(verb);
                return;
            }
        }
        if (arguments_.words.size() > 1) {
            throw usage_error(fmt::format("unknown command {}{}", first, nearest_verb(first)));
        }
    }

    void check_words(const VerbText& verb) const {
        if (arguments_.words.size() > verb.max_words) {
            throw usage_error(fmt::format("`{}` takes no {} word, but got \"{}\"", verb.name,
                                          verb.max_words == 0 ? "further" : "second",
                                          arguments_.words[verb.max_words]));
        }
    }

    static std::string nearest_verb(const std::string& word) {
        std::vector<std::string> known;
        for (const VerbText& verb : verb_texts()) {
            known.emplace_back(verb.name);
        }
        std::string near = json::nearest(word, known);
        return near.empty() ? "; `dynamigrate help` lists the commands"
                            : fmt::format("; did you mean {}?", near);
    }

    const std::vector<std::string>& texts_;
    std::size_t next_ = 0;
    bool only_words_ = false;
    std::vector<std::string> words_;
    std::vector<OptionText> options_;
    Arguments arguments_;
};

}  // namespace

bool OptionText::is_for(std::string_view verb, const std::vector<std::string>& words) const {
    if (commands.empty()) {
        return true;
    }
    for (std::string_view rest = commands; !rest.empty();) {
        const std::string_view command = rest.substr(0, rest.find(", "));
        rest.remove_prefix(std::min(rest.size(), command.size() + 2));
        const std::size_t space = std::min(command.find(' '), command.size());
        const std::string_view word = command.substr(std::min(space + 1, command.size()));
        if (command.substr(0, space) == verb &&
            (word.empty() || word.starts_with("--") || words.empty() || words.front() == word)) {
            return true;
        }
    }
    return false;
}

Arguments parse_arguments(const std::vector<std::string>& texts) {
    ArgumentReader reader(texts);
    Arguments arguments = reader.read();
    read_script_arguments(arguments);
    bool names_down = !arguments.words.empty() && arguments.words.front() == "down";
    if (arguments.verb == "plan" && arguments.words.size() > 1 && !names_down) {
        throw usage_error(
            fmt::format("`plan` takes no second word, but got \"{}\"", arguments.words[1]));
    }
    if (arguments.down && arguments.verb != "plan") {
        throw usage_error("--down is for `plan`; to roll back use the command `down`");
    }
    if (!arguments.name.empty() && arguments.verb != "init") {
        throw usage_error("--name is for `init`; `generate` takes the name as it is");
    }
    if (arguments.sample && !arguments.dry) {
        throw usage_error("--sample is for dry runs; give --dry too");
    }
    reader.check_options(arguments);
    return arguments;
}

}  // namespace dynamigrate::cli
