#include "partiql_keys.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using dynamodb::KeySchema;
using Op = ConditionNode::Op;

/// Ranges that hold every item for which a part of WHERE is true.
struct Found {
    std::vector<KeyRange> ranges;
    bool is_exact = true;
};

class RangeFinder {
public:
    explicit RangeFinder(const PartiqlKeys& keys) : keys_(keys), key_(keys.schema()) {}

    /// Nothing where the ranges would have to hold every item.
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
        const KeyTerm term = keys_.term(node);
        if (term.attribute != &key_.hash || term.op != SortOperator::equal) {
            return std::nullopt;
        }
        return Found{{range(*term.value)}};
    }

private:
    static KeyRange range(const dynamodb::AttributeValue& hash) {
        KeyRange range;
        range.hash = hash;
        return range;
    }

    std::optional<Found> find_in_list(const ConditionNode& node) const {
        const bool is_of_values =
            std::all_of(node.operands.begin() + 1, node.operands.end(), is_value);
        if (keys_.attribute(node.operands.front()) != &key_.hash || !is_of_values) {
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
        const KeyTerm term = keys_.term(node);
        if (!key_.sort || term.attribute != &*key_.sort) {
            return false;
        }
        const bool is_free = std::all_of(
            found.ranges.begin(), found.ranges.end(),
            [](const KeyRange& range) { return range.sort_operator == SortOperator::none; });
        if (!is_free) {
            return false;
        }
        for (KeyRange& range : found.ranges) {
            range.sort_operator = term.op;
            range.sort = *term.value;
            range.sort_upper = term.upper == nullptr ? *term.value : *term.upper;
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

    const PartiqlKeys& keys_;
    const KeySchema& key_;
};

void check_ranges(const KeySchema& key, const std::vector<KeyRange>& ranges) {
    for (const KeyRange& range : ranges) {
        PartiqlKeys::check_value(key.hash, range.hash);
        if (range.sort_operator != SortOperator::none) {
            PartiqlKeys::check_value(*key.sort, range.sort);
        }
    }
}

bool reads_backwards(const PartiqlStatement& statement, const KeySchema& key, bool is_scan) {
    for (const PartiqlOrder& order : statement.order) {
        if (!key.contains(order.attribute)) {
            refuse_statement("Variable reference " + order.attribute +
                             " in ORDER BY clause must be part of the primary key");
        }
    }
    if (is_scan && !statement.order.empty()) {
        refuse_statement(
            "Must have at least one non-optional hash key condition in WHERE clause when using "
            "ORDER BY clause.");
    }
    const auto by_sort = std::find_if(
        statement.order.begin(), statement.order.end(),
        [&](const PartiqlOrder& order) { return key.sort && order.attribute == key.sort->name; });
    return by_sort != statement.order.end() && by_sort->is_descending;
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
    const PartiqlKeys keys(key);
    for (const SelectedPath& selected : statement.selection) {
        keys.check_path(selected.path);
    }
    const ConditionTree* where = statement.condition.tree();
    if (where != nullptr) {
        keys.check_paths(where->root);
        if (std::optional<Found> found = RangeFinder(keys).find(where->root)) {
            check_ranges(key, found->ranges);
            access.is_scan = false;
            access.ranges = std::move(found->ranges);
            access.is_exact = found->is_exact;
        }
        keys.check_values(where->root);
    } else {
        access.is_exact = true;
    }
    access.is_descending = reads_backwards(statement, key, access.is_scan);
    return access;
}

}  // namespace dynamigrate::expressions
