#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// The `#names` and `:values` that an expression uses, each once.
std::vector<std::string> placeholders_in(std::string_view expression);

/// Gives each of two expressions that were written with common names and values its own.
struct SharedExpressions {
    OwnedExpression first;
    OwnedExpression second;
};
/// Errors: Error invalid_argument for one placeholder defined twice differently, and for a
///         definition that neither expression uses.
SharedExpressions share_out(const OwnedExpression& first, const OwnedExpression& second);

}  // namespace dynamigrate::migrate
