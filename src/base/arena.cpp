#include <dynamigrate/base/arena.hpp>

#include <algorithm>

namespace dynamigrate::base {

namespace {

constexpr std::size_t kLargestChunk = 256 * 1024;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepsLargest = false;  // so that the use of a forgotten piece is seen
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kKeepsLargest = false;
#else
constexpr bool kKeepsLargest = true;
#endif
#else
constexpr bool kKeepsLargest = true;
#endif

}  // namespace

void Arena::reset() {
    used_ = 0;
    if (chunks_.empty()) {
        return;
    }
    if (!kKeepsLargest) {
        chunks_.clear();
        capacity_ = 0;
        return;
    }
    auto largest = std::max_element(chunks_.begin(), chunks_.end(),
                                    [](const Chunk& a, const Chunk& b) { return a.size < b.size; });
    std::swap(*largest, chunks_.front());
    chunks_.erase(chunks_.begin() + 1, chunks_.end());
    capacity_ = chunks_.front().size;
}

void Arena::add_chunk(std::size_t at_least) {
    const std::size_t size = std::max(at_least, next_chunk_);
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    capacity_ += size;
    next_chunk_ = std::min(std::max<std::size_t>(next_chunk_, 64) * 2, kLargestChunk);
}

}  // namespace dynamigrate::base
