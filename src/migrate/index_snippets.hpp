#pragma once

#include <dynamigrate/migrate/indexes.hpp>

#include <optional>
#include <string>

/// An index as the owners of a table's definition write it: pure functions.
namespace dynamigrate::migrate {

/// `throughput`: of a provisioned table's index.
std::string cloudformation_snippet(const IndexDefinition& index,
                                   const std::optional<dynamodb::Throughput>& throughput);
std::string cdk_snippet(const IndexDefinition& index,
                        const std::optional<dynamodb::Throughput>& throughput);
std::string terraform_snippet(const IndexDefinition& index,
                              const std::optional<dynamodb::Throughput>& throughput);

}  // namespace dynamigrate::migrate
