#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dynamigrate::cases {

/// One command of a case and what it must do.
struct Step {
    std::string kind;  ///< "run": the program with these arguments; "shell": a shell command
    std::string text;
    std::string input;
    std::string out, err;
    bool has_out = false, has_err = false;  ///< whether the case says anything about them
    int exit_code = 0;
};

struct InputFile {
    std::string path;
    std::string text;
};

/// A case: files to begin with, then commands with what they print. See README.md for the format.
struct Case {
    std::string comment;
    std::vector<InputFile> files;
    std::vector<Step> steps;
};

/// Errors: std::runtime_error naming the line.
Case parse_case(const std::string& text, const std::string& file);
std::string format_case(const Case& value);

}  // namespace dynamigrate::cases
