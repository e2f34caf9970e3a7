#pragma once

#include "paging.hpp"
#include "shape.hpp"

#include <dynamigrate/expressions/projection.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The parameters that Query and Scan share.
namespace dynamigrate::engine {

enum class Select : std::uint8_t { all, all_projected, specific, count };

/// What is known of a request without the table.
struct ReadParameters {
    std::string_view table, index;
    bool is_consistent = false;
    std::size_t limit = 0;
    std::optional<Select> select;
    expressions::Condition filter;
    expressions::Projection projection;
    std::optional<dynamodb::Item> start_after;
};

/// Reads what is no expression; violated constraints are the shape's.
ReadParameters read_parameters(Shape& shape);

/// Reads the filter (an expression, or the member `legacy_filter`), the projection (likewise), and
/// the starting key. Errors: ValidationException, also where they do not go with Select.
void read_expressions(Request& request, expressions::Substitutions& substitutions,
                      std::string_view legacy_filter, ReadParameters& parameters);

/// Finds the table and the index, and where to get what the request wants to see.
/// Errors: ResourceNotFoundException; ValidationException for an index that is not there, not ready,
///         or does not hold what is asked for.
Reading reading_of(Database& database, const ReadParameters& parameters);

/// Whether the index shows the attribute.
bool projects(const Table& table, const Index& index, std::string_view attribute);

/// The index to read, or nullptr for no name. Errors: as `reading_of`.
const Index* index_to_read(const Table& table, std::string_view name, bool is_consistent);

/// Whether the index lacks one of these attributes, so that they are to be read from the table.
/// Errors: ValidationException naming what a global index lacks.
bool lacks_any(const Table& table, const Index& index, std::span<const std::string> attributes);

}  // namespace dynamigrate::engine
