#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Indexes as migrations declare them against those that are there: pure functions.
namespace dynamigrate::migrate {

/// A change that a migration makes to an index, once it is applied.
struct IndexWork {
    std::string table;  ///< real name
    std::string migration;
    bool is_applied = false;
    IndexChange change;
};

/// What applied migrations did, in the order in which they ran, and what outstanding ones will do.
/// `applied`: the latest row of each migration that is applied now.
std::vector<IndexWork> index_work(const Registry& registry, const Settings& settings,
                                  std::vector<HistoryRow> applied,
                                  const std::vector<const Migration*>& outstanding);

/// An index, as declared and as it is.
struct IndexState {
    enum class State {
        ok,           ///< as applied migrations declare it
        building,     ///< CREATING
        deleting,     ///< DELETING
        outstanding,  ///< declared by a migration that is not applied yet
        missing,      ///< declared by an applied migration, and not there
        different,    ///< there, but not as declared
        undeclared,   ///< there, and no migration knows of it
    };
    std::string table;
    std::string name;
    State state = State::ok;
    std::optional<IndexDefinition> declared;
    std::string migration;  ///< that declares it; "" : none
    std::string next;       ///< an outstanding migration that changes or deletes it
    bool is_local = false;
    std::optional<dynamodb::IndexDescription> actual;
    std::optional<int> percent;  ///< of the table's items, while it is built and known
    std::vector<std::string> differences;
};
std::string_view to_string(IndexState::State state) noexcept;

/// The indexes of one table, by name. `actual`: nothing when there is no such table.
std::vector<IndexState> compare_indexes(const std::string& table,
                                        const std::vector<IndexWork>& work,
                                        const std::optional<dynamodb::TableDescription>& actual);

/// "email (S), createdAt (N)".
std::string key_text(const KeyAttribute& hash, const std::optional<KeyAttribute>& sort);
/// "all", "keys_only", "name, street".
std::string projection_text(dynamodb::ProjectionType type, const std::vector<std::string>& names);

/// The index as CloudFormation, CDK and Terraform write it, each under a heading. `throughput`: of a
/// provisioned table's index.
std::string index_snippets(const IndexDefinition& index,
                           const std::optional<dynamodb::Throughput>& throughput);

}  // namespace dynamigrate::migrate
