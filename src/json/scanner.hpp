#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dynamigrate::json {

enum class Dialect { json, json5 };

/// Reads a text by code point, knows white space and comments, and makes the errors.
///
/// Offsets count bytes from the beginning.
class Scanner {
public:
    /// What `peek` says at the end of the text.
    static constexpr char32_t kEnd = 0xFFFFFFFF;

    /// Throws Error invalid_argument when the text is not UTF-8.
    Scanner(std::string_view text, const std::string& file, Dialect dialect);

    bool is_json5() const { return dialect_ == Dialect::json5; }
    std::size_t offset() const { return at_; }
    std::string_view since(std::size_t offset) const { return text_.substr(offset, at_ - offset); }

    /// The next code point, or kEnd.
    char32_t peek() const;
    /// Takes the next code point, or returns kEnd.
    char32_t take();
    /// Takes the character if it is next.
    bool accept(char wanted);
    /// Takes the word if it is next.
    bool accept(std::string_view word);
    void expect(char wanted);

    /// Takes white space and, in JSON5, comments.
    void skip_blanks();
    /// Takes bytes while the predicate holds; returns how many.
    template <class Predicate>
    std::size_t take_while(Predicate&& predicate) {
        const std::size_t start = at_;
        while (at_ < text_.size() && predicate(text_[at_])) {
            ++at_;
        }
        return at_ - start;
    }

    struct Place {
        int line;
        int column;
    };
    /// Line and column of an offset; asked in ascending order it costs one pass over the text.
    Place place_of(std::size_t offset);

    /// Throws "expected <wanted> but found <what is next>".
    [[noreturn]] void fail_expected(std::string_view wanted);
    [[noreturn]] void fail_at(std::size_t offset, const std::string& message);

private:
    bool skip_comment();
    void require_utf8();

    std::string_view text_;
    const std::string& file_;
    Dialect dialect_;
    std::size_t at_ = 0;
    std::size_t placed_ = 0;
    int line_ = 1;
    std::size_t line_start_ = 0;
};

/// Appends the code point's UTF-8.
void append_utf8(std::string& out, char32_t code);

}  // namespace dynamigrate::json
