#include <dynamigrate/layers/journal_store.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

namespace {

constexpr std::string_view kPartition = "journal#";
constexpr std::string_view kBytes = "bytes";
constexpr auto kPollInterval = std::chrono::milliseconds(500);

std::string create_request(const std::string& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("BillingMode").string("PAY_PER_REQUEST");
    out.key("KeySchema").begin_array();
    for (const auto& [name, role] : {std::pair{"pk", "HASH"}, {"sk", "RANGE"}}) {
        out.begin_object().key("AttributeName").string(name).key("KeyType").string(role);
        out.end_object();
    }
    out.end_array().key("AttributeDefinitions").begin_array();
    for (const char* name : {"pk", "sk"}) {
        out.begin_object().key("AttributeName").string(name).key("AttributeType").string("S");
        out.end_object();
    }
    out.end_array().end_object();
    return body;
}

bool is_missing_table(const Error& error) {
    return error.kind() == ErrorKind::not_found ||
           error.service_code() == "ResourceNotFoundException";
}

class TableObjects final : public base::ObjectStore {
public:
    TableObjects(dynamodb::Service& service, std::string table, base::Clock& clock)
        : service_(service),
          table_(std::move(table)),
          clock_(clock) {}

    std::string location() const override { return "table:" + table_; }

    std::optional<std::string> get(const std::string& name) override {
        base::Arena arena;
        try {
            const auto item = dynamodb::get_item(service_, table_, key(name, arena));
            if (!item) {
                return std::nullopt;
            }
            const AttributeValue* bytes = item->item.find(kBytes);
            return bytes == nullptr ? std::string() : std::string(bytes->text());
        } catch (const Error& error) {
            if (!is_missing_table(error)) {
                throw;
            }
            return std::nullopt;
        }
    }

    bool put(const std::string& name, std::string_view bytes, bool only_if_absent) override {
        if (!has_table_) {
            create_table();
            has_table_ = true;
        }
        base::Arena arena;
        ItemBuilder item(arena);
        for (const dynamodb::Attribute& attribute : key(name, arena)) {
            item.set(attribute.name, attribute.value);
        }
        item.set(kBytes, AttributeValue::binary(bytes));
        dynamodb::ExpressionText condition;
        if (only_if_absent) {
            condition.text = "attribute_not_exists(pk)";
        }
        return !dynamodb::put_item(service_, table_, item.build(), condition).condition_failed;
    }

    std::vector<std::string> list(const std::string& prefix) override {
        const std::size_t slash = prefix.find('/');
        if (slash == prefix.npos) {
            throw Error(ErrorKind::invalid_argument,
                        "the objects of a table are listed by the first part of their names");
        }
        std::vector<std::string> names;
        try {
            list(prefix.substr(0, slash), prefix.substr(slash + 1), names);
        } catch (const Error& error) {
            if (!is_missing_table(error)) {
                throw;
            }
        }
        std::sort(names.begin(), names.end());
        return names;
    }

    void remove(const std::string& name) override {
        base::Arena arena;
        try {
            dynamodb::delete_item(service_, table_, key(name, arena));
        } catch (const Error& error) {
            if (!is_missing_table(error)) {
                throw;
            }
        }
    }

private:
    Item key(const std::string& name, base::Arena& arena) const {
        const std::size_t slash = name.find('/');
        if (slash == name.npos || slash + 1 == name.size()) {
            throw Error(ErrorKind::invalid_argument,
                        "\"" + name + "\" is no name for an object in " + location());
        }
        return ItemBuilder(arena)
            .string("pk", std::string(kPartition) + name.substr(0, slash))
            .string("sk", std::string_view(name).substr(slash + 1))
            .build();
    }

    /// Keys only: the bytes stay there.
    void list(const std::string& first, const std::string& rest, std::vector<std::string>& names) {
        base::Arena arena;
        dynamodb::PageReader reader;
        dynamodb::Page page;
        do {
            const std::string body = query(first, rest, page.last_evaluated_key);
            arena.reset();
            dynamodb::Reply reply;
            service_.call({"Query", body, {}}, reply);
            reader.read(reply, arena, page);
            for (const Item& item : page.items) {
                names.push_back(fmt::format("{}/{}", first, item.text("sk")));
            }
        } while (!page.last_evaluated_key.empty());
    }

    std::string query(const std::string& first, const std::string& rest, const Item& after) const {
        base::Arena arena;
        ItemBuilder values(arena);
        values.string(":pk", std::string(kPartition) + first);
        std::string condition = "pk = :pk";
        if (!rest.empty()) {
            values.string(":sk", rest);
            condition += " AND begins_with(sk, :sk)";
        }
        std::string body;
        json::Writer out(body);
        out.begin_object().key("TableName").string(table_).key("ConsistentRead").boolean(true);
        out.key("KeyConditionExpression").string(condition);
        out.key("ProjectionExpression").string("sk");
        out.key("ExpressionAttributeValues").raw(dynamodb::to_wire_json(values.build()));
        if (!after.empty()) {
            out.key("ExclusiveStartKey").raw(dynamodb::to_wire_json(after));
        }
        out.end_object();
        return body;
    }

    void create_table() {
        if (!dynamodb::describe_table(service_, table_)) {
            const std::string body = create_request(table_);
            dynamodb::Reply reply;
            try {
                service_.call({"CreateTable", body, {}}, reply);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::already_exists &&
                    error.service_code() != "ResourceInUseException") {
                    throw;
                }
            }
        }
        for (;;) {
            const auto description = dynamodb::describe_table(service_, table_);
            if (description && description->status != "CREATING") {
                return;
            }
            clock_.wait(kPollInterval, {});
        }
    }

    dynamodb::Service& service_;
    const std::string table_;
    base::Clock& clock_;
    std::atomic<bool> has_table_{false};
};

}  // namespace

std::unique_ptr<base::ObjectStore> make_table_objects(dynamodb::Service& service,
                                                      const std::string& table,
                                                      base::Clock& clock) {
    return std::make_unique<TableObjects>(service, table, clock);
}

}  // namespace dynamigrate::layers
