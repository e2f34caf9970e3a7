#include <dynamigrate/layers/capacity.hpp>

#include "call_traits.hpp"
#include "raw_object.hpp"

#include <dynamigrate/json/reader.hpp>

#include <optional>

namespace dynamigrate::layers {

namespace {

constexpr std::string_view kWish = "ReturnConsumedCapacity";

/// The body that asks for it; nothing where the client asks itself, or nobody could.
std::optional<std::string> body_that_asks(const dynamodb::Call& call) {
    const std::string_view wish = text_member(call.body, kWish);
    if (capacity_side(call) == CapacitySide::none || wish == "TOTAL" || wish == "INDEXES") {
        return std::nullopt;
    }
    try {
        RawObject request(call.body);
        const std::string_view asked = request.find(kWish);
        if (!asked.empty() && asked != "\"NONE\"") {
            return std::nullopt;
        }
        request.set(kWish, "\"TOTAL\"");
        return request.to_json();
    } catch (const base::Error&) {
        return std::nullopt;  // the service says what is wrong with it
    }
}

void take_out_capacity(dynamodb::Reply& reply) {
    if (reply.body.find("\"ConsumedCapacity\"") == std::string::npos) {
        return;
    }
    for_each_capacity(reply, [](const dynamodb::ConsumedCapacity&) {});  // keeps it
    try {
        RawObject answer(reply.body);
        answer.remove("ConsumedCapacity");
        reply.body = answer.to_json();
        json::pad(reply.body);
    } catch (const base::Error&) {
        return;  // what cannot be read passes as it is
    }
}

}  // namespace

void CapacityService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    const std::optional<std::string> body = body_that_asks(call);
    if (!body) {
        inner_.call(call, reply);
        return;
    }
    dynamodb::Call asking = call;
    asking.body = *body;
    inner_.call(asking, reply);
    take_out_capacity(reply);
}

}  // namespace dynamigrate::layers
