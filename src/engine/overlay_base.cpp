#include "overlay_base.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/dynamodb/wire_reader.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Item;
using dynamodb::Reply;

namespace {

constexpr std::size_t kBatch = 100;

std::string get_request(std::string_view table, const Item& key, bool is_consistent) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("Key");
    dynamodb::write_item(out, key);
    if (is_consistent) {
        out.key("ConsistentRead").boolean(true);
    }
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
    return body;
}

std::string batch_request(std::string_view table, std::span<const Item> keys, bool is_consistent) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("RequestItems").begin_object().key(table).begin_object();
    out.key("Keys").begin_array();
    for (const Item& key : keys) {
        dynamodb::write_item(out, key);
    }
    out.end_array();
    if (is_consistent) {
        out.key("ConsistentRead").boolean(true);
    }
    out.end_object().end_object().key("ReturnConsumedCapacity").string("TOTAL").end_object();
    return body;
}

/// The members of BatchGetItem's answer that count here; of one table.
struct BatchAnswer {
    std::vector<Item> items;
    std::vector<Item> unprocessed;
};

void read_items(json::wire::value list, dynamodb::ValueReader& reader, std::vector<Item>& items) {
    for (auto element : list.get_array()) {
        json::wire::object item = element.get_object();
        items.push_back(reader.read_item(item));
    }
}

void read_responses(json::wire::value responses, dynamodb::ValueReader& reader,
                    BatchAnswer& answer) {
    for (auto table : responses.get_object()) {
        read_items(table.value(), reader, answer.items);
    }
}

void read_unprocessed(json::wire::value unprocessed, dynamodb::ValueReader& reader,
                      BatchAnswer& answer) {
    for (auto table : unprocessed.get_object()) {
        json::wire::value keys_and_attributes = table.value();
        for (auto member : keys_and_attributes.get_object()) {
            if (member.key() == "Keys") {
                read_items(member.value(), reader, answer.unprocessed);
            }
        }
    }
}

BatchAnswer read_batch(Reply& reply, json::Reader& json, base::Arena& arena) {
    BatchAnswer answer;
    dynamodb::corrupted_unless_read("the answer of BatchGetItem", [&] {
        json::wire::document document = json.read(reply.body);
        dynamodb::ValueReader reader(arena);
        for (auto member : document.get_object()) {
            json::wire::raw_json_string name = member.key();
            if (name == "Responses") {
                read_responses(member.value(), reader, answer);
            } else if (name == "UnprocessedKeys") {
                read_unprocessed(member.value(), reader, answer);
            }
        }
    });
    return answer;
}

}  // namespace

void ReadOnly::call(const dynamodb::Call& call, Reply& reply) {
    if (!dynamodb::is_read_only(call.operation)) {
        throw base::Error(base::ErrorKind::internal,
                          "an overlay was about to send " + std::string(call.operation) +
                              " to the service beneath it, which it only reads");
    }
    inner_.call(call, reply);
}

void OverlayBase::call(std::string_view operation, std::string_view table, const std::string& body,
                       double expected_units, Reply& reply) {
    try {
        service_.call({operation, body, stop_, expected_units, table}, reply);
    } catch (const base::Error& error) {
        bool is_ours = error.kind() == base::ErrorKind::invalid_argument;
        throw base::Error(is_ours ? base::ErrorKind::internal : error.kind(), error.message())
            .at(error.where());
    }
}

void OverlayBase::pass(std::string_view operation, const std::string& body, Reply& reply) {
    reply.clear();
    service_.call({operation, body, stop_, 0}, reply);
}

std::optional<dynamodb::TableDescription> OverlayBase::describe(std::string_view table) {
    return dynamodb::describe_table(service_, table, stop_);
}

std::string OverlayBase::ttl_attribute(std::string_view table) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    Reply reply;
    try {
        call("DescribeTimeToLive", table, body, 0, reply);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::unimplemented) {
            return {};
        }
        throw;
    }
    json::Value document = json::parse_json(reply.body, "the answer of DescribeTimeToLive");
    const json::Value* description = document.find("TimeToLiveDescription");
    const json::Value* status =
        description == nullptr ? nullptr : description->find("TimeToLiveStatus");
    const json::Value* name = description == nullptr ? nullptr : description->find("AttributeName");
    bool is_on = status != nullptr && (status->text() == "ENABLED" || status->text() == "ENABLING");
    return is_on && name != nullptr ? name->text() : std::string();
}

std::vector<std::string> OverlayBase::table_names() {
    return dynamodb::list_tables(service_, stop_);
}

bool OverlayBase::get(std::string_view table, const Item& key, bool is_consistent, StoredRow& out) {
    std::string body = get_request(table, key, is_consistent);
    Reply reply;
    call("GetItem", table, body, is_consistent ? 1.0 : 0.5, reply);
    base::Arena arena;
    json::Reader json;
    std::optional<Item> item;
    dynamodb::corrupted_unless_read("the answer of GetItem", [&] {
        json::wire::document document = json.read(reply.body);
        dynamodb::ValueReader reader(arena);
        json::wire::value value;
        if (document.find_field_unordered("Item").get(value) == simdjson::SUCCESS) {
            json::wire::object object = value.get_object();
            item = reader.read_item(object);
        }
    });
    if (!item || item->empty()) {
        return false;
    }
    out = {dynamodb::to_wire_json(*item), dynamodb::item_size(*item)};
    return true;
}

std::vector<bool> OverlayBase::get_all(std::string_view table, std::span<const Item> keys,
                                       bool is_consistent,
                                       const std::function<void(const Item&)>& visit) {
    std::vector<bool> unprocessed(keys.size());
    Reply reply;
    json::Reader json;
    base::Arena arena;
    for (std::size_t from = 0; from < keys.size(); from += kBatch) {
        auto part = keys.subspan(from, std::min(kBatch, keys.size() - from));
        std::string body = batch_request(table, part, is_consistent);
        reply.clear();
        arena.reset();
        double expected = static_cast<double>(part.size()) * (is_consistent ? 1.0 : 0.5);
        call("BatchGetItem", table, body, expected, reply);
        BatchAnswer answer = read_batch(reply, json, arena);
        for (const Item& item : answer.items) {
            visit(item);
        }
        for (const Item& left : answer.unprocessed) {
            auto found = std::find(part.begin(), part.end(), left);
            if (found != part.end()) {
                unprocessed[from + static_cast<std::size_t>(found - part.begin())] = true;
            }
        }
    }
    return unprocessed;
}

void OverlayBase::read_page(std::string_view operation, std::string_view table,
                            const std::string& body, dynamodb::PageReader& reader,
                            base::Arena& arena, dynamodb::Page& page) {
    Reply reply;
    call(operation, table, body, 0, reply);
    reader.read(reply, arena, page);
}

}  // namespace dynamigrate::engine
