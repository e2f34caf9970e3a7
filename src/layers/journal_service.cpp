#include <dynamigrate/layers/journal_service.hpp>

#include "journalled_call.hpp"
#include "keys_in_flight.hpp"
#include "shared_journal.hpp"
#include "table_keys.hpp"
#include "write_request.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace dynamigrate::layers {

namespace {

/// Operations on tables and what belongs to them; none changes an item that is there.
constexpr auto kTableOperations = std::to_array<std::string_view>({
    "CreateBackup",
    "CreateGlobalTable",
    "CreateTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DeleteTable",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "ImportTable",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "TagResource",
    "UntagResource",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTable",
    "UpdateTableReplicaAutoScaling",
    "UpdateTimeToLive",
});

bool is_table_operation(std::string_view operation) {
    return std::find(kTableOperations.begin(), kTableOperations.end(), operation) !=
           kTableOperations.end();
}

bool is_stream_read(std::string_view operation) {
    return operation == "GetRecords" || operation == "GetShardIterator";
}

std::set<std::string> names_of(const std::vector<ItemWrite>& writes) {
    std::set<std::string> names;
    for (const ItemWrite& write : writes) {
        names.insert(write.table + ' ' + dynamodb::key_digest(write.key));
    }
    return names;
}

}  // namespace

struct JournalService::State {
    State(dynamodb::Service& inner, JournalWriter& writer, std::uint32_t step, base::Clock& time,
          base::Log& notes)
        : tables(inner),
          journal(writer, step),
          clock(time),
          log(notes) {}

    TableKeys tables;
    KeysInFlight keys;
    SharedJournal journal;
    base::Clock& clock;
    base::Log& log;
};

JournalService::JournalService(dynamodb::Service& inner, JournalWriter& writer, std::uint32_t step,
                               base::Clock& clock, base::Log& log)
    : inner_(inner),
      state_(std::make_unique<State>(inner, writer, step, clock, log)) {}

JournalService::~JournalService() = default;

void JournalService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    if (dynamodb::is_read_only(call.operation) || is_stream_read(call.operation)) {
        inner_.call(call, reply);
        return;
    }
    if (is_table_operation(call.operation)) {
        change_tables(call, reply);
        return;
    }
    const auto request = read_write_request({call, state_->tables});
    if (request == nullptr) {
        throw base::Error(base::ErrorKind::unimplemented,
                          fmt::format("the journal does not know the operation {}, which could "
                                      "change what it cannot take back",
                                      call.operation))
            .service_code("UnknownOperationException");
    }
    if (request->writes().empty()) {
        inner_.call(call, reply);
        return;
    }
    const KeysInFlight::Held held(state_->keys, names_of(request->writes()), call.stop);
    JournalledCall(inner_, state_->journal, state_->clock, call, *request).run(reply);
}

void JournalService::change_tables(const dynamodb::Call& call, dynamodb::Reply& reply) {
    state_->log.info("{} passes, table {}: an undo of what was written does not take it back",
                     call.operation, fmt::join(dynamodb::tables_of(call), ", "));
    state_->tables.forget();
    inner_.call(call, reply);
    state_->tables.forget();
}

}  // namespace dynamigrate::layers
