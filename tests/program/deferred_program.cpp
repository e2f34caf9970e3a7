/// The program with a migration in C++ that defers actions, for deferred_test.py. From the
/// environment: TOTALS, the table that is counted in; ACTIONS, how many each item asks for; KEYS,
/// over how many totals they are spread.
#include <dynamigrate/cli/main.hpp>
#include <dynamigrate/dynamigrate.hpp>

#include <cstdlib>
#include <string>

namespace {

using namespace dynamigrate::migrate;

std::string from_environment(const char* name, const char* otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : value;
}

/// Raises the item's counter at once and totals afterwards: neither may be done twice.
ForEach count() {
    const std::string totals = from_environment("TOTALS", "totals");
    const long actions = std::stol(from_environment("ACTIONS", "2"));
    const long keys = std::stol(from_environment("KEYS", "7"));
    ForEach step;
    step.name = "count";
    step.callback = [=](ItemEditor& item, Actions& later) {
        const std::int64_t number = item.integer("c");
        item.set("c", number + 1);
        for (long i = 0; i < actions; ++i) {
            const std::string total = "t" + std::to_string((number * actions + i) % keys);
            later.update({.table = totals,
                          .key = later.build().string("pk", total).build(),
                          .expression = "ADD n :one",
                          .values = later.build().number(":one", 1).build()});
        }
    };
    return step;
}

}  // namespace

int main(int argc, char** argv) {
    Registry registry;
    registry.add(Migration{"1.0.0", "Count"}.for_each(count()).down_auto());
    return dynamigrate::cli::main(argc, argv, std::move(registry));
}
