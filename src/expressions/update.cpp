#include <dynamigrate/expressions/update.hpp>

#include "update_tree.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;

[[noreturn]] void refuse(const char* message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

[[noreturn]] void refuse_path() {
    refuse("The document path provided in the update expression is invalid for update");
}

[[noreturn]] void refuse_type() {
    refuse("An operand in the update expression has an incorrect data type");
}

bool contains(std::span<const AttributeValue> elements, const AttributeValue& value) {
    return std::find(elements.begin(), elements.end(), value) != elements.end();
}

AttributeValue make_set(AttributeType type, std::span<const AttributeValue> elements) {
    switch (type) {
        case AttributeType::string_set:
            return AttributeValue::string_set(elements);
        case AttributeType::number_set:
            return AttributeValue::number_set(elements);
        default:
            return AttributeValue::binary_set(elements);
    }
}

/// Elements of an arena array that grows up to a size known beforehand.
template <class T>
class Collected {
public:
    Collected(base::Arena& arena, std::size_t at_most) : begin_(arena.allocate_array<T>(at_most)) {}

    void push(const T& value) { new (begin_ + size_++) T(value); }
    std::span<const T> span() const { return {begin_, size_}; }

private:
    T* begin_;
    std::size_t size_ = 0;
};

/// Applies a tree of actions to one item. All operands are taken from the item before the update.
class Application {
public:
    Application(const UpdateTree& tree, const Item& before, base::Arena& arena)
        : tree_(tree),
          before_(before),
          arena_(arena),
          is_missing_(before.empty()) {}

    Item run() { return Item(attributes(before_.attributes(), tree_.root)); }

private:
    /// The value at the node's place afterwards; false when there is none.
    bool value_at(const UpdateNode& node, const AttributeValue* old, AttributeValue& result) {
        if (node.action != nullptr) {
            return act(*node.action, old, result);
        }
        bool is_list = node.is_list();
        if (old == nullptr || !old->is(is_list ? AttributeType::list : AttributeType::map)) {
            if (is_missing_ && only_takes_away(node)) {
                return false;
            }
            refuse_path();
        }
        result = is_list ? AttributeValue::list(elements(old->elements(), node))
                         : AttributeValue::map(attributes(old->attributes(), node));
        return true;
    }

    std::span<const Attribute> attributes(std::span<const Attribute> old, const UpdateNode& node) {
        Collected<Attribute> result(arena_, old.size() + node.children.size());
        AttributeValue value;
        for (const Attribute& attribute : old) {
            const UpdateNode* child = child_named(node, attribute.name);
            if (child == nullptr) {
                result.push(attribute);
            } else if (value_at(*child, &attribute.value, value)) {
                result.push({attribute.name, value});
            }
        }
        for (const UpdateNode& child : node.children) {
            if (!has(old, child.step.name) && value_at(child, nullptr, value)) {
                result.push({child.step.name, value});
            }
        }
        return result.span();
    }

    std::span<const AttributeValue> elements(std::span<const AttributeValue> old,
                                             const UpdateNode& node) {
        Collected<AttributeValue> result(arena_, old.size() + node.children.size());
        AttributeValue value;
        auto child = node.children.begin();
        for (std::size_t i = 0; i < old.size(); ++i) {
            if (child == node.children.end() || static_cast<std::size_t>(child->step.index) != i) {
                result.push(old[i]);
            } else if (value_at(*child++, &old[i], value)) {
                result.push(value);
            }
        }
        for (; child != node.children.end(); ++child) {  // behind the end: appended
            if (value_at(*child, nullptr, value)) {
                result.push(value);
            }
        }
        return result.span();
    }

    static const UpdateNode* child_named(const UpdateNode& node, std::string_view name) {
        for (const UpdateNode& child : node.children) {
            if (child.step.name == name) {
                return &child;
            }
        }
        return nullptr;
    }

    static bool has(std::span<const Attribute> attributes, std::string_view name) {
        return std::any_of(attributes.begin(), attributes.end(),
                           [&](const Attribute& attribute) { return attribute.name == name; });
    }

    static bool only_takes_away(const UpdateNode& node) {
        if (node.action != nullptr) {
            return node.action->kind == UpdateAction::Kind::remove ||
                   node.action->kind == UpdateAction::Kind::erase;
        }
        return std::all_of(node.children.begin(), node.children.end(), only_takes_away);
    }

    bool act(const UpdateAction& action, const AttributeValue* old, AttributeValue& result) {
        switch (action.kind) {
            case UpdateAction::Kind::set:
                result = evaluate(action.operand);
                return true;
            case UpdateAction::Kind::remove:
                return false;
            case UpdateAction::Kind::add:
                result = add(action.value, old);
                return true;
            case UpdateAction::Kind::erase:
                break;
        }
        return erase(action.value, old, result);
    }

    AttributeValue evaluate(const SetOperand& operand) {
        switch (operand.kind) {
            case SetOperand::Kind::path:
                return required(operand.path);
            case SetOperand::Kind::value:
                return operand.value;
            case SetOperand::Kind::if_not_exists: {
                AttributeValue fallback = evaluate(operand.operands.front());
                const AttributeValue* value = resolve(before_, operand.path);
                return value != nullptr ? *value : fallback;
            }
            case SetOperand::Kind::list_append:
                return appended(operand);
            default:
                return arithmetic(operand);
        }
    }

    AttributeValue required(const Path& path) const {
        const AttributeValue* value = resolve(before_, path);
        if (value == nullptr) {
            refuse(
                "The provided expression refers to an attribute that does not exist in the item");
        }
        return *value;
    }

    AttributeValue appended(const SetOperand& operand) {
        AttributeValue a = evaluate(operand.operands[0]);
        AttributeValue b = evaluate(operand.operands[1]);
        if (!a.is(AttributeType::list) || !b.is(AttributeType::list)) {
            refuse_type();
        }
        return joined(a, b);
    }

    AttributeValue joined(const AttributeValue& a, const AttributeValue& b) {
        Collected<AttributeValue> result(arena_, a.elements().size() + b.elements().size());
        for (const AttributeValue& list : {a, b}) {
            for (const AttributeValue& element : list.elements()) {
                result.push(element);
            }
        }
        return AttributeValue::list(result.span());
    }

    AttributeValue arithmetic(const SetOperand& operand) {
        AttributeValue a = evaluate(operand.operands[0]);
        AttributeValue b = evaluate(operand.operands[1]);
        if (!a.is(AttributeType::number) || !b.is(AttributeType::number)) {
            refuse_type();
        }
        return number(operand.kind == SetOperand::Kind::plus
                          ? dynamodb::add_numbers(a.text(), b.text())
                          : dynamodb::subtract_numbers(a.text(), b.text()));
    }

    AttributeValue number(const std::string& digits) {
        return AttributeValue::number(arena_.copy(std::string_view(digits)));
    }

    AttributeValue add(const AttributeValue& value, const AttributeValue* old) {
        if (old == nullptr) {
            return value;
        }
        if (old->type() != value.type()) {
            refuse_change();
        }
        if (value.is(AttributeType::number)) {
            return number(dynamodb::add_numbers(old->text(), value.text()));
        }
        if (value.is(AttributeType::list)) {
            return joined(*old, value);
        }
        Collected<AttributeValue> result(arena_, old->elements().size() + value.elements().size());
        for (const AttributeValue& element : old->elements()) {
            result.push(element);
        }
        for (const AttributeValue& element : value.elements()) {
            if (!contains(old->elements(), element)) {
                result.push(element);
            }
        }
        return make_set(value.type(), result.span());
    }

    bool erase(const AttributeValue& value, const AttributeValue* old, AttributeValue& result) {
        if (old == nullptr) {
            return false;
        }
        if (old->type() != value.type()) {
            refuse_change();
        }
        Collected<AttributeValue> left(arena_, old->elements().size());
        for (const AttributeValue& element : old->elements()) {
            if (!contains(value.elements(), element)) {
                left.push(element);
            }
        }
        result = make_set(value.type(), left.span());
        return !left.span().empty();
    }

    [[noreturn]] void refuse_change() const {
        if (tree_.is_expression) {
            refuse_type();
        }
        refuse("Type mismatch for attribute to update");
    }

    const UpdateTree& tree_;
    const Item& before_;
    base::Arena& arena_;
    bool is_missing_;
};

}  // namespace

UpdateExpression UpdateExpression::parse(const ExpressionText& text) {
    Substitutions substitutions(text);
    UpdateExpression update = parse(text.text, substitutions);
    substitutions.check_all_used();
    return update;
}

UpdateExpression UpdateExpression::parse(std::string_view text, Substitutions& substitutions) {
    UpdateExpression update;
    update.tree_ = parse_update_tree({"UpdateExpression", text}, substitutions);
    return update;
}

UpdateExpression UpdateExpression::of(std::span<const AttributeChange> changes) {
    if (changes.empty()) {
        return {};
    }
    auto tree = std::make_unique<UpdateTree>();
    tree->is_expression = false;
    for (const AttributeChange& change : changes) {
        UpdateAction action;
        action.kind = static_cast<UpdateAction::Kind>(change.kind);
        action.path.steps.push_back({std::string(change.attribute), -1});
        AttributeValue value = change.value.clone(tree->arena);
        action.value = value;
        action.operand.kind = SetOperand::Kind::value;
        action.operand.value = value;
        tree->actions.push_back(std::move(action));
    }
    summarise(*tree);
    UpdateExpression update;
    update.tree_ = std::move(tree);
    return update;
}

Item UpdateExpression::apply(const Item& before, base::Arena& arena) const {
    return tree_ == nullptr ? before : Application(*tree_, before, arena).run();
}

const std::vector<std::string>& UpdateExpression::attributes_written() const noexcept {
    static const std::vector<std::string> kNone;
    return tree_ == nullptr ? kNone : tree_->written;
}

const std::vector<std::string>& UpdateExpression::attributes_read() const noexcept {
    static const std::vector<std::string> kNone;
    return tree_ == nullptr ? kNone : tree_->read;
}

const std::vector<std::string>& UpdateExpression::attributes_entered() const noexcept {
    static const std::vector<std::string> kNone;
    return tree_ == nullptr ? kNone : tree_->entered;
}

const std::vector<Path>& UpdateExpression::paths_written() const noexcept {
    static const std::vector<Path> kNone;
    return tree_ == nullptr ? kNone : tree_->paths;
}

bool UpdateExpression::creates_item() const noexcept {
    return tree_ == nullptr || tree_->creates_item;
}

}  // namespace dynamigrate::expressions
