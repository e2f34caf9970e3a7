#pragma once

#include "text_buffer.hpp"

#include <string>
#include <vector>

namespace dynamigrate::migrate {

struct CsvField {
    std::string text;
    bool is_quoted = false;
};

/// Reads the next row as RFC 4180 has it (quotes, doubled quotes, line ends in quotes, CRLF or LF);
/// empty lines are skipped. `line`: where it begins. False at the end.
/// Errors: Error invalid_argument at file:line.
bool read_csv_row(TextBuffer& text, std::vector<CsvField>& row, int& line);

}  // namespace dynamigrate::migrate
