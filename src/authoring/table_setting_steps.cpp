#include "table_setting_steps.hpp"

#include "step_parts.hpp"

namespace dynamigrate::authoring {

using json::Value;
using migrate::StepPtr;

StepPtr read_pitr(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "pitr");
    migrate::PitrStep step;
    step.table = table_of(fields, place);
    step.enabled = fields.boolean("enabled").value_or(true);
    fields.finish();
    return migrate::make_pitr(std::move(step));
}

StepPtr read_backup(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "backup");
    migrate::BackupStep step;
    step.table = table_of(fields, place);
    step.name = fields.required_text("name");
    fields.finish();
    return migrate::make_backup(std::move(step));
}

StepPtr read_tag(const Value& value, const StepPlace& place) {
    Fields fields(value, place.file, "tag");
    migrate::TagStep step;
    step.table = table_of(fields, place);
    const Value& tags = fields.required("tags");
    if (!tags.is_object()) {
        fields.fail(tags, "`tags` must be a map of names and values; null removes a tag");
    }
    for (const Value::Member& tag : tags.members()) {
        if (tag.value.is_null()) {
            step.removed.push_back(tag.key);
        } else {
            step.tags[tag.key] = as_text(tag.value, place.file, "a tag");
        }
    }
    fields.finish();
    return migrate::make_tag(std::move(step));
}

}  // namespace dynamigrate::authoring
