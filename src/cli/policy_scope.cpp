#include "policy_scope.hpp"

namespace dynamigrate::cli {

namespace {

constexpr std::string_view kBucketScheme = "s3://";
constexpr std::string_view kTableScheme = "table:";

/// "aws-cn" for a Region in China.
std::string partition_of(const std::string& region) {
    return region.starts_with("cn-")       ? "aws-cn"
           : region.starts_with("us-gov-") ? "aws-us-gov"
                                           : "aws";
}

}  // namespace

migrate::PolicyScope policy_scope(const Project& project) {
    migrate::PolicyScope scope;
    scope.region = project.region;
    scope.account = project.config.account;
    scope.partition = partition_of(scope.region);
    const std::string& journal = project.config.journal;
    if (journal.starts_with(kBucketScheme)) {
        std::string place = journal.substr(kBucketScheme.size());
        std::size_t slash = place.find('/');
        scope.journal_bucket = place.substr(0, slash);
        scope.journal_prefix = slash == std::string::npos ? "" : place.substr(slash + 1);
        if (!scope.journal_prefix.empty() && !scope.journal_prefix.ends_with('/')) {
            scope.journal_prefix += '/';
        }
        scope.journal_key = project.config.journal_kms_key;
    } else if (journal.starts_with(kTableScheme)) {
        scope.journal_table = journal.substr(kTableScheme.size());
    }
    return scope;
}

}  // namespace dynamigrate::cli
