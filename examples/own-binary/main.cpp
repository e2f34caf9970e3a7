/// A program of one's own: the whole command line of dynamigrate with migrations in C++ built in.
/// It reads the same configuration; migration files in the directory run beside these.
#include <dynamigrate/cli/main.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

namespace {

using dynamigrate::migrate::ItemEditor;
using dynamigrate::migrate::Migration;
using dynamigrate::migrate::TransformStep;

void join_names(ItemEditor& person) {
    person.set("name", person.string("first") + " " + person.string("last"));
    person.remove("first");
    person.remove("last");
}

/// Writes what the person did into a table of its own: one item for each person.
void log_visit(ItemEditor& person) {
    dynamigrate::dynamodb::ItemBuilder visit(person.arena());
    visit.set("pk", dynamigrate::dynamodb::AttributeValue::string(
                        person.arena().copy("VISIT#" + person.string("pk"))));
    visit.set("visits", dynamigrate::dynamodb::AttributeValue::number(
                            person.arena().copy(person.number("visits"))));
    person.put("visits", visit.build());
    person.set("visits", person.integer("visits") + 1);
}

}  // namespace

int main(int argc, char** argv) {
    dynamigrate::migrate::Registry registry;
    registry.add(Migration{"1.0.0", "Join names"}.on("people").transform(join_names).down_auto());
    TransformStep visits;
    visits.table = "people";
    visits.function = log_visit;
    visits.function_acts = true;
    registry.add(Migration{"2.0.0", "Log visits"}.step(make_transform(visits)).down_auto());
    return dynamigrate::cli::main(argc, argv, std::move(registry));
}
