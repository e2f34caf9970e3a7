#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dynamigrate::base {

/// Owns many small pieces of memory that live and die together, such as the items of a page.
///
/// Threads: one at a time. Pieces never move; they are valid until `reset()` or destruction.
/// Each chunk is its own heap block, so that memory checkers see the use of dead pieces.
class Arena {
public:
    /// `first_chunk`: bytes of the first block; blocks double up to 256 KiB.
    explicit Arena(std::size_t first_chunk = 4096) : next_chunk_(first_chunk) {}
    Arena(Arena&&) noexcept = default;
    Arena& operator=(Arena&&) noexcept = default;
    /// Not copyable: the copy's pieces would point into the original.
    Arena(const Arena&) = delete;
    Arena& operator=(const Arena&) = delete;

    /// Returns `size` uninitialised bytes at the alignment; size 0 gives a valid pointer.
    void* allocate(std::size_t size, std::size_t alignment = alignof(std::max_align_t)) {
        std::size_t at = (used_ + alignment - 1) & ~(alignment - 1);
        if (chunks_.empty() || at + size > chunks_.back().size) {
            add_chunk(size + alignment);
            at = 0;
        }
        used_ = at + size;
        return chunks_.back().bytes.get() + at;
    }

    /// Returns an uninitialised array of a trivial type.
    template <class T>
    T* allocate_array(std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
    }

    std::string_view copy(std::string_view text) {
        char* place = static_cast<char*>(allocate(text.size(), 1));
        if (!text.empty()) {
            std::memcpy(place, text.data(), text.size());
        }
        return {place, text.size()};
    }

    template <class T>
    std::span<const T> copy(std::span<const T> values) {
        T* place = allocate_array<T>(values.size());
        if (!values.empty()) {
            std::memcpy(static_cast<void*>(place), values.data(), values.size_bytes());
        }
        return {place, values.size()};
    }

    /// Forgets all pieces and keeps the blocks for reuse.
    void reset();

    /// Bytes held, used or not.
    std::size_t capacity() const noexcept { return capacity_; }

private:
    struct Chunk {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size = 0;
    };

    void add_chunk(std::size_t at_least);

    std::vector<Chunk> chunks_;
    std::vector<Chunk> spare_;
    std::size_t used_ = 0;
    std::size_t next_chunk_;
    std::size_t capacity_ = 0;
};

}  // namespace dynamigrate::base
