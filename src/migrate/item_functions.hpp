#pragma once

#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/update.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <functional>
#include <string>

/// The transforms behind the steps, besides CompiledTransformation.
namespace dynamigrate::migrate {

/// Calls a C++ function with an ItemEditor; refuses what was not declared.
class FunctionTransform final : public backfill::Transform {
public:
    struct Declared {
        bool changes_key = false;
        bool acts = false;
    };
    FunctionTransform(ItemFunction function, Declared declared, dynamodb::KeySchema key,
                      std::function<std::string(const std::string&)> physical_name)
        : function_(std::move(function)),
          declared_(declared),
          key_(std::move(key)),
          physical_name_(std::move(physical_name)) {}

    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override;
    bool may_change_key() const override { return declared_.changes_key; }
    bool may_act() const override { return declared_.acts; }
    bool is_pure() const override { return false; }

private:
    ItemFunction function_;
    Declared declared_;
    dynamodb::KeySchema key_;
    std::function<std::string(const std::string&)> physical_name_;
};

/// Applies a DynamoDB update expression.
class UpdateTransform final : public backfill::Transform {
public:
    explicit UpdateTransform(expressions::UpdateExpression expression)
        : expression_(std::move(expression)) {}
    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override;
    std::optional<std::vector<std::string>> attributes() const override;

private:
    expressions::UpdateExpression expression_;
};

/// Removes every item.
class RemoveTransform final : public backfill::Transform {
public:
    void apply(const dynamodb::Item&, base::Arena&, backfill::TransformOutput& out) const override {
        out.remove();
    }
};

}  // namespace dynamigrate::migrate
