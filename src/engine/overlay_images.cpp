#include "overlay_images.hpp"

namespace dynamigrate::engine {

namespace {

constexpr std::size_t kOverhead = 200;  ///< of the list, the map and the two strings

}  // namespace

std::size_t OverlayImages::bytes_of(const Image& image) {
    return image.row_key.size() + image.row.json.size() + kOverhead;
}

void OverlayImages::keep(std::string_view row_key, const Row& row) {
    std::lock_guard lock(mutex_);
    auto known = by_key_.find(row_key);
    if (known != by_key_.end()) {
        drop(known->second);
    }
    images_.push_back(
        {std::string(row_key), {std::string(row.json), row.size}, clock_.steady_now()});
    auto image = std::prev(images_.end());
    by_key_.emplace(image->row_key, image);
    bytes_ += bytes_of(*image);
    while (bytes_ > max_bytes_ && !images_.empty()) {
        drop(images_.begin());
    }
}

void OverlayImages::drop(Images::iterator image) {
    bytes_ -= bytes_of(*image);
    by_key_.erase(image->row_key);
    images_.erase(image);
}

OverlayImages::Images::iterator OverlayImages::find_fresh(std::string_view row_key) {
    auto known = by_key_.find(row_key);
    if (known == by_key_.end()) {
        return images_.end();
    }
    if (clock_.steady_now() - known->second->read_at > kMaxAge) {
        drop(known->second);
        return images_.end();
    }
    return known->second;
}

bool OverlayImages::has(std::string_view row_key) {
    std::lock_guard lock(mutex_);
    return find_fresh(row_key) != images_.end();
}

std::optional<bool> OverlayImages::find(std::string_view row_key, StoredRow& out) {
    std::lock_guard lock(mutex_);
    auto image = find_fresh(row_key);
    if (image == images_.end()) {
        return std::nullopt;
    }
    out = image->row;
    return !out.json.empty();
}

void OverlayImages::forget(std::string_view row_key) {
    std::lock_guard lock(mutex_);
    auto known = by_key_.find(row_key);
    if (known != by_key_.end()) {
        drop(known->second);
    }
}

}  // namespace dynamigrate::engine
