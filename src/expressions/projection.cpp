#include <dynamigrate/expressions/projection.hpp>

#include "syntax.hpp"

#include <algorithm>

namespace dynamigrate::expressions {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

/// The paths arranged by step; a node without children takes everything below it.
struct Node {
    PathStep step;
    std::vector<Node> children;
};

void insert(Node& root, const Path& path) {
    Node* node = &root;
    for (const PathStep& step : path.steps) {
        auto found = std::find_if(node->children.begin(), node->children.end(),
                                  [&](const Node& child) { return child.step == step; });
        if (found == node->children.end()) {
            found = node->children.insert(found, Node{step, {}});
        }
        node = &*found;
    }
}

template <class Matches>
const Node* find_child(const Node& node, const Matches& matches) {
    auto found = std::find_if(node.children.begin(), node.children.end(),
                              [&](const Node& child) { return matches(child.step); });
    return found == node.children.end() ? nullptr : &*found;
}

bool project(const Node& node, const AttributeValue& value, base::Arena& arena,
             AttributeValue& result);

std::span<const Attribute> project_attributes(const Node& node, std::span<const Attribute> source,
                                              base::Arena& arena) {
    auto* kept = arena.allocate_array<Attribute>(std::min(source.size(), node.children.size()));
    std::size_t count = 0;
    for (const Attribute& attribute : source) {
        const Node* child = find_child(node, [&](const PathStep& step) {
            return !step.is_index() && step.name == attribute.name;
        });
        AttributeValue value;
        if (child != nullptr && project(*child, attribute.value, arena, value)) {
            new (kept + count++) Attribute{attribute.name, value};
        }
    }
    return {kept, count};
}

std::span<const AttributeValue> project_elements(const Node& node,
                                                 std::span<const AttributeValue> source,
                                                 base::Arena& arena) {
    auto* kept =
        arena.allocate_array<AttributeValue>(std::min(source.size(), node.children.size()));
    std::size_t count = 0;
    for (std::size_t i = 0; i < source.size(); ++i) {
        const Node* child = find_child(node, [&](const PathStep& step) {
            return step.is_index() && static_cast<std::size_t>(step.index) == i;
        });
        AttributeValue value;
        if (child != nullptr && project(*child, source[i], arena, value)) {
            new (kept + count++) AttributeValue(value);
        }
    }
    return {kept, count};
}

bool project(const Node& node, const AttributeValue& value, base::Arena& arena,
             AttributeValue& result) {
    if (node.children.empty()) {
        result = value;
        return true;
    }
    if (value.is(AttributeType::map)) {
        auto attributes = project_attributes(node, value.attributes(), arena);
        result = AttributeValue::map(attributes);
        return !attributes.empty();
    }
    if (value.is(AttributeType::list)) {
        auto elements = project_elements(node, value.elements(), arena);
        result = AttributeValue::list(elements);
        return !elements.empty();
    }
    return false;
}

}  // namespace

struct ProjectionTree {
    std::vector<Path> paths;
    Node root;
};

Projection Projection::parse(const ExpressionText& text) {
    Substitutions substitutions(text);
    Projection projection = parse(text.text, substitutions);
    substitutions.check_all_used();
    return projection;
}

Projection Projection::parse(std::string_view text, Substitutions& substitutions) {
    Source source{"ProjectionExpression", text};
    TokenCursor cursor(source);
    std::vector<RawPath> raw_paths;
    do {
        raw_paths.push_back(parse_raw_path(cursor));
    } while (cursor.accept_symbol(","));
    cursor.expect_end();
    std::vector<Path> paths;
    for (const RawPath& raw : raw_paths) {
        paths.push_back(bind_path(source, raw, substitutions));
    }
    check_distinct_paths(source, paths);
    return of(std::move(paths));
}

Projection Projection::of(std::vector<Path> paths) {
    auto tree = std::make_shared<ProjectionTree>();
    for (const Path& path : paths) {
        insert(tree->root, path);
    }
    tree->paths = std::move(paths);
    Projection projection;
    projection.tree_ = std::move(tree);
    return projection;
}

Item Projection::apply(const Item& item, base::Arena& arena) const {
    return tree_ == nullptr ? item
                            : Item(project_attributes(tree_->root, item.attributes(), arena));
}

const std::vector<Path>& Projection::paths() const noexcept {
    static const std::vector<Path> kNone;
    return tree_ == nullptr ? kNone : tree_->paths;
}

}  // namespace dynamigrate::expressions
