#include "item_parameters.hpp"

#include "key_bytes.hpp"
#include "read_parameters.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <map>

namespace dynamigrate::engine {

using dynamodb::Item;

namespace {

constexpr std::size_t kMaxAttributeName = 65'535;
constexpr std::size_t kMinTableName = 3;
constexpr std::size_t kMaxTableName = 255;

/// The table's name in an ARN, or the name as it is.
std::string_view without_arn(std::string_view name) {
    constexpr std::string_view kTable = ":table/";
    std::size_t at = name.starts_with("arn:") ? name.find(kTable) : std::string_view::npos;
    return at == std::string_view::npos ? name : name.substr(at + kTable.size());
}

void check_attribute_name(std::string_view name) {
    if (name.empty()) {
        refuse_validation("One or more parameter values were invalid: Empty attribute name");
    }
    if (name.size() > kMaxAttributeName) {
        refuse_validation(
            "One or more parameter values were invalid: Attribute name is too large, must be less "
            "than 65536 bytes");
    }
}

/// Bytes of all items and local index entries with the partition key.
std::int64_t collection_bytes(Database& database, const Table& table, const Item& item) {
    const std::vector<expressions::AttributeTest> tests{
        {table.key.hash.name, expressions::Comparison::equal, {item.find(table.key.hash.name), 1}}};
    std::int64_t bytes = 0;
    auto add = [&](const Index* index, const dynamodb::KeySchema& key) {
        auto condition = expressions::KeyCondition::of(tests, key);
        QueryRange range;
        range.index = index;
        range.condition = &condition;
        range.is_consistent = true;
        auto rows = database.rows.query(table, range);
        while (const Row* row = rows->next()) {
            bytes += static_cast<std::int64_t>(row->size.value);
        }
    };
    add(nullptr, table.key);
    for (const Index& index : table.indexes) {
        if (index.is_local) {
            add(&index, index.key);
        }
    }
    return bytes;
}

}  // namespace

std::string_view table_of(Shape& shape) {
    std::string_view name = shape.required_text("TableName").value_or("");
    std::string_view table = without_arn(name);
    if (table.size() == name.size()) {
        shape.resource_name("TableName");
    }
    return table;
}

std::string_view table_named(std::string_view name, const std::string& path,
                             Constraints& constraints) {
    std::string_view table = without_arn(name);
    if (!is_resource_name(table)) {
        constraints.violated(table, path,
                             "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    if (table.size() < kMinTableName) {
        constraints.violated(table, path, "Member must have length greater than or equal to 3");
    } else if (table.size() > kMaxTableName) {
        constraints.violated(table, path, "Member must have length less than or equal to 255");
    }
    return table;
}

void require_distinct(std::span<const PlacedItem> items, const char* message) {
    std::vector<std::string> rows;
    rows.reserve(items.size());
    for (const auto& [table, item] : items) {
        rows.push_back(row_key(*table, nullptr, *item));
    }
    std::sort(rows.begin(), rows.end());
    if (std::adjacent_find(rows.begin(), rows.end()) != rows.end()) {
        refuse_validation(message);
    }
}

Expressions::Expressions(Request& request, object from,
                         std::initializer_list<std::string_view> names)
    : from_(from) {
    if (member(from, "ExpressionAttributeNames") || member(from, "ExpressionAttributeValues")) {
        check_substitutions_wanted(from, names);
        source_ = substitutions(request, from);
    }
}

std::optional<std::string_view> Expressions::text_of(std::string_view name) {
    std::optional<std::string_view> found = text(from_, name);
    if (found && !substitutions_) {
        substitutions_.emplace(source_);
    }
    return found;
}

expressions::Condition Expressions::condition() {
    auto found = text_of("ConditionExpression");
    return found ? expressions::Condition::parse(*found, *substitutions_)
                 : expressions::Condition();
}

expressions::UpdateExpression Expressions::update() {
    auto found = text_of("UpdateExpression");
    return found ? expressions::UpdateExpression::parse(*found, *substitutions_)
                 : expressions::UpdateExpression();
}

expressions::Projection Expressions::projection() {
    auto found = text_of("ProjectionExpression");
    return found ? expressions::Projection::parse(*found, *substitutions_)
                 : expressions::Projection();
}

void Expressions::check_all_used() const {
    if (substitutions_) {
        substitutions_->check_all_used();
    }
}

Item item_to_put(Request& request, element attributes) {
    Item item = request.values.item(attributes);
    for (const dynamodb::Attribute& attribute : item) {
        check_attribute_name(attribute.name);
    }
    return item;
}

void check_attribute_names(const expressions::UpdateExpression& update) {
    for (const std::string& name : update.attributes_written()) {
        check_attribute_name(name);
    }
}

bool wants_item_on_failure(Shape& shape) {
    shape.one_of("ReturnValuesOnConditionCheckFailure", {"ALL_OLD", "NONE"});
    return text(shape.from(), "ReturnValuesOnConditionCheckFailure") == "ALL_OLD";
}

bool wants_collection_metrics(Shape& shape) {
    shape.one_of("ReturnItemCollectionMetrics", {"SIZE", "NONE"});
    return text(shape.from(), "ReturnItemCollectionMetrics") == "SIZE";
}

bool has_collections(const Table& table) noexcept {
    return std::any_of(table.indexes.begin(), table.indexes.end(),
                       [](const Index& index) { return index.is_local; });
}

void write_collection_metrics(Database& database, const Table& table, const Item& item,
                              json::Writer& out) {
    constexpr std::int64_t kGigabyte = 1'073'741'824;
    const std::string& attribute = table.key.hash.name;
    std::int64_t lower = collection_bytes(database, table, item) / kGigabyte;
    out.begin_object().key("ItemCollectionKey").begin_object().key(attribute);
    dynamodb::write_value(out, *item.find(attribute));
    out.end_object().key("SizeEstimateRangeGB").begin_array();
    out.number(static_cast<double>(lower)).number(static_cast<double>(lower + 1));
    out.end_array().end_object();
}

void write_all_collection_metrics(Database& database, std::span<const ItemWrite> writes,
                                  json::Writer& out) {
    std::map<std::string_view, std::vector<const ItemWrite*>> by_table;
    for (const ItemWrite& write : writes) {
        if (write.kind == ItemWrite::Kind::check || !has_collections(*write.table)) {
            continue;
        }
        auto& collections = by_table[write.table->name];
        const std::string& key = write.table->key.hash.name;
        if (std::none_of(collections.begin(), collections.end(), [&](const ItemWrite* known) {
                return *known->item.find(key) == *write.item.find(key);
            })) {
            collections.push_back(&write);
        }
    }
    if (by_table.empty()) {
        return;
    }
    out.key("ItemCollectionMetrics").begin_object();
    for (const auto& [table, collections] : by_table) {
        out.key(table).begin_array();
        for (const ItemWrite* write : collections) {
            write_collection_metrics(database, *write->table, write->item, out);
        }
        out.end_array();
    }
    out.end_object();
}

void write_item_member(json::Writer& out, std::string_view name, const Item& item) {
    if (!item.empty()) {
        out.key(name);
        dynamodb::write_item(out, item);
    }
}

void write_condition_failure(Request& request, const Item& item, json::Writer& out) {
    request.outcome = dynamodb::Outcome::condition_failed;
    out.key("__type").string("com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
    write_item_member(out, "Item", item);
    out.key("message").string("The conditional request failed");
}

}  // namespace dynamigrate::engine
