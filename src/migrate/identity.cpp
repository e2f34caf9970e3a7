#include "identity.hpp"

namespace dynamigrate::migrate {

std::string canonical_id(std::string_view version_or_name) {
    auto version = Version::parse(version_or_name);
    if (!version) {
        return std::string(version_or_name);
    }
    std::string_view text = version_or_name.substr(0, version_or_name.find('+'));
    if (version->kind() == Version::Kind::integer) {
        text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    }
    return std::string(text);
}

bool id_comes_before(std::string_view a, std::string_view b) {
    auto version_a = Version::parse(a);
    auto version_b = Version::parse(b);
    if (version_a && version_b) {
        return *version_a < *version_b;
    }
    if (version_a || version_b) {
        return version_a.has_value();
    }
    return a < b;
}

}  // namespace dynamigrate::migrate
