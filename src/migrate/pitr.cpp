#include "pitr.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

bool is_unknown_operation(const Error& error) {
    return error.kind() == ErrorKind::unimplemented ||
           error.service_code() == "UnknownOperationException" ||
           error.message().find("not currently supported") != std::string::npos;
}

bool has_pitr(dynamodb::Service& service, const std::string& table, std::stop_token stop) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    dynamodb::Reply reply;
    try {
        service.call({"DescribeContinuousBackups", body, std::move(stop), 0}, reply);
    } catch (const Error& error) {
        if (!is_unknown_operation(error)) {
            throw;
        }
        throw Error(ErrorKind::unimplemented,
                    fmt::format("{} has no point-in-time recovery", service.location()))
            .service_code(error.service_code());
    }
    json::Value answer = json::parse_json(reply.body, "the answer of DescribeContinuousBackups");
    const json::Value* description = answer.find("ContinuousBackupsDescription");
    const json::Value* recovery =
        description == nullptr ? nullptr : description->find("PointInTimeRecoveryDescription");
    const json::Value* status =
        recovery == nullptr ? nullptr : recovery->find("PointInTimeRecoveryStatus");
    return status != nullptr && status->is_string() && status->text() == "ENABLED";
}

}  // namespace dynamigrate::migrate
