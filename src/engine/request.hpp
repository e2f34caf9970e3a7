#pragma once

#include "usage.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/document_reader.hpp>
#include <dynamigrate/dynamodb/document_types.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/prepared_partiql.hpp>
#include <dynamigrate/json/reader.hpp>

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

/// One call on the engine, and typed access to its body.
namespace dynamigrate::engine {

using dynamodb::as_array;
using dynamodb::as_boolean;
using dynamodb::as_object;
using dynamodb::as_text;
using json::dom::array;
using json::dom::element;
using json::dom::object;

/// A request with what it made, which lives as long. Reused, so that its buffers are.
struct Request {
    std::string_view operation;
    object body;
    base::Arena arena;
    dynamodb::DocumentReader values{arena};  ///< of the body; texts point into it
    dynamodb::WireParser stored;             ///< of rows
    /// Places for PartiQL statements, by their number in a request: the same ones come again.
    std::deque<expressions::PreparedPartiql> statements;
    Usage usage;
    dynamodb::Outcome outcome = dynamodb::Outcome::success;
    std::stop_token stop;

    json::dom::parser parser;
};

/// Throws Error invalid_argument with that code, of which the engine makes the service's error.
[[noreturn]] void refuse(std::string_view code, const std::string& message);
/// ValidationException.
[[noreturn]] void refuse_validation(const std::string& message);

// Members of an object; absent and null are the same. Errors: SerializationException for another
// JSON type than the member's, in DynamoDB's words.
std::optional<element> member(object from, std::string_view name);
std::optional<std::string_view> text(object from, std::string_view name);
std::string_view text_or(object from, std::string_view name, std::string_view otherwise);
std::optional<bool> boolean(object from, std::string_view name);
std::optional<std::int64_t> integer(object from, std::string_view name);
std::optional<object> structure(object from, std::string_view name);
std::optional<array> list(object from, std::string_view name);

/// "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must
/// not be null".
[[noreturn]] void refuse_null(std::string_view member_path);
/// Several, each as "Value '...' at '...' failed to satisfy constraint: ...".
class Constraints {
public:
    void violated(std::string_view value, std::string_view member_path, std::string_view rule);
    void null(std::string_view member_path);
    /// Throws when there is any, with DynamoDB's count and joining.
    void check() const;

private:
    std::string text_;
    int count_ = 0;
};

/// ExpressionAttributeNames and ExpressionAttributeValues of a request or of one of its parts; the
/// text is empty, the values live as long as the request.
/// Errors: as DynamoDB says for empty maps, invalid keys, and values without an expression.
dynamodb::ExpressionText substitutions(Request& request, object from);

/// Refuses names and values that none of these expressions can use, since none is there.
void check_substitutions_wanted(object from, std::initializer_list<std::string_view> expressions);

/// ReturnConsumedCapacity. Errors: ValidationException for other values.
CapacityWish capacity_wish(object body);

}  // namespace dynamigrate::engine
