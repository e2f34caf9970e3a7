#include "index_verification.hpp"

#include "control_plane.hpp"
#include "index_settings.hpp"
#include "index_snippets.hpp"
#include "steps_private.hpp"
#include "table_requests.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::IndexDescription;
using dynamodb::TableDescription;

constexpr std::string_view kOwner = "its owner (CloudFormation, CDK, Terraform)";

/// Waits while the index has that status; nothing when stopped.
std::optional<TableDescription> wait_while(const StepRun& run, const std::string& table,
                                           const std::string& index, std::string_view status) {
    Pauses pauses(run);
    for (;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* found = current.index(index);
        if (found == nullptr || (found->status != status && !found->is_backfilling)) {
            return current;
        }
        pauses.tell(fmt::format("waiting: index {} of table {} is {}", index, table, status));
        if (!pauses.next()) {
            return std::nullopt;
        }
    }
}

}  // namespace

bool is_verify_only(const StepRun& run, const std::string& table) {
    return run.is_verify_only && run.is_verify_only(table);
}

StepResult verify_index(const StepRun& run, const std::string& table,
                        const IndexDefinition& definition) {
    auto current = wait_while(run, table, definition.name, "CREATING");
    if (!current) {
        return stopped_step();
    }
    const IndexDescription* index = current->index(definition.name);
    std::vector<std::string> wrong = index == nullptr ? std::vector<std::string>{"it is not there"}
                                                      : differences(definition, *index);
    if (index != nullptr && index->status == "DELETING") {
        wrong.emplace_back("it is being deleted");
    }
    if (!wrong.empty()) {
        run.tell(index_snippets(definition, index_throughput(definition, billing_of(*current))));
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("index {} of table {} is not as declared: {}; {} creates it: add "
                                "it there as shown, deploy, then run again",
                                definition.name, table, fmt::join(wrong, "; "), kOwner));
    }
    return done_step(
        fmt::format("index {} of table {} is there, as declared", definition.name, table));
}

StepResult verify_no_index(const StepRun& run, const std::string& table, const std::string& index) {
    auto current = wait_while(run, table, index, "DELETING");
    if (!current) {
        return stopped_step();
    }
    if (current->index(index) != nullptr) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("index {} of table {} is still there; {} deletes it: remove it "
                                "there, deploy, then run again",
                                index, table, kOwner));
    }
    return done_step(fmt::format("index {} of table {} is gone", index, table));
}

StepResult verify_index_settings(const StepRun& run, const std::string& table,
                                 const UpdateIndex& change) {
    TableDescription current = require_table(run, table);
    if (current.index(change.name) == nullptr) {
        throw Error(ErrorKind::not_found,
                    fmt::format("table {} has no index {}", table, change.name));
    }
    auto rest = remaining(change, settings_of(current, change.name));
    if (rest) {
        std::vector<std::string> wrong;
        auto add = [&](std::string_view what, const std::optional<dynamodb::Throughput>& wanted) {
            if (wanted) {
                wrong.push_back(fmt::format("{} {}", what, to_string(*wanted)));
            }
        };
        add("capacity", rest->provisioned);
        add("maximum", rest->maximum);
        add("warm throughput", rest->warm);
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("index {} of table {} has not {} yet; {} changes it: set it "
                                "there, deploy, then run again",
                                change.name, table, fmt::join(wrong, ", "), kOwner));
    }
    return done_step(fmt::format("index {} of table {} is as declared", change.name, table));
}

}  // namespace dynamigrate::migrate
