#include "template_parts.hpp"

#include <dynamigrate/migrate/migration_machine.hpp>

#include <fmt/format.h>

#include <map>
#include <set>

namespace dynamigrate::cloud {

namespace {

/// The tables as the migrations write them; those with an ARN are what they are.
std::set<std::string> named_tables(const migrate::Registry& registry,
                                   const migrate::Settings& settings) {
    std::set<std::string> names;
    for (const migrate::Migration& migration : registry.all()) {
        for (const auto* steps : {&migration.up_steps(), &migration.down_steps()}) {
            for (const migrate::StepPtr& step : *steps) {
                for (const std::string& name : step->tables()) {
                    names.insert(!name.empty()                ? name
                                 : !migration.table().empty() ? migration.table()
                                                              : settings.default_table);
                }
            }
        }
    }
    names.insert(settings.default_table);
    std::erase_if(names,
                  [](const std::string& name) { return name.empty() || name.starts_with("arn:"); });
    return names;
}

std::string parameter_for(const std::string& table) {
    constexpr std::string_view kMachine = "Migration";
    return "Table" + machine_id(table).substr(kMachine.size());
}

std::vector<TemplateTable> tables_of(const migrate::Registry& registry,
                                     const migrate::Settings& settings) {
    std::vector<TemplateTable> tables;
    for (const std::string& name : named_tables(registry, settings)) {
        const auto mapped = settings.tables.find(name);
        const std::string& real = mapped == settings.tables.end() ? name : mapped->second;
        if (!real.starts_with("arn:")) {
            tables.push_back({name, real, parameter_for(name)});
        }
    }
    return tables;
}

}  // namespace

void add_project(TemplateRequest& request, const migrate::Registry& registry,
                 const migrate::Settings& settings, const migrate::PolicyScope& scope) {
    request.project = settings.scope;
    request.history_table = settings.history_table;
    request.concurrency = settings.cloud.concurrency;
    request.memory_mb = settings.cloud.memory_mb;
    request.call_timeout = settings.cloud.call_timeout;
    for (const migrate::Migration& migration : registry.all()) {
        request.migrations.push_back(
            {migration.id(), migration.is_named() ? "named" : "up", migration.checksum(),
             migrate::tolerated_failure_percent(migration, settings.backfill)});
    }
    request.tables = tables_of(registry, settings);
    migrate::Settings in_stack = settings;
    in_stack.history_table = "${HistoryTableName}";
    for (const TemplateTable& table : request.tables) {
        in_stack.tables[table.name] = fmt::format("${{{}}}", table.parameter);
    }
    request.statements = migrate::iam_statements(registry, in_stack, scope);
}

}  // namespace dynamigrate::cloud
