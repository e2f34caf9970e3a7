#include "action_edit.hpp"

#include <dynamigrate/expressions/update.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

expressions::UpdateExpression expression_of(const Action& action) {
    dynamodb::ExpressionText text;
    text.text = action.expression;
    for (const auto& [placeholder, name] : action.names) {
        text.names.emplace_back(placeholder, name);
    }
    text.values = action.update;
    return expressions::UpdateExpression::parse(text);
}

Item with_attributes(Item item, const Item& attributes, base::Arena& arena) {
    for (const dynamodb::Attribute& attribute : attributes) {
        item = item.with(arena, attribute.name, attribute.value);
    }
    return item;
}

void note_reads(ActionState& state, const std::vector<std::string>& names, base::Arena& arena) {
    for (const std::string& name : names) {
        if (std::find(state.reads.begin(), state.reads.end(), name) == state.reads.end()) {
            state.reads.push_back(arena.copy(name));
        }
    }
}

ActionEffect update_by_expression(const Action& action, ActionState& state, base::Arena& arena) {
    try {
        const expressions::UpdateExpression expression = expression_of(action);
        if (!state.after && !expression.creates_item()) {
            return {};
        }
        const Item after = expression.apply(state.after.value_or(Item()), arena).clone(arena);
        state.after = state.after ? after : with_attributes(after, action.item, arena);
        note_reads(state, expression.attributes_read(), arena);
        return {};
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid_argument) {
            throw;
        }
        return {ActionEffect::Kind::refused, error.what()};
    }
}

ActionEffect update(const Action& action, ActionState& state, base::Arena& arena) {
    if (!state.after && !action.creates) {
        return {};
    }
    if (!action.expression.empty()) {
        return update_by_expression(action, state, arena);
    }
    Item after = with_attributes(state.after.value_or(action.item), action.update, arena);
    for (std::string_view name : action.removed) {
        after = after.without(arena, name);
    }
    state.after = after;
    return {};
}

ActionEffect put(const Action& action, ActionState& state) {
    if (state.after && action.if_exists != IfExists::replace) {
        return {action.if_exists == IfExists::keep ? ActionEffect::Kind::kept
                                                   : ActionEffect::Kind::exists,
                {}};
    }
    state.after = action.item;
    return {};
}

}  // namespace

ActionEffect apply(const Action& action, ActionState& state, base::Arena& arena) {
    switch (action.kind) {
        case Action::Kind::put:
            return put(action, state);
        case Action::Kind::update:
            return update(action, state, arena);
        case Action::Kind::remove:
            break;
    }
    state.after.reset();
    state.reads_all = true;  // what the journal keeps of it must be what is deleted
    return {};
}

std::optional<Edit> edit_for(const ActionState& state, const Target& table,
                             const EditPolicy& policy, base::Arena& arena) {
    if (!state.before && !state.after) {
        return std::nullopt;
    }
    ReadSet read;
    read.names = &state.reads;
    read.all = state.reads_all;
    Edit edit = !state.before ? make_insert(table, *state.after, policy, arena)
                : !state.after
                    ? make_delete(table, *state.before, read, policy, arena)
                    : make_update(table, *state.before, *state.after, read, policy, arena);
    if (!edit.has_effect()) {
        return std::nullopt;
    }
    edit.kind = as_action(edit.kind);
    return edit;
}

layers::EntryKind as_action(layers::EntryKind kind) {
    switch (kind) {
        case layers::EntryKind::insert:
            return layers::EntryKind::action_insert;
        case layers::EntryKind::remove:
            return layers::EntryKind::action_remove;
        default:
            return layers::EntryKind::action_update;
    }
}

bool is_idempotent(const Action& action, const Item& after, base::Arena& arena) {
    if (action.expression.empty() || after.empty()) {
        return true;
    }
    ActionState state{after, after, {}, false};
    return update_by_expression(action, state, arena).kind == ActionEffect::Kind::done &&
           state.after == after;
}

Item check_action(const Action& action, const Target& table, base::Arena& arena) {
    const Item key = table.key.key_of(action.item, arena);
    if (action.kind != Action::Kind::update) {
        return key;
    }
    const auto refuse = [&](const std::string& name) {
        if (table.key.contains(name)) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("an update of table {} would change {}, an attribute of its "
                                    "key; delete the item and put another one",
                                    table.name, name));
        }
    };
    if (!action.expression.empty()) {
        const expressions::UpdateExpression expression = expression_of(action);
        std::for_each(expression.attributes_written().begin(),
                      expression.attributes_written().end(), refuse);
        return key;
    }
    for (const dynamodb::Attribute& attribute : action.update) {
        refuse(std::string(attribute.name));
    }
    for (std::string_view name : action.removed) {
        refuse(std::string(name));
    }
    return key;
}

}  // namespace dynamigrate::backfill
