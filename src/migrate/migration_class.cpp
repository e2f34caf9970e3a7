#include <dynamigrate/migrate/migration_class.hpp>

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::migrate {

namespace {

std::string version_text(const std::string& id, std::int64_t version) {
    if (version <= 0) {
        throw base::Error(base::ErrorKind::invalid_argument, "the version of migration " + id +
                                                                 " is " + std::to_string(version) +
                                                                 "; it must be positive");
    }
    return std::to_string(version);
}

/// As its file would be called: from that, history layouts of other tools take their ids.
std::string file_name(const std::string& version, const std::string& id) {
    std::size_t slug = id.find_first_not_of("0123456789_-");
    return version + "_" + (slug == std::string::npos ? id : id.substr(slug));
}

void set_alias(Migration& migration, std::string id) {
    if (!id.empty()) {
        migration.from(file_name(migration.id(), id), {});
        migration.alias(std::move(id));
    }
}

}  // namespace

BaseMigration::BaseMigration(std::string id, std::int64_t version, std::string description,
                             std::vector<std::string> dependencies)
    : BaseMigration(version_text(id, version), std::move(description), std::move(dependencies)) {
    id_ = std::move(id);
}

void MigrationClass::down(Client&) {
    throw base::Error(base::ErrorKind::internal, "a migration without `down` was asked for it");
}

Migration make_migration(const std::shared_ptr<MigrationClass>& migration, bool reverses) {
    CodeStep step;
    step.name = migration->description().empty() ? migration->version() : migration->description();
    step.table = migration->table();
    step.is_repeatable = migration->is_repeatable();
    step.code = [migration](Client& client) { migration->up(client); };
    if (reverses) {
        step.inverse = [migration](Client& client) { migration->down(client); };
    }
    Migration result(migration->version(), migration->description());
    set_alias(result, migration->id());
    result.on(migration->table()).depends_on(migration->dependencies());
    result.step(make_code(std::move(step))).down_auto();
    return result;
}

Migration make_index_migration(std::string version, std::string description, std::string table,
                               IndexDefinition index, std::vector<std::string> dependencies) {
    Migration migration(std::move(version), std::move(description));
    migration.on(std::move(table)).depends_on(std::move(dependencies));
    migration.create_index(std::move(index)).down_auto();
    return migration;
}

Migration make_index_migration(std::string id, std::int64_t version, std::string description,
                               std::string table, IndexDefinition index,
                               std::vector<std::string> dependencies) {
    Migration migration =
        make_index_migration(version_text(id, version), std::move(description), std::move(table),
                             std::move(index), std::move(dependencies));
    set_alias(migration, std::move(id));
    return migration;
}

Registry& global_registry() {
    static Registry registry;
    return registry;
}

Registration::Registration(Migration migration) { global_registry().add(std::move(migration)); }

}  // namespace dynamigrate::migrate
