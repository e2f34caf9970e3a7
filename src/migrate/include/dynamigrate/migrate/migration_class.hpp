#pragma once

#include <dynamigrate/migrate/migration.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace dynamigrate::migrate {

/// A migration as a class of one's own, for code that reads and writes as it likes. Usually derived
/// from BaseMigration:
///
///     class SplitAddresses : public BaseMigration {
///     public:
///         SplitAddresses() : BaseMigration("1.4.0", "Split addresses") {}
///         void up(Client& client) override { ... }
///         void down(Client& client) override { ... }  // or leave it out: the journal knows
///     };
///     registry.add(make_migration<SplitAddresses>());
class MigrationClass {
public:
    virtual ~MigrationClass() = default;
    /// The version, or a name outside the sequence.
    virtual std::string version() const = 0;
    /// A second id by which it is found; "" : none.
    virtual std::string id() const { return {}; }
    virtual std::string description() const { return {}; }
    /// What must be applied before.
    virtual std::vector<std::string> dependencies() const { return {}; }
    /// The table that `up` and `down` mean by ""; "" : the project's.
    virtual std::string table() const { return {}; }
    /// Whether `up`, applied again to what it did in part, brings the same end. Else that is taken
    /// back from the journal first.
    virtual bool is_repeatable() const { return false; }
    virtual void up(Client& client) = 0;
    /// Where a class has none of its own, what `up` wrote is put back from the journal.
    virtual void down(Client& client);
};

/// Keeps what identifies a migration.
class BaseMigration : public MigrationClass {
public:
    /// `version`: SemVer, integer or timestamp, or a name.
    explicit BaseMigration(std::string version, std::string description = {},
                           std::vector<std::string> dependencies = {})
        : version_(std::move(version)),
          description_(std::move(description)),
          dependencies_(std::move(dependencies)) {}
    /// With an id besides the number that orders it: "20240115_add_user_index", 20240115120000.
    /// Errors: invalid_argument for a number that is not positive.
    BaseMigration(std::string id, std::int64_t version, std::string description,
                  std::vector<std::string> dependencies = {});

    std::string version() const override { return version_; }
    std::string id() const override { return id_; }
    std::string description() const override { return description_; }
    std::vector<std::string> dependencies() const override { return dependencies_; }

private:
    std::string version_;
    std::string id_;
    std::string description_;
    std::vector<std::string> dependencies_;
};

/// The migration that the class is. `reverses`: by its own `down`, else from the journal.
Migration make_migration(const std::shared_ptr<MigrationClass>& migration, bool reverses);

/// Whether T has a `down` of its own.
template <std::derived_from<MigrationClass> T>
inline constexpr bool kHasOwnDown = [] {
    if constexpr (requires { &T::down; }) {
        return !std::is_same_v<decltype(&T::down), void (MigrationClass::*)(Client&)>;
    }
    return true;
}();

template <std::derived_from<MigrationClass> T>
Migration make_migration(std::shared_ptr<T> migration) {
    return make_migration(std::move(migration), kHasOwnDown<T>);
}

template <std::derived_from<MigrationClass> T, class... Arguments>
requires std::constructible_from<T, Arguments...> Migration
make_migration(Arguments&&... arguments) {
    return make_migration(std::make_shared<T>(std::forward<Arguments>(arguments)...));
}

/// A migration that creates an index, and deletes it on the way back.
Migration make_index_migration(std::string version, std::string description, std::string table,
                               IndexDefinition index, std::vector<std::string> dependencies = {});
/// As above, with an id besides the number that orders it.
Migration make_index_migration(std::string id, std::int64_t version, std::string description,
                               std::string table, IndexDefinition index,
                               std::vector<std::string> dependencies = {});

/// The program's one global registry, for migrations that register themselves before `main`:
/// nothing else in the library is global. `cli::main` and `cli::open` begin with a copy of it.
/// Threads: one, before `main`.
Registry& global_registry();

/// Registers a migration globally when it is made, usually as a constant beside the migration:
///
///     const Registration kSplitAddresses = register_migration<SplitAddresses>();
///
/// Errors: as Registry::add; thrown before `main` it ends the program with its text.
class Registration {
public:
    explicit Registration(Migration migration);
};

inline Registration register_migration(Migration migration) {
    return Registration(std::move(migration));
}

template <std::derived_from<MigrationClass> T, class... Arguments>
Registration register_migration(Arguments&&... arguments) {
    return Registration(make_migration<T>(std::forward<Arguments>(arguments)...));
}

}  // namespace dynamigrate::migrate
