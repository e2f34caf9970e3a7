#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// Descriptions of the tables that migrations work on, asked for once.
class Tables {
public:
    /// The references must outlive it.
    Tables(dynamodb::Service& service, const migrate::Settings& settings)
        : service_(service),
          settings_(settings) {}

    /// Real names of the tables of a step; the first is the one it reads.
    std::vector<std::string> names_of(const migrate::Migration& migration,
                                      const migrate::Step& step) const;
    /// Nothing when there is no such table (yet).
    const dynamodb::TableDescription* find(const std::string& name);
    /// The existing tables that the steps work on.
    std::vector<dynamodb::TableDescription> existing(const migrate::Migration& migration,
                                                     const std::vector<migrate::StepPtr>& steps);
    /// The existing tables that the migrations work on, up or down.
    std::vector<dynamodb::TableDescription> touched(
        const std::vector<const migrate::Migration*>& migrations);
    /// About how many items the step will read, by what was asked before; 0: unknown.
    std::int64_t expected_items(const migrate::Migration& migration,
                                const migrate::Step& step) const;

private:
    dynamodb::Service& service_;
    const migrate::Settings& settings_;
    std::map<std::string, std::optional<dynamodb::TableDescription>> known_;
};

}  // namespace dynamigrate::cli
