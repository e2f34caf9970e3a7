#include <dynamigrate/migrate/steps.hpp>

#include <dynamigrate/dynamodb/number.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <new>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;

const AttributeValue& require(const AttributeValue* value, AttributeType type,
                              std::string_view name) {
    if (value == nullptr) {
        throw Error(ErrorKind::invalid_argument, fmt::format("attribute {} is missing", name));
    }
    if (!value->is(type)) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("attribute {} is of type {}, not {}", name,
                                dynamodb::to_string(value->type()), dynamodb::to_string(type)));
    }
    return *value;
}

std::vector<std::string> texts(const AttributeValue& set) {
    std::vector<std::string> list;
    for (const AttributeValue& element : set.elements()) {
        list.emplace_back(element.text());
    }
    return list;
}

}  // namespace

ItemEditor::ItemEditor(const dynamodb::Item& item, base::Arena& arena,
                       backfill::TransformOutput& out,
                       std::function<std::string(const std::string&)> physical_name)
    : before_(item),
      arena_(arena),
      out_(out),
      physical_name_(std::move(physical_name)),
      attributes_(item.begin(), item.end()) {}

std::string_view ItemEditor::table_named(std::string_view table) {
    return table.empty() || !physical_name_ ? arena_.copy(table)
                                            : arena_.copy(physical_name_(std::string(table)));
}

Attribute* ItemEditor::current(std::string_view name) {
    auto found = std::find_if(attributes_.begin(), attributes_.end(),
                              [&](const Attribute& attribute) { return attribute.name == name; });
    return found == attributes_.end() ? nullptr : &*found;
}

bool ItemEditor::is_written(std::string_view name) const {
    return std::find(written_.begin(), written_.end(), name) != written_.end();
}

std::string_view ItemEditor::note_written(std::string_view name) {
    auto found = std::find(written_.begin(), written_.end(), name);
    if (found == written_.end()) {
        found = written_.insert(found, arena_.copy(name));
    }
    return *found;
}

const AttributeValue* ItemEditor::find(std::string_view name) {
    if (!is_written(name)) {
        const auto& names = out_.read();
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            out_.reads(arena_.copy(name));
        }
        return before_.find(name);
    }
    Attribute* attribute = current(name);
    if (attribute == nullptr) {
        return nullptr;
    }
    return new (arena_.allocate(sizeof(AttributeValue), alignof(AttributeValue)))
        AttributeValue(attribute->value);
}

bool ItemEditor::has(std::string_view name) { return find(name) != nullptr; }

std::string ItemEditor::string(std::string_view name) {
    return std::string(require(find(name), AttributeType::string, name).text());
}

std::string ItemEditor::string_or(std::string_view name, std::string_view otherwise) {
    const AttributeValue* value = find(name);
    return std::string(value == nullptr ? otherwise
                                        : require(value, AttributeType::string, name).text());
}

std::string ItemEditor::number(std::string_view name) {
    return std::string(require(find(name), AttributeType::number, name).text());
}

std::int64_t ItemEditor::integer(std::string_view name) {
    std::string digits =
        dynamodb::canonical_number(require(find(name), AttributeType::number, name).text());
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("attribute {} is no integer of 64 bits", name));
    }
    return value;
}

bool ItemEditor::boolean(std::string_view name) {
    return require(find(name), AttributeType::boolean, name).as_boolean();
}

std::string ItemEditor::binary(std::string_view name) {
    return std::string(require(find(name), AttributeType::binary, name).text());
}

std::vector<std::string> ItemEditor::string_set(std::string_view name) {
    return texts(require(find(name), AttributeType::string_set, name));
}

std::vector<std::string> ItemEditor::number_set(std::string_view name) {
    return texts(require(find(name), AttributeType::number_set, name));
}

std::vector<std::string> ItemEditor::binary_set(std::string_view name) {
    return texts(require(find(name), AttributeType::binary_set, name));
}

std::span<const AttributeValue> ItemEditor::list(std::string_view name) {
    return require(find(name), AttributeType::list, name).elements();
}

dynamodb::Item ItemEditor::map(std::string_view name) {
    return dynamodb::Item(require(find(name), AttributeType::map, name).attributes());
}

const dynamodb::Item& ItemEditor::item() {
    out_.reads_all();
    return before_;
}

void ItemEditor::store(std::string_view name, const AttributeValue& value) {
    std::string_view kept = note_written(name);
    changed_ = true;
    if (Attribute* attribute = current(name)) {
        attribute->value = value;
    } else {
        attributes_.push_back({kept, value});
    }
}

void ItemEditor::set(std::string_view name, std::string_view text) {
    store(name, AttributeValue::string(arena_.copy(text)));
}

void ItemEditor::set(std::string_view name, std::int64_t number) {
    store(name, AttributeValue::number(arena_.copy(fmt::format_int(number).c_str())));
}

void ItemEditor::set(std::string_view name, bool value) {
    store(name, AttributeValue::boolean(value));
}

void ItemEditor::set_number(std::string_view name, std::string_view digits) {
    if (!dynamodb::check_number(digits).empty()) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("attribute {} was set to a text that is no number of DynamoDB", name));
    }
    store(name, AttributeValue::number(arena_.copy(digits)));
}

void ItemEditor::set_value(std::string_view name, const AttributeValue& value) {
    store(name, value.clone(arena_));
}

void ItemEditor::remove(std::string_view name) {
    note_written(name);
    changed_ = true;
    std::erase_if(attributes_, [&](const Attribute& attribute) { return attribute.name == name; });
}

void ItemEditor::remove_item() { removed_ = true; }

void ItemEditor::put(std::string_view table, const dynamodb::Item& item,
                     backfill::IfExists if_exists) {
    backfill::Action action;
    action.kind = backfill::Action::Kind::put;
    action.table = table_named(table);
    action.item = item.clone(arena_);
    action.if_exists = if_exists;
    out_.act(action);
}

void ItemEditor::update(std::string_view table, const dynamodb::Item& key,
                        const dynamodb::Item& attributes, std::vector<std::string> removed) {
    auto* names = arena_.allocate_array<std::string_view>(removed.size());
    for (std::size_t i = 0; i < removed.size(); ++i) {
        names[i] = arena_.copy(removed[i]);
    }
    backfill::Action action;
    action.kind = backfill::Action::Kind::update;
    action.table = table_named(table);
    action.item = key.clone(arena_);
    action.update = attributes.clone(arena_);
    action.removed = {names, removed.size()};
    out_.act(action);
}

void ItemEditor::delete_item(std::string_view table, const dynamodb::Item& key) {
    backfill::Action action;
    action.kind = backfill::Action::Kind::remove;
    action.table = table_named(table);
    action.item = key.clone(arena_);
    out_.act(action);
}

void ItemEditor::finish() {
    if (removed_) {
        out_.remove();
    } else if (changed_) {
        out_.change(dynamodb::Item(arena_.copy(std::span<const Attribute>(attributes_))));
    }
}

}  // namespace dynamigrate::migrate
