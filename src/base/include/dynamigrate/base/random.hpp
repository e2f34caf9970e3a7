#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

namespace dynamigrate::base {

/// Gives chance, so that tests can take it away. Threads: any.
class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;

    /// Uniform in [0, limit); 0 for limit 0.
    std::uint64_t below(std::uint64_t limit);
    /// Uniform in [0, 1).
    double unit();
    /// A version-4 UUID, lower case.
    std::string uuid();
};

/// Seeded from the operating system.
class SystemRandom final : public Random {
public:
    SystemRandom();
    std::uint64_t next() override;

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

/// Repeats itself for the same seed.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t next() override;

private:
    std::mutex mutex_;
    std::mt19937_64 engine_;
};

}  // namespace dynamigrate::base
