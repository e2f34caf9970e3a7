#include "read_parameters.hpp"

#include "item_parameters.hpp"
#include "item_write.hpp"
#include "legacy_parameters.hpp"

#include <algorithm>

namespace dynamigrate::engine {

using expressions::Condition;
using expressions::Projection;

namespace {

constexpr std::string_view kAll = "ALL_ATTRIBUTES", kAllProjected = "ALL_PROJECTED_ATTRIBUTES",
                           kSpecific = "SPECIFIC_ATTRIBUTES", kCount = "COUNT";

std::optional<Select> read_select(Shape& shape) {
    shape.one_of("Select", {kSpecific, kCount, kAll, kAllProjected});
    std::string_view wish = text_or(shape.from(), "Select", "");
    return wish == kAll            ? std::optional(Select::all)
           : wish == kAllProjected ? std::optional(Select::all_projected)
           : wish == kSpecific     ? std::optional(Select::specific)
           : wish == kCount        ? std::optional(Select::count)
                                   : std::nullopt;
}

void check_select(object body, const ReadParameters& parameters) {
    std::string_view given = member(body, "ProjectionExpression") ? "ProjectionExpression"
                             : member(body, "AttributesToGet")    ? "AttributesToGet"
                                                                  : "";
    if (!parameters.select) {
        return;
    }
    if (*parameters.select == Select::specific) {
        if (given.empty()) {
            refuse_validation(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get "
                "SPECIFIC_ATTRIBUTES");
        }
    } else if (!given.empty()) {
        std::string wish(*parameters.select == Select::count ? "only the Count"
                         : *parameters.select == Select::all ? kAll
                                                             : kAllProjected);
        refuse_validation("Cannot specify the " + std::string(given) + " when choosing to get " +
                          wish);
    }
    if (*parameters.select == Select::all_projected && parameters.index.empty()) {
        refuse_validation(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
    }
}

std::vector<std::string> attributes_of(const Projection& projection) {
    std::vector<std::string> attributes;
    for (const expressions::Path& path : projection.paths()) {
        attributes.push_back(path.attribute());
    }
    std::ranges::sort(attributes);
    return attributes;
}

/// Decides what comes from the index and what from the table.
void choose_sources(const ReadParameters& parameters, Reading& reading) {
    const Table& table = *reading.table;
    const Index& index = *reading.index;
    bool has_all = index.projection == dynamodb::ProjectionType::all;
    if (parameters.select == Select::all && !has_all) {
        if (!index.is_local) {
            refuse_validation(
                "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not "
                "supported for global secondary index " +
                index.name + " because its projection type is not ALL");
        }
        reading.shows_from_table = true;
    }
    reading.shows_from_table =
        reading.shows_from_table || lacks_any(table, index, attributes_of(parameters.projection));
    reading.filters_from_table =
        index.is_local && lacks_any(table, index, parameters.filter.attributes());
}

}  // namespace

ReadParameters read_parameters(Shape& shape) {
    ReadParameters parameters;
    parameters.table = table_of(shape);
    shape.resource_name("IndexName");
    parameters.index = text_or(shape.from(), "IndexName", "");
    parameters.select = read_select(shape);
    shape.number_range("Limit", 1);
    parameters.limit = static_cast<std::size_t>(integer(shape.from(), "Limit").value_or(0));
    parameters.is_consistent = boolean(shape.from(), "ConsistentRead").value_or(false);
    return parameters;
}

void read_expressions(Request& request, expressions::Substitutions& substitutions,
                      std::string_view legacy_member, ReadParameters& parameters) {
    object body = request.body;
    if (std::optional<std::string_view> filter = text(body, "FilterExpression")) {
        parameters.filter = Condition::parse(*filter, substitutions, "FilterExpression");
    } else {
        parameters.filter = legacy_filter(request, body, legacy_member);
    }
    if (std::optional<std::string_view> projection = text(body, "ProjectionExpression")) {
        parameters.projection = Projection::parse(*projection, substitutions);
    } else {
        parameters.projection = legacy_projection(body);
    }
    if (std::optional<element> start = member(body, "ExclusiveStartKey")) {
        parameters.start_after = request.values.item(*start);
    }
    check_select(body, parameters);
}

Reading reading_of(Database& database, const ReadParameters& parameters) {
    Reading reading;
    reading.table = table_for_items(database, parameters.table);
    reading.index = index_to_read(*reading.table, parameters.index, parameters.is_consistent);
    reading.is_consistent = parameters.is_consistent;
    reading.limit = parameters.limit;
    reading.filter = parameters.filter;
    reading.only_counts = parameters.select == Select::count;
    check_scalar_keys(*reading.table, attributes_entered(parameters.projection));
    check_scalar_keys(*reading.table, parameters.filter.attributes_entered());
    if (reading.index != nullptr) {
        choose_sources(parameters, reading);
    }
    if (!parameters.projection.empty()) {
        reading.shape = [projection = parameters.projection](const dynamodb::Item& item,
                                                             base::Arena& arena) {
            return projection.apply(item, arena);
        };
    }
    return reading;
}

bool projects(const Table& table, const Index& index, std::string_view attribute) {
    return index.projection == dynamodb::ProjectionType::all || table.key.contains(attribute) ||
           index.key.contains(attribute) ||
           std::ranges::find(index.non_key_attributes, attribute) != index.non_key_attributes.end();
}

const Index* index_to_read(const Table& table, std::string_view name, bool is_consistent) {
    if (name.empty()) {
        return nullptr;
    }
    const Index* index = table.index(name);
    if (index == nullptr || index->status == Status::deleting) {
        refuse_validation("The table does not have the specified index: " + std::string(name));
    }
    if (is_consistent && !index->is_local) {
        refuse_validation("Consistent reads are not supported on global secondary indexes");
    }
    if (index->status == Status::creating) {
        refuse_validation("Cannot read from backfilling global secondary index: " +
                          std::string(name));
    }
    return index;
}

bool lacks_any(const Table& table, const Index& index, std::span<const std::string> attributes) {
    std::string lacking;
    for (const std::string& attribute : attributes) {
        if (!projects(table, index, attribute)) {
            lacking += (lacking.empty() ? "" : ", ") + attribute;
        }
    }
    if (!lacking.empty() && !index.is_local) {
        refuse_validation("One or more parameter values were invalid: Global secondary index " +
                          index.name + " does not project [" + lacking + "]");
    }
    return !lacking.empty();
}

}  // namespace dynamigrate::engine
