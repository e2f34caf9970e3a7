#pragma once

#include <dynamigrate/migrate/migration.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <set>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// Where the policy's resources are, as far as it is known.
struct PolicyScope {
    std::string partition = "aws";
    std::string region;   ///< "" : any
    std::string account;  ///< "" : any
    /// Where journals are kept besides this machine.
    std::string journal_bucket;  ///< of S3; "" : none
    std::string journal_prefix;
    std::string journal_key;    ///< ARN of the KMS key of objects in the bucket; "" : none
    std::string journal_table;  ///< of DynamoDB; "" : none
};

/// What the caller is allowed on the resources.
struct PolicyStatement {
    std::string id;
    std::set<std::string> actions;       ///< "dynamodb:Scan" ...
    std::vector<std::string> resources;  ///< ARNs, sorted
};

/// IAM actions that a step needs on its tables: up, and where it is reversed automatically, down.
struct StepActions {
    std::set<std::string> on_table;
    std::set<std::string> on_indexes;  ///< of the table
    std::set<std::string> on_target;   ///< the second table of a copy
    std::set<std::string> on_backups;  ///< of the table
    std::set<std::string> on_account;  ///< what AWS allows for all resources or none
};
/// A step of a kind that is not known gets all that items can be read and written by.
StepActions actions_of(const Step& step);

/// The least that running the migrations, up and down, needs: on the history table, the tables of
/// the steps and their backups, and where journals are kept. The same for the same migrations, in the same order.
std::vector<PolicyStatement> iam_statements(const Registry& registry, const Settings& settings,
                                            const PolicyScope& scope);
/// The policy document, JSON.
std::string iam_policy(const std::vector<PolicyStatement>& statements);

}  // namespace dynamigrate::migrate
