#pragma once

#include "fields.hpp"
#include "step_reader.hpp"

#include <dynamigrate/migrate/steps.hpp>

/// The parts that several steps share.
namespace dynamigrate::authoring {

/// `attr`, `attr:N`, `attr:B`, or {name, type}.
migrate::KeyAttribute read_key_attribute(const json::Value& value, const std::string& file);
migrate::Billing read_billing(const json::Value& value, const std::string& file);
/// `table_hash`: of a local index's table; it need not be written again.
migrate::IndexDefinition read_index(const json::Value& value, const std::string& file,
                                    const migrate::KeyAttribute* table_hash = nullptr);

/// The same, of fields that the caller finishes.
migrate::IndexDefinition read_index_parts(Fields& fields,
                                          const migrate::KeyAttribute* table_hash = nullptr);
/// `{read: N, write: N}`, of 1 or more.
dynamodb::Throughput read_throughput(const json::Value& value, const std::string& file,
                                     const std::string& what);
/// The table of the step, else of its place. Errors: neither names one.
std::string table_of(Fields& fields, const StepPlace& place);

/// `names` and `values` of a step, from which each of its expressions takes what it uses.
class ExpressionParts {
public:
    explicit ExpressionParts(Fields& fields);
    /// The expression with the names and values that its text mentions.
    migrate::OwnedExpression take(const std::string& text);
    /// Errors: a name or value that no expression used.
    void finish() const;

private:
    struct Part {
        std::string placeholder;
        const json::Value* value;
        bool used = false;
    };
    Fields& fields_;
    std::vector<Part> names_;
    std::vector<Part> values_;
};

migrate::OwnedExpression read_where(Fields& fields);
backfill::Guard read_guard(Fields& fields);
migrate::Transformation read_transformation(Fields& fields);
migrate::BackfillOptions read_backfill_options(Fields& fields, const StepPlace& place);
backfill::IfExists read_if_exists(Fields& fields, backfill::IfExists otherwise);

}  // namespace dynamigrate::authoring
