#include "text_buffer.hpp"

#include <dynamigrate/base/error.hpp>

#include <cstring>
#include <string_view>

namespace dynamigrate::migrate {

TextBuffer::TextBuffer(std::unique_ptr<ByteStream> bytes, std::string file)
    : bytes_(std::move(bytes)),
      file_(std::move(file)),
      buffer_(64 * 1024) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    if (refill() && std::string_view(buffer_.data(), size_).starts_with(kMark)) {
        at_ = kMark.size();
    }
}

bool TextBuffer::refill() {
    at_ = 0;
    size_ = bytes_->read(buffer_.data(), buffer_.size());
    return size_ > 0;
}

bool TextBuffer::read_line(std::string& line) {
    line.clear();
    if (peek() == kEnd) {
        return false;
    }
    while (peek() != kEnd) {
        const char* begin = buffer_.data() + at_;
        const void* end = std::memchr(begin, '\n', size_ - at_);
        std::size_t length = end == nullptr
                                 ? size_ - at_
                                 : static_cast<std::size_t>(static_cast<const char*>(end) - begin);
        line.append(begin, length);
        check_length(line.size());
        at_ += length;
        if (end != nullptr) {
            take();
            return true;
        }
    }
    ++line_;
    return true;
}

void TextBuffer::fail(int line, const std::string& message) const {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .at(file_ + ':' + std::to_string(line));
}

void TextBuffer::check_length(std::size_t size) const {
    if (size > kMaxItemText) {
        fail(line_, "one item's text is longer than 16 MiB");
    }
}

}  // namespace dynamigrate::migrate
