#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace dynamigrate::json {

/// Appends JSON to a string. Commas are put by itself; the caller keeps begin and end in pairs.
///
///     Writer w(out);
///     w.begin_object().key("TableName").string(table).key("Limit").number(25).end_object();
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    Writer& begin_object() { return open('{'); }
    Writer& end_object() { return close('}'); }
    Writer& begin_array() { return open('['); }
    Writer& end_array() { return close(']'); }
    Writer& key(std::string_view name) {
        separate();
        append_quoted(out_, name);
        out_.push_back(':');
        needs_comma_ = false;
        return *this;
    }
    Writer& string(std::string_view text) {
        separate();
        append_quoted(out_, text);
        needs_comma_ = true;
        return *this;
    }
    template <std::integral T>
    Writer& number(T value) {
        char digits[24];
        auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        return raw({digits, static_cast<std::size_t>(end - digits)});
    }
    Writer& number(double value);
    Writer& boolean(bool value) { return raw(value ? "true" : "false"); }
    Writer& null() { return raw("null"); }
    /// Appends text that is JSON already.
    Writer& raw(std::string_view json) {
        separate();
        out_.append(json);
        needs_comma_ = true;
        return *this;
    }
    /// The buffer, for callers that append a value themselves: call `separate()` before and
    /// `value_written()` after.
    std::string& out() { return out_; }
    void separate() {
        if (needs_comma_) {
            out_.push_back(',');
            needs_comma_ = false;
        }
    }
    void value_written() { needs_comma_ = true; }

    /// Appends a quoted, escaped string. Bytes >= 0x80 pass as they are (UTF-8).
    static void append_quoted(std::string& out, std::string_view text);

private:
    Writer& open(char bracket) {
        separate();
        out_.push_back(bracket);
        return *this;
    }
    Writer& close(char bracket) {
        out_.push_back(bracket);
        needs_comma_ = true;
        return *this;
    }

    std::string& out_;
    bool needs_comma_ = false;
};

}  // namespace dynamigrate::json
