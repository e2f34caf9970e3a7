#pragma once

#include <dynamigrate/expressions/path.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions {

struct UpdateTree;

/// A change of one top-level attribute in an update that is no expression.
struct AttributeChange {
    enum class Kind {
        put,
        remove,  ///< without a value
        add,     ///< to a number, a set or a list
        erase,   ///< from a set
    };

    std::string_view attribute;
    Kind kind = Kind::put;
    dynamodb::AttributeValue value;
};

/// An update expression (SET, REMOVE, ADD, DELETE), ready to be applied. Immutable; copies share
/// it.
///
/// Threads: any number may use one at once.
class UpdateExpression {
public:
    /// No text: changes nothing.
    UpdateExpression() = default;

    /// Parses and checks; every name and value must be used.
    /// Errors: as Condition::parse, with `UpdateExpression`.
    static UpdateExpression parse(const ExpressionText& text);
    /// The same for one of several expressions that share substitutions.
    static UpdateExpression parse(std::string_view text, Substitutions& substitutions);

    /// What AttributeUpdates does, with its own texts where an item is refused. Owns the values.
    /// Requires distinct attributes, and values of types that the kinds take.
    static UpdateExpression of(std::span<const AttributeChange> changes);

    /// Inside this room, of a tree whose values may be owned by others.
    explicit UpdateExpression(std::shared_ptr<const UpdateTree> tree) noexcept
        : tree_(std::move(tree)) {}
    const UpdateTree* tree() const noexcept { return tree_.get(); }

    /// The item after the update. All paths mean the item before it.
    ///
    /// An empty `before` stands for a missing item: the result holds what the update sets, without
    /// the key, which is the caller's to add; nested REMOVE and DELETE are no errors then.
    /// Lifetime: the result points into `arena`, into what `before` points to, and into this
    /// expression; clone it to keep it longer than all of these.
    /// Errors: Error invalid_argument (ValidationException) where DynamoDB refuses the item: a path
    /// that does not exist, an operand of the wrong type, a number of more than 38 digits.
    dynamodb::Item apply(const dynamodb::Item& before, base::Arena& arena) const;

    /// Top-level attributes that it changes; sorted, each once.
    const std::vector<std::string>& attributes_written() const noexcept;
    /// Top-level attributes on which the result depends: those in SET's operands, the targets of
    /// ADD and DELETE, and those written only in part. Sorted, each once.
    const std::vector<std::string>& attributes_read() const noexcept;
    /// Those into which it looks, to read or to write, by a path such as `a.b` or `a[0]`: no key can
    /// be such. Sorted, each once.
    const std::vector<std::string>& attributes_entered() const noexcept;
    /// The paths that it changes, in the order written: what UPDATED_OLD and UPDATED_NEW return.
    const std::vector<Path>& paths_written() const noexcept;
    /// Whether UpdateItem with it creates a missing item: not when it only REMOVEs and DELETEs.
    bool creates_item() const noexcept;
    bool empty() const noexcept { return tree_ == nullptr; }

private:
    std::shared_ptr<const UpdateTree> tree_;
};

}  // namespace dynamigrate::expressions
