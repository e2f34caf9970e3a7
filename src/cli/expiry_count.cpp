#include "expiry_count.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <string>

namespace dynamigrate::cli {

namespace {

struct ExpiryScan {
    std::string table, attribute;
    std::uint32_t segments = 1;
    std::int64_t now = 0;
};

std::string body_of(const ExpiryScan& scan, std::uint32_t segment, const dynamodb::Item& after) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(scan.table);
    out.key("TotalSegments").number(std::uint64_t{scan.segments});
    out.key("Segment").number(std::uint64_t{segment});
    out.key("FilterExpression").string("#until <= :now");
    out.key("ExpressionAttributeNames").begin_object();
    out.key("#until").string(scan.attribute).end_object();
    out.key("ExpressionAttributeValues").begin_object().key(":now").begin_object();
    out.key("N").string(std::to_string(scan.now)).end_object().end_object();
    if (!after.empty()) {
        out.key("ExclusiveStartKey").raw(dynamodb::to_wire_json(after));
    }
    out.end_object();
    return body;
}

}  // namespace

void ExpiryCount::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    parts_.inner.call(call, reply);
    if (call.operation != "UpdateTimeToLive") {
        return;
    }
    json::Value body = json::parse_json(call.body, "an UpdateTimeToLive");
    const json::Value& wish = *body.find("TimeToLiveSpecification");
    if (wish.find("Enabled")->as_boolean()) {
        count(body.find("TableName")->text(), wish.find("AttributeName")->text(), call.stop);
    }
}

void ExpiryCount::count(const std::string& table, const std::string& attribute,
                        const std::stop_token& stop) {
    std::optional<dynamodb::TableDescription> description =
        dynamodb::describe_table(parts_.inner, table, stop);
    if (!description) {
        return;
    }
    parts_.on_begin(table, attribute);
    auto now = parts_.clock.now().time_since_epoch();
    ExpiryScan scan{table, attribute, parts_.segments,
                    std::chrono::duration_cast<std::chrono::seconds>(now).count()};
    dynamodb::PageReader reader;
    for (std::uint32_t segment = 0; segment < scan.segments; ++segment) {
        std::string body = body_of(scan, segment, {});
        while (!body.empty()) {
            base::throw_if_stopped(stop);
            base::Arena arena;
            dynamodb::Reply reply;
            dynamodb::Page page;
            parts_.inner.call({.operation = "Scan", .body = body, .stop = stop, .table = table},
                              reply);
            reader.read(reply, arena, page);
            for (const dynamodb::Item& item : page.items) {
                parts_.on_expired(table, attribute, description->key.key_of(item, arena), item);
            }
            body = page.last_evaluated_key.empty()
                       ? std::string()
                       : body_of(scan, segment, page.last_evaluated_key);
        }
    }
}

}  // namespace dynamigrate::cli
