#include "script_migration.hpp"

#include "fields.hpp"
#include "functionless_migration.hpp"
#include "onetable_migration.hpp"
#include "program_limits.hpp"
#include "record_step.hpp"
#include "script_transform.hpp"
#include "step_parts.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;
using json::Value;
using migrate::Migration;

namespace {

constexpr std::string_view kUp = "up", kTransform = "transform", kTransformDown = "transformDown";
/// How the host calls a function that is all that a file exports.
constexpr std::string_view kRecord = "record";

/// What Node says of files has no place in them.
void forget_places(Value& value) {
    value.line = value.column = 0;
    for (Value& element : value.elements()) {
        forget_places(element);
    }
    for (Value::Member& member : value.members()) {
        member.line = member.column = 0;
        forget_places(member.value);
    }
}

/// JavaScript's spelling of names: `failureBudget` is `failure_budget`.
std::string own_spelling(const std::string& name) {
    std::string spelled;
    for (const char c : name) {
        if (std::isupper(static_cast<unsigned char>(c)) != 0) {
            spelled += '_';
        }
        spelled += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return spelled;
}

/// The object as YAML has it: names spelled so, and what `where` holds beside it.
Value as_fields(const Value& values) {
    Value fields = Value::object();
    for (const Value::Member& member : values.members()) {
        fields.set(own_spelling(member.key), member.value);
    }
    const Value* where = fields.find("where");
    if (where != nullptr && where->is_object()) {
        const Value parts = *where;
        const Value* expression = parts.find("expression");
        fields.set("where", expression != nullptr ? *expression : Value());
        for (const char* name : {"names", "values"}) {
            if (const Value* part = parts.find(name)) {
                fields.set(name, *part);
            }
        }
    }
    return fields;
}

/// The error with which Node answered for a file.
[[noreturn]] void fail_loading(const ScriptFile& file, const Value& error) {
    std::string message = json::text_of(error, "message");
    std::string place = file.path.string();
    if (const Value* frames = error.find("frames"); frames != nullptr && frames->is_array()) {
        for (const Value& frame : frames->elements()) {
            message += "\n    " + frame.text();
        }
    }
    throw Error(ErrorKind::invalid_argument, message).at(place);
}

class ScriptReader {
public:
    ScriptReader(const ScriptFile& file, const Value& answer,
                 std::shared_ptr<const NodeInstallation> installation, std::string default_table)
        : file_(file),
          name_(file.path.string()),
          tree_(as_fields(*answer.find("values"))),
          functions_(*answer.find("functions")),
          fields_(tree_, name_, "a migration"),
          installation_(std::move(installation)),
          default_table_(std::move(default_table)) {}

    Migration read();
    /// Of a script that is a function of a record, with a `dyno` always: a dry run's writes are kept
    /// apart.
    Migration read_record_script();

private:
    bool has(std::string_view function) const {
        return std::ranges::any_of(functions_.elements(),
                                   [&](const Value& name) { return name.text() == function; });
    }
    void check_functions() const;
    void check_version();
    bool is_reversible();
    migrate::TransformStep read_step();
    void read_limits();
    std::shared_ptr<const migrate::ForeignTransform> function(std::string_view name) const;

    const ScriptFile& file_;
    std::string name_;
    Value tree_;
    Value functions_;
    Fields fields_;
    std::shared_ptr<const NodeInstallation> installation_;
    std::string default_table_;
    bool changes_key_ = false;
    NodeLimits limits_;
};

void ScriptReader::check_functions() const {
    if (!has(kTransform)) {
        fields_.fail(tree_, "there is no function `transform(item)`, and none `up`");
    }
    if (has("down")) {
        fields_.fail(tree_,
                     "the function that takes items back is called `transformDown(item)`; "
                     "without one they are put back from the journal");
    }
}

void ScriptReader::check_version() {
    const Value* version = fields_.find("version");
    if (version != nullptr && as_text(*version, name_, "`version`") != file_.id) {
        fields_.fail(*version, fmt::format("`version` is {}, but the file's name says {}",
                                           version->text(), file_.id));
    }
}

bool ScriptReader::is_reversible() {
    const Value* down = fields_.find("down");
    if (down == nullptr || (down->is_string() && down->text() == "auto")) {
        return true;
    }
    if (!down->is_boolean() || down->as_boolean()) {
        fields_.fail(*down,
                     "`down` must be 'auto' (put back from the journal) or false (nothing "
                     "is put back)");
    }
    return false;
}

void ScriptReader::read_limits() {
    read_seconds(fields_, "timeout", limits_.time);
    read_memory(fields_, limits_.memory_mb);
}

migrate::TransformStep ScriptReader::read_step() {
    migrate::TransformStep step;
    step.table = fields_.text_or("table", default_table_);
    if (step.table.empty()) {
        fields_.fail(tree_, "no table: give `table` in the migration or the configuration");
    }
    step.where = read_where(fields_);
    step.guard = read_guard(fields_);
    step.overwrite = fields_.boolean("overwrite").value_or(false);
    step.options =
        read_backfill_options(fields_, StepPlace{step.table, name_, file_.path.parent_path()});
    changes_key_ = fields_.boolean("changes_key").value_or(false);
    read_limits();
    return step;
}

std::shared_ptr<const migrate::ForeignTransform> ScriptReader::function(
    std::string_view name) const {
    return make_script_transform(
        {installation_, file_.path, std::string(name), changes_key_, limits_});
}

Migration ScriptReader::read() {
    check_functions();
    check_version();
    Migration migration(file_.id, fields_.text_or("description", ""));
    migration.depends_on(fields_.texts("depends_on"));
    const bool is_reversible = this->is_reversible();
    migrate::TransformStep step = read_step();
    fields_.finish();
    migration.on(step.table).from(name_, file_.checksum);
    migrate::TransformStep back = step;
    step.foreign = function(kTransform);
    migration.step(migrate::make_transform(std::move(step)), name_);
    if (has(kTransformDown)) {
        back.where = {};
        back.foreign = function(kTransformDown);
        migration.down().step(migrate::make_transform(std::move(back)), name_);
    } else if (is_reversible) {
        migration.down_auto();
    }
    return migration;
}

Migration ScriptReader::read_record_script() {
    check_version();
    Migration migration(file_.id, fields_.text_or("description", ""));
    migration.depends_on(fields_.texts("depends_on"));
    RecordScript script;
    script.file = file_.path;
    script.table = fields_.text_or("table", default_table_);
    if (script.table.empty()) {
        fields_.fail(tree_, "no table: give `table` in the configuration");
    }
    script.concurrency = std::max(1U, fields_.count("concurrency").value_or(script.concurrency));
    script.segments = fields_.count("segments").value_or(script.segments);
    fields_.finish();
    migration.on(script.table).from(name_, file_.checksum);
    migration.step(make_record_step(std::move(script), installation_), name_);
    migration.down_auto();
    return migration;
}

bool has_function(const Value& described, std::string_view wanted) {
    return std::ranges::any_of(described.find("functions")->elements(),
                               [&](const Value& name) { return name.text() == wanted; });
}

/// What Node says of one migration, or why it cannot.
struct Described {
    ScriptFile file;
    Value said;
    std::optional<Error> failure;

    /// What it says as a functionless migration; nullptr: it is none.
    const Value* functionless() const {
        const Value* values = failure ? nullptr : said.find("values");
        return values != nullptr ? values->find("functionless") : nullptr;
    }
    bool is_onetable() const { return !failure && !is_record() && has_function(said, kUp); }
    bool is_record() const { return !failure && has_function(said, kRecord); }
    /// A script beside the migrations, which happens to be named like one without a version.
    bool is_helper() const {
        return !failure && !file.is_version && !is_onetable() && functionless() == nullptr &&
               !has_function(said, kTransform);
    }
};

OneTableScript as_onetable(const Described& described, const migrate::ProgramLimits& limits) {
    const Value& values = *described.said.find("values");
    const std::string version = json::text_of(values, "version");
    const ScriptFile& file = described.file;
    if (file.is_version && !version.empty() && version != file.id) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("`version` is {}, but the file's name says {}", version, file.id))
            .at(file.path.string());
    }
    OneTableScript script;
    script.file = file.path;
    script.id = file.id;
    script.description = json::text_of(values, "description");
    script.checksum = file.checksum;
    script.is_version = file.is_version;
    script.has_schema = values.find("schema") != nullptr;
    script.has_down = has_function(described.said, "down");
    const Value tree = as_fields(values);
    const std::string name = file.path.string();
    Fields fields(tree, name, "a migration");
    script.limits = read_program_limits(fields, limits);
    return script;
}

/// Asks one Node for what the files say, and another one after a file that has killed it.
class Describer {
public:
    Describer(const NodeInstallation& installation, const std::string& default_table)
        : installation_(installation),
          default_table_(default_table) {}

    Value describe(const ScriptFile& file) {
        if (!process_) {
            process_ = std::make_unique<NodeProcess>(installation_, NodeLimits{}, nullptr);
        }
        json::Writer writer(process_->question());
        writer.begin_object().key("do").string("describe").key("file");
        writer.string(std::filesystem::absolute(file.path).lexically_normal().string());
        writer.key("table").string(default_table_).end_object();
        try {
            Value answer = json::parse_json(process_->ask("loading " + file.path.string(), {}),
                                            "the Node host's answer");
            forget_places(answer);
            return answer;
        } catch (const Error&) {
            process_.reset();
            throw;
        }
    }

private:
    const NodeInstallation& installation_;
    const std::string& default_table_;
    std::unique_ptr<NodeProcess> process_;
};

/// What Node's answer says of the file's migrations, one or a list.
std::vector<Described> split(const ScriptFile& file, const Value& answer) {
    if (const Value* error = answer.find("error")) {
        fail_loading(file, *error);
    }
    const Value& said = *answer.find("ok");
    const Value* list = said.find("list");
    if (list == nullptr) {
        return {{file, said, std::nullopt}};
    }
    std::vector<Described> all;
    for (const Value& element : list->elements()) {
        ScriptFile one = file;
        one.is_of_list = true;
        one.id = json::text_of(*element.find("values"), "version");
        if (one.id.empty()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("migration {} of the list has no `version`", all.size() + 1))
                .at(file.path.string());
        }
        one.is_version = migrate::Version::parse(one.id).has_value();
        all.push_back({std::move(one), element, std::nullopt});
    }
    return all;
}

std::vector<Described> describe_all(const std::vector<ScriptFile>& files,
                                    const NodeInstallation& installation,
                                    const std::string& default_table) {
    Describer describer(installation, default_table);
    std::vector<Described> all;
    for (const ScriptFile& file : files) {
        const auto is_known = [&](const Described& one) {
            return std::ranges::any_of(
                all, [&](const Described& other) { return other.file.id == one.file.id; });
        };
        try {
            for (Described& one : split(file, describer.describe(file))) {
                if (!one.file.is_of_list || !is_known(one)) {
                    all.push_back(std::move(one));
                }
            }
        } catch (const Error& error) {
            all.push_back({file, {}, error});
        }
    }
    return all;
}

}  // namespace

void read_scripts(const std::vector<ScriptFile>& files,
                  const std::shared_ptr<const NodeInstallation>& installation,
                  const std::string& default_table, const ScriptReceiver& receiver) {
    const std::vector<Described> all = describe_all(files, *installation, default_table);
    OneTableProject onetable(installation, default_table);
    for (const Described& one : all) {
        if (one.is_onetable()) {
            receiver(one.file, [&]() -> std::optional<Migration> {
                onetable.add(as_onetable(one, installation->settings().limits));
                return std::nullopt;
            });
        }
    }
    for (const OneTableScript& script : onetable.scripts()) {
        receiver({script.file, script.id, script.is_version, script.checksum},
                 [&] { return onetable.migration(script); });
    }
    for (const Described& one : all) {
        if (one.is_onetable() || one.is_helper()) {
            continue;
        }
        receiver(one.file, [&] {
            if (one.failure) {
                throw Error(*one.failure);
            }
            if (const Value* functionless = one.functionless()) {
                return read_functionless(one.file, *functionless, installation, default_table);
            }
            ScriptReader reader(one.file, one.said, installation, default_table);
            return one.is_record() ? reader.read_record_script() : reader.read();
        });
    }
}

}  // namespace dynamigrate::authoring
