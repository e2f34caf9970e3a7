#include <dynamigrate/expressions/condition.hpp>

#include "condition_tree.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

constexpr std::string_view kWhat = "FilterExpression";

bool names_key(const ConditionNode& node, const dynamodb::KeySchema& key) {
    bool found = false;
    for_each_path(node, [&](const Path& path) { found = found || key.contains(path.attribute()); });
    return found;
}

void append_keyless(const ConditionNode& node, const dynamodb::KeySchema& key,
                    std::string_view text, std::string& kept) {
    if (node.op == ConditionNode::Op::conjunction) {
        for (const ConditionNode& child : node.children) {
            append_keyless(child, key, text, kept);
        }
    } else if (!names_key(node, key)) {
        kept += kept.empty() ? "" : " AND ";
        kept += text.substr(node.begin, node.end - node.begin);
    }
}

bool uses(const std::vector<std::string_view>& placeholders, std::string_view key) {
    return std::find(placeholders.begin(), placeholders.end(), key) != placeholders.end();
}

std::vector<std::string_view> placeholders_of(std::string_view text) {
    std::vector<std::string_view> placeholders;
    TokenCursor cursor({kWhat, text});
    for (; cursor.peek().kind != TokenKind::end; cursor.take()) {
        if (cursor.peek().kind == TokenKind::placeholder_name ||
            cursor.peek().kind == TokenKind::placeholder_value) {
            placeholders.push_back(cursor.peek().text);
        }
    }
    return placeholders;
}

}  // namespace

std::optional<ExpressionText> without_key_conjuncts(const ExpressionText& filter,
                                                    const dynamodb::KeySchema& key,
                                                    base::Arena& arena) {
    Substitutions substitutions(filter);
    ConditionTree tree = parse_condition_tree({kWhat, filter.text}, substitutions);
    substitutions.check_all_used();

    ExpressionText kept;
    append_keyless(tree.root, key, filter.text, kept.text);
    if (kept.text.empty()) {
        return std::nullopt;
    }
    std::vector<std::string_view> placeholders = placeholders_of(kept.text);
    for (const auto& name : filter.names) {
        if (uses(placeholders, name.first)) {
            kept.names.push_back(name);
        }
    }
    std::vector<dynamodb::Attribute> values;
    for (const dynamodb::Attribute& value : filter.values) {
        if (uses(placeholders, value.name)) {
            values.push_back(value);
        }
    }
    kept.values = dynamodb::Item(arena.copy(std::span<const dynamodb::Attribute>(values)));
    return kept;
}

}  // namespace dynamigrate::expressions
