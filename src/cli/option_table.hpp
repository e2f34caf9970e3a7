#pragma once

#include "arguments.hpp"

#include <span>
#include <variant>

namespace dynamigrate::cli {

/// Where an option's value goes.
using OptionTarget = std::variant<bool Arguments::*, std::string Arguments::*,
                                  std::optional<std::uint32_t> Arguments::*,
                                  std::optional<authoring::Rate> Arguments::*>;

struct Option {
    OptionText text;
    OptionTarget target;
};

/// All options, in the order in which the usage shows them.
std::span<const Option> option_table();

}  // namespace dynamigrate::cli
