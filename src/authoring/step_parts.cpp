#include "step_parts.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/migrate/item_file.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace dynamigrate::authoring {

using dynamodb::AttributeType;
using json::Value;

namespace {

AttributeType key_type(const std::string& type, const Value& value, const std::string& file) {
    if (type == "S") {
        return AttributeType::string;
    }
    if (type == "N") {
        return AttributeType::number;
    }
    if (type == "B") {
        return AttributeType::binary;
    }
    json::fail(file, value, "a key's type must be S, N or B, not `" + type + "`");
}

/// Whether the text mentions the placeholder as a whole word.
bool mentions(const std::string& text, const std::string& placeholder) {
    for (std::size_t at = text.find(placeholder); at != std::string::npos;
         at = text.find(placeholder, at + 1)) {
        const std::size_t end = at + placeholder.size();
        if (end == text.size() ||
            !(std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) {
            return true;
        }
    }
    return false;
}

std::vector<std::pair<std::string, Value>> members_of(Fields& fields, std::string_view name) {
    std::vector<std::pair<std::string, Value>> result;
    const Value* value = fields.find(name);
    if (value == nullptr) {
        return result;
    }
    if (!value->is_object()) {
        fields.fail(*value, "`" + std::string(name) + "` must be a map of attributes");
    }
    for (const Value::Member& member : value->members()) {
        result.emplace_back(member.key, member.value);
    }
    return result;
}

backfill::Source read_query(const Value& value, const std::string& file) {
    Fields fields(value, file, "query");
    backfill::QuerySource query;
    query.index = fields.text_or("index", "");
    query.forward = fields.boolean("forward").value_or(true);
    ExpressionParts parts(fields);
    const std::string text = fields.required_text("key_condition");
    const auto owned = std::make_shared<migrate::OwnedExpression>(parts.take(text));
    parts.finish();
    fields.finish();
    query.key_condition = owned->view();
    // The values must live as long as the source: their owner rides along in a shared arena.
    query.owner = owned->values;
    return query;
}

backfill::Source read_source(Fields& fields, const StepPlace& place) {
    const Value* value = fields.find("source");
    if (value == nullptr || (value->is_string() && value->text() == "scan")) {
        return backfill::ScanSource{};
    }
    if (!value->is_object()) {
        fields.fail(*value, "`source` must be scan or one of {index}, {query}, {keys}, {file}");
    }
    Fields source(*value, place.file, "source");
    const auto index = source.text("index");
    const Value* query = source.find("query");
    const auto keys = source.text("keys");
    const auto file = source.text("file");
    const std::string format = source.text_or("format", "plain");
    source.finish();
    if (index) {
        return backfill::ScanSource{*index};
    }
    if (query != nullptr) {
        return read_query(*query, place.file);
    }
    if (keys || file) {
        const std::filesystem::path path = place.directory / keys.value_or(file.value_or(""));
        const bool is_dynamodb = format == "dynamodb";
        const auto open = [path, is_dynamodb] {
            return migrate::open_item_file(
                path, is_dynamodb ? migrate::ItemFormat::dynamodb : migrate::ItemFormat::plain);
        };
        if (keys) {
            return backfill::KeysSource{open};
        }
        return backfill::KeysSource{open};
    }
    fields.fail(*value, "`source` must be scan or one of {index}, {query}, {keys}, {file}");
}

backfill::FailureBudget read_budget(Fields& fields) {
    backfill::FailureBudget budget;
    const Value* value = fields.find("failure_budget");
    if (value == nullptr) {
        return budget;
    }
    const std::string text = value->is_string() || value->is_number() ? value->text() : "";
    const bool is_percent = text.ends_with('%');
    const std::string digits = is_percent ? text.substr(0, text.size() - 1) : text;
    double number = -1;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || end.ptr != digits.data() + digits.size() || number < 0) {
        fields.fail(*value, "`failure_budget` must be a count or a share such as \"0.5%\"");
    }
    if (is_percent) {
        budget.percent = number;
    } else {
        budget.count = static_cast<std::uint64_t>(number);
    }
    return budget;
}

}  // namespace

migrate::KeyAttribute read_key_attribute(const Value& value, const std::string& file) {
    if (value.is_object()) {
        Fields fields(value, file, "a key");
        migrate::KeyAttribute key{fields.required_text("name"), AttributeType::string};
        if (const auto type = fields.text("type")) {
            key.type = key_type(*type, value, file);
        }
        fields.finish();
        return key;
    }
    const std::string text = as_text(value, file, "a key");
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) {
        if (text.empty()) {
            json::fail(file, value, "a key needs an attribute name");
        }
        return {text, AttributeType::string};
    }
    if (colon == 0) {
        json::fail(file, value, "a key needs an attribute name before the `:`");
    }
    return {text.substr(0, colon), key_type(text.substr(colon + 1), value, file)};
}

migrate::Billing read_billing(const Value& value, const std::string& file) {
    if (value.is_string() && value.text() == "on_demand") {
        return {};
    }
    if (!value.is_object()) {
        json::fail(file, value, "`billing` must be on_demand or {read: N, write: N}");
    }
    Fields fields(value, file, "billing");
    dynamodb::Throughput throughput;
    throughput.read = fields.number("read").value_or(0);
    throughput.write = fields.number("write").value_or(0);
    fields.finish();
    if (throughput.read < 1 || throughput.write < 1) {
        json::fail(file, value, "`billing` needs `read` and `write` of 1 or more");
    }
    return {throughput};
}

dynamodb::Throughput read_throughput(const Value& value, const std::string& file,
                                     const std::string& what) {
    Fields fields(value, file, what);
    dynamodb::Throughput throughput;
    throughput.read = fields.number("read").value_or(0);
    throughput.write = fields.number("write").value_or(0);
    fields.finish();
    if (throughput.read < 1 || throughput.write < 1) {
        json::fail(file, value, "`" + what + "` needs `read` and `write` of 1 or more");
    }
    return throughput;
}

migrate::IndexDefinition read_index_parts(Fields& fields, const migrate::KeyAttribute* table_hash) {
    const std::string& file = fields.file();
    migrate::IndexDefinition index;
    index.name = fields.required_text("name");
    const Value* hash = table_hash != nullptr ? fields.find("hash") : &fields.required("hash");
    index.hash = hash != nullptr ? read_key_attribute(*hash, file) : *table_hash;
    if (const Value* sort = fields.find("sort")) {
        index.sort = read_key_attribute(*sort, file);
    }
    if (const Value* billing = fields.find("billing")) {
        index.billing = read_billing(*billing, file);
    }
    if (const Value* warm = fields.find("warm")) {
        index.warm = read_throughput(*warm, file, "warm");
    }
    if (const Value* maximum = fields.find("maximum")) {
        index.maximum = read_throughput(*maximum, file, "maximum");
    }
    if (const Value* projection = fields.find("projection")) {
        if (projection->is_array()) {
            index.projection = dynamodb::ProjectionType::include;
            index.attributes = fields.texts("projection");
        } else if (projection->is_string() && projection->text() == "keys_only") {
            index.projection = dynamodb::ProjectionType::keys_only;
        } else if (!projection->is_string() || projection->text() != "all") {
            fields.fail(*projection, "`projection` must be all, keys_only or a list of attributes");
        }
    }
    return index;
}

migrate::IndexDefinition read_index(const Value& value, const std::string& file,
                                    const migrate::KeyAttribute* table_hash) {
    Fields fields(value, file, "an index");
    migrate::IndexDefinition index = read_index_parts(fields, table_hash);
    fields.finish();
    return index;
}

std::string table_of(Fields& fields, const StepPlace& place) {
    std::string table = fields.text_or("table", place.table);
    if (table.empty()) {
        fields.fail(fields.object(),
                    "no table: give `table:` in the step, the migration or the configuration");
    }
    return table;
}

ExpressionParts::ExpressionParts(Fields& fields) : fields_(fields) {
    const auto collect = [&](std::string_view member, std::vector<Part>& parts) {
        const Value* value = fields.find(member);
        if (value == nullptr) {
            return;
        }
        if (!value->is_object()) {
            fields.fail(*value, "`" + std::string(member) + "` must be a map of placeholders");
        }
        const char sign = member == "names" ? '#' : ':';
        for (const Value::Member& part : value->members()) {
            if (part.key.empty() || part.key[0] != sign) {
                Value place;
                place.line = part.line;
                place.column = part.column;
                fields.fail(place, "a placeholder in `" + std::string(member) + "` begins with `" +
                                       sign + "`, not `" + part.key + "`");
            }
            parts.push_back({part.key, &part.value});
        }
    };
    collect("names", names_);
    collect("values", values_);
}

migrate::OwnedExpression ExpressionParts::take(const std::string& text) {
    migrate::OwnedExpression expression;
    expression.text = text;
    for (Part& name : names_) {
        if (mentions(text, name.placeholder)) {
            name.used = true;
            expression.names.emplace_back(name.placeholder,
                                          as_text(*name.value, fields_.file(), "a name"));
        }
    }
    auto values = std::make_shared<dynamodb::OwnedItem>();
    dynamodb::ItemBuilder builder(values->arena);
    for (Part& value : values_) {
        if (mentions(text, value.placeholder)) {
            value.used = true;
            builder.set(values->arena.copy(value.placeholder),
                        dynamodb::value_from_plain(*value.value, fields_.file(), values->arena));
        }
    }
    values->item = builder.build();
    if (!values->item.empty()) {
        expression.values = std::move(values);
    }
    return expression;
}

void ExpressionParts::finish() const {
    for (const auto* parts : {&names_, &values_}) {
        for (const Part& part : *parts) {
            if (!part.used) {
                fields_.fail(*part.value, "`" + part.placeholder + "` is used in no expression");
            }
        }
    }
}

migrate::OwnedExpression read_where(Fields& fields) {
    ExpressionParts parts(fields);
    migrate::OwnedExpression where = parts.take(fields.text_or("where", ""));
    parts.finish();
    return where;
}

migrate::Transformation read_transformation(Fields& fields) {
    migrate::Transformation transformation;
    transformation.file = fields.file();
    transformation.set = members_of(fields, "set");
    transformation.defaults = members_of(fields, "default");
    transformation.remove = fields.texts("remove");
    for (const auto& [from, to] : members_of(fields, "rename")) {
        transformation.rename.emplace_back(from, as_text(to, fields.file(), "a new name"));
    }
    return transformation;
}

migrate::BackfillOptions read_backfill_options(Fields& fields, const StepPlace& place) {
    migrate::BackfillOptions options;
    options.source = read_source(fields, place);
    options.max_rcu = fields.number("max_rcu");
    options.max_wcu = fields.number("max_wcu");
    options.lanes = fields.count("lanes");
    options.segments = fields.count("segments");
    options.failure_budget = read_budget(fields);
    options.atomic = fields.boolean("atomic").value_or(false);
    if (const Value* once = fields.find("exactly_once")) {
        const std::string text = once->is_string() ? once->text() : "";
        if (text != "journal" && text != "marker") {
            fields.fail(*once, "`exactly_once` must be journal or marker");
        }
        options.marker = text == "marker";
    }
    if (const Value* passes = fields.find("passes")) {
        if (passes->is_string() && passes->text() == "until_clean") {
            options.passes = std::nullopt;
        } else {
            options.passes = fields.count("passes");
            if (options.passes == 0U) {
                fields.fail(*passes, "`passes` must be 1 or more, or until_clean");
            }
        }
    }
    return options;
}

backfill::IfExists read_if_exists(Fields& fields, backfill::IfExists otherwise) {
    const Value* value = fields.find("if_exists");
    if (value == nullptr) {
        return otherwise;
    }
    const std::string text = value->is_string() ? value->text() : "";
    if (text == "keep") {
        return backfill::IfExists::keep;
    }
    if (text == "replace") {
        return backfill::IfExists::replace;
    }
    if (text == "fail") {
        return backfill::IfExists::fail;
    }
    fields.fail(*value, "`if_exists` must be keep, replace or fail");
}

backfill::Guard read_guard(Fields& fields) {
    backfill::Guard guard;
    const Value* value = fields.find("guard");
    if (value == nullptr || (value->is_string() && value->text() == "read")) {
        return guard;
    }
    if (value->is_string() && value->text() == "all") {
        guard.kind = backfill::Guard::Kind::all;
        return guard;
    }
    if (!value->is_object()) {
        fields.fail(*value, "`guard` must be read, all or {version: ATTRIBUTE}");
    }
    Fields version(*value, fields.file(), "guard");
    guard.kind = backfill::Guard::Kind::version;
    guard.version_attribute = version.required_text("version");
    version.finish();
    return guard;
}

}  // namespace dynamigrate::authoring
