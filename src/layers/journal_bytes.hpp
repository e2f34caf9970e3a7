#pragma once

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dynamigrate::layers {

/// Bytes that grow at the end; numbers are little-endian or LEB128 varints.
class ByteBuffer {
public:
    void clear() noexcept { size_ = 0; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t size() const noexcept { return size_; }
    char* bytes() noexcept { return bytes_.get(); }
    std::string_view view(std::size_t from = 0) const noexcept {
        return {bytes_.get() + from, size_ - from};
    }

    /// Makes room for `count` more bytes and returns where they go; `advance` takes them.
    char* reserve(std::size_t count) {
        if (size_ + count > capacity_) {
            grow(size_ + count);
        }
        return bytes_.get() + size_;
    }
    void advance(std::size_t count) noexcept { size_ += count; }

    void put_byte(std::uint8_t value) {
        *reserve(1) = static_cast<char>(value);
        ++size_;
    }
    void put_u32(std::uint32_t value) {
        store_u32(reserve(4), value);
        size_ += 4;
    }
    void put_varint(std::uint64_t value) {
        char* at = reserve(kVarintBytes);
        size_ += static_cast<std::size_t>(store_varint(at, value) - at);
    }
    /// The length as a varint, then the bytes.
    void put_text(std::string_view text) {
        char* at = reserve(kVarintBytes + text.size());
        size_ += static_cast<std::size_t>(store_text(at, text) - at);
    }
    /// A byte, then as `put_text`.
    void put_tagged_text(std::uint8_t tag, std::string_view text) {
        char* at = reserve(1 + kVarintBytes + text.size());
        *at = static_cast<char>(tag);
        size_ += static_cast<std::size_t>(store_text(at + 1, text) - at);
    }
    void put_bytes(std::string_view text) {
        char* at = reserve(text.size());
        if (!text.empty()) {
            std::memcpy(at, text.data(), text.size());
        }
        size_ += text.size();
    }

    static void store_u32(char* at, std::uint32_t value) noexcept {
        for (int i = 0; i < 4; ++i) {
            at[i] = static_cast<char>(value >> (8 * i));
        }
    }

private:
    static constexpr std::size_t kVarintBytes = 10;

    static char* store_varint(char* at, std::uint64_t value) noexcept {
        while (value >= 0x80) {
            *at++ = static_cast<char>(value | 0x80);
            value >>= 7;
        }
        *at++ = static_cast<char>(value);
        return at;
    }
    static char* store_text(char* at, std::string_view text) noexcept {
        at = store_varint(at, text.size());
        if (!text.empty()) {
            std::memcpy(at, text.data(), text.size());
        }
        return at + text.size();
    }
    void grow(std::size_t at_least) {
        const std::size_t capacity = std::max(at_least, capacity_ * 2 + 4096);
        std::unique_ptr<char[]> larger(new char[capacity]);
        if (size_ > 0) {
            std::memcpy(larger.get(), bytes_.get(), size_);
        }
        bytes_ = std::move(larger);
        capacity_ = capacity;
    }

    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

/// Reads what a ByteBuffer wrote; Error corrupted past the end.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

    bool at_end() const noexcept { return rest_.empty(); }
    std::string_view rest() const noexcept { return rest_; }

    std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1)[0]); }
    std::uint32_t u32() { return load_u32(bytes(4).data()); }
    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t next = byte();
            value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        fail("a number is too long");
    }
    std::string_view text() { return bytes(varint()); }
    /// A number of things that take at least one byte each.
    std::size_t count() {
        const std::uint64_t value = varint();
        if (value > rest_.size()) {
            fail("a count is too large");
        }
        return static_cast<std::size_t>(value);
    }
    std::string_view bytes(std::uint64_t size) {
        if (size > rest_.size()) {
            fail("it ends too early");
        }
        const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
        rest_.remove_prefix(taken.size());
        return taken;
    }

    static std::uint32_t load_u32(const char* at) noexcept {
        std::uint32_t value = 0;
        for (int i = 3; i >= 0; --i) {
            value = (value << 8) | static_cast<std::uint8_t>(at[i]);
        }
        return value;
    }
    [[noreturn]] static void fail(const char* reason) {
        throw base::Error(base::ErrorKind::corrupted,
                          std::string("cannot read a journal frame: ") + reason);
    }

private:
    std::string_view rest_;
};

}  // namespace dynamigrate::layers
