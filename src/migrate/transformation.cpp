#include "transformation.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using backfill::TransformOutput;
using base::Arena;
using base::Error;
using base::ErrorKind;
using dynamodb::Attribute;
using dynamodb::AttributeValue;
using dynamodb::Item;

bool has_template(const json::Value& tree) {
    if (tree.is_string()) {
        return tree.text().find("${") != std::string::npos;
    }
    if (tree.is_array()) {
        return std::any_of(tree.elements().begin(), tree.elements().end(), has_template);
    }
    return std::any_of(
        tree.members().begin(), tree.members().end(),
        [](const json::Value::Member& member) { return has_template(member.value); });
}

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
    }
}

void record(TransformOutput& out, std::string_view name) {
    const auto& names = out.read();
    if (std::find(names.begin(), names.end(), name) == names.end()) {
        out.reads(name);
    }
}

void record(TransformOutput& out, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
        record(out, name);
    }
}

}  // namespace

ValueTemplate ValueTemplate::compile(const json::Value& tree, const std::string& file) {
    ValueTemplate result;
    if (!has_template(tree)) {
        auto arena = std::make_shared<Arena>(64);
        result.constant_ = dynamodb::value_from_plain(tree, file, *arena);
        result.owner_ = std::move(arena);
        return result;
    }
    if (!tree.tag.empty() || tree.find("$dynamodb") != nullptr) {
        json::fail(file, tree,
                   "no templates inside sets, binary values and $dynamodb; write '${{' "
                   "for a literal '${' in a string outside of these");
    }
    if (tree.is_string()) {
        result.kind_ = Kind::text;
        result.text_ = Template::parse(tree.text(), {file, tree.line, tree.column});
    } else if (tree.is_array()) {
        result.kind_ = Kind::list;
        for (const json::Value& element : tree.elements()) {
            result.children_.push_back(compile(element, file));
        }
    } else {
        result.kind_ = Kind::map;
        for (const json::Value::Member& member : tree.members()) {
            result.names_.push_back(member.key);
            result.children_.push_back(compile(member.value, file));
        }
    }
    return result;
}

AttributeValue ValueTemplate::evaluate(const Item& item, const RunValues& run, Arena& arena) const {
    switch (kind_) {
        case Kind::constant:
            return constant_;
        case Kind::text:
            return text_.evaluate(item, run, arena);
        case Kind::list: {
            auto* elements = arena.allocate_array<AttributeValue>(children_.size());
            for (std::size_t i = 0; i < children_.size(); ++i) {
                elements[i] = children_[i].evaluate(item, run, arena);
            }
            return AttributeValue::list({elements, children_.size()});
        }
        case Kind::map: {
            auto* attributes = arena.allocate_array<Attribute>(children_.size());
            for (std::size_t i = 0; i < children_.size(); ++i) {
                attributes[i] = {names_[i], children_[i].evaluate(item, run, arena)};
            }
            return AttributeValue::map({attributes, children_.size()});
        }
    }
    return constant_;
}

void ValueTemplate::add_attributes(std::vector<std::string>& names) const {
    for (const std::string& name : text_.attributes()) {
        add_once(names, name);
    }
    for (const ValueTemplate& child : children_) {
        child.add_attributes(names);
    }
}

/// The item while it is changed: an array in the arena with room for what may be added.
class CompiledTransformation::Draft {
public:
    Draft(const Item& item, std::size_t additions, Arena& arena)
        : attributes_(arena.allocate_array<Attribute>(item.size() + additions)),
          size_(item.size()) {
        std::copy(item.begin(), item.end(), attributes_);
    }

    Attribute* find(std::string_view name) {
        Attribute* end = attributes_ + size_;
        Attribute* found = std::find_if(
            attributes_, end, [&](const Attribute& attribute) { return attribute.name == name; });
        return found == end ? nullptr : found;
    }
    void set(std::string_view name, const AttributeValue& value) {
        if (Attribute* attribute = find(name)) {
            attribute->value = value;
        } else {
            attributes_[size_++] = {name, value};
        }
    }
    void remove(std::string_view name) {
        if (Attribute* attribute = find(name)) {
            std::copy(attribute + 1, attributes_ + size_, attribute);
            --size_;
        }
    }
    Item item() const { return Item({attributes_, size_}); }

private:
    Attribute* attributes_;
    std::size_t size_;
};

CompiledTransformation::CompiledTransformation(const Transformation& source, RunValues run,
                                               const std::optional<dynamodb::KeySchema>& key)
    : run_(std::move(run)),
      remove_(source.remove) {
    auto compile = [&](const auto& pairs, std::vector<Assignment>& assignments) {
        for (const auto& [name, tree] : pairs) {
            Assignment assignment{name, ValueTemplate::compile(tree, source.file), {}};
            assignment.value.add_attributes(assignment.reads);
            assignments.push_back(std::move(assignment));
        }
    };
    compile(source.set, set_);
    compile(source.defaults, defaults_);
    for (const auto& [from, to] : source.rename) {
        rename_.push_back({from, to});
    }
    check(source);
    if (key) {
        note_key(*key);
    }
}

void CompiledTransformation::check(const Transformation& source) const {
    auto fail = [&](const std::string& message) {
        Error error(ErrorKind::invalid_argument, message);
        throw source.file.empty() ? error : error.at(source.file);
    };
    std::vector<std::string> wanted;
    auto want = [&](const std::string& name, const char* what) {
        if (name.empty()) {
            fail(fmt::format("{} names an attribute of no name", what));
        }
        if (std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
            fail(
                fmt::format("{} names attribute {}, which set, rename or remove names too; only "
                            "one of them can win",
                            what, name));
        }
        wanted.push_back(name);
    };
    for (const Renaming& renaming : rename_) {
        if (renaming.from.empty() || renaming.from == renaming.to) {
            fail(fmt::format("rename needs two different names, not {} and {}", renaming.from,
                             renaming.to));
        }
        want(renaming.to, "rename");
    }
    for (const Assignment& assignment : set_) {
        want(assignment.name, "set");
    }
    for (const std::string& name : remove_) {
        want(name, "remove");
    }
}

void CompiledTransformation::note_key(const dynamodb::KeySchema& key) {
    auto note = [&](const std::string& name) { may_change_key_ |= key.contains(name); };
    for (const Assignment& assignment : set_) {
        note(assignment.name);
    }
    for (const Renaming& renaming : rename_) {
        note(renaming.from);
        note(renaming.to);
    }
    for (const std::string& name : remove_) {
        if (key.contains(name)) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("remove names {}, an attribute of the table's key: an item "
                                    "cannot be without it",
                                    name));
        }
    }
}

std::optional<std::vector<std::string>> CompiledTransformation::attributes() const {
    std::vector<std::string> names = remove_;
    for (const Renaming& renaming : rename_) {
        add_once(names, renaming.from);
        add_once(names, renaming.to);
    }
    for (const auto* assignments : {&set_, &defaults_}) {
        for (const Assignment& assignment : *assignments) {
            add_once(names, assignment.name);
            for (const std::string& name : assignment.reads) {
                add_once(names, name);
            }
        }
    }
    return names;
}

AttributeValue CompiledTransformation::evaluate(const Assignment& assignment, const char* what,
                                                const Item& item, Arena& arena) const {
    try {
        return assignment.value.evaluate(item, run_, arena);
    } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("{} {}: {}", what, assignment.name, error.message()));
    }
}

void CompiledTransformation::rename(Draft& draft, TransformOutput& out) const {
    for (const Renaming& renaming : rename_) {
        record(out, renaming.from);
        Attribute* source = draft.find(renaming.from);
        if (source == nullptr) {
            continue;
        }
        record(out, renaming.to);
        if (draft.find(renaming.to) != nullptr) {
            throw Error(
                ErrorKind::invalid_argument,
                fmt::format("rename {} to {}: the item has both", renaming.from, renaming.to));
        }
        source->name = renaming.to;
    }
}

void CompiledTransformation::apply(const Item& item, Arena& arena, TransformOutput& out) const {
    auto* values = arena.allocate_array<AttributeValue>(set_.size());
    for (std::size_t i = 0; i < set_.size(); ++i) {
        record(out, set_[i].reads);
        values[i] = evaluate(set_[i], "set", item, arena);
    }
    Draft draft(item, set_.size() + defaults_.size(), arena);
    rename(draft, out);
    for (std::size_t i = 0; i < set_.size(); ++i) {
        draft.set(set_[i].name, values[i]);
    }
    for (const Assignment& fallback : defaults_) {
        record(out, fallback.name);
        if (draft.find(fallback.name) == nullptr) {
            record(out, fallback.reads);
            draft.set(fallback.name, evaluate(fallback, "default", item, arena));
        }
    }
    for (const std::string& name : remove_) {
        draft.remove(name);
    }
    if (!set_.empty() || !(draft.item() == item)) {
        out.change(draft.item());
    }
}

}  // namespace dynamigrate::migrate
