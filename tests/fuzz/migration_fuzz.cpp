#include "fuzz.hpp"

#include <dynamigrate/authoring/migration_file.hpp>
#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/json/json5.hpp>

#include <string>

using namespace dynamigrate;

namespace {

void check(const migrate::Migration& migration) {
    std::vector<migrate::Finding> findings;
    for (const migrate::StepPtr& step : migration.up_steps()) {
        fuzz::expect(!step->kind().empty(), "a step has a kind");
        (void)step->summary();
        (void)step->tables();
        step->validate("m.yaml", findings);
        if (step->reversal().kind == migrate::Reversal::Kind::inverse) {
            fuzz::accepts([&] { (void)step->inverse()->summary(); });
        }
    }
    fuzz::expect(!migration.checksum().empty(), "it has a checksum");
}

}  // namespace

/// A migration's file: YAML, or JSON5 where it begins with a brace.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view text = fuzz::text_of(bytes, size);
    fuzz::accepts([&] {
        const json::Value tree = text.starts_with('{') ? json::parse_json5(text, "m.json5")
                                                       : authoring::parse_yaml(text, "m.yaml");
        check(authoring::read_migration(tree, "1.0.0", "m.yaml"));
    });
    return 0;
}
