#include "usage.hpp"

#include "arguments.hpp"

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

std::string verb_line(const VerbText& verb) {
    return fmt::format("  {:<24} {}\n", fmt::format("{} {}", verb.name, verb.words), verb.help);
}

std::string option_line(const OptionText& option) {
    std::string letter = option.letter ? fmt::format("-{}, ", option.letter) : std::string(4, ' ');
    return fmt::format("  {}{:<26} {}\n", letter, fmt::format("--{} {}", option.name, option.value),
                       option.commands.empty()
                           ? std::string(option.help)
                           : fmt::format("for {}: {}", option.commands, option.help));
}

std::string verb_usage(const VerbText& verb) {
    std::string text =
        fmt::format("usage: dynamigrate {} {}[options]\n\n{}\n", verb.name,
                    verb.words.empty() ? "" : fmt::format("{} ", verb.words), verb.help);
    std::string own;
    for (const OptionText& option : option_texts()) {
        if (!option.commands.empty() && option.is_for(verb.name, {})) {
            own += option_line(option);
        }
    }
    if (!own.empty()) {
        text += "\noptions of its own:\n" + own;
    }
    return text + "\nFurther options: `dynamigrate help`\n";
}

}  // namespace

std::string usage(const std::string& verb) {
    std::string text;
    for (const VerbText& known : verb_texts()) {
        if (known.name == verb) {
            return verb_usage(known);
        }
        text += verb_line(known);
    }
    text = "usage: dynamigrate [options] COMMAND\n\ncommands:\n" + text;
    text += fmt::format("  {:<24} {}\n", "VERSION", "go up or down to this version");
    text += fmt::format("  {:<24} {}\n", "NAME", "run the migration of this name");
    text += "\noptions, before or after the command:\n";
    for (const OptionText& option : option_texts()) {
        text += option_line(option);
    }
    return text;
}

}  // namespace dynamigrate::cli
