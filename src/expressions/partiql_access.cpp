#include <dynamigrate/expressions/partiql.hpp>

#include "condition_tree.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using Op = ConditionNode::Op;

[[noreturn]] void refuse(const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

/// A comparison of a key attribute with values.
struct KeyTerm {
    const KeyAttribute* attribute = nullptr;
    SortOperator op = SortOperator::none;
    AttributeValue value;
    AttributeValue upper;
};

SortOperator sort_operator(Op op) {
    switch (op) {
        case Op::equal:
            return SortOperator::equal;
        case Op::less:
            return SortOperator::less;
        case Op::less_or_equal:
            return SortOperator::less_or_equal;
        case Op::greater:
            return SortOperator::greater;
        case Op::greater_or_equal:
            return SortOperator::greater_or_equal;
        case Op::between:
            return SortOperator::between;
        case Op::begins_with:
            return SortOperator::begins_with;
        default:
            return SortOperator::none;
    }
}

/// The operator with its sides exchanged; none where it is no comparison of two.
SortOperator mirrored(SortOperator op) {
    switch (op) {
        case SortOperator::equal:
            return SortOperator::equal;
        case SortOperator::less:
            return SortOperator::greater;
        case SortOperator::less_or_equal:
            return SortOperator::greater_or_equal;
        case SortOperator::greater:
            return SortOperator::less;
        case SortOperator::greater_or_equal:
            return SortOperator::less_or_equal;
        default:
            return SortOperator::none;
    }
}

bool is_value(const Operand& operand) { return operand.kind == Operand::Kind::value; }

/// Ranges that hold every item for which a part of WHERE is true.
struct Found {
    std::vector<KeyRange> ranges;
    bool is_exact = true;
};

class KeyReader {
public:
    explicit KeyReader(const KeySchema& key) : key_(key) {}

    /// The attribute of the key that the operand is, or nullptr.
    const KeyAttribute* key_attribute(const Operand& operand) const {
        if (operand.kind != Operand::Kind::path || operand.path.is_nested()) {
            return nullptr;
        }
        return named(operand.path.attribute());
    }

    KeyTerm term(const ConditionNode& node) const {
        KeyTerm term;
        term.op = sort_operator(node.op);
        if (term.op == SortOperator::none) {
            return {};
        }
        const Operand& left = node.operands[0];
        const Operand& right = node.operands[1];
        if (is_value(right) && (node.operands.size() == 2 || is_value(node.operands[2]))) {
            term.attribute = key_attribute(left);
            term.value = right.value;
            term.upper = node.operands.back().value;
        } else if (is_value(left) && node.operands.size() == 2) {
            term.op = mirrored(term.op);
            term.attribute = term.op == SortOperator::none ? nullptr : key_attribute(right);
            term.value = left.value;
        }
        return term;
    }

    std::optional<Found> find(const ConditionNode& node) const {
        switch (node.op) {
            case Op::conjunction:
                return find_in_all(node);
            case Op::disjunction:
                return find_in_any(node);
            case Op::in:
                return find_in_list(node);
            default:
                break;
        }
        const KeyTerm found = term(node);
        if (found.attribute != &key_.hash || found.op != SortOperator::equal) {
            return std::nullopt;
        }
        return Found{{range(found.value)}};
    }

    /// Refuses values of other types than the key attributes they are compared with.
    void check_values(const ConditionNode& node) const {
        for (const ConditionNode& child : node.children) {
            check_values(child);
        }
        for (const Operand& operand : node.operands) {
            if (const KeyAttribute* attribute = key_attribute(operand)) {
                check_values_of(*attribute, node);
            }
        }
    }

    /// Refuses steps below a key attribute.
    void check_paths(const ConditionNode& node) const {
        for (const ConditionNode& child : node.children) {
            check_paths(child);
        }
        for (const Operand& operand : node.operands) {
            if (!operand.path.steps.empty()) {
                check_path(operand.path);
            }
        }
    }

    void check_ranges(std::span<const KeyRange> ranges) const {
        for (const KeyRange& range : ranges) {
            check_value(key_.hash, range.hash);
            if (range.sort_operator != SortOperator::none) {
                check_value(*key_.sort, range.sort);
            }
        }
    }

    /// Refuses a value that the key attribute cannot have.
    static void check_value(const KeyAttribute& attribute, const AttributeValue& value) {
        if (!value.is(attribute.type)) {
            refuse("Key attribute's data type should match its data type in table's schema: Key " +
                   attribute.name);
        }
        check_not_empty(attribute, value);
    }

    static void check_not_empty(const KeyAttribute& attribute, const AttributeValue& value) {
        if (value.text().empty()) {
            refuse(
                "One or more parameter values are not valid. The AttributeValue for a key "
                "attribute cannot contain an empty " +
                std::string(value.is(AttributeType::string) ? "string" : "binary") +
                " value. Key: " + attribute.name);
        }
    }

    /// Refuses steps below a key attribute.
    void check_path(const Path& path) const {
        if (path.is_nested() && named(path.attribute()) != nullptr) {
            refuse(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are "
                "not allowed: Key: " +
                path.attribute());
        }
    }

private:
    const KeyAttribute* named(std::string_view attribute) const {
        if (attribute == key_.hash.name) {
            return &key_.hash;
        }
        return key_.sort && attribute == key_.sort->name ? &*key_.sort : nullptr;
    }

    static KeyRange range(const AttributeValue& hash) {
        KeyRange range;
        range.hash = hash;
        return range;
    }

    std::optional<Found> find_in_list(const ConditionNode& node) const {
        const bool is_of_values =
            std::all_of(node.operands.begin() + 1, node.operands.end(), is_value);
        if (key_attribute(node.operands.front()) != &key_.hash || !is_of_values) {
            return std::nullopt;
        }
        Found found;
        for (std::size_t i = 1; i < node.operands.size(); ++i) {
            found.ranges.push_back(range(node.operands[i].value));
        }
        return found;
    }

    /// Of the parts that give ranges, the one that gives the fewest; the first condition on the
    /// sort key narrows them.
    std::optional<Found> find_in_all(const ConditionNode& node) const {
        std::optional<Found> best;
        const ConditionNode* source = nullptr;
        for (const ConditionNode& child : node.children) {
            std::optional<Found> found = find(child);
            if (found && (!best || found->ranges.size() < best->ranges.size())) {
                best = std::move(found);
                source = &child;
            }
        }
        if (best) {
            for (const ConditionNode& child : node.children) {
                if (&child != source && !narrow(*best, child)) {
                    best->is_exact = false;
                }
            }
        }
        return best;
    }

    /// Whether all ranges now hold only items for which the node is true.
    bool narrow(Found& found, const ConditionNode& node) const {
        const KeyTerm condition = term(node);
        if (!key_.sort || condition.attribute != &*key_.sort) {
            return false;
        }
        const bool is_free = std::all_of(
            found.ranges.begin(), found.ranges.end(),
            [](const KeyRange& range) { return range.sort_operator == SortOperator::none; });
        if (!is_free) {
            return false;
        }
        for (KeyRange& range : found.ranges) {
            range.sort_operator = condition.op;
            range.sort = condition.value;
            range.sort_upper = condition.upper;
        }
        return true;
    }

    /// Two ranges of one partition become one of the whole partition.
    std::optional<Found> find_in_any(const ConditionNode& node) const {
        Found all;
        for (const ConditionNode& child : node.children) {
            std::optional<Found> found = find(child);
            if (!found) {
                return std::nullopt;
            }
            all.is_exact = all.is_exact && found->is_exact;
            for (const KeyRange& range : found->ranges) {
                add(all, range);
            }
        }
        return all;
    }

    static void add(Found& all, const KeyRange& range) {
        const auto known =
            std::find_if(all.ranges.begin(), all.ranges.end(),
                         [&](const KeyRange& other) { return other.hash == range.hash; });
        if (known == all.ranges.end()) {
            all.ranges.push_back(range);
            return;
        }
        const bool is_whole =
            known->sort_operator == SortOperator::none || range.sort_operator == SortOperator::none;
        all.is_exact = all.is_exact && is_whole;
        known->sort_operator = SortOperator::none;
    }

    static void check_values_of(const KeyAttribute& attribute, const ConditionNode& node) {
        for (const Operand& other : node.operands) {
            if (!is_value(other)) {
                continue;
            }
            if (!other.value.is(attribute.type)) {
                refuse(
                    "One or more parameter values were invalid: Condition parameter type does "
                    "not match schema type");
            }
            if (node.op == Op::equal || node.op == Op::in) {
                check_not_empty(attribute, other.value);
            }
        }
    }

    const KeySchema& key_;
};

bool reads_backwards(const PartiqlStatement& statement, const KeySchema& key, bool is_scan) {
    for (const PartiqlOrder& order : statement.order) {
        if (!key.contains(order.attribute)) {
            refuse("Variable reference " + order.attribute +
                   " in ORDER BY clause must be part of the primary key");
        }
    }
    if (is_scan && !statement.order.empty()) {
        refuse(
            "Must have at least one non-optional hash key condition in WHERE clause when using "
            "ORDER BY clause.");
    }
    const auto by_sort = std::find_if(
        statement.order.begin(), statement.order.end(),
        [&](const PartiqlOrder& order) { return key.sort && order.attribute == key.sort->name; });
    return by_sort != statement.order.end() && by_sort->is_descending;
}

dynamodb::Item make_key(const KeySchema& key, const AttributeValue& hash,
                        const AttributeValue* sort, base::Arena& arena) {
    auto* attributes = arena.allocate_array<Attribute>(2);
    new (attributes) Attribute{arena.copy(std::string_view(key.hash.name)), hash};
    std::size_t count = 1;
    if (sort != nullptr) {
        new (attributes + count++) Attribute{arena.copy(std::string_view(key.sort->name)), *sort};
    }
    return dynamodb::Item(std::span<const Attribute>(attributes, count));
}

/// The equalities on key attributes among the parts of a conjunction, and the other parts.
class TargetReader {
public:
    explicit TargetReader(const KeySchema& key) : key_(key), reader_(key) {}

    void read(const ConditionNode& root) {
        if (root.op != Op::conjunction) {
            read_part(root);
            return;
        }
        for (const ConditionNode& part : root.children) {
            read_part(part);
        }
    }

    bool is_whole() const { return hash_ != nullptr && (!key_.sort || sort_ != nullptr); }

    dynamodb::Item key(base::Arena& arena) const { return make_key(key_, *hash_, sort_, arena); }

    Condition rest() const {
        if (rest_.empty()) {
            return {};
        }
        auto tree = std::make_shared<ConditionTree>();
        if (rest_.size() == 1) {
            tree->root = *rest_.front();
        } else {
            tree->root.op = Op::conjunction;
            tree->root.children.reserve(rest_.size());
            for (const ConditionNode* part : rest_) {
                tree->root.children.push_back(*part);
            }
        }
        summarise(*tree);
        return Condition(std::move(tree));
    }

    bool has_rest() const { return !rest_.empty(); }

private:
    void read_part(const ConditionNode& part) {
        const KeyTerm term = reader_.term(part);
        if (term.attribute == nullptr || term.op != SortOperator::equal) {
            rest_.push_back(&part);
            return;
        }
        KeyReader::check_value(*term.attribute, term.value);
        const AttributeValue*& place = term.attribute == &key_.hash ? hash_ : sort_;
        const Operand& right = part.operands[1];
        const AttributeValue& value = is_value(right) ? right.value : part.operands[0].value;
        if (place != nullptr && *place != value) {
            refuse("Multiple conditions on same key " + term.attribute->name +
                   ". Only single item Update/Insert/Delete are supported");
        }
        place = &value;
    }

    const KeySchema& key_;
    KeyReader reader_;
    const AttributeValue* hash_ = nullptr;
    const AttributeValue* sort_ = nullptr;
    std::vector<const ConditionNode*> rest_;
};

dynamodb::Item key_of_insert(const PartiqlStatement& statement, const KeySchema& key,
                             base::Arena& arena) {
    const auto value_of = [&](const KeyAttribute& attribute) {
        const AttributeValue* value = statement.item.find(attribute.name);
        if (value == nullptr) {
            refuse("Key attribute should be present in the item: Key " + attribute.name);
        }
        KeyReader::check_value(attribute, *value);
        return value;
    };
    const AttributeValue* hash = value_of(key.hash);
    return make_key(key, *hash, key.sort ? value_of(*key.sort) : nullptr, arena);
}

}  // namespace

std::optional<dynamodb::Item> KeyAccess::item_key(const KeySchema& key, base::Arena& arena) const {
    const bool is_one =
        ranges.size() == 1 && (!key.sort || ranges.front().sort_operator == SortOperator::equal);
    if (!is_one) {
        return std::nullopt;
    }
    const KeyRange& range = ranges.front();
    return make_key(key, range.hash, key.sort ? &range.sort : nullptr, arena);
}

KeyAccess key_access(const PartiqlStatement& statement, const KeySchema& key) {
    KeyAccess access;
    const KeyReader reader(key);
    for (const SelectedPath& selected : statement.selection) {
        reader.check_path(selected.path);
    }
    const ConditionTree* where = statement.condition.tree();
    if (where != nullptr) {
        reader.check_paths(where->root);
        if (std::optional<Found> found = reader.find(where->root)) {
            reader.check_ranges(found->ranges);
            access.is_scan = false;
            access.ranges = std::move(found->ranges);
            access.is_exact = found->is_exact;
        }
        reader.check_values(where->root);
    } else {
        access.is_exact = true;
    }
    access.is_descending = reads_backwards(statement, key, access.is_scan);
    return access;
}

PartiqlTarget partiql_target(const PartiqlStatement& statement, const KeySchema& key,
                             base::Arena& arena) {
    if (statement.kind == PartiqlStatement::Kind::insert) {
        return {key_of_insert(statement, key, arena), {}};
    }
    TargetReader target(key);
    const KeyReader reader(key);
    const ConditionTree* where = statement.condition.tree();
    if (where != nullptr) {
        reader.check_paths(where->root);
        target.read(where->root);
    }
    const bool is_exists = statement.kind == PartiqlStatement::Kind::exists;
    if (is_exists && (!target.is_whole() || !target.has_rest())) {
        refuse("EXISTS() must contain a single item read with additional condition");
    }
    if (!target.is_whole()) {
        refuse("Where clause does not contain a mandatory equality on all key attributes");
    }
    reader.check_values(where->root);
    return {target.key(arena), target.rest()};
}

}  // namespace dynamigrate::expressions
