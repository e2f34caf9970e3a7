#include "validation.hpp"

#include "identity.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

namespace dynamigrate::migrate {

namespace {

constexpr std::array kCommands = std::to_array<std::string_view>(
    {"up",       "down",       "all",     "repeat",     "status",       "list",     "outstanding",
     "named",    "run",        "plan",    "migrate",    "resume",       "runs",     "generate",
     "validate", "unlock",     "version", "help",       "init",         "serve",    "doctor",
     "history",  "iam-policy", "indexes", "quarantine", "retry-failed", "baseline", "mark",
     "repair",   "adopt",      "undo",    "journal",    "pause",        "rate",     "abort",
     "restore",  "scan",       "stream",  "filter",     "lambda",       "deploy"});

std::string place_of(const Migration& migration) {
    return migration.path() == "memory" ? "migration " + migration.id() : migration.path();
}

Finding make_error(std::string code, const Migration& migration, std::string message,
                   std::string remedy) {
    return {Finding::Severity::error, std::move(code), place_of(migration), std::move(message),
            std::move(remedy)};
}

Finding make_warning(std::string code, const Migration& migration, std::string message,
                     std::string remedy) {
    return {Finding::Severity::warning, std::move(code), place_of(migration), std::move(message),
            std::move(remedy)};
}

void check_kinds(const Registry& registry, std::vector<Finding>& findings) {
    const Migration* first = nullptr;
    for (const Migration& migration : registry.all()) {
        if (migration.is_named()) {
            continue;
        }
        if (!first) {
            first = &migration;
        } else if (migration.version()->kind() != first->version()->kind()) {
            findings.push_back(make_error(
                "mixed_versions", migration,
                fmt::format("version {} is of kind {}, but {} ({}) is of kind {}", migration.id(),
                            to_string(migration.version()->kind()), first->id(), first->path(),
                            to_string(first->version()->kind())),
                "use one kind of version in a project"));
        }
    }
}

void check_names(const Registry& registry, std::vector<Finding>& findings) {
    for (const Migration& migration : registry.all()) {
        if (std::find(kCommands.begin(), kCommands.end(), migration.id()) != kCommands.end()) {
            findings.push_back(make_error(
                "name_is_a_command", migration,
                fmt::format("the name \"{}\" is a command, so that it could never be run",
                            migration.id()),
                "give the migration another name"));
        }
    }
}

void check_dependencies(const Registry& registry, std::vector<Finding>& findings) {
    for (const Migration& migration : registry.all()) {
        for (const std::string& dependency : migration.dependencies()) {
            if (!registry.find(dependency)) {
                findings.push_back(make_error("missing_dependency", migration,
                                              fmt::format("{} depends on {}, which does not exist",
                                                          migration.id(), dependency),
                                              "add that migration or correct depends_on"));
            }
        }
    }
    if (std::vector<std::string> cycle = find_cycle(registry); !cycle.empty()) {
        findings.push_back(
            make_error("dependency_cycle", *registry.find(cycle.front()),
                       fmt::format("dependencies form a cycle: {}", fmt::join(cycle, " -> ")),
                       "remove one of these dependencies"));
    }
}

/// Depth first; `path` is the way from the root to where the search stands.
class CycleSearch {
public:
    explicit CycleSearch(const Registry& registry) : registry_(registry) {}

    std::vector<std::string> find() {
        for (const Migration& migration : registry_.all()) {
            if (visit(migration)) {
                return cycle_;
            }
        }
        return {};
    }

private:
    enum class Mark { unseen, open, closed };

    bool visit(const Migration& migration) {
        Mark& mark = marks_[&migration];
        if (mark != Mark::unseen) {
            if (mark == Mark::open) {
                auto begin = std::find(path_.begin(), path_.end(), migration.id());
                cycle_.assign(begin, path_.end());
                cycle_.push_back(migration.id());
            }
            return mark == Mark::open;
        }
        mark = Mark::open;
        path_.push_back(migration.id());
        for (const std::string& dependency : migration.dependencies()) {
            const Migration* next = registry_.find(dependency);
            if (next && visit(*next)) {
                return true;
            }
        }
        path_.pop_back();
        mark = Mark::closed;
        return false;
    }

    const Registry& registry_;
    std::map<const Migration*, Mark> marks_;
    std::vector<std::string> path_;
    std::vector<std::string> cycle_;
};

}  // namespace

std::vector<std::string> find_cycle(const Registry& registry) {
    return CycleSearch(registry).find();
}

std::vector<Finding> check_structure(const Registry& registry) {
    std::vector<Finding> findings;
    check_kinds(registry, findings);
    check_names(registry, findings);
    check_dependencies(registry, findings);
    return findings;
}

std::vector<Finding> check_migration(const Migration& migration, const std::string& default_table) {
    std::vector<Finding> findings;
    for (const auto* steps : {&migration.up_steps(), &migration.down_steps()}) {
        for (const StepPtr& step : *steps) {
            step->validate(migration.place_of(step), findings);
        }
    }
    if (!migration.table().empty() || !default_table.empty()) {
        std::erase_if(findings, [](const Finding& finding) { return finding.code == "no_table"; });
    }
    if (migration.up_steps().empty()) {
        findings.push_back(make_warning("no_steps", migration, "the migration has no steps",
                                        "add steps below up"));
    }
    if (migration.down_mode() == Migration::Down::irreversible && !migration.is_named()) {
        findings.push_back(make_warning("irreversible", migration,
                                        "the migration cannot be reversed: it has no down",
                                        "add down: auto or down steps"));
    }
    if (migration.down_mode() != Migration::Down::automatic) {
        return findings;
    }
    for (const StepPtr& step : migration.up_steps()) {
        Reversal reversal = step->reversal();
        if (reversal.kind == Reversal::Kind::impossible) {
            findings.push_back(
                make_warning("irreversible_step", migration,
                             fmt::format("down: auto cannot reverse the step \"{}\": {}",
                                         step->summary(), reversal.reason),
                             "write the down steps yourself"));
        }
    }
    return findings;
}

void throw_first_error(const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
        if (finding.severity == Finding::Severity::error) {
            std::string remedy = finding.remedy.empty() ? "" : "; " + finding.remedy;
            throw base::Error(base::ErrorKind::invalid_argument, finding.message + remedy)
                .at(finding.place);
        }
    }
}

}  // namespace dynamigrate::migrate
