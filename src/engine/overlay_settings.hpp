#pragma once

#include "catalog.hpp"
#include "overlay_base.hpp"

#include <dynamigrate/base/random.hpp>

#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace dynamigrate::engine {

/// What an overlay knows of tables besides their descriptions: tags and point-in-time recovery are
/// read of the base when they are first asked for; backups are only noted.
///
/// Threads: any. Errors: the base's, also where it has no such operation.
class OverlaySettings {
public:
    /// All must outlive it.
    OverlaySettings(OverlayBase& base, Catalog& catalog) : base_(base), catalog_(catalog) {}

    /// Answers operations about backups. Returns false for all others, after it has read what the
    /// engine needs for its own answer.
    bool answer(const dynamodb::Call& call, dynamodb::Reply& reply);

private:
    struct NotedBackup {
        std::string arn, table, name;
    };

    void read_tags(const std::string& arn);
    void read_recovery(const std::string& table);
    void create_backup(const dynamodb::Call& call, dynamodb::Reply& reply);
    void describe_backup(const dynamodb::Call& call, dynamodb::Reply& reply);
    void list_backups(const dynamodb::Call& call, dynamodb::Reply& reply);

    OverlayBase& base_;
    Catalog& catalog_;
    std::mutex mutex_;
    std::set<std::string> with_tags_, with_recovery_;
    std::vector<NotedBackup> backups_;
};

}  // namespace dynamigrate::engine
