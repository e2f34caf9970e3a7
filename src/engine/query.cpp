#include "legacy_parameters.hpp"
#include "operations.hpp"
#include "read_parameters.hpp"

#include <dynamigrate/expressions/key_condition.hpp>

namespace dynamigrate::engine {

using dynamodb::Item;
using expressions::KeyCondition;
using expressions::SortOperator;

namespace {

void check_mixture(object body) {
    std::initializer_list<std::string_view> expressions{"ProjectionExpression", "FilterExpression",
                                                        "KeyConditionExpression"};
    if (member(body, "KeyConditionExpression")) {
        refuse_mixture(body,
                       {"AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"},
                       expressions);
    } else {
        refuse_mixture(body, {"AttributesToGet", "QueryFilter", "ConditionalOperator"},
                       expressions);
    }
}

void check_filter(object body, const Reading& reading) {
    for (const std::string& attribute : reading.filter.attributes()) {
        if (reading.key().contains(attribute)) {
            refuse_validation(
                std::string(member(body, "QueryFilter") ? "QueryFilter" : "Filter Expression") +
                " can only contain non-primary key attributes: Primary key attribute: " +
                attribute);
        }
    }
}

void check_filter_is_projected(const Reading& reading) {
    std::string lacking;
    for (const std::string& attribute : reading.filter.attributes()) {
        if (!projects(*reading.table, *reading.index, attribute)) {
            lacking += (lacking.empty() ? "" : ", ") + attribute;
        }
    }
    if (!lacking.empty()) {
        refuse_validation("One or more parameter values were invalid: Secondary index " +
                          reading.index->name +
                          " does not project one or more filter attributes: [" + lacking + "]");
    }
}

void check_within(const Reading& reading, const KeyCondition& condition, const Item& position) {
    if (condition.matches(position)) {
        return;
    }
    bool is_same_partition = *position.find(reading.key().hash.name) == condition.hash();
    if (is_same_partition) {
        refuse_validation("The provided starting key does not match the range key predicate");
    }
    refuse_validation(
        condition.sort_operator() == SortOperator::none
            ? "The provided starting key is outside query boundaries based on provided conditions"
            : "The query can return at most one row and cannot be restarted");
}

}  // namespace

void query(Database& database, Request& request, json::Writer& out) {
    object body = request.body;
    Constraints constraints;
    Shape shape(constraints, body);
    ReadParameters parameters = read_parameters(shape);
    constraints.check();
    check_mixture(body);
    check_substitutions_wanted(
        body, {"ProjectionExpression", "FilterExpression", "KeyConditionExpression"});
    const dynamodb::ExpressionText source = substitutions(request, body);
    expressions::Substitutions known(source);
    read_expressions(request, known, "QueryFilter", parameters);
    std::optional<std::string_view> condition_text = text(body, "KeyConditionExpression");
    std::optional<LegacyKeyConditions> legacy;
    if (!condition_text) {
        if (!member(body, "KeyConditions")) {
            refuse_validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified "
                "in the request.");
        }
        legacy.emplace(request, body);
    }
    Reading reading = reading_of(database, parameters);
    if (!reading.key().sort && reading.index == nullptr) {
        reading.limit = 0;  // there is one item at most, and so no next page
    }
    KeyCondition condition = legacy ? legacy->bind(reading.key())
                                    : KeyCondition::parse(*condition_text, known, reading.key());
    known.check_all_used();
    check_filter(body, reading);
    if (reading.index != nullptr) {
        check_filter_is_projected(reading);
    }
    QueryRange range;
    range.index = reading.index;
    range.condition = &condition;
    range.is_forward = boolean(body, "ScanIndexForward").value_or(true);
    range.is_consistent = reading.is_consistent;
    range.expected = reading.limit;
    if (parameters.start_after) {
        check_position(reading, *parameters.start_after);
        check_within(reading, condition, *parameters.start_after);
        range.start_after = *parameters.start_after;
    }
    answer_page(database, request, reading, *database.rows.query(*reading.table, range), out);
}

}  // namespace dynamigrate::engine
