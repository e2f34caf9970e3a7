#include "overlay_settings.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>
#include <map>

namespace dynamigrate::engine {

namespace {

using dynamodb::Call;
using dynamodb::Reply;
using json::Writer;

json::Value parsed(std::string_view body) {
    try {
        return json::parse_json(body, "a request");
    } catch (const base::Error&) {
        return json::Value::object();
    }
}

std::string table_of(const std::string& arn) {
    constexpr std::string_view kTable = ":table/";
    std::size_t at = arn.find(kTable);
    return at == std::string::npos ? std::string() : arn.substr(at + kTable.size());
}

constexpr std::string_view kAbout[] = {"ListTagsOfResource", "TagResource", "UntagResource"};

}  // namespace

bool OverlaySettings::answer(const Call& call, Reply& reply) {
    std::lock_guard lock(mutex_);
    if (std::find(std::begin(kAbout), std::end(kAbout), call.operation) != std::end(kAbout)) {
        json::Value request = parsed(call.body);
        read_tags(json::text_of(&request, "ResourceArn"));
        return false;
    }
    if (call.operation == "DescribeContinuousBackups" ||
        call.operation == "UpdateContinuousBackups") {
        json::Value request = parsed(call.body);
        read_recovery(json::text_of(&request, "TableName"));
        return false;
    }
    if (call.operation == "CreateBackup") {
        create_backup(call, reply);
    } else if (call.operation == "DescribeBackup") {
        describe_backup(call, reply);
    } else if (call.operation == "ListBackups") {
        list_backups(call, reply);
    } else {
        return false;
    }
    return true;
}

void OverlaySettings::read_tags(const std::string& arn) {
    TablePointer table = catalog_.find(table_of(arn));
    if (table == nullptr || !table->is_in_base || with_tags_.contains(table->name)) {
        return;
    }
    std::map<std::string, std::string> tags;
    std::string next;
    do {
        std::string body;
        Writer out(body);
        out.begin_object().key("ResourceArn").string(arn);
        if (!next.empty()) {
            out.key("NextToken").string(next);
        }
        out.end_object();
        Reply reply;
        base_.pass("ListTagsOfResource", body, reply);
        json::Value answer = json::parse_json(reply.body, "the answer of ListTagsOfResource");
        const json::Value* list = answer.find("Tags");
        for (const json::Value& tag : list == nullptr ? json::Value::Array() : list->elements()) {
            tags[json::text_of(&tag, "Key")] = json::text_of(&tag, "Value");
        }
        next = json::text_of(&answer, "NextToken");
    } while (!next.empty());
    std::unique_lock changing(catalog_.mutex());
    Table with_tags = *catalog_.find(table->name);
    with_tags.tags = std::move(tags);
    with_tags_.insert(with_tags.name);
    catalog_.put(std::move(with_tags));
}

void OverlaySettings::read_recovery(const std::string& name) {
    TablePointer table = catalog_.find(name);
    if (table == nullptr || !table->is_in_base || with_recovery_.contains(name)) {
        return;
    }
    std::string body;
    Writer(body).begin_object().key("TableName").string(name).end_object();
    Reply reply;
    base_.pass("DescribeContinuousBackups", body, reply);
    json::Value answer = json::parse_json(reply.body, "the answer of DescribeContinuousBackups");
    const json::Value* description = answer.find("ContinuousBackupsDescription");
    const json::Value* recovery =
        description == nullptr ? nullptr : description->find("PointInTimeRecoveryDescription");
    std::unique_lock changing(catalog_.mutex());
    Table with_recovery = *catalog_.find(name);
    with_recovery.has_point_in_time_recovery =
        json::text_of(recovery, "PointInTimeRecoveryStatus") == "ENABLED";
    with_recovery_.insert(name);
    catalog_.put(std::move(with_recovery));
}

void OverlaySettings::create_backup(const Call& call, Reply& reply) {
    json::Value request = parsed(call.body);
    NotedBackup backup{
        {}, json::text_of(&request, "TableName"), json::text_of(&request, "BackupName")};
    TablePointer table = catalog_.find(backup.table);
    if (table == nullptr) {
        throw base::Error(base::ErrorKind::not_found, "Table not found: " + backup.table)
            .service_code("TableNotFoundException");
    }
    backup.arn = table->arn + "/backup/dry-" + std::to_string(backups_.size() + 1);
    reply.clear();
    Writer out(reply.body);
    out.begin_object().key("BackupDetails").begin_object();
    out.key("BackupArn").string(backup.arn).key("BackupName").string(backup.name);
    out.key("BackupStatus").string("AVAILABLE").end_object().end_object();
    backups_.push_back(std::move(backup));
}

void OverlaySettings::describe_backup(const Call& call, Reply& reply) {
    json::Value request = parsed(call.body);
    std::string arn = json::text_of(&request, "BackupArn");
    auto noted = std::find_if(backups_.begin(), backups_.end(),
                              [&](const NotedBackup& backup) { return backup.arn == arn; });
    if (noted == backups_.end()) {
        base_.pass(call.operation, std::string(call.body), reply);
        return;
    }
    reply.clear();
    Writer out(reply.body);
    out.begin_object().key("BackupDescription").begin_object();
    out.key("BackupDetails").begin_object().key("BackupArn").string(arn);
    out.key("BackupName").string(noted->name).key("BackupStatus").string("AVAILABLE");
    out.end_object().end_object().end_object();
}

/// What was noted here comes last.
void OverlaySettings::list_backups(const Call& call, Reply& reply) {
    base_.pass(call.operation, std::string(call.body), reply);
    json::Value answer = json::parse_json(reply.body, "the answer of ListBackups");
    json::Value* list = answer.find("BackupSummaries");
    if (list == nullptr || answer.find("LastEvaluatedBackupArn") != nullptr) {
        return;
    }
    json::Value request = parsed(call.body);
    std::string table = json::text_of(&request, "TableName");
    for (const NotedBackup& backup : backups_) {
        if (table.empty() || table == backup.table) {
            json::Value summary = json::Value::object();
            summary.set("TableName", json::Value::string(backup.table));
            summary.set("BackupName", json::Value::string(backup.name));
            summary.set("BackupArn", json::Value::string(backup.arn));
            summary.set("BackupStatus", json::Value::string("AVAILABLE"));
            list->elements().push_back(std::move(summary));
        }
    }
    reply.body = json::to_json(answer);
}

}  // namespace dynamigrate::engine
