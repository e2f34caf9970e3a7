#include "step_reader.hpp"

#include "index_steps.hpp"
#include "jq_transform.hpp"
#include "run_reader.hpp"
#include "step_parts.hpp"
#include "table_setting_steps.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

namespace dynamigrate::authoring {

using json::Value;
using migrate::StepPtr;

namespace {

std::shared_ptr<const dynamodb::OwnedItem> owned_item(const Value& value, const std::string& file) {
    auto owned = std::make_shared<dynamodb::OwnedItem>();
    owned->item = dynamodb::item_from_plain(value, file, owned->arena);
    return owned;
}

std::vector<std::shared_ptr<const dynamodb::OwnedItem>> owned_items(Fields& fields,
                                                                    std::string_view name) {
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items;
    const Value* value = fields.find(name);
    if (value == nullptr) {
        return items;
    }
    if (!value->is_array() || value->elements().empty()) {
        fields.fail(*value, "`" + std::string(name) + "` must be a list of at least one item");
    }
    for (const Value& element : value->elements()) {
        items.push_back(owned_item(element, fields.file()));
    }
    return items;
}

StepPtr create_table(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "create_table");
    migrate::CreateTable table;
    table.name = fields.text_or("name", place.table);
    if (table.name.empty()) {
        fields.fail(value, "create_table needs `name`");
    }
    table.hash = read_key_attribute(fields.required("hash"), place.file);
    if (const Value* sort = fields.find("sort")) {
        table.sort = read_key_attribute(*sort, place.file);
    }
    if (const Value* billing = fields.find("billing")) {
        table.billing = read_billing(*billing, place.file);
    }
    table.stream = fields.text_or("stream", "");
    for (const auto& [name, indexes] :
         {std::pair{"indexes", &table.indexes}, std::pair{"local_indexes", &table.local_indexes}}) {
        if (const Value* list = fields.find(name)) {
            if (!list->is_array()) {
                fields.fail(*list, "`" + std::string(name) + "` must be a list");
            }
            for (const Value& index : list->elements()) {
                const bool is_local = indexes == &table.local_indexes;
                indexes->push_back(read_index(index, place.file, is_local ? &table.hash : nullptr));
            }
        }
    }
    table.ttl = fields.text_or("ttl", "");
    table.point_in_time_recovery = fields.boolean("point_in_time_recovery").value_or(false);
    table.deletion_protection = fields.boolean("deletion_protection").value_or(false);
    if (const Value* tags = fields.find("tags")) {
        Fields known(*tags, place.file, "tags");
        for (const Value::Member& tag : tags->members()) {
            table.tags[tag.key] = as_text(tag.value, place.file, "a tag");
        }
    }
    table.table_class = fields.text_or("class", "");
    fields.finish();
    return migrate::make_create_table(std::move(table));
}

StepPtr delete_table(const Value& value, const StepPlace& place) {
    if (value.is_string()) {
        return migrate::make_delete_table(value.text());
    }
    Fields fields(value, place.file, "delete_table");
    std::string name = fields.text_or("name", place.table);
    fields.finish();
    return migrate::make_delete_table(std::move(name));
}

StepPtr update_table(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "update_table");
    migrate::UpdateTable change;
    change.table = table_of(fields, place);
    if (const Value* billing = fields.find("billing")) {
        change.billing = read_billing(*billing, place.file);
    }
    change.stream = fields.text("stream");
    change.deletion_protection = fields.boolean("deletion_protection");
    change.table_class = fields.text_or("class", "");
    fields.finish();
    return migrate::make_update_table(std::move(change));
}

StepPtr create_index(const Value& value, const StepPlace& place) {
    return read_create_index(value, place).back();
}

StepPtr ttl(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "ttl");
    migrate::TtlStep step;
    step.table = table_of(fields, place);
    step.attribute = fields.required_text("attribute");
    step.enabled = fields.boolean("enabled").value_or(true);
    fields.finish();
    return migrate::make_ttl(std::move(step));
}

bool is_empty(const migrate::Transformation& transformation) {
    return transformation.set.empty() && transformation.rename.empty() &&
           transformation.defaults.empty() && transformation.remove.empty();
}

/// Reads to the end first: a misspelt `set` is an unknown key before it is a missing one.
void finish_transformation(Fields& fields, const migrate::Transformation& transformation,
                           bool has_jq) {
    fields.finish();
    if (!has_jq && is_empty(transformation)) {
        fields.fail(fields.object(), "a transform needs set, rename, remove or default, or jq");
    }
}

/// Nothing where there is no `jq`.
std::shared_ptr<const migrate::ForeignTransform> read_jq(
    Fields& fields, const migrate::Transformation& transformation, JqMeaning meaning) {
    const Value* program = fields.find("jq");
    if (program == nullptr) {
        return nullptr;
    }
    if (!program->is_string()) {
        fields.fail(*program, "`jq` must be a text, a jq program");
    }
    if (!is_empty(transformation)) {
        fields.fail(*program,
                    "`jq` stands alone: it cannot be together with set, rename, remove "
                    "and default");
    }
    return make_jq_transform({program->text(), fields.file(), program->line, program->column},
                             meaning);
}

StepPtr transform(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "transform");
    migrate::TransformStep step;
    step.table = table_of(fields, place);
    step.where = read_where(fields);
    step.transformation = read_transformation(fields);
    const bool changes_key = fields.boolean("changes_key").value_or(false);
    step.foreign = read_jq(fields, step.transformation, {changes_key, false});
    step.guard = read_guard(fields);
    step.overwrite = fields.boolean("overwrite").value_or(false);
    step.options = read_backfill_options(fields, place);
    finish_transformation(fields, step.transformation, step.foreign != nullptr);
    if (value.find("changes_key") != nullptr && !step.foreign) {
        fields.fail(*value.find("changes_key"), "`changes_key` is for `jq` only");
    }
    return migrate::make_transform(std::move(step));
}

StepPtr copy(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "copy");
    migrate::CopyStep step;
    step.table = table_of(fields, place);
    step.to = fields.required_text("to");
    step.where = read_where(fields);
    step.transformation = read_transformation(fields);
    step.foreign = read_jq(fields, step.transformation, {true, true});
    step.if_exists = read_if_exists(fields, backfill::IfExists::keep);
    step.options = read_backfill_options(fields, place);
    fields.finish();
    return migrate::make_copy(std::move(step));
}

StepPtr update(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "update");
    migrate::UpdateStep step;
    step.table = table_of(fields, place);
    ExpressionParts parts(fields);
    step.where = parts.take(fields.text_or("where", ""));
    step.expression = parts.take(fields.required_text("expression"));
    parts.finish();
    step.options = read_backfill_options(fields, place);
    fields.finish();
    return migrate::make_update(std::move(step));
}

StepPtr remove(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "delete");
    migrate::DeleteStep step;
    step.table = table_of(fields, place);
    step.where = read_where(fields);
    step.keys = owned_items(fields, "keys");
    step.options = read_backfill_options(fields, place);
    fields.finish();
    if (step.where.text.empty() == step.keys.empty()) {
        fields.fail(value, "delete needs either `where` or `keys`");
    }
    return migrate::make_delete(std::move(step));
}

StepPtr put(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "put");
    migrate::PutStep step;
    step.table = table_of(fields, place);
    const std::string format = fields.text_or("format", "plain");
    if (format != "plain" && format != "dynamodb") {
        fields.fail(*value.find("format"), "`format` must be plain or dynamodb");
    }
    step.is_dynamodb_json = format == "dynamodb";
    if (const Value* items = fields.find("items"); items != nullptr && step.is_dynamodb_json) {
        if (!items->is_array()) {
            fields.fail(*items, "`items` must be a list of items");
        }
        for (const Value& element : items->elements()) {
            auto owned = std::make_shared<dynamodb::OwnedItem>();
            owned->item = dynamodb::item_from_wire(element, place.file, owned->arena);
            step.items.push_back(std::move(owned));
        }
    } else {
        step.items = owned_items(fields, "items");
    }
    if (const auto file = fields.text("file")) {
        step.file = (place.directory / *file).lexically_normal().string();
    }
    step.transformation = read_transformation(fields);
    step.if_exists = read_if_exists(fields, backfill::IfExists::keep);
    step.options = read_backfill_options(fields, place);
    fields.finish();
    if (step.items.empty() == step.file.empty()) {
        fields.fail(value, "put needs either `items` or `file`");
    }
    return migrate::make_put(std::move(step));
}

StepPtr rename_attribute(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "rename_attribute");
    std::string table = table_of(fields, place);
    std::string from = fields.required_text("from");
    std::string to = fields.required_text("to");
    migrate::OwnedExpression where = read_where(fields);
    fields.finish();
    return migrate::make_rename_attribute(std::move(table), std::move(from), std::move(to),
                                          std::move(where));
}

StepPtr remove_attribute(const Value& value, const StepPlace& place) {
    if (value.is_string()) {
        return migrate::make_remove_attribute(place.table, value.text());
    }
    Fields fields(value, place.file, "remove_attribute");
    std::string table = table_of(fields, place);
    std::string name = fields.required_text("name");
    migrate::OwnedExpression where = read_where(fields);
    fields.finish();
    return migrate::make_remove_attribute(std::move(table), std::move(name), std::move(where));
}

StepPtr verify(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "verify");
    migrate::VerifyStep step;
    step.table = table_of(fields, place);
    step.where = read_where(fields);
    step.expect = fields.count("expect").value_or(0);
    step.options = read_backfill_options(fields, place);
    fields.finish();
    return migrate::make_verify(std::move(step));
}

StepPtr partiql(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "partiql");
    migrate::PartiqlStep step;
    step.table = fields.text_or("table", place.table);
    step.statement = fields.required_text("statement");
    if (const Value* parameters = fields.find("parameters")) {
        if (!parameters->is_array()) {
            fields.fail(*parameters, "`parameters` must be a list");
        }
        auto owner = std::make_shared<dynamodb::OwnedItem>();
        for (const Value& parameter : parameters->elements()) {
            step.parameters.push_back(
                dynamodb::value_from_plain(parameter, place.file, owner->arena));
        }
        step.owner = std::move(owner);
    }
    fields.finish();
    return migrate::make_partiql(std::move(step));
}

using Reader = StepPtr (*)(const Value&, const StepPlace&);

const std::map<std::string, Reader>& readers() {
    static const std::map<std::string, Reader> kReaders{
        {"create_table", create_table},
        {"delete_table", delete_table},
        {"update_table", update_table},
        {"create_index", create_index},
        {"update_index", read_update_index},
        {"delete_index", read_delete_index},
        {"pitr", read_pitr},
        {"backup", read_backup},
        {"tag", read_tag},
        {"ttl", ttl},
        {"transform", transform},
        {"copy", copy},
        {"update", update},
        {"delete", remove},
        {"put", put},
        {"rename_attribute", rename_attribute},
        {"remove_attribute", remove_attribute},
        {"verify", verify},
        {"partiql", partiql},
        {"run", read_run},
    };
    return kReaders;
}

}  // namespace

StepPtr read_step(const Value& entry, const StepPlace& place) {
    if (!entry.is_object() || entry.members().size() != 1) {
        json::fail(place.file, entry,
                   "a step is a map with one key, its kind, such as `transform: {...}`");
    }
    const Value::Member& member = entry.members().front();
    Value where;
    where.line = member.line;
    where.column = member.column;
    const auto reader = readers().find(member.key);
    if (reader == readers().end()) {
        std::vector<std::string> kinds;
        for (const auto& [kind, unused] : readers()) {
            kinds.push_back(kind);
        }
        const std::string near = json::nearest(member.key, kinds);
        std::string message = "unknown step `" + member.key + "`";
        if (!near.empty()) {
            message += "; did you mean `" + near + "`?";
        } else {
            message += "; known are ";
            for (std::size_t i = 0; i < kinds.size(); ++i) {
                message += (i > 0 ? ", " : "") + kinds[i];
            }
        }
        json::fail(place.file, where, message);
    }
    return reader->second(member.value, place);
}

std::vector<StepPtr> read_steps(const Value& entry, const StepPlace& place) {
    const bool is_creation = entry.is_object() && entry.members().size() == 1 &&
                             entry.members().front().key == "create_index";
    if (is_creation) {
        return read_create_index(entry.members().front().value, place);
    }
    return {read_step(entry, place)};
}

}  // namespace dynamigrate::authoring
