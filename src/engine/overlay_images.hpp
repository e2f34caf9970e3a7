#pragma once

#include "rows.hpp"

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dynamigrate::engine {

/// Items of the base that were read lately, so that a write right after the read of its page costs no
/// second read. The oldest go first when there are too many bytes.
///
/// Ensures: no image is older than `kMaxAge`; within that time it may be older than the base's item.
/// Threads: any.
class OverlayImages {
public:
    static constexpr std::size_t kMaxBytes = 8 << 20;
    static constexpr std::chrono::seconds kMaxAge{10};

    explicit OverlayImages(base::Clock& clock, std::size_t max_bytes = kMaxBytes)
        : clock_(clock),
          max_bytes_(max_bytes) {}

    /// `row_key`: see key_bytes.hpp. An empty `json` says that there is no such item.
    void keep(std::string_view row_key, const Row& row);
    bool has(std::string_view row_key);
    /// Nothing: not known. False in the result: there is no such item.
    std::optional<bool> find(std::string_view row_key, StoredRow& out);
    void forget(std::string_view row_key);

private:
    struct Image {
        std::string row_key;
        StoredRow row;
        base::SteadyTime read_at;
    };
    using Images = std::list<Image>;

    static std::size_t bytes_of(const Image& image);
    void drop(Images::iterator image);
    Images::iterator find_fresh(std::string_view row_key);

    base::Clock& clock_;
    std::size_t max_bytes_;
    std::mutex mutex_;
    Images images_;  ///< oldest first
    std::unordered_map<std::string_view, Images::iterator> by_key_;
    std::size_t bytes_ = 0;
};

}  // namespace dynamigrate::engine
