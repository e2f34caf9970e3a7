#include "page_source.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/dynamodb/wire_reader.hpp>
#include <dynamigrate/json/writer.hpp>

namespace dynamigrate::backfill {

using dynamodb::Item;

namespace {

void write_body(const Target& table, std::span<const Item> keys, std::string& body) {
    body.clear();
    json::Writer out(body);
    out.begin_object().key("RequestItems").begin_object();
    out.key(table.name).begin_object().key("ConsistentRead").boolean(true);
    out.key("Keys").begin_array();
    for (const Item& key : keys) {
        dynamodb::write_item(out, key);
    }
    out.end_array().end_object().end_object();
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
}

void read_responses(json::wire::object tables, base::Arena& arena, std::vector<Item>& items) {
    dynamodb::ValueReader values(arena);
    for (auto table : tables) {
        for (auto element : table.value().get_array()) {
            json::wire::object object = element.get_object();
            items.push_back(values.read_item(object));
        }
    }
}

void read_unprocessed(json::wire::object tables, base::Arena& arena, std::vector<Item>& keys) {
    dynamodb::ValueReader values(arena);
    for (auto table : tables) {
        for (auto element : table.value().get_object()["Keys"].get_array()) {
            json::wire::object object = element.get_object();
            keys.push_back(values.read_item(object));
        }
    }
}

}  // namespace

void read_items(dynamodb::Service& service, const Target& table, std::span<const Item> keys,
                base::Arena& arena, std::vector<Item>& items, std::stop_token stop) {
    std::string body;
    dynamodb::Reply reply;
    json::Reader reader;
    std::vector<Item> pending(keys.begin(), keys.end());
    while (!pending.empty()) {
        write_body(table, pending, body);
        reply.clear();
        dynamodb::Call call;
        call.operation = "BatchGetItem";
        call.body = body;
        call.stop = stop;
        call.expected_units = static_cast<double>(pending.size());
        service.call(call, reply);
        pending.clear();
        json::translate("BatchGetItem's answer", [&] {
            auto document = reader.read(reply.body);
            json::wire::object answer = document.get_object();
            for (auto field : answer) {
                const std::string_view name = field.unescaped_key();
                if (name == "Responses") {
                    read_responses(field.value().get_object(), arena, items);
                } else if (name == "UnprocessedKeys") {
                    read_unprocessed(field.value().get_object(), arena, pending);
                }
            }
        });
        base::throw_if_stopped(stop);
    }
}

}  // namespace dynamigrate::backfill
