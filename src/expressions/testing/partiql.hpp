#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::expressions::memory {

/// A PartiQL statement, translated: its SET, REMOVE and WHERE are an update and a condition
/// expression over one list of substitutions.
struct Statement {
    enum class Kind { select, insert, update, remove };

    Kind kind = Kind::select;
    std::string table;
    std::string index;
    std::string update;            ///< update expression
    std::string condition;         ///< condition expression, "" for none
    std::string projection;        ///< projection expression, "" for *
    std::string returning;         ///< "ALL OLD", ...
    ExpressionText substitutions;  ///< names and values of all of them
    std::vector<std::pair<std::string, dynamodb::AttributeValue>>
        equalities;       ///< in top-level ANDs
    dynamodb::Item item;  ///< to insert
};

/// Errors: Error invalid_argument where the statement is no PartiQL that is known here.
Statement parse_statement(std::string_view text,
                          std::span<const dynamodb::AttributeValue> parameters, base::Arena& arena);

}  // namespace dynamigrate::expressions::memory
