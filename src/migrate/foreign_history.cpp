#include "foreign_history.hpp"

#include "table_requests.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr auto kActivePollInterval = std::chrono::milliseconds(500);

std::string create_request(const std::string& table, const dynamodb::KeySchema& key) {
    std::vector<std::pair<dynamodb::KeyAttribute, std::string_view>> attributes{{key.hash, "HASH"}};
    if (key.sort) {
        attributes.emplace_back(*key.sort, "RANGE");
    }
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("BillingMode").string("PAY_PER_REQUEST");
    out.key("KeySchema").begin_array();
    for (const auto& [attribute, kind] : attributes) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("KeyType").string(kind).end_object();
    }
    out.end_array().key("AttributeDefinitions").begin_array();
    for (const auto& [attribute, kind] : attributes) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("AttributeType").string(dynamodb::to_string(attribute.type)).end_object();
    }
    out.end_array().end_object();
    return body;
}

}  // namespace

ForeignHistory::ForeignHistory(dynamodb::Service& service, base::Clock& clock,
                               std::unique_ptr<HistoryLayout> layout, std::string table,
                               bool is_shared)
    : service_(service),
      clock_(clock),
      layout_(std::move(layout)),
      table_(std::move(table)),
      place_(fmt::format("{} in {}", layout_->name(), table_)),
      is_shared_(is_shared) {}

void ForeignHistory::create_if_absent(std::stop_token stop) {
    if (is_shared_) {
        return;
    }
    bool is_asked = false;
    for (;;) {
        auto description = dynamodb::describe_table(service_, table_, stop);
        if (description && description->status != "CREATING") {
            return;
        }
        if (!description && !is_asked) {
            dynamodb::Reply reply;
            std::string body = create_request(table_, layout_->own_key());
            service_.call({"CreateTable", body, stop}, reply);
            is_asked = true;
        }
        clock_.wait(kActivePollInterval, stop);
        base::throw_if_stopped(stop);
    }
}

ForeignItems ForeignHistory::read() {
    ForeignItems items;
    items.table = table_;
    items.key = layout_->own_key();
    auto description = dynamodb::describe_table(service_, table_);
    if (!description) {
        return items;
    }
    items.exists = true;
    items.key = description->key;
    check_key(items.key);
    if (!layout_->status_table().empty() && !has_status_table_) {
        has_status_table_ = dynamodb::describe_table(service_, layout_->status_table()).has_value();
    }
    items.has_status_table = has_status_table_.value_or(false);
    std::vector<std::string> partitions = layout_->partitions();
    if (partitions.empty()) {
        dynamodb::scan(service_, table_, true, [&](const Item& item) {
            items.items.emplace_back(item);
            return true;
        });
        return items;
    }
    for (const std::string& partition : partitions) {
        read_partition(partition, items);
    }
    for (const std::string& partition : layout_->more_partitions(items)) {
        read_partition(partition, items);
    }
    return items;
}

void ForeignHistory::check_key(const dynamodb::KeySchema& key) const {
    if (!layout_->fits(key)) {
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("the history layout {} cannot be kept in table {}, whose key is {}; "
                        "its own has the key {}; give another table in `history`",
                        layout_->name(), table_, to_string(key.hash, key.sort),
                        to_string(layout_->own_key().hash, layout_->own_key().sort)));
    }
}

void ForeignHistory::read_partition(const std::string& partition, ForeignItems& items) {
    base::Arena arena;
    dynamodb::QueryInput input;
    input.table = table_;
    input.key_condition.text = "#hash = :hash";
    input.key_condition.names = {{"#hash", items.key.hash.name}};
    input.key_condition.values = ItemBuilder(arena).string(":hash", partition).build();
    dynamodb::query(service_, input, [&](const Item& item) {
        items.items.emplace_back(item);
        return true;
    });
}

std::vector<ForeignChange> ForeignHistory::changes(const HistoryRow& row, base::Arena& arena) {
    if (!layout_->tells(row)) {
        return {};
    }
    ForeignItems items = read();
    if (!items.exists && row.status == Status::rolled_back) {
        return {};
    }
    if (!items.exists) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("the history is to be kept in the layout {} in table {}, and there "
                                "is no such table; create it, or give another one in `history`",
                                layout_->name(), table_));
    }
    std::vector<ForeignChange> changes = layout_->changes(row, items, arena);
    for (ForeignChange& change : changes) {
        change.key = change.key.clone(arena);
        change.set = change.set.clone(arena);
    }
    return changes;
}

namespace {

std::string application_table(const Settings& settings) {
    auto mapped = settings.tables.find(settings.default_table);
    return mapped == settings.tables.end() ? settings.default_table : mapped->second;
}

}  // namespace

std::string layout_table(const Settings& settings) {
    if (settings.history_layout == "native" || !settings.layout_table.empty()) {
        return settings.layout_table;
    }
    return settings.history_layout == "onetable"   ? application_table(settings)
           : settings.history_layout == "dynamorm" ? "MigrationHistories"
                                                   : "";
}

std::unique_ptr<ForeignHistory> open_foreign_history(dynamodb::Service& service, base::Clock& clock,
                                                     const Settings& settings) {
    std::unique_ptr<HistoryLayout> layout = make_layout(settings.history_layout);
    if (!layout) {
        return nullptr;
    }
    std::string table = layout_table(settings);
    if (table.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the history layout {0} needs the name of its table; write "
                                "`history: {{ layout: {0}, table: NAME }}`, or {0}:NAME to `adopt`",
                                layout->name()));
    }
    bool is_shared = table == application_table(settings);
    if (is_shared && layout->partitions().empty()) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("the history layout {} takes every item of its table for its own, so "
                        "it cannot be kept in the application's table {}; give another "
                        "table in `history`",
                        layout->name(), table));
    }
    return std::make_unique<ForeignHistory>(service, clock, std::move(layout), table, is_shared);
}

dynamodb::TransactAction to_action(const ForeignChange& change, base::Arena& arena) {
    dynamodb::TransactAction action;
    action.table = change.table;
    action.item = change.key;
    if (change.erases) {
        action.kind = dynamodb::TransactAction::Kind::remove;
        return action;
    }
    action.kind = dynamodb::TransactAction::Kind::update;
    ItemBuilder values(arena);
    std::size_t number = 0;
    auto name_of = [&](std::string_view attribute) {
        std::string placeholder = fmt::format("#a{}", number++);
        action.condition.names.emplace_back(placeholder, attribute);
        return placeholder;
    };
    for (const dynamodb::Attribute& attribute : change.set) {
        std::string value = fmt::format(":v{}", number);
        action.update_expression +=
            fmt::format("{}{} = {}", action.update_expression.empty() ? "SET " : ", ",
                        name_of(attribute.name), value);
        values.set(arena.copy(value), attribute.value);
    }
    std::string removals;
    for (const std::string& attribute : change.remove) {
        removals += fmt::format("{}{}", removals.empty() ? " REMOVE " : ", ", name_of(attribute));
    }
    action.update_expression += removals;
    action.condition.values = values.build();
    return action;
}

}  // namespace dynamigrate::migrate
