#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

namespace dynamigrate::engine {

/// Serialises changes of one item: items share a lock by the hash of their key.
///
/// Threads: any. Several items are locked in one call, in an order without deadlock.
class KeyLocks {
public:
    class Held {
    public:
        Held(KeyLocks& locks, std::span<const std::uint64_t> hashes);
        ~Held();
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

    private:
        KeyLocks& locks_;
        std::vector<std::size_t> slots_;
    };

private:
    static constexpr std::size_t kSlots = 256;
    std::array<std::mutex, kSlots> slots_;
};

}  // namespace dynamigrate::engine
