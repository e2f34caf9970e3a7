#pragma once

#include "database.hpp"
#include "request.hpp"
#include "shape.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What requests say about tables: names, keys, indexes, capacity, settings.
namespace dynamigrate::engine {

/// The account in ARNs.
inline constexpr std::string_view kAccount = "000000000000";
std::string table_arn(const Database& database, std::string_view name);

/// The table's name, also of an ARN. Errors: ValidationException when it is absent or no name.
std::string_view table_name(object body, std::string_view member = "TableName");
/// "Requested resource not found: Table: NAME not found".
[[noreturn]] void refuse_unknown_table(std::string_view name);
/// The table, brought to the status that it has by now, or ResourceNotFoundException.
TablePointer settled_table(Database& database, std::string_view name);
/// Errors: ResourceInUseException when the table is between two states.
void require_active(const Table& table);
/// Errors: ResourceInUseException when an index is being created or deleted.
void require_settled_indexes(const Table& table);

// Constraints on the members of a request; what violates one is noted in the shape's constraints.
void check_attribute_definitions(Shape& request);
void check_key_schema(Shape& request);
void check_throughput(Shape& request);
void check_index(Shape& index);
void check_settings(Shape& request);
void check_tags(Shape& request);

/// Lists of attributes as messages show them: "a, b".
std::string names_of(std::span<const dynamodb::KeyAttribute> attributes);

// Members read, once their constraints hold. Errors: ValidationException in DynamoDB's words.
std::vector<dynamodb::KeyAttribute> read_definitions(object body);
dynamodb::KeySchema read_key(object from, std::span<const dynamodb::KeyAttribute> definitions);
/// The table's billing mode decides whether a global index must or must not have capacity.
Index read_index(object from, const Table& table, bool is_local);
/// Nothing when the member is absent.
std::optional<dynamodb::Throughput> read_throughput(object from);
/// OnDemandThroughput on top of what was there; -1 takes a maximum away.
dynamodb::Throughput read_on_demand_maximum(object from, dynamodb::Throughput current);
/// Stream, class, encryption, protection, warm and on-demand throughput: what is there is set.
void read_settings(Database& database, object body, Table& table);
/// Adds the tags of the request. Errors: as TagResource.
void read_tags(object body, std::map<std::string, std::string>& tags);

/// Checks indexes together: their number, names, projected attributes, and that all definitions are
/// used and all keys are defined.
void check_indexes(const Table& table);

}  // namespace dynamigrate::engine
