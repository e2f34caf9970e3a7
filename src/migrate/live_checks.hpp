#pragma once

#include "table_shapes.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// Looks at the tables that planned migrations work on, and at a sample of their items, and adds to
/// the plan what would go wrong. Reads only; what the service does not know or does not allow is
/// left out.
///
/// Codes: `unknown_table`, `replicated_table`, `deletion_protected`, `wrong_account`,
/// `wrong_region`, `expires_at_once`, `stream_consumers`, `pitr_off`, `not_idempotent`,
/// `index_key_type`, and those of TableShapes.
class LiveChecks {
public:
    /// The references must outlive it.
    LiveChecks(dynamodb::Service& service, const Settings& settings, base::WallTime now);

    /// Call in the order of the plan: what a migration makes is there for the next.
    void check(PlannedMigration& planned);

private:
    struct Table {
        std::optional<dynamodb::TableDescription> description;
        bool is_made = false;     ///< by an earlier step of the plan
        bool is_changed = false;  ///< its settings, by an earlier step of the plan
        bool is_sampled = false;
        std::list<dynamodb::OwnedItem> sample;
        std::string expiry;  ///< by which items expire now; known when sampled
        std::set<std::string> told;
    };
    struct At;

    Table& find(const std::string& name);
    void check_step(const At& at);
    void check_table(const At& at, const std::string& name);
    void check_written(const At& at, Table& table);
    void check_backups(const At& at, Table& table);
    void check_home(const At& at, const dynamodb::TableDescription& description);
    void sample(Table& table);
    static void keep_sample(Table& table, dynamodb::Reply& reply);
    void check_expiry(const At& at, Table& table, const std::string& attribute);
    void try_step(const At& at, Table& table);
    void tell(const At& at, Finding::Severity severity, std::string code, std::string message,
              std::string remedy) const;
    void tell_once(const At& at, Table& table, Finding::Severity severity, std::string code,
                   std::string message, std::string remedy) const;
    bool ask(std::string_view operation, std::string_view body, dynamodb::Reply& reply);
    std::optional<std::string> ask(std::string_view operation, std::string_view body);
    bool has_expired(const dynamodb::Item& item, const std::string& attribute) const;
    std::string real_name(const Migration& migration, const std::string& name) const;

    dynamodb::Service& service_;
    const Settings& settings_;
    std::int64_t now_;  ///< in seconds
    TableShapes shapes_;
    std::map<std::string, Table> tables_;
};

}  // namespace dynamigrate::migrate
