/// Migrations in C++, each registering itself.
#include <dynamigrate/dynamigrate.hpp>

namespace {

using namespace dynamigrate::migrate;
using dynamigrate::base::Arena;
using dynamigrate::dynamodb::AttributeType;
using dynamigrate::dynamodb::AttributeValue;
using dynamigrate::dynamodb::Item;
using dynamigrate::dynamodb::ItemBuilder;
using dynamigrate::dynamodb::OwnedItem;

CreateTable table_of(std::string name) {
    CreateTable table;
    table.name = std::move(name);
    table.hash = {"pk", AttributeType::string};
    return table;
}

/// A person as the first version of the application wrote it.
OwnedItem person(std::string_view pk, std::string_view first, std::string_view last) {
    Arena arena;
    ItemBuilder builder(arena);
    builder.string("pk", pk).string("first", first).string("last", last).number("visits", 0);
    return OwnedItem(builder.build());
}

Migration begin() {
    std::vector<OwnedItem> people;
    people.push_back(person("1", "Ada", "Lovelace"));
    people.push_back(person("2", "Grace", "Hopper"));
    Migration migration("0.1.0", "Two tables and two people");
    migration.on("people").create_table(table_of("people")).create_table(table_of("visits"));
    return migration.put(std::move(people)).down_auto();
}

const Registration kBegin = register_migration(begin());

// A function of one item: paced, guarded, journalled and resumed like every backfill.
const Registration kJoinNames = register_migration(
    Migration{"1.0.0", "Join names"}
        .on("people")
        .transform([](ItemEditor& person) {
            person.set("name", person.string("first") + " " + person.string("last"));
            person.remove("first");
            person.remove("last");
        })
        .down_auto());

/// Writes what the person did into a table of its own: one item for each person.
void log_visit(ItemEditor& person) {
    ItemBuilder visit(person.arena());
    visit.string("pk", "VISIT#" + person.string("pk"));
    visit.set("visits", AttributeValue::number(person.arena().copy(person.number("visits"))));
    person.put("visits", visit.build());
    person.set("visits", person.integer("visits") + 1);
}

Migration log_visits() {
    TransformStep step;
    step.table = "people";
    step.function = log_visit;
    step.function_acts = true;
    return Migration{"2.0.0", "Log visits"}.step(make_transform(step)).down_auto();
}

const Registration kLogVisits = register_migration(log_visits());

/// Code that works with the database as it likes. It has no `down`: the journal knows what it wrote.
class CountPeople final : public BaseMigration {
public:
    CountPeople() : BaseMigration("3.0.0", "Count the people") {}
    std::string table() const override { return "people"; }
    void up(Client& client) override {
        std::int64_t count = 0;
        client.scan("", [&](const Item&) { return ++count > 0; });
        Arena arena;
        ItemBuilder total(arena);
        total.string("pk", "COUNT").number("people", count);
        client.put("visits", total.build());
    }
};

const Registration kCountPeople = register_migration<CountPeople>();

}  // namespace
