#include "item_trial.hpp"

#include <dynamigrate/expressions/condition.hpp>

namespace dynamigrate::migrate {

std::optional<dynamodb::Item> try_transform(const backfill::Transform& transform,
                                            const dynamodb::ExpressionText& where,
                                            const dynamodb::Item& item, base::Arena& arena) {
    if (!where.text.empty() && !expressions::Condition::parse(where, "condition").matches(item)) {
        return std::nullopt;
    }
    backfill::TransformOutput output;
    transform.apply(item, arena, output);
    if (output.kind() != backfill::TransformOutput::Kind::changed || output.after() == item) {
        return std::nullopt;
    }
    return output.after().clone(arena);
}

}  // namespace dynamigrate::migrate
