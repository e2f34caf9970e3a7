#include "partiql_keys.hpp"

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeValue;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using Op = ConditionNode::Op;

/// The equalities on key attributes among the parts of a conjunction, and the other parts.
class TargetReader {
public:
    explicit TargetReader(const PartiqlKeys& keys) : keys_(keys), key_(keys.schema()) {}

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
        const KeyTerm term = keys_.term(part);
        if (term.attribute == nullptr || term.op != SortOperator::equal) {
            rest_.push_back(&part);
            return;
        }
        PartiqlKeys::check_value(*term.attribute, *term.value);
        const AttributeValue*& place = term.attribute == &key_.hash ? hash_ : sort_;
        if (place != nullptr && *place != *term.value) {
            refuse_statement("Multiple conditions on same key " + term.attribute->name +
                             ". Only single item Update/Insert/Delete are supported");
        }
        place = term.value;
    }

    const PartiqlKeys& keys_;
    const KeySchema& key_;
    const AttributeValue* hash_ = nullptr;
    const AttributeValue* sort_ = nullptr;
    std::vector<const ConditionNode*> rest_;
};

dynamodb::Item key_of_insert(const PartiqlStatement& statement, const KeySchema& key,
                             base::Arena& arena) {
    const auto value_of = [&](const KeyAttribute& attribute) {
        const AttributeValue* value = statement.item.find(attribute.name);
        if (value == nullptr) {
            refuse_statement("Key attribute should be present in the item: Key " + attribute.name);
        }
        PartiqlKeys::check_value(attribute, *value);
        return value;
    };
    const AttributeValue* hash = value_of(key.hash);
    return make_key(key, *hash, key.sort ? value_of(*key.sort) : nullptr, arena);
}

/// Reads the WHERE of a statement other than INSERT.
void read_target(const PartiqlStatement& statement, const PartiqlKeys& keys, TargetReader& target) {
    const ConditionTree* where = statement.condition.tree();
    if (where != nullptr) {
        keys.check_paths(where->root);
        target.read(where->root);
    }
    const bool is_exists = statement.kind == PartiqlStatement::Kind::exists;
    if (is_exists && (!target.is_whole() || !target.has_rest())) {
        refuse_statement("EXISTS() must contain a single item read with additional condition");
    }
    if (!target.is_whole()) {
        refuse_statement(
            "Where clause does not contain a mandatory equality on all key attributes");
    }
    keys.check_values(where->root);
}

}  // namespace

PartiqlTarget partiql_target(const PartiqlStatement& statement, const KeySchema& key,
                             base::Arena& arena) {
    if (statement.kind == PartiqlStatement::Kind::insert) {
        return {key_of_insert(statement, key, arena), {}};
    }
    const PartiqlKeys keys(key);
    TargetReader target(keys);
    read_target(statement, keys, target);
    return {target.key(arena), target.rest()};
}

dynamodb::Item target_key(const PartiqlStatement& statement, const KeySchema& key,
                          base::Arena& arena) {
    const PartiqlKeys keys(key);
    TargetReader target(keys);
    read_target(statement, keys, target);
    return target.key(arena);
}

}  // namespace dynamigrate::expressions
