#include "key_locks.hpp"

#include <algorithm>

namespace dynamigrate::engine {

KeyLocks::Held::Held(KeyLocks& locks, std::span<const std::uint64_t> hashes) : locks_(locks) {
    slots_.reserve(hashes.size());
    for (std::uint64_t hash : hashes) {
        slots_.push_back(hash % kSlots);
    }
    std::sort(slots_.begin(), slots_.end());
    slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
    for (std::size_t slot : slots_) {
        locks_.slots_[slot].lock();
    }
}

KeyLocks::Held::~Held() {
    for (std::size_t slot : slots_) {
        locks_.slots_[slot].unlock();
    }
}

}  // namespace dynamigrate::engine
