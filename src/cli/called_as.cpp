#include "called_as.hpp"

#include "exit_code.hpp"

#include <algorithm>

namespace dynamigrate::cli {

CalledAs called_as(std::string_view program) {
    const std::size_t slash = program.rfind('/');
    const std::string_view name =
        slash == std::string_view::npos ? program : program.substr(slash + 1);
    return name == "onetable"           ? CalledAs::onetable
           : name == "dynamodb-migrate" ? CalledAs::dynamodb_migrate
           : name == "dynamodb-filter"  ? CalledAs::dynamodb_filter
                                        : CalledAs::dynamigrate;
}

std::vector<std::string> own_words(CalledAs tool, std::vector<std::string> texts) {
    if (tool == CalledAs::dynamodb_filter) {
        texts.insert(texts.begin(), "filter");
        return texts;
    }
    const auto is_asked = [&](std::string_view word) {
        return std::find(texts.begin(), texts.end(), word) != texts.end();
    };
    if (tool == CalledAs::dynamodb_migrate && !is_asked("--help") && !is_asked("scan") &&
        !is_asked("stream")) {
        throw base::Error(base::ErrorKind::invalid_argument, "method must be one of scan, stream");
    }
    return texts;
}

std::string tool_usage(CalledAs tool) {
    if (tool == CalledAs::dynamodb_filter) {
        return "\nUsage: dynamodb-filter <input.gz> <filter.js> [--output <output.gz>]\n\n"
               "input.gz: lines, compressed by gzip\n"
               "filter.js: exports function(line) that returns true for the lines to keep\n\n"
               "Options:\n"
               " - output: a new file; if not specified, standard output\n";
    }
    return "\nUsage: dynamodb-migrate <method> <database> <script>\n\n"
           "method: scan, to read records from the database, or stream, from standard input\n"
           "database: region/name of the table; the region local is http://localhost:4567\n"
           "script: exports function(record, dyno, callback)\n\n"
           "Options:\n"
           " - concurrency [1]: records that the script works on at once\n"
           " - live [false]: without it the script gets no dyno, and nothing is written\n"
           " - dyno [false]: the lines of stream are plain JSON, not DynamoDB's\n"
           " - rate [false]: show what goes on\n"
           " - segments [1]: parts in which scan reads the table side by side\n\n"
           "More: dynamigrate --help\n";
}

int tool_exit_code(int own) {
    return own == 0 || own == static_cast<int>(ExitCode::interrupted) ? own : 1;
}

}  // namespace dynamigrate::cli
