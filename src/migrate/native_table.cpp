#include "native_table.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeValue;
using dynamodb::ExpressionText;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr auto kActivePollInterval = std::chrono::milliseconds(500);
constexpr auto kTransactionRetryDelay = std::chrono::milliseconds(50);
constexpr int kTransactionAttempts = 20;

Error lost_lock() {
    return Error(ErrorKind::aborted,
                 "lost the lock: another runner took over; what was done so far is recorded, see "
                 "`dynamigrate runs`");
}

std::string create_request(const std::string& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("BillingMode").string("PAY_PER_REQUEST");
    out.key("KeySchema").begin_array();
    out.begin_object().key("AttributeName").string("pk").key("KeyType").string("HASH").end_object();
    out.begin_object()
        .key("AttributeName")
        .string("sk")
        .key("KeyType")
        .string("RANGE")
        .end_object();
    out.end_array().key("AttributeDefinitions").begin_array();
    for (std::string_view name : {"pk", "sk"}) {
        out.begin_object().key("AttributeName").string(name);
        out.key("AttributeType").string("S").end_object();
    }
    out.end_array().end_object();
    return body;
}

bool is_missing_table(const Error& error) {
    return error.kind() == ErrorKind::not_found ||
           error.service_code() == "ResourceNotFoundException";
}

/// True unless a higher fence is there already.
ExpressionText fence_condition(base::Arena& arena, std::uint64_t fence) {
    ExpressionText condition;
    condition.text = "attribute_not_exists(#fence) OR #fence <= :fence";
    condition.names = {{"#fence", "fence"}};
    condition.values =
        ItemBuilder(arena).number(":fence", static_cast<std::int64_t>(fence)).build();
    return condition;
}

ExpressionText lock_condition(base::Arena& arena, std::uint64_t fence) {
    ExpressionText condition;
    condition.text = "#fence = :fence AND #held = :held";
    condition.names = {{"#fence", "fence"}, {"#held", "held"}};
    condition.values = ItemBuilder(arena)
                           .number(":fence", static_cast<std::int64_t>(fence))
                           .boolean(":held", true)
                           .build();
    return condition;
}

}  // namespace

NativeTable::NativeTable(dynamodb::Service& service, std::string table, const std::string& scope,
                         base::Clock& clock, base::Random& random)
    : service_(service),
      table_(std::move(table)),
      partition_("dynamigrate#" + scope),
      clock_(clock),
      random_(random) {}

void NativeTable::create_if_absent(std::stop_token stop) {
    if (!dynamodb::describe_table(service_, table_, stop)) {
        dynamodb::Reply reply;
        std::string body = create_request(table_);
        try {
            service_.call({"CreateTable", body, stop}, reply);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::already_exists &&
                error.service_code() != "ResourceInUseException") {
                throw;
            }
        }
    }
    wait_until_active(stop);
}

void NativeTable::wait_until_active(std::stop_token stop) {
    for (;;) {
        auto description = dynamodb::describe_table(service_, table_, stop);
        if (description && description->status != "CREATING") {
            return;
        }
        clock_.wait(kActivePollInterval, stop);
        base::throw_if_stopped(stop);
    }
}

Item NativeTable::key(base::Arena& arena, std::string_view sort_key) const {
    return ItemBuilder(arena).string("pk", partition_).string("sk", sort_key).build();
}

std::optional<dynamodb::OwnedItem> NativeTable::get(std::string_view sort_key) {
    base::Arena arena;
    try {
        return dynamodb::get_item(service_, table_, key(arena, sort_key));
    } catch (const Error& error) {
        if (!is_missing_table(error)) {
            throw;
        }
        return std::nullopt;
    }
}

void NativeTable::query(std::string_view prefix, const std::function<void(const Item&)>& visit) {
    base::Arena arena;
    dynamodb::QueryInput input;
    input.table = table_;
    input.key_condition.text = "pk = :pk AND begins_with(sk, :sk)";
    input.key_condition.values =
        ItemBuilder(arena).string(":pk", partition_).string(":sk", prefix).build();
    try {
        dynamodb::query(service_, input, [&](const Item& item) {
            visit(item);
            return true;
        });
    } catch (const Error& error) {
        if (!is_missing_table(error)) {
            throw;
        }
    }
}

Item NativeTable::with_key(base::Arena& arena, std::string_view sort_key, const Item& attributes,
                           std::uint64_t fence) const {
    ItemBuilder item(arena);
    item.string("pk", partition_).string("sk", sort_key);
    item.number("fence", static_cast<std::int64_t>(fence));
    for (const dynamodb::Attribute& attribute : attributes) {
        item.set(attribute.name, attribute.value);
    }
    return item.build();
}

void NativeTable::put_fenced(std::string_view sort_key, const Item& attributes,
                             std::uint64_t fence) {
    base::Arena arena;
    auto result = dynamodb::put_item(service_, table_, with_key(arena, sort_key, attributes, fence),
                                     fence_condition(arena, fence));
    if (result.condition_failed) {
        throw lost_lock();
    }
}

dynamodb::TransactAction NativeTable::put_action(base::Arena& arena, std::string_view sort_key,
                                                 const Item& attributes,
                                                 std::uint64_t fence) const {
    dynamodb::TransactAction put;
    put.kind = dynamodb::TransactAction::Kind::put;
    put.table = table_;
    put.item = with_key(arena, sort_key, attributes, fence);
    put.condition = fence_condition(arena, fence);
    return put;
}

void NativeTable::put_under_lock(std::string_view sort_key, const Item& attributes,
                                 std::uint64_t fence,
                                 const std::vector<dynamodb::TransactAction>& others) {
    using dynamodb::TransactAction;
    base::Arena arena;
    TransactAction put = put_action(arena, sort_key, attributes, fence);
    TransactAction check;
    check.kind = TransactAction::Kind::check;
    check.table = table_;
    check.item = key(arena, kLockSortKey);
    check.condition = lock_condition(arena, fence);
    std::vector<TransactAction> actions{put, check};
    actions.insert(actions.end(), others.begin(), others.end());
    if (!has_transactions_ || !try_transaction(actions)) {
        has_transactions_ = false;
        check_lock(fence);
        for (const TransactAction& other : others) {
            apply(other);
        }
        put_fenced(sort_key, attributes, fence);
    }
}

/// One of a transaction's writes by itself.
void NativeTable::apply(const dynamodb::TransactAction& action) {
    using Kind = dynamodb::TransactAction::Kind;
    bool has_failed = false;
    if (action.kind == Kind::put) {
        has_failed = dynamodb::put_item(service_, action.table, action.item, action.condition)
                         .condition_failed;
    } else if (action.kind == Kind::remove) {
        has_failed = dynamodb::delete_item(service_, action.table, action.item, action.condition)
                         .condition_failed;
    } else if (action.kind == Kind::update) {
        has_failed = dynamodb::update_item(service_, action.table, action.item,
                                           action.update_expression, action.condition)
                         .condition_failed;
    }
    if (has_failed) {
        throw lost_lock();
    }
}

void NativeTable::check_lock(std::uint64_t fence) {
    auto lock = get(kLockSortKey);
    const AttributeValue* found = lock ? lock->item.find("fence") : nullptr;
    const AttributeValue* held = lock ? lock->item.find("held") : nullptr;
    if (!found || found->text() != std::to_string(fence) || !held || !held->as_boolean()) {
        throw lost_lock();
    }
}

/// Returns false where the endpoint has no transactions.
bool NativeTable::try_transaction(const std::vector<dynamodb::TransactAction>& actions) {
    for (int attempt = 1;; ++attempt) {
        std::vector<std::string> codes;
        try {
            codes = dynamodb::transact_write(service_, actions, random_.uuid());
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::unimplemented) {
                return false;
            }
            throw;
        }
        if (codes.empty()) {
            return true;
        }
        if (std::find(codes.begin(), codes.end(), "ConditionalCheckFailed") != codes.end()) {
            throw lost_lock();
        }
        if (attempt == kTransactionAttempts) {
            throw Error(
                ErrorKind::unavailable,
                fmt::format("cannot write the history: {} in {} attempts", codes.front(), attempt))
                .at("table " + table_);
        }
        clock_.wait(kTransactionRetryDelay, {});
    }
}

void NativeTable::raise_fence(std::string_view sort_key, std::uint64_t fence) {
    base::Arena arena;
    auto result = dynamodb::update_item(service_, table_, key(arena, sort_key),
                                        "SET #fence = :fence", fence_condition(arena, fence));
    if (result.condition_failed) {
        throw lost_lock();
    }
}

void NativeTable::remove_fenced(std::string_view sort_key, std::uint64_t fence) {
    base::Arena arena;
    auto result = dynamodb::delete_item(service_, table_, key(arena, sort_key),
                                        fence_condition(arena, fence));
    if (result.condition_failed) {
        throw lost_lock();
    }
}

}  // namespace dynamigrate::migrate
