#include "identity.hpp"
#include "rollback_target.hpp"
#include "validation.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/runner.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using Severity = Finding::Severity;

constexpr std::size_t kMostIdCharacters = 100;
constexpr std::string_view kForbiddenInIds = " \t\\:*?\"<>|";

std::string place_of(const Migration& migration) {
    return migration.path() == "memory" ? "migration " + migration.id() : migration.path();
}

/// What the history says of the registry's migrations.
class HistoryCheck {
public:
    HistoryCheck(const Registry& registry, const std::vector<HistoryRow>& rows, bool is_forced)
        : registry_(registry),
          is_forced_(is_forced) {
        for (const HistoryRow& row : rows) {
            latest_.insert_or_assign(canonical_id(row.id), &row);
        }
    }

    void check(const Migration& migration) {
        check_id(migration);
        check_dependencies(migration);
        const HistoryRow* row = latest(migration.id());
        if (!row) {
            return;
        }
        if (row->status == Status::applied) {
            check_checksum(migration, *row);
        } else if (row->status == Status::rolled_back) {
            add(Severity::warning, "previously_rolled_back", migration,
                fmt::format("{} was rolled back at {}", migration.id(), row->finished_at),
                "see that it may be applied again");
        } else if (row->status == Status::failed) {
            add(Severity::warning, "previous_failure", migration,
                fmt::format("run {} of {} failed: {}", row->run, migration.id(), row->error),
                "it is continued where it stopped");
        }
    }

    void check_outstanding(const Migration& migration) {
        if (is_applied(migration.id())) {
            add(Severity::error, "already_applied", migration,
                fmt::format("{} is applied already", migration.id()), "");
        }
    }

    /// `going`: the migrations that are rolled back together.
    void check_dependents(const std::vector<const Migration*>& going) {
        for (const Migration& dependent : registry_.all()) {
            bool goes = std::find(going.begin(), going.end(), &dependent) != going.end();
            if (goes || is_forced_ || !is_applied(dependent.id())) {
                continue;
            }
            for (const std::string& id : dependent.dependencies()) {
                const Migration* needed = registry_.find(id);
                if (std::find(going.begin(), going.end(), needed) != going.end()) {
                    add(Severity::error, "dependency_conflict", *needed,
                        fmt::format("{} depends on {} and is applied", dependent.id(),
                                    needed->id()),
                        "roll that back too, or force it");
                }
            }
        }
    }

    std::vector<Finding> take() { return std::move(findings_); }

private:
    const HistoryRow* latest(const std::string& id) const {
        auto found = latest_.find(canonical_id(id));
        return found == latest_.end() ? nullptr : found->second;
    }
    bool is_applied(const std::string& id) const {
        const HistoryRow* row = latest(id);
        return row && row->status == Status::applied;
    }
    void add(Severity severity, std::string code, const Migration& migration, std::string message,
             std::string remedy) {
        findings_.push_back({severity, std::move(code), place_of(migration), std::move(message),
                             std::move(remedy)});
    }

    void check_id(const Migration& migration) {
        for (const std::string& id : {migration.id(), migration.alias()}) {
            if (id.size() > kMostIdCharacters ||
                id.find_first_of(kForbiddenInIds) != std::string::npos) {
                add(Severity::error, "invalid_id", migration,
                    fmt::format(
                        "the id \"{}\" has more than {} characters or one of blank, tab and "
                        "\\ : * ? \" < > |",
                        id, kMostIdCharacters),
                    "give it another one");
            }
        }
    }

    void check_dependencies(const Migration& migration) {
        for (const std::string& id : migration.dependencies()) {
            const Migration* needed = registry_.find(id);
            if (needed && !is_applied(migration.id()) && !is_applied(id)) {
                add(needed->is_named() ? Severity::error : Severity::note, "unapplied_dependency",
                    migration,
                    fmt::format("{} depends on {}, which is not applied", migration.id(), id),
                    needed->is_named() ? "run that first" : "it is applied first");
            }
        }
    }

    void check_checksum(const Migration& migration, const HistoryRow& row) {
        if (!row.checksum.empty() && row.checksum != migration.checksum()) {
            add(is_forced_ ? Severity::warning : Severity::error, "checksum_mismatch", migration,
                fmt::format("{} changed since it was applied at {} (checksum {:.12} then, {:.12} "
                            "now)",
                            migration.id(), row.finished_at, row.checksum, migration.checksum()),
                "restore what was applied, or force it");
        }
    }

    const Registry& registry_;
    bool is_forced_;
    std::map<std::string, const HistoryRow*> latest_;
    std::vector<Finding> findings_;
};

void append(std::vector<Finding>& to, std::vector<Finding> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void append_new(std::vector<Finding>& to, const std::vector<Finding>& more) {
    for (const Finding& finding : more) {
        bool is_known = std::any_of(to.begin(), to.end(), [&](const Finding& known) {
            return known.code == finding.code && known.place == finding.place &&
                   known.message == finding.message;
        });
        if (!is_known) {
            to.push_back(finding);
        }
    }
}

/// The plan, or why there can be none as a finding.
template <class MakePlan>
std::vector<PlannedMigration> plan_or_find(std::vector<Finding>& findings, MakePlan&& make_plan) {
    try {
        return make_plan();
    } catch (const Error& error) {
        bool is_unknown = error.kind() == base::ErrorKind::not_found;
        bool is_refused = error.kind() == base::ErrorKind::failed_precondition ||
                          error.kind() == base::ErrorKind::invalid_argument;
        if (!is_unknown && !is_refused) {
            throw;
        }
        findings.push_back({Severity::error, is_unknown ? "not_found" : "refused",
                            error.where().empty() ? "the plan" : error.where(), error.message(),
                            ""});
        return {};
    }
}

}  // namespace

std::vector<Finding> ValidationResult::of(Finding::Severity severity) const {
    std::vector<Finding> chosen;
    std::copy_if(findings.begin(), findings.end(), std::back_inserter(chosen),
                 [&](const Finding& finding) { return finding.severity == severity; });
    return chosen;
}

std::string ValidationResult::format() const {
    std::string_view headline = !is_valid()        ? "Validation failed\n"
                                : findings.empty() ? "Validation passed: nothing was found\n"
                                                   : "Validation passed\n";
    return std::string(headline) + to_block(findings);
}

ValidationResult Runner::validate(const MigrateOptions& options) {
    ValidationResult result{migrator(options.force).validate()};
    if (registry_.all().empty()) {
        result.findings.push_back({Severity::warning, "no_migrations", "the registry",
                                   "there are no migrations",
                                   "register some, or write one with `dynamigrate generate`"});
    }
    std::vector<HistoryRow> rows = history();
    HistoryCheck check(registry_, rows, options.force);
    for (const Migration& migration : registry_.all()) {
        check.check(migration);
    }
    std::vector<Finding> of_history = check.take();
    bool can_plan = !has_error(of_history) && !has_error(check_structure(registry_));
    append(result.findings, std::move(of_history));
    if (can_plan) {
        for (const PlannedMigration& planned :
             plan_or_find(result.findings, [&] { return migration_plan(options); })) {
            append_new(result.findings, planned.findings);
        }
    }
    return result;
}

ValidationResult Runner::validate(const std::string& id) {
    const Migration* migration = registry_.find(id);
    if (!migration) {
        return {{{Severity::error, "not_found", "migration " + id,
                  fmt::format("there is no migration {}", id), ""}}};
    }
    ValidationResult result{migrator().validate()};
    std::erase_if(result.findings, [&](const Finding& finding) {
        return !finding.place.starts_with(place_of(*migration));
    });
    std::vector<HistoryRow> rows = history();
    HistoryCheck check(registry_, rows, false);
    check.check(*migration);
    check.check_outstanding(*migration);
    append(result.findings, check.take());
    return result;
}

ValidationResult Runner::validate_rollback(const RollbackOptions& options) {
    ValidationResult result;
    RollbackOptions forced = options;
    forced.force = true;
    std::vector<const Migration*> going;
    for (const PlannedMigration& planned :
         plan_or_find(result.findings, [&] { return rollback_plan(forced); })) {
        going.push_back(planned.migration);
        std::vector<Finding> own = planned.findings;
        std::erase_if(
            own, [](const Finding& finding) { return !finding.code.starts_with("irreversible"); });
        append(result.findings, std::move(own));
    }
    std::vector<HistoryRow> rows = history();
    HistoryCheck check(registry_, rows, options.force);
    check.check_dependents(going);
    append(result.findings, check.take());
    if (result.is_valid() && !options.force) {
        plan_or_find(result.findings, [&] { return rollback_plan(options); });
    }
    return result;
}

}  // namespace dynamigrate::migrate
