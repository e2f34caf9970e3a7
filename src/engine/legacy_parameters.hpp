#pragma once

#include "request.hpp"

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/key_condition.hpp>
#include <dynamigrate/expressions/projection.hpp>
#include <dynamigrate/expressions/update.hpp>

#include <initializer_list>
#include <string_view>
#include <vector>

/// Parameters of the time before expressions, made into what expressions are. A member that is
/// absent gives the empty condition, update or projection.
///
/// Errors: ValidationException in DynamoDB's words. Values must live as long as the request.
namespace dynamigrate::engine {

/// Refuses a request that has members of both kinds, listing them in the order of the names given.
/// DynamoDB's: AttributesToGet, AttributeUpdates, QueryFilter or ScanFilter, Expected,
/// ConditionalOperator, KeyConditions; ProjectionExpression, UpdateExpression, FilterExpression,
/// ConditionExpression, KeyConditionExpression.
void refuse_mixture(object from, std::initializer_list<std::string_view> legacy,
                    std::initializer_list<std::string_view> expressions);

/// QueryFilter or ScanFilter (`member`) with ConditionalOperator. What a Query's filter may not
/// name, key attributes, is the caller's to check.
expressions::Condition legacy_filter(Request& request, object from, std::string_view member);

/// Expected with ConditionalOperator.
expressions::Condition legacy_expected(Request& request, object from);

/// AttributeUpdates. DynamoDB's texts for what an item makes invalid differ from those of
/// UpdateExpression: see `UpdateExpression::of`.
expressions::UpdateExpression legacy_update(Request& request, object from);

/// AttributesToGet: names of top-level attributes.
expressions::Projection legacy_projection(object from);

/// KeyConditions, checked as far as they can be without the table.
class LegacyKeyConditions {
public:
    LegacyKeyConditions(Request& request, object from);

    /// For the table or index that is queried.
    expressions::KeyCondition bind(const dynamodb::KeySchema& key) const;

private:
    std::vector<expressions::AttributeTest> tests_;
};

}  // namespace dynamigrate::engine
