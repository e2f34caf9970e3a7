#include "table_names.hpp"

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::migrate {

std::string real_table(const Settings& settings, const Migration& migration,
                       const std::string& name) {
    const std::string& chosen = !name.empty()                ? name
                                : !migration.table().empty() ? migration.table()
                                                             : settings.default_table;
    if (chosen.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "the step names no table; add `table:` to the step, the migration or the "
                          "configuration");
    }
    auto mapped = settings.tables.find(chosen);
    return mapped == settings.tables.end() ? chosen : mapped->second;
}

std::vector<std::string> real_tables(const Settings& settings, const Migration& migration,
                                     const Step& step) {
    std::vector<std::string> names;
    for (const std::string& name : step.tables()) {
        bool is_named =
            !name.empty() || !migration.table().empty() || !settings.default_table.empty();
        if (is_named) {
            names.push_back(real_table(settings, migration, name));
        }
    }
    return names;
}

}  // namespace dynamigrate::migrate
