#include "case_file.hpp"

#include <sstream>
#include <stdexcept>

namespace dynamigrate::cases {

namespace {

constexpr std::string_view kMark = "=== ";

/// Splits "word rest".
std::pair<std::string, std::string> split(const std::string& text) {
    std::size_t blank = text.find(' ');
    return blank == std::string::npos ? std::pair(text, std::string())
                                      : std::pair(text.substr(0, blank), text.substr(blank + 1));
}

void append_section(std::string& out, const std::string& head, const std::string& body) {
    out += std::string(kMark) + head + "\n" + body;
    if (!body.empty() && !body.ends_with('\n')) {
        out += '\n';
    }
}

}  // namespace

Case parse_case(const std::string& text, const std::string& file) {
    Case value;
    std::string* body = &value.comment;
    std::istringstream lines(text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (!line.starts_with(kMark)) {
            *body += line + "\n";
            continue;
        }
        auto [word, rest] = split(line.substr(kMark.size()));
        bool needs_step = word == "in" || word == "out" || word == "err" || word == "exit";
        if (needs_step && value.steps.empty()) {
            throw std::runtime_error(file + ":" + std::to_string(number) + ": no command yet");
        }
        if (word == "file") {
            body = &value.files.emplace_back(InputFile{rest, ""}).text;
        } else if (word == "run" || word == "shell") {
            Step& step = value.steps.emplace_back();
            step.kind = word;
            step.text = rest;
            body = &step.input;
        } else if (word == "in") {
            body = &value.steps.back().input;
        } else if (word == "out") {
            value.steps.back().has_out = true;
            body = &value.steps.back().out;
        } else if (word == "err") {
            value.steps.back().has_err = true;
            body = &value.steps.back().err;
        } else if (word == "exit") {
            value.steps.back().exit_code = std::stoi(rest);
        } else {
            throw std::runtime_error(file + ":" + std::to_string(number) + ": unknown section " +
                                     word);
        }
    }
    return value;
}

std::string format_case(const Case& value) {
    std::string out = value.comment;
    for (const InputFile& file : value.files) {
        append_section(out, "file " + file.path, file.text);
    }
    for (const Step& step : value.steps) {
        append_section(out, step.kind + " " + step.text, "");
        if (!step.input.empty()) {
            append_section(out, "in", step.input);
        }
        if (step.has_out) {
            append_section(out, "out", step.out);
        }
        if (step.has_err) {
            append_section(out, "err", step.err);
        }
        append_section(out, "exit " + std::to_string(step.exit_code), "");
    }
    return out;
}

}  // namespace dynamigrate::cases
