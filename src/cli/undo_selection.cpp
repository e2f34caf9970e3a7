#include "undo_selection.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <sstream>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

std::optional<base::WallTime> parse_time(const char* option, const std::string& text) {
    if (text.empty()) {
        return std::nullopt;
    }
    try {
        return base::parse_iso8601(text);
    } catch (const Error&) {
        throw Error(ErrorKind::invalid_argument, std::string(option) +
                                                     " takes a time such as "
                                                     "2026-01-31T12:00:00Z, not \"" +
                                                     text + "\"");
    }
}

std::vector<std::string> read_keys(const std::string& file) {
    std::vector<std::string> keys;
    std::istringstream lines(base::read_file(file));
    for (std::string line; std::getline(lines, line);) {
        if (line.find_first_not_of(" \t\r") != std::string::npos) {
            keys.push_back(line);
        }
    }
    if (keys.empty()) {
        throw Error(ErrorKind::invalid_argument, "--keys names a file without keys: " + file);
    }
    return keys;
}

}  // namespace

backfill::UndoSelection undo_selection(const Arguments& arguments) {
    backfill::UndoSelection selection;
    if (!arguments.keys.empty()) {
        selection.keys = read_keys(arguments.keys);
    }
    if (!arguments.key.empty()) {
        selection.keys.push_back(arguments.key);
    }
    selection.since = parse_time("--since", arguments.since);
    selection.until = parse_time("--until", arguments.until);
    return selection;
}

}  // namespace dynamigrate::cli
