#include "fuzz.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>

#include <string>

using namespace dynamigrate;

/// An item that is taken is written so that the same item is read; both parsers agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    base::Arena arena;
    dynamodb::Item item;
    if (!fuzz::accepts([&] { item = dynamodb::parse_item(text, arena); })) {
        return 0;
    }
    const std::string written = dynamodb::to_wire_json(item);
    const dynamodb::Item read = dynamodb::parse_item(written, arena);
    fuzz::expect(read == item, "the same item");
    fuzz::expect(dynamodb::to_wire_json(read) == written, "written alike");
    fuzz::expect(dynamodb::item_size(read).value == dynamodb::item_size(item).value, "of one size");
    fuzz::expect(item.clone(arena) == item, "a copy is the same");
    const dynamodb::Item by_tree =
        dynamodb::item_from_wire(json::parse_json(written, "f"), "f", arena);
    fuzz::expect(by_tree == item, "the tree's item");
    (void)json::to_json(dynamodb::to_plain(item));
    return 0;
}
