#include "fuzz.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/key_condition.hpp>
#include <dynamigrate/expressions/projection.hpp>
#include <dynamigrate/expressions/update.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace dynamigrate;
using fuzz::expect;

namespace {

constexpr std::string_view kItem =
    R"({"pk":{"S":"a"},"s":{"S":"text"},"n":{"N":"7"},"b":{"B":"AAE="},"t":{"BOOL":true},)"
    R"("z":{"NULL":true},"ss":{"SS":["x","y"]},"ns":{"NS":["1","2.5"]},"bs":{"BS":["AA=="]},)"
    R"("l":{"L":[{"S":"x"},{"N":"1"},{"L":[{"N":"2"}]}]},"m":{"M":{"a":{"M":{"b":{"N":"3"}}}}}})";
constexpr std::string_view kValues =
    R"({":s":{"S":"te"},":n":{"N":"3"},":b":{"B":"AAE="},":t":{"BOOL":true},":z":{"NULL":true},)"
    R"(":ss":{"SS":["x"]},":ns":{"NS":["1"]},":l":{"L":[{"N":"1"}]},":m":{"M":{"a":{"S":"x"}}}})";

struct World {
    base::Arena arena;
    dynamodb::Item item = dynamodb::parse_item(kItem, arena);
    dynamodb::Item values = dynamodb::parse_item(kValues, arena);
    std::vector<std::pair<std::string, std::string>> names = {
        {"#n", "n"}, {"#l", "l"}, {"#m", "m"}, {"#x", "not there"}};

    expressions::Substitutions substitutions() const {
        return expressions::Substitutions(names, values);
    }
};

void check_condition(const World& world, std::string_view text) {
    auto substitutions = world.substitutions();
    const auto condition = expressions::Condition::parse(text, substitutions);
    const bool holds = condition.matches(world.item);
    (void)condition.matches({});
    const auto& names = condition.attributes();
    expect(std::is_sorted(names.begin(), names.end()), "attributes are sorted");
    (void)condition.to_string();
    if (text.size() > 1000) {
        return;
    }
    const std::string negated = "NOT (" + std::string(text) + ")";
    fuzz::accepts([&] {
        auto again = world.substitutions();
        expect(expressions::Condition::parse(negated, again).matches(world.item) != holds,
               "NOT turns it round");
    });
}

void check_update(const World& world, std::string_view text) {
    auto substitutions = world.substitutions();
    const auto update = expressions::UpdateExpression::parse(text, substitutions);
    base::Arena arena;
    const dynamodb::Item after = update.apply(world.item, arena);
    const std::string written = dynamodb::to_wire_json(after);
    expect(dynamodb::parse_item(written, arena) == after, "what an update makes is an item");
    const auto& changed = update.attributes_written();
    for (const dynamodb::Attribute& attribute : world.item) {
        const dynamodb::AttributeValue* now = after.find(attribute.name);
        const bool is_same = now != nullptr && *now == attribute.value;
        expect(is_same || std::binary_search(changed.begin(), changed.end(), attribute.name),
               "only what is told is changed");
    }
    fuzz::accepts([&] { (void)update.apply({}, arena); });
}

void check_projection(const World& world, std::string_view text) {
    auto substitutions = world.substitutions();
    const auto projection = expressions::Projection::parse(text, substitutions);
    base::Arena arena;
    const dynamodb::Item part = projection.apply(world.item, arena);
    expect(part.size() <= world.item.size(), "a part of the item");
    expect(projection.apply(part, arena).size() == part.size() || !part.empty(), "of which a part");
}

void check_key_condition(const World& world, std::string_view text) {
    auto substitutions = world.substitutions();
    const dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::string},
                                  dynamodb::KeyAttribute{"n", dynamodb::AttributeType::number}};
    (void)expressions::KeyCondition::parse(text, substitutions, key);
}

}  // namespace

/// A letter tells the kind of the expression that follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    static const World kWorld;
    const std::string_view text = fuzz::text_of(bytes, size).substr(1);
    fuzz::accepts([&] {
        switch (bytes[0]) {
            case 'c':
                return check_condition(kWorld, text);
            case 'u':
                return check_update(kWorld, text);
            case 'p':
                return check_projection(kWorld, text);
            case 'k':
                return check_key_condition(kWorld, text);
            default:
                return;
        }
    });
    return 0;
}
