#include "fuzz.hpp"

#include <dynamigrate/json/json5.hpp>

#include <string>

using namespace dynamigrate;

/// What is JSON is JSON5 too, and means the same; what is written of it reads back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    json::Value five;
    const bool is_five = fuzz::accepts([&] { five = json::parse_json5(text, "f"); });
    fuzz::accepts([&] {
        const json::Value strict = json::parse_json(text, "f");
        fuzz::expect(is_five, "JSON is JSON5");
        fuzz::expect(json::to_json(strict) == json::to_json(five), "the same value");
    });
    if (is_five) {
        const std::string written = json::to_json(five);
        const json::Value read = json::parse_json(written, "written");
        fuzz::expect(json::to_json(read) == written, "what is written reads back");
        fuzz::expect(
            json::to_json(json::parse_json(json::to_pretty_json(five), "pretty")) == written,
            "indented too");
    }
    return 0;
}
