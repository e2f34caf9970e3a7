#include "tables.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

namespace dynamigrate::cli {

std::vector<std::string> Tables::names_of(const migrate::Migration& migration,
                                          const migrate::Step& step) const {
    std::vector<std::string> names;
    for (std::string name : step.tables()) {
        if (name.empty()) {
            name = migration.table().empty() ? settings_.default_table : migration.table();
        }
        auto mapped = settings_.tables.find(name);
        names.push_back(mapped == settings_.tables.end() ? name : mapped->second);
    }
    return names;
}

const dynamodb::TableDescription* Tables::find(const std::string& name) {
    auto [known, is_new] = known_.try_emplace(name);
    if (is_new && !name.empty()) {
        known->second = dynamodb::describe_table(service_, name);
    }
    return known->second ? &*known->second : nullptr;
}

std::vector<dynamodb::TableDescription> Tables::existing(
    const migrate::Migration& migration, const std::vector<migrate::StepPtr>& steps) {
    std::vector<dynamodb::TableDescription> found;
    for (const migrate::StepPtr& step : steps) {
        for (const std::string& name : names_of(migration, *step)) {
            if (const dynamodb::TableDescription* table = find(name)) {
                found.push_back(*table);
            }
        }
    }
    return found;
}

std::vector<dynamodb::TableDescription> Tables::touched(
    const std::vector<const migrate::Migration*>& migrations) {
    std::vector<dynamodb::TableDescription> touched;
    for (const migrate::Migration* migration : migrations) {
        for (const auto* steps : {&migration->up_steps(), &migration->down_steps()}) {
            for (dynamodb::TableDescription& table : existing(*migration, *steps)) {
                touched.push_back(std::move(table));
            }
        }
    }
    return touched;
}

std::int64_t Tables::expected_items(const migrate::Migration& migration,
                                    const migrate::Step& step) const {
    if (step.kind() == "put" || step.kind() == "create_table") {
        return 0;
    }
    std::vector<std::string> names = names_of(migration, step);
    auto known = names.empty() ? known_.end() : known_.find(names.front());
    return known != known_.end() && known->second ? known->second->item_count : 0;
}

}  // namespace dynamigrate::cli
