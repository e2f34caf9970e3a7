#include "identity.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <algorithm>

namespace dynamigrate::migrate {

void Registry::add(Migration migration) {
    if (const Migration* other = find(migration.id())) {
        throw base::Error(base::ErrorKind::already_exists,
                          "migration \"" + migration.id() + "\" exists twice: " + other->path() +
                              " and " + migration.path() + "; remove or renumber one of them");
    }
    auto place = std::find_if(migrations_.begin(), migrations_.end(), [&](const Migration& other) {
        return id_comes_before(migration.id(), other.id());
    });
    migrations_.insert(place, std::move(migration));
}

const Migration* Registry::find(std::string_view id) const noexcept {
    std::string wanted = canonical_id(id);
    auto found = std::find_if(migrations_.begin(), migrations_.end(), [&](const Migration& other) {
        return canonical_id(other.id()) == wanted;
    });
    return found == migrations_.end() ? nullptr : &*found;
}

}  // namespace dynamigrate::migrate
