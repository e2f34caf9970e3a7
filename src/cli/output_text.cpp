#include "output_text.hpp"

namespace dynamigrate::cli {

void write(json::Writer& writer, const backfill::Counts& counts) {
    writer.begin_object();
    writer.key("read").number(counts.read);
    writer.key("matched").number(counts.matched);
    writer.key("changed").number(counts.changed);
    writer.key("unchanged").number(counts.unchanged);
    writer.key("conflicts").number(counts.conflicts);
    writer.key("quarantined").number(counts.quarantined);
    writer.key("kept").number(counts.kept);
    writer.end_object();
}

void write(json::Writer& writer, const migrate::CloudUsage& usage) {
    writer.begin_object().key("calls").number(usage.calls);
    writer.key("seconds").number(usage.seconds);
    writer.key("read_units").number(usage.read_units);
    writer.key("write_units").number(usage.write_units);
    writer.key("journal_bytes").number(usage.journal_bytes);
    writer.key("journal_writes").number(usage.journal_writes).end_object();
}

void write(json::Writer& writer, const migrate::Finding& finding) {
    writer.begin_object();
    writer.key("severity").string(to_string(finding.severity));
    writer.key("number").string(migrate::finding_number(finding.code));
    writer.key("code").string(finding.code);
    writer.key("place").string(finding.place);
    writer.key("message").string(finding.message);
    writer.key("remedy").string(finding.remedy);
    writer.end_object();
}

void write(json::Writer& writer, const migrate::HistoryRow& row) {
    writer.begin_object();
    writer.key("id").string(row.id);
    writer.key("run").string(row.run);
    writer.key("status").string(migrate::to_string(row.status));
    writer.key("interrupted").boolean(row.interrupted);
    writer.key("action").string(row.action);
    writer.key("description").string(row.description);
    writer.key("path").string(row.path);
    writer.key("checksum").string(row.checksum);
    writer.key("started_at").string(row.started_at);
    writer.key("finished_at").string(row.finished_at);
    writer.key("by").string(row.by);
    writer.key("tool_version").string(row.tool_version);
    writer.key("attempt").number(row.attempt);
    writer.key("steps_done").number(row.steps_done);
    writer.key("counts");
    write(writer, row.counts);
    writer.key("read_units").number(row.read_units);
    writer.key("write_units").number(row.write_units);
    writer.key("journal").string(row.journal);
    writer.key("layout").string(row.layout);
    writer.key("journal_purged_at").string(row.journal_purged_at);
    writer.key("undoes").string(row.undoes);
    writer.key("undone").string(row.undone);
    writer.key("error").string(row.error);
    if (row.turns_used.is_any()) {
        writer.key("turns_used");
        write(writer, row.turns_used);
        writer.key("segments_used");
        write(writer, row.segments_used);
        writer.key("cost").number(row.cost).key("currency").string(row.currency);
    }
    writer.end_object();
}

void write(json::Writer& writer, const backfill::QuarantinedItem& item) {
    writer.begin_object();
    writer.key("step").number(item.step);
    writer.key("table").string(item.table);
    writer.key("key").string(item.key);
    writer.key("reason").string(item.reason);
    writer.key("message").string(item.message);
    writer.end_object();
}

void write(json::Writer& writer, const migrate::LockOwner& owner) {
    writer.begin_object();
    writer.key("owner").string(owner.owner);
    writer.key("host").string(owner.identity.host);
    writer.key("pid").number(owner.identity.pid);
    writer.key("since").string(owner.since);
    writer.key("run").string(owner.run);
    writer.end_object();
}

void write(json::Writer& writer, const base::Error& error, int exit_code) {
    writer.begin_object();
    writer.key("kind").string(base::to_string(error.kind()));
    writer.key("message").string(error.message());
    writer.key("where").string(error.where());
    writer.key("service_code").string(error.service_code());
    writer.key("exit_code").number(exit_code);
    writer.end_object();
}

}  // namespace dynamigrate::cli
