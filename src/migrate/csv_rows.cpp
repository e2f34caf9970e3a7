#include "csv_rows.hpp"

namespace dynamigrate::migrate {

namespace {

bool ends_field(int c) { return c == ',' || c == '\n' || c == '\r' || c == TextBuffer::kEnd; }

void read_quoted(TextBuffer& text, CsvField& field) {
    int line = text.line();
    field.is_quoted = true;
    text.take();
    for (;;) {
        int c = text.take();
        if (c == TextBuffer::kEnd) {
            text.fail(line, "a quoted field without its closing quote");
        }
        if (c == '"' && text.peek() != '"') {
            break;
        }
        if (c == '"') {
            text.take();
        }
        field.text.push_back(static_cast<char>(c));
        text.check_length(field.text.size());
    }
    if (!ends_field(text.peek())) {
        text.fail(text.line(), "text behind a closing quote; write \"\" for a quote in a field");
    }
}

void read_plain(TextBuffer& text, CsvField& field) {
    while (!ends_field(text.peek())) {
        if (text.peek() == '"') {
            text.fail(text.line(), "a quote inside a field that is not quoted");
        }
        field.text.push_back(static_cast<char>(text.take()));
        text.check_length(field.text.size());
    }
}

void skip_line_end(TextBuffer& text) {
    if (text.peek() == '\r') {
        text.take();
    }
    if (text.peek() == '\n') {
        text.take();
    }
}

}  // namespace

bool read_csv_row(TextBuffer& text, std::vector<CsvField>& row, int& line) {
    while (text.peek() == '\n' || text.peek() == '\r') {
        text.take();
    }
    if (text.peek() == TextBuffer::kEnd) {
        return false;
    }
    row.clear();
    line = text.line();
    for (;;) {
        CsvField& field = row.emplace_back();
        if (text.peek() == '"') {
            read_quoted(text, field);
        } else {
            read_plain(text, field);
        }
        if (text.peek() != ',') {
            skip_line_end(text);
            return true;
        }
        text.take();
    }
}

}  // namespace dynamigrate::migrate
