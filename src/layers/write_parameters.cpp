#include "write_parameters.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace dynamigrate::layers {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using expressions::AttributeChange;

namespace {

using Names = std::vector<std::pair<std::string, std::string>>;

Names read_names(const RawObject& from) {
    Names names;
    const std::string_view found = from.find("ExpressionAttributeNames");
    if (!found.empty()) {
        const RawObject object(found);
        for (const RawObject::Member& member : object.members()) {
            names.emplace_back(member.name, object.text(member.name));
        }
    }
    return names;
}

expressions::UpdateExpression read_expression(const RawObject& from, base::Arena& arena) {
    const Names names = read_names(from);
    const std::string_view found = from.find("ExpressionAttributeValues");
    const Item values = found.empty() ? Item() : dynamodb::parse_item(found, arena);
    // The condition's own names and values are none of the update's: the service checks their use.
    expressions::Substitutions substitutions(names, values);
    return expressions::UpdateExpression::parse(from.text("UpdateExpression"), substitutions);
}

AttributeChange::Kind change_kind(const std::string& action) {
    if (action.empty() || action == "PUT") {
        return AttributeChange::Kind::put;
    }
    if (action == "DELETE") {
        return AttributeChange::Kind::erase;
    }
    if (action == "ADD") {
        return AttributeChange::Kind::add;
    }
    refuse_write("unknown action of AttributeUpdates: " + action);
}

bool fits(AttributeChange::Kind kind, const AttributeValue& value) {
    switch (kind) {
        case AttributeChange::Kind::put:
        case AttributeChange::Kind::remove:
            return true;
        case AttributeChange::Kind::add:
            return value.is_set() || value.is(AttributeType::number) ||
                   value.is(AttributeType::list);
        case AttributeChange::Kind::erase:
            return value.is_set();
    }
    return false;
}

AttributeChange read_change(std::string_view attribute, const RawObject& from, base::Arena& arena) {
    AttributeChange change;
    change.attribute = attribute;
    change.kind = change_kind(from.text("Action"));
    const std::string_view value = from.find("Value");
    if (!value.empty()) {
        change.value = dynamodb::parse_value(value, arena);
    } else if (change.kind == AttributeChange::Kind::erase) {
        change.kind = AttributeChange::Kind::remove;
    } else {
        refuse_write("AttributeUpdates: only DELETE does without a value");
    }
    if (!fits(change.kind, change.value)) {
        refuse_write("AttributeUpdates: the action does not take a value of that type");
    }
    return change;
}

expressions::UpdateExpression read_changes(std::string_view updates, base::Arena& arena) {
    const RawObject object(updates);
    std::vector<AttributeChange> changes;
    for (const RawObject::Member& member : object.members()) {
        changes.push_back(read_change(member.name, RawObject(member.value), arena));
    }
    return expressions::UpdateExpression::of(changes);
}

expressions::UpdateExpression read_update(const RawObject& from, base::Arena& arena) {
    const std::string_view updates = from.find("AttributeUpdates");
    if (!updates.empty()) {
        return read_changes(updates, arena);
    }
    return from.find("UpdateExpression").empty() ? expressions::UpdateExpression()
                                                 : read_expression(from, arena);
}

}  // namespace

void refuse_write(const std::string& reason) {
    throw base::Error(base::ErrorKind::invalid_argument, reason)
        .service_code("ValidationException");
}

Item required_item(const RawObject& from, std::string_view member, base::Arena& arena) {
    const std::string_view found = from.find(member);
    if (found.empty()) {
        refuse_write("the request has no " + std::string(member));
    }
    return dynamodb::parse_item(found, arena);
}

ItemWrite put_of(const RequestSource& source, const std::string& table, const Item& item,
                 base::Arena& arena) {
    ItemWrite write;
    write.kind = ItemWrite::Kind::put;
    write.table = table;
    write.item = item;
    const dynamodb::KeySchema key = source.key_of(table);
    for (const std::string& name : {key.hash.name, key.sort ? key.sort->name : key.hash.name}) {
        if (item.find(name) == nullptr) {
            source.tables.forget();  // the table may have another key by now
            refuse_write("One or more parameter values were invalid: Missing the key " + name +
                         " in the item");
        }
    }
    write.key = key.key_of(item, arena);
    return write;
}

ItemWrite read_item_write(const RequestSource& source, const RawObject& from, ItemWrite::Kind kind,
                          base::Arena& arena) {
    const std::string table = from.text("TableName");
    if (kind == ItemWrite::Kind::put) {
        return put_of(source, table, required_item(from, "Item", arena), arena);
    }
    ItemWrite write;
    write.kind = kind;
    write.table = table;
    write.key = required_item(from, "Key", arena);
    if (kind == ItemWrite::Kind::update) {
        write.update = read_update(from, arena);
    }
    return write;
}

dynamodb::KeySchema RequestSource::key_of(const std::string& table) const {
    auto key = tables.find(table, call.stop);
    if (!key) {
        throw base::Error(base::ErrorKind::not_found, "Requested resource not found")
            .service_code("ResourceNotFoundException");
    }
    return *key;
}

}  // namespace dynamigrate::layers
