#pragma once

#include "condition_tree.hpp"

#include <dynamigrate/expressions/partiql.hpp>

namespace dynamigrate::expressions {

inline bool is_value(const Operand& operand) noexcept {
    return operand.kind == Operand::Kind::value;
}

/// A comparison of a key attribute with values.
struct KeyTerm {
    const dynamodb::KeyAttribute* attribute = nullptr;  ///< nullptr when it is no such comparison
    SortOperator op = SortOperator::none;
    const dynamodb::AttributeValue* value = nullptr;
    const dynamodb::AttributeValue* upper = nullptr;  ///< of `between`
};

/// What a condition says about the attributes of a key, with DynamoDB's refusals.
class PartiqlKeys {
public:
    explicit PartiqlKeys(const dynamodb::KeySchema& key) : key_(key) {}

    const dynamodb::KeySchema& schema() const noexcept { return key_; }
    /// The attribute of the key that the operand is, or nullptr.
    const dynamodb::KeyAttribute* attribute(const Operand& operand) const noexcept;
    KeyTerm term(const ConditionNode& node) const noexcept;

    /// Refuses a step below a key attribute.
    void check_path(const Path& path) const;
    void check_paths(const ConditionNode& node) const;
    /// Refuses values of other types than the key attributes that they are compared with.
    void check_values(const ConditionNode& node) const;
    /// Refuses a value that the key attribute cannot have.
    static void check_value(const dynamodb::KeyAttribute& attribute,
                            const dynamodb::AttributeValue& value);

private:
    const dynamodb::KeyAttribute* named(std::string_view attribute) const noexcept;

    const dynamodb::KeySchema& key_;
};

/// A key in the arena; `sort` is nullptr where the schema has none.
dynamodb::Item make_key(const dynamodb::KeySchema& key, const dynamodb::AttributeValue& hash,
                        const dynamodb::AttributeValue* sort, base::Arena& arena);

/// The key of `partiql_target` alone, with its checks.
dynamodb::Item target_key(const PartiqlStatement& statement, const dynamodb::KeySchema& key,
                          base::Arena& arena);

[[noreturn]] void refuse_statement(const std::string& message);

}  // namespace dynamigrate::expressions
