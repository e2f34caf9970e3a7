#include "console.hpp"

#include <istream>
#include <ostream>

namespace dynamigrate::cli {

void Console::print(std::string_view line) {
    std::lock_guard lock(mutex_);
    erase_bar();
    out_ << line << '\n' << std::flush;
}

void Console::say(std::string_view line) {
    if (!is_quiet_) {
        report(line);
    }
}

void Console::report(std::string_view line) {
    std::lock_guard lock(mutex_);
    erase_bar();
    err_ << line << '\n' << std::flush;
}

void Console::print_text(std::string_view text) {
    std::lock_guard lock(mutex_);
    erase_bar();
    out_ << text << std::flush;
}

std::optional<std::string> Console::ask(std::string_view question) {
    if (answer_) {
        return answer_(question);
    }
    std::lock_guard lock(mutex_);
    erase_bar();
    err_ << question << std::flush;
    std::string answer;
    bool is_answered = static_cast<bool>(std::getline(in_, answer));
    if (!is_answered || !is_typed_) {
        err_ << '\n' << std::flush;
    }
    return is_answered ? std::optional(answer) : std::nullopt;
}

void Console::show_bar(std::string_view bar) {
    std::lock_guard lock(mutex_);
    erase_bar();
    if (has_bar_ && !bar.empty()) {
        err_ << bar << std::flush;
        bar_is_shown_ = true;
    }
}

void Console::erase_bar() {
    if (bar_is_shown_) {
        err_ << "\r\x1b[K";
        bar_is_shown_ = false;
    }
}

}  // namespace dynamigrate::cli
