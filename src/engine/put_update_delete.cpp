#include "item_parameters.hpp"
#include "legacy_parameters.hpp"
#include "operations.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/projection.hpp>

namespace dynamigrate::engine {

using dynamodb::Item;

namespace {

/// What a single write is asked to return.
struct Wishes {
    std::string_view values;
    bool item_on_failure = false;
    bool collection_metrics = false;
};

/// What is known of a single write before its table is looked up.
struct SingleWrite {
    std::string_view table;
    ItemWrite write;
    Wishes wishes;
};

Wishes read_wishes(Shape& shape) {
    Wishes wishes;
    shape.one_of("ReturnValues", {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"});
    wishes.values = text_or(shape.from(), "ReturnValues", "NONE");
    wishes.item_on_failure = wants_item_on_failure(shape);
    wishes.collection_metrics = wants_collection_metrics(shape);
    return wishes;
}

void check_only_old_values(const Wishes& wishes) {
    if (wishes.values != "NONE" && wishes.values != "ALL_OLD") {
        refuse_validation("Return values set to invalid value");
    }
}

/// What ReturnValues returns, or an empty item.
Item returned(const Wishes& wishes, const ItemWriteResult& result,
              const expressions::UpdateExpression& update, base::Arena& arena) {
    if (wishes.values == "NONE") {
        return {};
    }
    const Item& image = wishes.values.ends_with("OLD") ? result.before : result.after;
    if (wishes.values.starts_with("ALL")) {
        return image;
    }
    return update.paths_written().empty()
               ? Item()
               : expressions::Projection::of(update.paths_written()).apply(image, arena);
}

void answer(Database& database, Request& request, SingleWrite& single, json::Writer& out) {
    ItemWrite& write = single.write;
    write.table = table_for_items(database, single.table);
    ItemWriteResult result = do_write(database, request, write);
    if (result.verdict != ItemWriteResult::Verdict::done) {
        write_condition_failure(request, single.wishes.item_on_failure ? result.before : Item(),
                                out);
        return;
    }
    write_item_member(out, "Attributes",
                      returned(single.wishes, result, write.update, request.arena));
    if (single.wishes.collection_metrics && has_collections(*write.table)) {
        out.key("ItemCollectionMetrics");
        write_collection_metrics(database, *write.table, write.item, out);
    }
}

expressions::Condition read_condition(Request& request, Expressions& expressions) {
    return member(request.body, "Expected") || member(request.body, "ConditionalOperator")
               ? legacy_expected(request, request.body)
               : expressions.condition();
}

/// Reads what Put and Delete have in common. `item_name`: Item or Key.
SingleWrite read_put_or_delete(Request& request, std::string_view item_name) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    SingleWrite single;
    single.table = table_of(shape);
    shape.required_inside(item_name);
    single.wishes = read_wishes(shape);
    constraints.check();
    check_only_old_values(single.wishes);
    refuse_mixture(request.body, {"Expected", "ConditionalOperator"}, {"ConditionExpression"});
    Expressions expressions(request, request.body, {"ConditionExpression"});
    element item = *member(request.body, item_name);
    single.write.item =
        item_name == "Item" ? item_to_put(request, item) : request.values.item(item);
    single.write.condition = read_condition(request, expressions);
    expressions.check_all_used();
    return single;
}

}  // namespace

void put_item(Database& database, Request& request, json::Writer& out) {
    SingleWrite single = read_put_or_delete(request, "Item");
    single.write.kind = ItemWrite::Kind::put;
    answer(database, request, single, out);
}

void delete_item(Database& database, Request& request, json::Writer& out) {
    SingleWrite single = read_put_or_delete(request, "Key");
    single.write.kind = ItemWrite::Kind::remove;
    answer(database, request, single, out);
}

void update_item(Database& database, Request& request, json::Writer& out) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    SingleWrite single;
    single.table = table_of(shape);
    shape.required_inside("Key");
    single.wishes = read_wishes(shape);
    constraints.check();
    refuse_mixture(request.body, {"AttributeUpdates", "Expected", "ConditionalOperator"},
                   {"UpdateExpression", "ConditionExpression"});
    Expressions expressions(request, request.body, {"UpdateExpression", "ConditionExpression"});
    single.write.kind = ItemWrite::Kind::update;
    single.write.item = request.values.item(*member(request.body, "Key"));
    single.write.update = member(request.body, "AttributeUpdates")
                              ? legacy_update(request, request.body)
                              : expressions.update();
    single.write.condition = read_condition(request, expressions);
    expressions.check_all_used();
    check_attribute_names(single.write.update);
    answer(database, request, single, out);
}

}  // namespace dynamigrate::engine
