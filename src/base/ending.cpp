#include <dynamigrate/base/ending.hpp>

#include "spawn.hpp"

#include <fmt/format.h>

namespace dynamigrate::base {

std::string describe_ending(int exit_code) {
    return exit_code > kFirstSignal
               ? fmt::format("was killed by signal {}", exit_code - kFirstSignal)
               : fmt::format("ended with exit code {}", exit_code);
}

}  // namespace dynamigrate::base
