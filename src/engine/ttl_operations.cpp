#include "operations.hpp"
#include "table_request.hpp"

namespace dynamigrate::engine {

using json::Writer;

namespace {

struct TimeToLive {
    bool is_enabled = false;
    std::string_view attribute;
};

TimeToLive read_time_to_live(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    if (std::optional<Shape> specification = request.required_inside("TimeToLiveSpecification")) {
        specification->required_text("AttributeName");
        specification->text_length("AttributeName", 1, 255);
        specification->required_boolean("Enabled");
    }
    constraints.check();
    object specification = structure(body, "TimeToLiveSpecification").value();
    return {boolean(specification, "Enabled").value(),
            text(specification, "AttributeName").value()};
}

void check_change(const Table& table, const TimeToLive& wish) {
    bool is_enabled = !table.ttl_attribute.empty();
    if (is_enabled && wish.attribute != table.ttl_attribute) {
        refuse_validation(
            "TimeToLive is active on a different AttributeName: current AttributeName is " +
            table.ttl_attribute);
    }
    if (is_enabled == wish.is_enabled) {
        refuse_validation(std::string("TimeToLive is already ") +
                          (is_enabled ? "enabled" : "disabled"));
    }
}

}  // namespace

// Nothing is written meanwhile, so that no item is without its entry among the expiring ones.
void update_time_to_live(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    TimeToLive wish = read_time_to_live(request.body);
    settled_table(database, name);
    std::unique_lock changing(database.catalog.mutex());
    TablePointer table = database.catalog.find(name);
    if (table == nullptr) {
        refuse_unknown_table(name);
    }
    require_active(*table);
    check_change(*table, wish);
    Table next = *table;
    next.ttl_attribute = wish.is_enabled ? wish.attribute : std::string_view();
    database.rows.reset_expiry(next);
    database.catalog.put(std::move(next));
    out.key("TimeToLiveSpecification").begin_object();
    out.key("AttributeName").string(wish.attribute);
    out.key("Enabled").boolean(wish.is_enabled).end_object();
}

void describe_time_to_live(Database& database, Request& request, Writer& out) {
    TablePointer table = settled_table(database, table_name(request.body));
    out.key("TimeToLiveDescription").begin_object();
    bool is_enabled = !table->ttl_attribute.empty();
    out.key("TimeToLiveStatus").string(is_enabled ? "ENABLED" : "DISABLED");
    if (is_enabled) {
        out.key("AttributeName").string(table->ttl_attribute);
    }
    out.end_object();
}

}  // namespace dynamigrate::engine
