#include "item_reader.hpp"

#include "raw_object.hpp"
#include "write_parameters.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace dynamigrate::layers {

using dynamodb::Item;

namespace {

constexpr std::size_t kKeysPerRead = 100;
constexpr std::chrono::milliseconds kFirstDelay{25};
constexpr int kMostDoublings = 8;

bool is_at(const Item& item, const Item& key) {
    return std::all_of(key.begin(), key.end(), [&](const dynamodb::Attribute& attribute) {
        const dynamodb::AttributeValue* value = item.find(attribute.name);
        return value != nullptr && *value == attribute.value;
    });
}

/// Reads the keys of one table, some of which the service may leave for another request.
class TableReader {
public:
    TableReader(dynamodb::Service& service, base::Clock& clock, base::Arena& arena,
                std::stop_token stop)
        : service_(service),
          clock_(clock),
          arena_(arena),
          stop_(std::move(stop)) {}

    std::vector<Item> read(const std::string& table, std::span<const Item> keys) {
        std::vector<Item> items;
        std::string wanted = request_items(table, keys);
        for (int round = 0;; ++round) {
            wanted = read_some(wanted, items);
            if (wanted.empty()) {
                return items;
            }
            clock_.wait(kFirstDelay * (1 << std::min(round, kMostDoublings)), stop_);
            base::throw_if_stopped(stop_);
        }
    }

private:
    static std::string request_items(const std::string& table, std::span<const Item> keys) {
        std::string json;
        json::Writer out(json);
        out.begin_object().key(table).begin_object().key("ConsistentRead").boolean(true);
        out.key("Keys").begin_array();
        for (const Item& key : keys) {
            out.separate();
            dynamodb::write_item(out, key);
        }
        out.end_array().end_object().end_object();
        return json;
    }

    /// Returns what is left.
    std::string read_some(const std::string& wanted, std::vector<Item>& items) {
        std::string body;
        json::Writer(body).begin_object().key("RequestItems").raw(wanted).end_object();
        dynamodb::Reply reply;
        service_.call({"BatchGetItem", body, stop_}, reply);
        return read_write_answer("BatchGetItem", [&] {
            const RawObject answer(reply.body);
            const std::string_view found = answer.find("Responses");
            const RawObject responses(found.empty() ? "{}" : found);
            for (const RawObject::Member& table : responses.members()) {
                for (const std::string& element : raw_elements(table.value)) {
                    items.push_back(dynamodb::parse_item(element, arena_));
                }
            }
            const std::string_view left = answer.find("UnprocessedKeys");
            const bool is_done = left.empty() || RawObject(left).members().empty();
            return is_done ? std::string() : std::string(left);
        });
    }

    dynamodb::Service& service_;
    base::Clock& clock_;
    base::Arena& arena_;
    std::stop_token stop_;
};

std::map<std::string, std::vector<Item>> distinct_keys(std::span<const ItemWrite> writes) {
    std::map<std::string, std::vector<Item>> keys;
    for (const ItemWrite& write : writes) {
        std::vector<Item>& known = keys[write.table];
        if (std::find(known.begin(), known.end(), write.key) == known.end()) {
            known.push_back(write.key);
        }
    }
    return keys;
}

}  // namespace

bool is_same_item(const ItemWrite& a, const ItemWrite& b) {
    return a.table == b.table && a.key == b.key;
}

std::vector<Item> read_written_items(dynamodb::Service& service, base::Clock& clock,
                                     std::span<const ItemWrite> writes, base::Arena& arena,
                                     std::stop_token stop) {
    std::vector<Item> found(writes.size());
    if (writes.size() == 1) {
        const ItemWrite& write = writes.front();
        if (const auto item = dynamodb::get_item(service, write.table, write.key, stop)) {
            found.front() = item->item.clone(arena);
        }
        return found;
    }
    TableReader reader(service, clock, arena, std::move(stop));
    for (const auto& [table, keys] : distinct_keys(writes)) {
        for (std::size_t start = 0; start < keys.size(); start += kKeysPerRead) {
            const std::size_t count = std::min(kKeysPerRead, keys.size() - start);
            for (const Item& item : reader.read(table, std::span(keys).subspan(start, count))) {
                for (std::size_t i = 0; i < writes.size(); ++i) {
                    if (writes[i].table == table && is_at(item, writes[i].key)) {
                        found[i] = item;
                    }
                }
            }
        }
    }
    return found;
}

}  // namespace dynamigrate::layers
