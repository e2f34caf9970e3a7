#include "backups.hpp"

#include "control_plane.hpp"
#include "pitr.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

json::Value ask(const StepRun& run, std::string_view operation, const std::string& body) {
    try {
        return json::parse_json(send(run, operation, body), "answer");
    } catch (const Error& error) {
        if (!is_unknown_operation(error)) {
            throw;
        }
        throw Error(ErrorKind::unimplemented,
                    fmt::format("{} has no backups", run.surroundings.service->location()))
            .service_code(error.service_code());
    }
}

/// ARNs of the table's backups of that name.
std::set<std::string> backups_named(const StepRun& run, const std::string& table,
                                    const std::string& name) {
    std::set<std::string> arns;
    std::string last;
    do {
        std::string body;
        json::Writer out(body);
        out.begin_object().key("TableName").string(table);
        if (!last.empty()) {
            out.key("ExclusiveStartBackupArn").string(last);
        }
        out.end_object();
        json::Value answer = ask(run, "ListBackups", body);
        const json::Value* list = answer.find("BackupSummaries");
        for (const json::Value& one : list == nullptr ? json::Value::Array() : list->elements()) {
            if (json::text_of(&one, "BackupName") == name) {
                arns.insert(json::text_of(&one, "BackupArn"));
            }
        }
        last = json::text_of(&answer, "LastEvaluatedBackupArn");
    } while (!last.empty());
    return arns;
}

/// What was there before the first attempt asked.
std::set<std::string> known_before(const json::Value& note) {
    std::set<std::string> arns;
    const json::Value* list = note.find("known");
    for (const json::Value& arn : list == nullptr ? json::Value::Array() : list->elements()) {
        arns.insert(arn.text());
    }
    return arns;
}

void note_begin(const StepRun& run, const std::string& note, const std::string& table,
                const std::string& name, const std::set<std::string>& known) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("table").string(table).key("name").string(name);
    out.key("known").begin_array();
    for (const std::string& arn : known) {
        out.string(arn);
    }
    out.end_array().end_object();
    run.notes->write(note, text);
}

std::optional<std::string> create(const StepRun& run, const std::string& table,
                                  const std::string& name) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("BackupName").string(name).end_object();
    run.tell(fmt::format("backing up table {} as {}", table, name));
    Pauses pauses(run);
    for (;;) {
        try {
            json::Value answer = ask(run, "CreateBackup", body);
            return json::text_of(answer.find("BackupDetails"), "BackupArn");
        } catch (const Error& error) {
            bool is_busy_now = is_busy(error) || error.service_code() == "BackupInUseException" ||
                               error.service_code() == "TableInUseException";
            if (!is_busy_now) {
                throw;
            }
            pauses.tell(fmt::format("waiting: {}", error.message()));
        }
        if (!pauses.next()) {
            return std::nullopt;
        }
    }
}

bool wait_until_available(const StepRun& run, const NotedBackup& backup) {
    std::string body;
    json::Writer(body).begin_object().key("BackupArn").string(backup.arn).end_object();
    Pauses pauses(run);
    for (;;) {
        json::Value answer = ask(run, "DescribeBackup", body);
        const json::Value* description = answer.find("BackupDescription");
        std::string status = json::text_of(
            description == nullptr ? nullptr : description->find("BackupDetails"), "BackupStatus");
        if (status == "AVAILABLE") {
            return true;
        }
        if (status == "DELETED") {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("backup {} of table {} was deleted while it was being made; "
                                    "run again",
                                    backup.name, backup.table));
        }
        pauses.tell(fmt::format("backup {} of table {} is {}", backup.name, backup.table, status));
        if (!pauses.next()) {
            return false;
        }
    }
}

/// The ARN of what an earlier attempt made; "" when it made none.
std::string find_made(const StepRun& run, const json::Value& note, const std::string& table,
                      const std::string& name) {
    std::set<std::string> known = known_before(note);
    for (const std::string& arn : backups_named(run, table, name)) {
        if (!known.contains(arn)) {
            return arn;
        }
    }
    return {};
}

}  // namespace

NotedBackup parse_noted_backup(const std::string& note) {
    json::Value value = json::parse_json(note, "a run's records");
    return {json::text_of(&value, "table"), json::text_of(&value, "name"),
            json::text_of(&value, "arn")};
}

std::string to_note(const NotedBackup& backup) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("table").string(backup.table).key("name").string(backup.name);
    out.key("arn").string(backup.arn).end_object();
    return text;
}

std::optional<NotedBackup> make_backup_once(const StepRun& run, const std::string& table,
                                            const std::string& name, const std::string& note) {
    NotedBackup backup{table, name, {}};
    if (std::optional<std::string> earlier = run.notes->read(note)) {
        backup.arn = parse_noted_backup(*earlier).arn;
        if (backup.arn.empty()) {
            json::Value began = json::parse_json(*earlier, "a run's records");
            backup.arn = find_made(run, began, table, name);
        }
    } else {
        note_begin(run, note, table, name, backups_named(run, table, name));
    }
    if (backup.arn.empty()) {
        std::optional<std::string> arn = create(run, table, name);
        if (!arn) {
            return std::nullopt;
        }
        backup.arn = *arn;
    }
    run.notes->write(note, to_note(backup));
    if (!wait_until_available(run, backup)) {
        return std::nullopt;
    }
    return backup;
}

}  // namespace dynamigrate::migrate
