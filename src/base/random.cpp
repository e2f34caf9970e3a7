#include <dynamigrate/base/random.hpp>

#include <fmt/format.h>

namespace dynamigrate::base {

std::uint64_t Random::below(std::uint64_t limit) {
    if (limit == 0) {
        return 0;
    }
    // The values under the threshold are the surplus that would favour small results.
    const std::uint64_t threshold = (0 - limit) % limit;
    std::uint64_t value = next();
    while (value < threshold) {
        value = next();
    }
    return value % limit;
}

double Random::unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

std::string Random::uuid() {
    const std::uint64_t high = (next() & ~0xF000ULL) | 0x4000ULL;
    const std::uint64_t low = (next() & ~(3ULL << 62)) | (2ULL << 62);
    return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xFFFF,
                       high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFFULL);
}

SystemRandom::SystemRandom() {
    std::random_device device;
    std::seed_seq seeds{device(), device(), device(), device(),
                        device(), device(), device(), device()};
    engine_.seed(seeds);
}

std::uint64_t SystemRandom::next() {
    std::lock_guard lock(mutex_);
    return engine_();
}

std::uint64_t SeededRandom::next() {
    std::lock_guard lock(mutex_);
    return engine_();
}

}  // namespace dynamigrate::base
