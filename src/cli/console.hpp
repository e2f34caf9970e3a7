#pragma once

#include <fmt/format.h>

#include <functional>
#include <iosfwd>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dynamigrate::cli {

/// Standard input, output and error of a command. Results go to standard output; everything else
/// that a person may like to know goes to standard error. Threads: any.
class Console {
public:
    /// `is_typed`: a person types the answers, so that their line ends show by themselves.
    /// `has_colour`: the result may have colours.
    Console(std::istream& in, std::ostream& out, std::ostream& err, bool is_typed, bool has_bar,
            bool has_colour = false)
        : in_(in),
          out_(out),
          err_(err),
          is_typed_(is_typed),
          has_bar_(has_bar),
          has_colour_(has_colour) {}

    /// A line of the result.
    void print(std::string_view line);
    /// A line of chatter; nothing when quiet.
    void say(std::string_view line);
    /// A line of a warning, an error or a question; also when quiet.
    void report(std::string_view line);
    /// Text of the result as it is.
    void print_text(std::string_view text);
    /// Asks on standard error and reads a line; nothing at the end of the input.
    std::optional<std::string> ask(std::string_view question);
    /// Replaces the progress bar by this one ("" takes it away).
    void show_bar(std::string_view bar);

    /// Answers questions instead of the input.
    void answer_with(std::function<std::optional<std::string>(std::string_view question)> answer) {
        answer_ = std::move(answer);
    }

    bool has_bar() const noexcept { return has_bar_; }
    bool has_colour() const noexcept { return has_colour_; }
    bool is_quiet() const noexcept { return is_quiet_; }
    void be_quiet() noexcept { is_quiet_ = true; }

private:
    void erase_bar();

    std::mutex mutex_;
    std::istream& in_;
    std::ostream& out_;
    std::ostream& err_;
    bool is_typed_;
    bool has_bar_;
    bool has_colour_;
    bool bar_is_shown_ = false;
    bool is_quiet_ = false;
    std::function<std::optional<std::string>(std::string_view)> answer_;
};

}  // namespace dynamigrate::cli
