#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <memory>
#include <string>
#include <string_view>

/// What creating and deleting indexes share.
namespace dynamigrate::migrate {

/// Noted before DynamoDB is asked to create or delete: an inverse of what was begun and not ended
/// touches nothing that somebody else did.
inline constexpr std::string_view kAsked = "asked";
/// Noted before a creation with capacity for the build: the capacity afterwards.
inline constexpr std::string_view kCapacityAfter = "capacity";

std::unique_ptr<Step> make_index_deletion(std::string table, IndexDefinition definition,
                                          bool verify_only);
std::unique_ptr<Step> make_index_creation(std::string table, IndexDefinition definition,
                                          IndexBuild build);
/// Runs the step if the reversed one had asked.
std::unique_ptr<Step> make_if_asked(std::unique_ptr<Step> inverse);

}  // namespace dynamigrate::migrate
