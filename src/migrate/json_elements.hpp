#pragma once

#include "text_buffer.hpp"

#include <string>

namespace dynamigrate::migrate {

/// Cuts a JSON text, an array or an object with one array in it, into the array's elements,
/// without checking what is inside of them.
class JsonElements {
public:
    explicit JsonElements(TextBuffer& text) : text_(text) {}

    /// Replaces `element` by the next element's text; `line`: where it begins. False at the end.
    bool next(std::string& element, int& line);

private:
    enum class State { begin, first_element, more_elements, members, done };

    void begin();
    void seek_array(bool is_first);
    bool end_array();
    void skip_space();
    void expect(char wanted, const char* message);
    void copy_value(std::string& out);
    void copy_string(std::string& out);

    TextBuffer& text_;
    State state_ = State::begin;
    bool is_in_object_ = false;
};

}  // namespace dynamigrate::migrate
