#pragma once

#include "syntax.hpp"

#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::expressions {

/// What SET assigns.
struct SetOperand {
    enum class Kind { path, value, plus, minus, list_append, if_not_exists };

    Kind kind = Kind::path;
    Path path;                         ///< also the tested path of if_not_exists
    dynamodb::AttributeValue value;    ///< in the tree's arena
    std::int32_t parameter = -1;       ///< which parameter of a statement the value is
    std::vector<SetOperand> operands;  ///< both sides; the fallback of if_not_exists
};

struct UpdateAction {
    enum class Kind { set, remove, add, erase };

    Kind kind = Kind::set;
    Path path;
    SetOperand operand;              ///< for set
    dynamodb::AttributeValue value;  ///< for add and erase (DELETE)
};

/// The actions arranged by path: a node has children, or is the end of one action's path.
struct UpdateNode {
    PathStep step;
    const UpdateAction* action = nullptr;
    std::vector<UpdateNode> children;  ///< by index ascending where they are indexes

    bool is_list() const noexcept { return !children.empty() && children.front().step.is_index(); }
};

struct UpdateTree {
    base::Arena arena{512};
    std::vector<UpdateAction> actions;
    UpdateNode root;
    std::vector<Path> paths;
    std::vector<std::string> written;
    std::vector<std::string> read;
    std::vector<std::string> entered;
    bool creates_item = false;
    bool is_expression = true;  ///< else it has the texts of AttributeUpdates
};

/// Arranges the actions and notes what they read and write.
void summarise(UpdateTree& tree);

/// Refuses operands of types that the operation does not take, as far as they are known.
void check_operands(const SetOperand& operation, const OperatorPlace& place);

std::unique_ptr<UpdateTree> parse_update_tree(const Source& source, Substitutions& substitutions);

}  // namespace dynamigrate::expressions
