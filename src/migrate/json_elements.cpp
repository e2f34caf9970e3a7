#include "json_elements.hpp"

#include <string_view>

namespace dynamigrate::migrate {

bool JsonElements::next(std::string& element, int& line) {
    if (state_ == State::begin) {
        begin();
    }
    if (state_ == State::done) {
        return false;
    }
    skip_space();
    if (text_.peek() == ']' || state_ == State::more_elements) {
        if (text_.peek() == ']') {
            return end_array();
        }
        expect(',', "expected ',' or ']' behind an item");
        skip_space();
    }
    state_ = State::more_elements;
    line = text_.line();
    element.clear();
    copy_value(element);
    return true;
}

void JsonElements::begin() {
    skip_space();
    if (text_.peek() == '{') {
        text_.take();
        is_in_object_ = true;
        seek_array(true);
    } else {
        expect('[', "expected an array of items");
        state_ = State::first_element;
    }
}

/// Passes an object's members up to the first array; without one the file ends here.
void JsonElements::seek_array(bool is_first) {
    bool had_array = !is_first;
    std::string skipped;
    for (;; is_first = false) {
        skip_space();
        if (text_.peek() == '}') {
            text_.take();
            break;
        }
        if (!is_first) {
            expect(',', "expected ',' or '}' behind a member");
            skip_space();
        }
        skipped.clear();
        copy_string(skipped);
        skip_space();
        expect(':', "expected ':' behind a member's name");
        skip_space();
        if (text_.peek() == '[') {
            if (had_array) {
                text_.fail(text_.line(), "a second array; which one holds the items?");
            }
            text_.take();
            state_ = State::first_element;
            return;
        }
        skipped.clear();
        copy_value(skipped);
    }
    if (!had_array) {
        text_.fail(text_.line(), "an object without an array of items");
    }
    state_ = State::done;
}

bool JsonElements::end_array() {
    text_.take();
    state_ = State::done;
    if (is_in_object_) {
        seek_array(false);
    }
    skip_space();
    if (text_.peek() != TextBuffer::kEnd) {
        text_.fail(text_.line(), "text behind the end of the items");
    }
    return false;
}

void JsonElements::skip_space() {
    for (int c = text_.peek(); c == ' ' || c == '\t' || c == '\r' || c == '\n'; c = text_.peek()) {
        text_.take();
    }
}

void JsonElements::expect(char wanted, const char* message) {
    if (text_.peek() != static_cast<unsigned char>(wanted)) {
        text_.fail(text_.line(), text_.peek() == TextBuffer::kEnd
                                     ? std::string(message) + ", but the file ends"
                                     : message);
    }
    text_.take();
}

void JsonElements::copy_string(std::string& out) {
    int line = text_.line();
    expect('"', "expected a string");
    out.push_back('"');
    for (;;) {
        int c = text_.take();
        if (c == TextBuffer::kEnd) {
            text_.fail(line, "a string without its end");
        }
        out.push_back(static_cast<char>(c));
        text_.check_length(out.size());
        if (c == '"') {
            return;
        }
        if (c == '\\' && text_.peek() != TextBuffer::kEnd) {
            out.push_back(static_cast<char>(text_.take()));
        }
    }
}

void JsonElements::copy_value(std::string& out) {
    int line = text_.line();
    std::size_t depth = 0;
    for (;;) {
        int c = text_.peek();
        if (c == TextBuffer::kEnd) {
            text_.fail(line, "an item without its end");
        }
        bool closes = c == '}' || c == ']';
        bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        if (depth == 0 && (closes || is_space || c == ',')) {
            return;
        }
        if (c == '"') {
            copy_string(out);
        } else {
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= closes ? 1 : 0;
            out.push_back(static_cast<char>(text_.take()));
            text_.check_length(out.size());
        }
        if (depth == 0 && (closes || c == '"')) {
            return;
        }
    }
}

}  // namespace dynamigrate::migrate
