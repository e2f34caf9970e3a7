/// A migration as a plug-in.
#include <dynamigrate/plugin.hpp>

#include <algorithm>
#include <cctype>

namespace {

using namespace dynamigrate::migrate;

void put_in_upper_case(ItemEditor& person) {
    std::string name = person.string("name");
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char character) {
        return static_cast<char>(std::toupper(character));
    });
    person.set("name", name);
}

}  // namespace

DYNAMIGRATE_PLUGIN([] {
    return Migration{"1.0.0", "Names in upper case"}
        .on("people")
        .transform(put_in_upper_case)
        .down_auto();
});
