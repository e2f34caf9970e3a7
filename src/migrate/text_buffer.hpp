#pragma once

#include "byte_stream.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// The most bytes of one item's text; an item of 400 KB fits in any spelling.
inline constexpr std::size_t kMaxItemText = 16 * 1024 * 1024;

/// Characters of a text file one by one, counting lines. A byte order mark is skipped.
class TextBuffer {
public:
    TextBuffer(std::unique_ptr<ByteStream> bytes, std::string file);

    static constexpr int kEnd = -1;
    /// The next character (0 to 255) without taking it, or kEnd.
    int peek() {
        if (at_ == size_ && !refill()) {
            return kEnd;
        }
        return static_cast<unsigned char>(buffer_[at_]);
    }
    int take() {
        int character = peek();
        if (character != kEnd) {
            ++at_;
            line_ += character == '\n' ? 1 : 0;
        }
        return character;
    }
    /// Replaces `line` by the next line without its end; false at the end of the file.
    bool read_line(std::string& line);

    /// The line of the next character, from 1.
    int line() const noexcept { return line_; }
    /// Throws Error invalid_argument at file:line.
    [[noreturn]] void fail(int line, const std::string& message) const;
    /// Throws when an item's text has become too long.
    void check_length(std::size_t size) const;

private:
    bool refill();

    std::unique_ptr<ByteStream> bytes_;
    std::string file_;
    std::vector<char> buffer_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    int line_ = 1;
};

}  // namespace dynamigrate::migrate
