#include "statement.hpp"

#include <dynamigrate/expressions/projection.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::AttributeValue;
using dynamodb::Item;
using expressions::PartiqlReturning;
using Kind = PartiqlStatement::Kind;

namespace {

/// In UTF-16 code units: one for each character, two for those of four bytes.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
               std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; })) +
           static_cast<std::size_t>(
               std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xF8) == 0xF0; }));
}

}  // namespace

void check_statement(object from, std::string_view prefix) {
    const std::string path = std::string(prefix) + "statement";
    std::optional<std::string_view> statement = text(from, "Statement");
    Constraints constraints;
    if (!statement) {
        constraints.null(path);
    } else if (statement->empty()) {
        constraints.violated("", path, "Member must have length greater than or equal to 1");
    } else if (statement->size() > expressions::kMaxPartiqlCharacters &&
               characters(*statement) > expressions::kMaxPartiqlCharacters) {
        constraints.violated(*statement, path,
                             "Member must have length less than or equal to 8192");
    }
    std::optional<array> parameters = list(from, "Parameters");
    if (parameters && parameters->size() == 0) {
        constraints.violated("[]", std::string(prefix) + "parameters",
                             "Member must have length greater than or equal to 1");
    }
    constraints.check();
}

Parameters parameters_of(Request& request, object from) {
    std::optional<array> values = list(from, "Parameters");
    if (!values) {
        return {};
    }
    auto* place = request.arena.allocate_array<AttributeValue>(values->size());
    std::size_t count = 0;
    for (element value : *values) {
        new (place + count++) AttributeValue(request.values.value(value));
    }
    return {place, count};
}

expressions::PreparedPartiql& prepare_statement(Request& request, object from, std::size_t number,
                                                Parameters parameters) {
    while (request.statements.size() <= number) {
        request.statements.emplace_back();
    }
    expressions::PreparedPartiql& prepared = request.statements[number];
    prepared.prepare(*text(from, "Statement"), parameters);
    return prepared;
}

expressions::PreparedPartiql& prepare_statement(Request& request, object from, std::size_t number) {
    return prepare_statement(request, from, number, parameters_of(request, from));
}

ItemWrite write_of(Request& request, expressions::PreparedPartiql& prepared, TablePointer table) {
    const PartiqlStatement& statement = prepared.statement();
    expressions::PartiqlTarget target = prepared.target(table->key, request.arena);
    ItemWrite write;
    write.item = target.key;
    write.condition = std::move(target.condition);
    write.table = std::move(table);
    switch (statement.kind) {
        case Kind::insert:
            write.kind = ItemWrite::Kind::put;
            write.presence = ItemWrite::Presence::absent;
            write.item = statement.item;
            break;
        case Kind::update:
            write.kind = ItemWrite::Kind::update;
            write.presence = ItemWrite::Presence::present;
            write.update = statement.update;
            break;
        case Kind::remove:
            write.kind = ItemWrite::Kind::remove;
            break;
        case Kind::exists:
        case Kind::select:
            write.kind = ItemWrite::Kind::check;
            write.presence = ItemWrite::Presence::present;
            break;
    }
    return write;
}

Item returned(const PartiqlStatement& statement, const ItemWriteResult& result,
              base::Arena& arena) {
    auto modified = [&](const Item& image) {
        return expressions::Projection::of(statement.update.paths_written()).apply(image, arena);
    };
    switch (statement.returning) {
        case PartiqlReturning::none:
            return {};
        case PartiqlReturning::all_old:
            return result.before;
        case PartiqlReturning::all_new:
            return result.after;
        case PartiqlReturning::modified_old:
            return modified(result.before);
        case PartiqlReturning::modified_new:
            return modified(result.after);
    }
    return {};
}

}  // namespace dynamigrate::engine
