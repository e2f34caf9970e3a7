#include "fuzz.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/partiql.hpp>
#include <dynamigrate/expressions/prepared_partiql.hpp>

#include <string>
#include <vector>

using namespace dynamigrate;
using expressions::PartiqlStatement;
using fuzz::expect;

namespace {

constexpr std::string_view kItem =
    R"({"pk":{"S":"a"},"n":{"N":"7"},"s":{"S":"text"},"ss":{"SS":["x","y"]},)"
    R"("l":{"L":[{"S":"x"},{"N":"1"}]},"m":{"M":{"a":{"M":{"b":{"N":"3"}}}}}})";

struct World {
    base::Arena arena;
    dynamodb::Item item = dynamodb::parse_item(kItem, arena);
    dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::string},
                            dynamodb::KeyAttribute{"n", dynamodb::AttributeType::number}};
    std::vector<dynamodb::AttributeValue> parameters = {dynamodb::AttributeValue::string("a"),
                                                        dynamodb::AttributeValue::number("7"),
                                                        dynamodb::AttributeValue::boolean(true)};
};

void check_select(const World& world, const PartiqlStatement& statement, base::Arena& arena) {
    const dynamodb::Item selected = expressions::select_partiql(statement, world.item, arena);
    const std::string written = dynamodb::to_wire_json(selected);
    expect(dynamodb::parse_item(written, arena) == selected, "what is selected is an item");
    const expressions::KeyAccess access = expressions::key_access(statement, world.key);
    expect(!access.is_scan || access.ranges.empty(), "a scan has no ranges");
    (void)access.item_key(world.key, arena);
}

void check_write(const World& world, const PartiqlStatement& statement, base::Arena& arena) {
    if (statement.kind == PartiqlStatement::Kind::update) {
        fuzz::accepts([&] { (void)statement.update.apply(world.item, arena); });
    }
    const auto target = expressions::partiql_target(statement, world.key, arena);
    expect(target.key.size() == 2, "a target has a whole key");
    (void)target.condition.matches(world.item);
    (void)target.condition.matches({});
}

/// The same text prepared twice is refused, or taken, as when it is parsed alone.
void check_prepared(const World& world, std::string_view text, bool is_taken) {
    expressions::PreparedPartiql place;
    for (int i = 0; i < 2; ++i) {
        bool is_prepared = false;
        fuzz::accepts([&] {
            place.prepare(text, world.parameters);
            is_prepared = true;
        });
        expect(is_prepared == is_taken, "prepared as parsed");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    static const World kWorld;
    const std::string_view text = fuzz::text_of(bytes, size);
    base::Arena arena;
    bool is_taken = false;
    fuzz::accepts([&] {
        const PartiqlStatement statement =
            expressions::parse_partiql(text, kWorld.parameters, arena);
        is_taken = true;
        (void)statement.condition.matches(kWorld.item);
        if (statement.kind == PartiqlStatement::Kind::select) {
            check_select(kWorld, statement, arena);
        } else {
            check_write(kWorld, statement, arena);
        }
    });
    check_prepared(kWorld, text, is_taken);
    return 0;
}
