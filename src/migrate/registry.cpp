#include "identity.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <algorithm>

namespace dynamigrate::migrate {

void Registry::add(Migration migration) {
    for (const std::string& id : {migration.id(), migration.alias()}) {
        if (const Migration* other = id.empty() ? nullptr : find(id)) {
            throw base::Error(base::ErrorKind::already_exists,
                              "migration \"" + id + "\" exists twice: " + other->path() + " and " +
                                  migration.path() + "; remove or renumber one of them");
        }
    }
    auto place = std::find_if(migrations_.begin(), migrations_.end(), [&](const Migration& other) {
        return id_comes_before(migration.id(), other.id());
    });
    migrations_.insert(place, std::move(migration));
    resolve_dependencies();
}

void Registry::resolve_dependencies() {
    for (Migration& migration : migrations_) {
        std::vector<std::string> dependencies = migration.dependencies();
        for (std::string& id : dependencies) {
            const Migration* needed = find(id);
            id = needed && needed->alias() == id ? needed->id() : id;
        }
        if (dependencies != migration.dependencies()) {
            migration.depends_on(std::move(dependencies));
        }
    }
}

const Migration* Registry::find(std::string_view id) const noexcept {
    std::string wanted = canonical_id(id);
    auto found = std::find_if(migrations_.begin(), migrations_.end(), [&](const Migration& other) {
        return canonical_id(other.id()) == wanted || (!id.empty() && other.alias() == id);
    });
    return found == migrations_.end() ? nullptr : &*found;
}

}  // namespace dynamigrate::migrate
