#pragma once

#include "item_write.hpp"
#include "request.hpp"

#include <dynamigrate/expressions/prepared_partiql.hpp>
#include <dynamigrate/json/writer.hpp>

#include <span>
#include <string_view>

/// One PartiQL statement of a request.
namespace dynamigrate::engine {

using expressions::PartiqlStatement;
using Parameters = std::span<const dynamodb::AttributeValue>;

/// Refuses a request whose member Statement, in `from`, is absent, empty or too long, or whose
/// member Parameters is empty. `prefix`: of these members' paths, such as "statements.1.member.".
void check_statement(object from, std::string_view prefix);

/// The values for `?`, in the request's arena.
Parameters parameters_of(Request& request, object from);

/// Prepares the statement in `from`, the request's `number`-th. Requires what `check_statement`
/// checks. Lifetime: the request.
expressions::PreparedPartiql& prepare_statement(Request& request, object from, std::size_t number,
                                                Parameters parameters);
expressions::PreparedPartiql& prepare_statement(Request& request, object from, std::size_t number);

/// What a statement other than SELECT writes or checks; item and key are not checked yet.
/// Errors: ValidationException for a WHERE that names no item.
ItemWrite write_of(Request& request, expressions::PreparedPartiql& prepared, TablePointer table);

/// What RETURNING returns, or an empty item.
dynamodb::Item returned(const PartiqlStatement& statement, const ItemWriteResult& result,
                        base::Arena& arena);

/// How a SELECT is to be answered.
struct SelectWishes {
    bool is_consistent = false;
    std::size_t limit = 0;  ///< 0: none
    std::string_view next_token;
    Parameters parameters;
    std::string_view text;
};

/// Answers a SELECT with its next page: Items, and NextToken where there is more.
void answer_select(Database& database, Request& request, const PartiqlStatement& statement,
                   const SelectWishes& wishes, json::Writer& out);

/// The key of the one item that a SELECT can find, or an empty item.
/// Errors: ValidationException for wrong keys.
dynamodb::Item selected_key(Request& request, const PartiqlStatement& statement,
                            const Table& table);
/// Writes the member Item with what the SELECT shows of the item, be it nothing; no member where there
/// is no item that its WHERE admits.
void write_selected(Request& request, const PartiqlStatement& statement, const dynamodb::Item& item,
                    json::Writer& out);

}  // namespace dynamigrate::engine
