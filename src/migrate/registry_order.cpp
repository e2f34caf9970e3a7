#include "identity.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include "validation.hpp"

#include <algorithm>
#include <set>

namespace dynamigrate::migrate {

namespace {

std::set<std::string> canonical(const Registry& registry, const std::set<std::string>& ids) {
    std::set<std::string> known;
    for (const std::string& id : ids) {
        const Migration* migration = registry.find(id);
        known.insert(canonical_id(migration ? migration->id() : id));
    }
    return known;
}

}  // namespace

std::vector<const Migration*> Registry::pending(const std::set<std::string>& applied) const {
    std::set<std::string> known = canonical(*this, applied);
    std::vector<const Migration*> wanted;
    for (const Migration& migration : migrations_) {
        if (!migration.is_named() && !known.contains(canonical_id(migration.id()))) {
            wanted.push_back(&migration);
        }
    }
    return in_order(std::move(wanted));
}

std::vector<const Migration*> Registry::in_order(std::vector<const Migration*> migrations) const {
    throw_first_error(check_structure(*this));
    std::sort(migrations.begin(), migrations.end(), [](const Migration* a, const Migration* b) {
        return id_comes_before(a->id(), b->id());
    });
    std::vector<const Migration*> order;
    while (!migrations.empty()) {
        // Without cycles there is always one that waits for none of the others.
        auto next = std::find_if(migrations.begin(), migrations.end(), [&](const Migration* one) {
            return std::none_of(
                one->dependencies().begin(), one->dependencies().end(), [&](const std::string& id) {
                    return std::find(migrations.begin(), migrations.end(), find(id)) !=
                           migrations.end();
                });
        });
        order.push_back(*next);
        migrations.erase(next);
    }
    return order;
}

std::vector<std::string> Registry::unmet_dependencies(const Migration& migration,
                                                      const std::set<std::string>& applied) const {
    std::set<std::string> known = canonical(*this, applied);
    std::vector<std::string> unmet;
    for (const std::string& id : migration.dependencies()) {
        if (!known.contains(canonical_id(id))) {
            unmet.push_back(id);
        }
    }
    return unmet;
}

}  // namespace dynamigrate::migrate
