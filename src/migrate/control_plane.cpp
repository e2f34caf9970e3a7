#include "control_plane.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;
using dynamodb::TableDescription;

std::string send(const StepRun& run, std::string_view operation, std::string_view body) {
    dynamodb::Reply reply;
    dynamodb::Call call;
    call.operation = operation;
    call.body = body;
    call.stop = run.stop_now;
    run.surroundings.service->call(call, reply);
    return std::move(reply.body);
}

std::optional<TableDescription> describe(const StepRun& run, const std::string& table) {
    return dynamodb::describe_table(*run.surroundings.service, table, run.stop_now);
}

TableDescription require_table(const StepRun& run, const std::string& table) {
    auto description = describe(run, table);
    if (!description) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no table {} at {}; create it with a create_table step, "
                                "or check the names under `tables` in the configuration",
                                table, run.surroundings.service->location()));
    }
    return *std::move(description);
}

bool Pauses::next() {
    bool goes_on = run_.surroundings.clock->wait(pause_, run_.stop);
    pause_ = std::min(pause_ * 3 / 2, std::chrono::milliseconds(10'000));
    return goes_on && !run_.stop.stop_requested() && !run_.stop_now.stop_requested();
}

void Pauses::tell(const std::string& line) {
    base::SteadyTime now = run_.surroundings.clock->steady_now();
    if (line != last_line_ || now - told_ >= std::chrono::seconds(30)) {
        run_.tell(line);
        last_line_ = line;
        told_ = now;
    }
}

std::chrono::seconds Pauses::elapsed() const {
    return std::chrono::duration_cast<std::chrono::seconds>(run_.surroundings.clock->steady_now() -
                                                            began_);
}

std::string busy_with(const TableDescription& table) {
    if (table.status != "ACTIVE") {
        return fmt::format("table {} is {}", table.name, table.status);
    }
    for (const dynamodb::IndexDescription& index : table.indexes) {
        if (!index.is_local && !index.status.empty() &&
            (index.status != "ACTIVE" || index.is_backfilling)) {
            return fmt::format("index {} of table {} is {}", index.name, table.name, index.status);
        }
    }
    return {};
}

std::optional<TableDescription> wait_until_idle(const StepRun& run, const std::string& table) {
    Pauses pauses(run);
    for (;;) {
        TableDescription description = require_table(run, table);
        std::string reason = busy_with(description);
        if (reason.empty()) {
            return description;
        }
        pauses.tell("waiting: " + reason);
        if (!pauses.next()) {
            return std::nullopt;
        }
    }
}

bool wait_until_gone(const StepRun& run, const std::string& table) {
    Pauses pauses(run);
    while (auto description = describe(run, table)) {
        pauses.tell(fmt::format("waiting: table {} is {}", table, description->status));
        if (!pauses.next()) {
            return false;
        }
    }
    return true;
}

bool is_busy(const Error& error) {
    return error.service_code() == "ResourceInUseException" ||
           error.service_code() == "LimitExceededException" ||
           error.service_code() == "ContinuousBackupsUnavailableException";
}

std::optional<std::string> change_table(
    const StepRun& run, const std::string& table, std::string_view operation,
    const std::function<std::optional<std::string>(const TableDescription&)>& request) {
    Pauses pauses(run);
    for (;;) {
        auto description = wait_until_idle(run, table);
        if (!description) {
            return std::nullopt;
        }
        auto body = request(*description);
        if (!body) {
            return "";
        }
        try {
            return send(run, operation, *body);
        } catch (const Error& error) {
            if (!is_busy(error)) {
                throw;
            }
            pauses.tell(fmt::format("waiting: {}", error.message()));
        }
        if (!pauses.next()) {
            return std::nullopt;
        }
    }
}

}  // namespace dynamigrate::migrate
