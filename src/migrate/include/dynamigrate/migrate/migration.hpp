#pragma once

#include <dynamigrate/migrate/actions.hpp>
#include <dynamigrate/migrate/code_step.hpp>
#include <dynamigrate/migrate/step.hpp>
#include <dynamigrate/migrate/steps.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// A migration: a version or a name, and its steps up and down. Built in one expression:
///
///     registry.add(Migration{"1.3.0", "Join names"}.on("app").transform([](ItemEditor& item) {
///         item.set("name", item.string("first") + " " + item.string("last"));
///         item.remove("first");
///         item.remove("last");
///     }));
///
/// Steps are added to `up` until `down()` is called, afterwards to `down`. Without `down()` or
/// `down_auto()` the migration is irreversible.
class Migration {
public:
    /// A version, or the name of a migration outside the sequence ("cleanup-orphans").
    explicit Migration(std::string version_or_name, std::string description = {});

    /// A second id by which it is found, in dependencies and targets too, such as
    /// "20240115_add_user_index".
    Migration& alias(std::string id);
    Migration& on(std::string table);
    Migration& depends_on(std::vector<std::string> versions);
    /// `place`: where it is written (file:line:column), for findings.
    Migration& step(StepPtr step, std::string place = {});
    Migration& down();
    Migration& down_auto();
    /// Where it comes from (a file's path, or "memory") and its checksum (SHA-256, hex).
    Migration& from(std::string path, std::string checksum);

    Migration& transform(std::function<void(ItemEditor&)> function);
    Migration& create_table(CreateTable definition);
    Migration& delete_table(std::string name);
    Migration& create_index(IndexDefinition definition);
    Migration& delete_index(std::string name);
    Migration& rename_attribute(std::string from, std::string to);
    Migration& remove_attribute(std::string name);
    Migration& put(std::vector<dynamodb::OwnedItem> items);
    /// Calls a function for each item of the table, which may ask for actions on items of any table.
    Migration& for_each(ItemCallback callback);
    /// As above; `table`: by default the migration's.
    Migration& for_each(ForEach definition);
    /// C++ code that works with the database as it likes. Without `inverse`, `down_auto()` puts back
    /// from the journal what it wrote.
    Migration& code(std::string name, CodeFunction code, CodeFunction inverse = {});

    const std::string& id() const noexcept { return id_; }  ///< version text or name
    const std::string& alias() const noexcept { return alias_; }
    const std::optional<Version>& version() const noexcept { return version_; }
    bool is_named() const noexcept { return !version_; }
    const std::string& description() const noexcept { return description_; }
    const std::string& table() const noexcept { return table_; }
    const std::vector<std::string>& dependencies() const noexcept { return dependencies_; }
    const std::vector<StepPtr>& up_steps() const noexcept { return up_; }
    const std::vector<StepPtr>& down_steps() const noexcept { return down_; }
    /// Where an up or down step is written; the migration's place when that is not known.
    std::string place_of(const StepPtr& step) const;
    enum class Down { irreversible, automatic, steps };
    Down down_mode() const noexcept { return down_mode_; }
    const std::string& path() const noexcept { return path_; }
    /// SHA-256, hex. Without a file: of the id, the description and the steps' summaries.
    std::string checksum() const;

private:
    std::string id_;
    std::string alias_;
    std::optional<Version> version_;
    std::string description_;
    std::string table_;
    std::vector<std::string> dependencies_;
    std::vector<StepPtr> up_, down_;
    std::vector<std::pair<StepPtr, std::string>> places_;
    Down down_mode_ = Down::irreversible;
    bool adding_down_ = false;
    std::string path_ = "memory";
    std::string checksum_;
};

/// The migrations of a project. No globals: made, filled and passed by value.
class Registry {
public:
    /// Dependencies on an alias become dependencies on the migration that has it.
    /// Errors: already_exists for a second one with the same version, name or alias (both places
    /// named).
    void add(Migration migration);
    /// By version, name or alias, however the version is spelled ("7" finds "007").
    const Migration* find(std::string_view id) const noexcept;
    /// Versions in order, then named ones by name.
    const std::vector<Migration>& all() const noexcept { return migrations_; }
    /// Versions that are not among the applied ones, in the order in which they would run.
    /// Errors: as `in_order`.
    std::vector<const Migration*> pending(const std::set<std::string>& applied) const;
    /// Dependencies before what needs them, else by version.
    /// Errors: invalid_argument for a cycle, named in full, and for a dependency that is missing.
    std::vector<const Migration*> in_order(std::vector<const Migration*> migrations) const;
    /// What the migration needs of what is not applied.
    std::vector<std::string> unmet_dependencies(const Migration& migration,
                                                const std::set<std::string>& applied) const;

private:
    void resolve_dependencies();

    std::vector<Migration> migrations_;
};

/// Gives migrations from elsewhere (a directory of files).
class MigrationSource {
public:
    virtual ~MigrationSource() = default;
    /// Adds all of them. Errors: invalid_argument at file:line:column.
    virtual void load(Registry& registry) = 0;
};

}  // namespace dynamigrate::migrate
