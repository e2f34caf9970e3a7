#pragma once

#include <dynamigrate/base/random.hpp>

#include <atomic>
#include <cstdint>
#include <string>

namespace dynamigrate::gateway {

/// Makes request ids of the form that AWS's have; no two are the same. Threads: any.
class RequestIds {
public:
    explicit RequestIds(base::Random& random) : seed_(random.uuid()) {}
    std::string next();

private:
    const std::string seed_;
    std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace dynamigrate::gateway
