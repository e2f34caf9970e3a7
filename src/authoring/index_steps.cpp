#include "index_steps.hpp"

#include "step_parts.hpp"

namespace dynamigrate::authoring {

using json::Value;
using migrate::StepPtr;

namespace {

migrate::Violations read_violations(Fields& fields) {
    const Value* value = fields.find("violations");
    const std::string text = value == nullptr ? "fail" : (value->is_string() ? value->text() : "");
    if (text == "fail") {
        return migrate::Violations::fail;
    }
    if (text == "allow") {
        return migrate::Violations::allow;
    }
    if (text == "ignore") {
        return migrate::Violations::ignore;
    }
    fields.fail(*value, "`violations` must be fail, allow or ignore");
}

/// `manage: verify`: somebody else owns the index.
bool read_verify_only(Fields& fields) {
    const Value* value = fields.find("manage");
    if (value == nullptr) {
        return false;
    }
    const std::string text = value->is_string() ? value->text() : "";
    if (text != "verify" && text != "apply") {
        fields.fail(*value, "`manage` must be apply or verify");
    }
    return text == "verify";
}

bool has_transformation(const migrate::Transformation& transformation) {
    return !transformation.set.empty() || !transformation.rename.empty() ||
           !transformation.defaults.empty() || !transformation.remove.empty();
}

}  // namespace

std::vector<StepPtr> read_create_index(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "create_index");
    const std::string table = table_of(fields, place);
    migrate::IndexDefinition index = read_index_parts(fields);
    migrate::IndexBuild build;
    build.violations = read_violations(fields);
    build.verify_only = read_verify_only(fields);
    if (const Value* capacity = fields.find("build")) {
        build.capacity = read_throughput(*capacity, place.file, "build");
    }
    migrate::TransformStep first;
    first.table = table;
    first.where = read_where(fields);
    first.transformation = read_transformation(fields);
    first.options = read_backfill_options(fields, place);
    fields.finish();
    std::vector<StepPtr> steps;
    if (has_transformation(first.transformation)) {
        steps.push_back(migrate::make_transform(std::move(first)));
    } else if (!first.where.text.empty()) {
        fields.fail(*value.find("where"),
                    "`where` says which items get key attributes: give set or default too; an "
                    "index holds all items that have its key attributes");
    }
    steps.push_back(migrate::make_create_index(table, std::move(index), build));
    return steps;
}

StepPtr read_update_index(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "update_index");
    for (const char* fixed : {"hash", "sort", "projection"}) {
        if (const Value* given = fields.find(fixed)) {
            fields.fail(*given,
                        "DynamoDB cannot change key and projection of an index: create "
                        "another one, then delete this one");
        }
    }
    migrate::UpdateIndex change;
    change.table = table_of(fields, place);
    change.name = fields.required_text("name");
    if (const Value* billing = fields.find("billing")) {
        change.provisioned = read_billing(*billing, place.file).provisioned;
        if (!change.provisioned) {
            fields.fail(*billing,
                        "an index is billed as its table is: change that by "
                        "update_table; an index has `{read: N, write: N}`, `maximum` or "
                        "`warm` of its own");
        }
    }
    if (const Value* maximum = fields.find("maximum")) {
        change.maximum = read_throughput(*maximum, place.file, "maximum");
    }
    if (const Value* warm = fields.find("warm")) {
        change.warm = read_throughput(*warm, place.file, "warm");
    }
    change.verify_only = read_verify_only(fields);
    fields.finish();
    return migrate::make_update_index(std::move(change));
}

StepPtr read_delete_index(const Value& value, const StepPlace& place) {
    if (value.is_string()) {
        return migrate::make_delete_index(place.table, value.text());
    }
    Fields fields(value, place.file, "delete_index");
    const std::string table = table_of(fields, place);
    const bool verify_only = read_verify_only(fields);
    migrate::IndexDefinition index;
    if (value.find("hash") != nullptr) {
        index = read_index_parts(fields);
    } else {
        index.name = fields.required_text("name");
    }
    fields.finish();
    return migrate::make_delete_index(table, std::move(index), verify_only);
}

}  // namespace dynamigrate::authoring
