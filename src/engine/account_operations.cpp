#include "operations.hpp"
#include "table_request.hpp"
#include "transitions.hpp"

namespace dynamigrate::engine {

using json::Writer;

namespace {

constexpr std::size_t kTagsPerPage = 10;

/// The name of the table that the ARN in the request names.
std::string_view tagged_table_name(object body) {
    std::optional<std::string_view> arn = text(body, "ResourceArn");
    if (!arn) {
        refuse_validation("Invalid TableArn");
    }
    constexpr std::string_view kTable = ":table/";
    std::size_t table = arn->find(kTable);
    if (!arn->starts_with("arn:aws:dynamodb:") || table == std::string_view::npos ||
        !is_resource_name(arn->substr(table + kTable.size()))) {
        refuse_validation("Invalid TableArn: Invalid ResourceArn provided as input " +
                          std::string(*arn));
    }
    return arn->substr(table + kTable.size());
}

[[noreturn]] void refuse_unknown_resource(object body) {
    refuse("ResourceNotFoundException", "Requested resource not found: ResourcArn: " +
                                            std::string(text_or(body, "ResourceArn", "")) +
                                            " not found");
}

/// Changes the tags of the table in one piece.
template <class Change>
void change_tags(Database& database, object body, Change&& change) {
    std::unique_lock changing(database.catalog.mutex());
    TablePointer table = database.catalog.find(tagged_table_name(body));
    if (table == nullptr) {
        refuse_unknown_resource(body);
    }
    require_active(*table);
    Table next = *table;
    change(next.tags);
    database.catalog.put(std::move(next));
}

}  // namespace

void describe_limits(Database&, Request&, Writer& out) {
    out.key("AccountMaxReadCapacityUnits").number(80'000);
    out.key("AccountMaxWriteCapacityUnits").number(80'000);
    out.key("TableMaxReadCapacityUnits").number(40'000);
    out.key("TableMaxWriteCapacityUnits").number(40'000);
}

void describe_endpoints(Database& database, Request&, Writer& out) {
    out.key("Endpoints").begin_array().begin_object();
    out.key("Address").string("dynamodb." + database.region + ".amazonaws.com");
    out.key("CachePeriodInMinutes").number(1440).end_object().end_array();
}

void tag_resource(Database& database, Request& request, Writer&) {
    std::string_view name = tagged_table_name(request.body);
    Constraints constraints;
    Shape shape(constraints, request.body);
    std::optional<array> tags = shape.required_list("Tags");
    check_tags(shape);
    constraints.check();
    if (tags->size() == 0) {
        refuse_validation("Atleast one Tag needs to be provided as Input.");
    }
    database.transitions.settle_patiently(name);
    change_tags(database, request.body, [&](std::map<std::string, std::string>& current) {
        read_tags(request.body, current);
    });
}

void untag_resource(Database& database, Request& request, Writer&) {
    std::string_view name = tagged_table_name(request.body);
    Constraints constraints;
    Shape shape(constraints, request.body);
    std::optional<array> keys = shape.required_list("TagKeys");
    constraints.check();
    if (keys->size() == 0) {
        refuse_validation("Atleast one Tag Key needs to be provided as Input.");
    }
    database.transitions.settle_patiently(name);
    change_tags(database, request.body, [&](std::map<std::string, std::string>& current) {
        for (element key : *keys) {
            current.erase(std::string(as_text(key)));
        }
    });
}

// A page's NextToken is the last key of the page before it.
void list_tags_of_resource(Database& database, Request& request, Writer& out) {
    database.transitions.settle_patiently(tagged_table_name(request.body));
    TablePointer table = database.catalog.find(tagged_table_name(request.body));
    if (table == nullptr) {
        refuse_unknown_resource(request.body);
    }
    std::optional<std::string_view> after = text(request.body, "NextToken");
    auto tag = after ? table->tags.upper_bound(std::string(*after)) : table->tags.begin();
    out.key("Tags").begin_array();
    std::string_view last;
    for (std::size_t i = 0; i < kTagsPerPage && tag != table->tags.end(); ++i, ++tag) {
        last = tag->first;
        out.begin_object().key("Key").string(tag->first);
        out.key("Value").string(tag->second).end_object();
    }
    out.end_array();
    if (tag != table->tags.end()) {
        out.key("NextToken").string(last);
    }
}

}  // namespace dynamigrate::engine
