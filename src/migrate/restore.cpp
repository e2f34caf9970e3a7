#include <dynamigrate/migrate/restore.hpp>

#include "pitr.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

std::string body_with(std::string_view name, const std::string& value) {
    std::string body;
    json::Writer(body).begin_object().key(name).string(value).end_object();
    return body;
}

/// Asks; where the endpoint does not know the operation, nothing, and notes what stays unknown.
class Questions {
public:
    Questions(dynamodb::Service& service, std::stop_token stop, std::vector<std::string>& unknown)
        : service_(service),
          stop_(std::move(stop)),
          unknown_(unknown) {}

    std::optional<json::Value> ask(std::string_view operation, const std::string& body,
                                   const std::string& what) {
        dynamodb::Reply reply;
        try {
            service_.call({operation, body, stop_, 0}, reply);
        } catch (const Error& error) {
            if (!is_unknown_operation(error)) {
                throw;
            }
            unknown_.push_back(what);
            return std::nullopt;
        }
        return json::parse_json(reply.body, "answer");
    }

private:
    dynamodb::Service& service_;
    std::stop_token stop_;
    std::vector<std::string>& unknown_;
};

void read_ttl(Questions& questions, RestoreFacts& facts) {
    auto answer =
        questions.ask("DescribeTimeToLive", body_with("TableName", facts.table), "time to live");
    const json::Value* description = answer ? answer->find("TimeToLiveDescription") : nullptr;
    std::string status = json::text_of(description, "TimeToLiveStatus");
    if (status == "ENABLED" || status == "ENABLING") {
        facts.ttl_attribute = json::text_of(description, "AttributeName");
    }
}

void read_pitr(Questions& questions, RestoreFacts& facts) {
    auto answer = questions.ask("DescribeContinuousBackups", body_with("TableName", facts.table),
                                "point-in-time recovery");
    const json::Value* outer = answer ? answer->find("ContinuousBackupsDescription") : nullptr;
    const json::Value* recovery =
        outer == nullptr ? nullptr : outer->find("PointInTimeRecoveryDescription");
    facts.has_pitr = json::text_of(recovery, "PointInTimeRecoveryStatus") == "ENABLED";
}

void read_tags(Questions& questions, RestoreFacts& facts) {
    auto answer = questions.ask("ListTagsOfResource", body_with("ResourceArn", facts.arn), "tags");
    const json::Value* list = answer ? answer->find("Tags") : nullptr;
    for (const json::Value& tag : list == nullptr ? json::Value::Array() : list->elements()) {
        facts.tags[json::text_of(&tag, "Key")] = json::text_of(&tag, "Value");
    }
}

void read_backups(Questions& questions, RestoreFacts& facts) {
    auto answer = questions.ask("ListBackups", body_with("TableName", facts.table), "backups");
    const json::Value* list = answer ? answer->find("BackupSummaries") : nullptr;
    for (const json::Value& one : list == nullptr ? json::Value::Array() : list->elements()) {
        TableBackup backup{facts.table, json::text_of(&one, "BackupName"),
                           json::text_of(&one, "BackupArn")};
        if (!facts.backup || facts.backup->arn != backup.arn) {
            facts.others.push_back(std::move(backup));
        }
    }
}

/// Writes the guide of one table.
class GuideWriter {
public:
    GuideWriter(const RestoreFacts& facts, const std::string& options)
        : facts_(facts),
          options_(options.empty() ? "" : " " + options) {
        guide_.table = facts.table;
        guide_.target = facts.table + "-restored";
    }

    RestoreGuide write() {
        restore();
        if (guide_.is_possible) {
            add("wait until it is there",
                fmt::format("wait table-exists --table-name {}", target()));
            bring_along();
            remark_on_the_rest();
        }
        return std::move(guide_);
    }

private:
    std::string target() const { return shell_word(guide_.target); }

    void add(const std::string& purpose, const std::string& command) {
        guide_.commands.push_back({purpose, "aws dynamodb " + command + options_});
    }

    void restore() {
        if (facts_.backup) {
            guide_.is_possible = true;
            add(fmt::format("from backup {}, made before the run", facts_.backup->name),
                from_backup(*facts_.backup));
        } else if (facts_.has_pitr) {
            guide_.is_possible = true;
            add("to the moment before the run, by point-in-time recovery",
                fmt::format("restore-table-to-point-in-time --source-table-name {} "
                            "--target-table-name {} --restore-date-time {}",
                            shell_word(facts_.table), target(), facts_.before));
        } else {
            guide_.remarks.push_back(fmt::format(
                "table {} has neither a backup made before the run nor point-in-time recovery: it "
                "cannot be restored to that moment; `dynamigrate down` puts back what the journal "
                "holds",
                facts_.table));
        }
        for (const TableBackup& other : facts_.others) {
            guide_.remarks.push_back(
                fmt::format("another backup of table {}, {}: aws dynamodb {}{}", facts_.table,
                            other.name, from_backup(other), options_));
        }
    }

    std::string from_backup(const TableBackup& backup) const {
        return fmt::format("restore-table-from-backup --target-table-name {} --backup-arn {}",
                           target(), shell_word(backup.arn));
    }

    /// What the restored table has not, and the source has.
    void bring_along() {
        if (!facts_.ttl_attribute.empty()) {
            add("time to live",
                fmt::format("update-time-to-live --table-name {} "
                            "--time-to-live-specification {}",
                            target(),
                            shell_word("Enabled=true,AttributeName=" + facts_.ttl_attribute)));
        }
        if (!facts_.stream_view.empty()) {
            add("stream (a new one: its consumers must be attached again)",
                fmt::format("update-table --table-name {} --stream-specification "
                            "StreamEnabled=true,StreamViewType={}",
                            target(), facts_.stream_view));
        }
        if (!facts_.tags.empty()) {
            std::string tags;
            for (const auto& [name, value] : facts_.tags) {
                tags += " " + shell_word(fmt::format("Key={},Value={}", name, value));
            }
            add("tags", fmt::format("tag-resource --resource-arn {} --tags{}",
                                    shell_word(target_arn()), tags));
        }
        if (facts_.has_pitr) {
            add("point-in-time recovery", fmt::format("update-continuous-backups --table-name {} "
                                                      "--point-in-time-recovery-specification "
                                                      "PointInTimeRecoveryEnabled=true",
                                                      target()));
        }
        if (facts_.has_deletion_protection) {
            add("deletion protection",
                fmt::format("update-table --table-name {} --deletion-protection-enabled",
                            target()));
        }
    }

    std::string target_arn() const {
        std::size_t name = facts_.arn.rfind('/');
        return facts_.arn.substr(0, name + 1) + guide_.target;
    }

    void remark_on_the_rest() {
        guide_.remarks.emplace_back(
            "not carried over, and not known here: auto scaling, CloudWatch alarms, IAM and "
            "resource policies, stream consumers, replicas of a global table");
        if (!facts_.unknown.empty()) {
            guide_.remarks.push_back(
                fmt::format("the endpoint does not tell: {}", fmt::join(facts_.unknown, ", ")));
        }
        guide_.remarks.push_back(
            fmt::format("afterwards use table {} instead of {}: under `tables` in the "
                        "configuration, and in the "
                        "application; whatever was written since the run began is not in it",
                        guide_.target, facts_.table));
        guide_.remarks.push_back(
            fmt::format("where the history counts {} as applied: `dynamigrate mark rolled-back {}`",
                        facts_.migration, shell_word(facts_.migration)));
    }

    const RestoreFacts& facts_;
    std::string options_;
    RestoreGuide guide_;
};

}  // namespace

std::string shell_word(const std::string& text) {
    bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("_-.:/,=+@%").find(static_cast<char>(c)) != std::string_view::npos;
    });
    if (is_plain) {
        return text;
    }
    std::string word = "'";
    for (char c : text) {
        word += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return word + "'";
}

RestoreFacts restore_facts(dynamodb::Service& service, const std::string& table,
                           const HistoryRow& row, const std::vector<TableBackup>& backups,
                           std::stop_token stop) {
    auto description = dynamodb::describe_table(service, table, stop);
    if (!description) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no table {} at {}", table, service.location()));
    }
    RestoreFacts facts;
    facts.migration = row.id;
    facts.table = table;
    facts.arn = description->arn;
    facts.has_deletion_protection = description->has_deletion_protection;
    json::Value raw = json::parse_json(description->raw, "answer");
    facts.stream_view = json::text_of(raw.find("StreamSpecification"), "StreamViewType");
    auto seconds = std::chrono::floor<std::chrono::seconds>(base::parse_iso8601(row.started_at));
    facts.before =
        base::to_iso8601(std::chrono::time_point_cast<base::WallTime::duration>(seconds));
    auto found = std::find_if(backups.begin(), backups.end(), [&](const TableBackup& backup) {
        return backup.table == table && !backup.arn.empty();
    });
    if (found != backups.end()) {
        facts.backup = *found;
    }
    Questions questions(service, stop, facts.unknown);
    read_ttl(questions, facts);
    read_pitr(questions, facts);
    read_tags(questions, facts);
    read_backups(questions, facts);
    return facts;
}

RestoreGuide restore_guide(const RestoreFacts& facts, const std::string& options) {
    return GuideWriter(facts, options).write();
}

}  // namespace dynamigrate::migrate
