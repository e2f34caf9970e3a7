#include <dynamigrate/base/arena.hpp>

#include <algorithm>
#include <iterator>

namespace dynamigrate::base {

namespace {

constexpr std::size_t kLargestChunk = 256 * 1024;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kKeepsChunks = false;  // so that the use of a forgotten piece is seen
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
constexpr bool kKeepsChunks = false;
#else
constexpr bool kKeepsChunks = true;
#endif
#else
constexpr bool kKeepsChunks = true;
#endif

}  // namespace

void Arena::reset() {
    used_ = 0;
    if (chunks_.empty()) {
        return;
    }
    if (!kKeepsChunks) {
        chunks_.clear();
        capacity_ = 0;
        return;
    }
    spare_.insert(spare_.end(), std::make_move_iterator(chunks_.begin() + 1),
                  std::make_move_iterator(chunks_.end()));
    chunks_.resize(1);
}

void Arena::add_chunk(std::size_t at_least) {
    for (std::size_t i = spare_.size(); i > 0; --i) {
        if (spare_[i - 1].size >= at_least) {
            chunks_.push_back(std::move(spare_[i - 1]));
            spare_.erase(spare_.begin() + static_cast<std::ptrdiff_t>(i - 1));
            return;
        }
    }
    const std::size_t size = std::max(at_least, next_chunk_);
    chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    capacity_ += size;
    next_chunk_ = std::min(std::max<std::size_t>(next_chunk_, 64) * 2, kLargestChunk);
}

}  // namespace dynamigrate::base
