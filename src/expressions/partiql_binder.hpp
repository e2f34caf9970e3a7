#pragma once

#include "condition_tree.hpp"
#include "partiql_syntax.hpp"
#include "update_tree.hpp"

#include <span>

/// From a statement's syntax to what can be executed: values put in, types checked.
namespace dynamigrate::expressions {

/// Makes values and paths of nodes.
class PartiqlValues {
public:
    PartiqlValues(const Source& source, std::span<const dynamodb::AttributeValue> parameters,
                  base::Arena& arena)
        : source_(source),
          parameters_(parameters),
          arena_(arena) {}

    const Source& source() const noexcept { return source_; }

    /// Whether `value` takes the node: a literal or a parameter.
    static bool is_value(const PartiqlNode& node) noexcept;
    dynamodb::AttributeValue value(const PartiqlNode& node) const;
    /// Which parameter the node is, or -1.
    static std::int32_t parameter_of(const PartiqlNode& node) noexcept {
        return node.is(PartiqlNode::Kind::parameter) ? static_cast<std::int32_t>(node.number) : -1;
    }
    /// What INSERT puts: its values are literals and parameters.
    dynamodb::Item item(const PartiqlNode& node) const;
    /// Requires a `path` node.
    Path path(const PartiqlNode& node) const;
    /// Refuses MISSING and SELECT, which are no operands anywhere.
    void check_operand(const PartiqlNode& node) const;

private:
    struct Place;

    dynamodb::AttributeValue parameter(const PartiqlNode& node) const;
    dynamodb::AttributeValue number(const PartiqlNode& node) const;
    dynamodb::AttributeValue literal(const PartiqlNode& node, const Place& place) const;
    dynamodb::AttributeValue list(const PartiqlNode& node, const Place& place) const;
    dynamodb::AttributeValue map(const PartiqlNode& node, const Place& place) const;
    dynamodb::AttributeValue set(const PartiqlNode& node) const;
    std::string_view key(const PartiqlNode& node, std::span<const dynamodb::Attribute> before,
                         const PartiqlNode& tuple, const Place& place) const;
    std::string name(const PartiqlNode& node) const;
    PathStep step(const PartiqlNode& node) const;
    void check_depth(const PartiqlNode& node, const Place& place) const;

    const Source& source_;
    std::span<const dynamodb::AttributeValue> parameters_;
    base::Arena& arena_;
};

/// The condition that a WHERE is.
std::shared_ptr<const ConditionTree> bind_partiql_condition(const PartiqlNode& where,
                                                            const PartiqlValues& values);

/// The update that SETs and REMOVEs are. Requires at least one.
std::shared_ptr<const UpdateTree> bind_partiql_update(const PartiqlSyntax& syntax,
                                                      const PartiqlValues& values);

/// Refuses paths that overlap. DynamoDB names the later one first here.
void check_distinct_in_partiql(const Source& source, std::vector<Path> paths);

}  // namespace dynamigrate::expressions
