#pragma once

#include "item_write.hpp"
#include "request.hpp"
#include "shape.hpp"

#include <dynamigrate/expressions/projection.hpp>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Members that requests on items, and the parts of batches and transactions, share.
namespace dynamigrate::engine {

/// TableName, or the table's name in it when it is an ARN; "" after a violation.
std::string_view table_of(Shape& shape);
/// The same for a name that stands at `path`.
std::string_view table_named(std::string_view name, const std::string& path,
                             Constraints& constraints);

/// One table's part of a batch's RequestItems.
struct BatchPart {
    std::string_view table;
    element content;
};
std::vector<BatchPart> read_batch_parts(object body, Constraints& constraints);

/// An item, or its primary key, of a table.
using PlacedItem = std::pair<const Table*, const dynamodb::Item*>;
/// Refuses with the message when two are the same item. Requires checked keys.
void require_distinct(std::span<const PlacedItem> items, const char* message);

/// The expressions of one request, or of a part of one, over its one set of names and values.
/// Absent members give empty expressions.
class Expressions {
public:
    /// `names`: the members that may be expressions, in the order of DynamoDB's message.
    /// Errors: names or values without any of these.
    Expressions(Request& request, object from, std::initializer_list<std::string_view> names);

    Expressions(const Expressions&) = delete;
    Expressions& operator=(const Expressions&) = delete;

    expressions::Condition condition();
    expressions::UpdateExpression update();
    expressions::Projection projection();
    void check_all_used() const;

private:
    std::optional<std::string_view> text_of(std::string_view name);

    object from_;
    dynamodb::ExpressionText source_;
    std::optional<expressions::Substitutions> substitutions_;
};

/// The whole item of a put. Errors: ValidationException for attributes without a name or with too
/// long a one.
dynamodb::Item item_to_put(Request& request, element attributes);
/// Refuses updates of attributes without a name or with too long a one.
void check_attribute_names(const expressions::UpdateExpression& update);

/// Whether ReturnValuesOnConditionCheckFailure wishes for the item. Errors: a violated constraint.
bool wants_item_on_failure(Shape& shape);

/// Whether ReturnItemCollectionMetrics wishes for them. Errors: a violated constraint.
bool wants_collection_metrics(Shape& shape);
/// Writes the metrics of the collection that the item, or its key, belongs to. Requires a table
/// with local indexes.
void write_collection_metrics(Database& database, const Table& table, const dynamodb::Item& item,
                              json::Writer& out);
/// The same for many writes, as the member ItemCollectionMetrics: each collection once, by table.
void write_all_collection_metrics(Database& database, std::span<const ItemWrite> writes,
                                  json::Writer& out);
bool has_collections(const Table& table) noexcept;

/// Writes a member, unless the item is empty.
void write_item_member(json::Writer& out, std::string_view name, const dynamodb::Item& item);
/// Answers with ConditionalCheckFailedException, and the item unless it is empty.
void write_condition_failure(Request& request, const dynamodb::Item& item, json::Writer& out);

}  // namespace dynamigrate::engine
