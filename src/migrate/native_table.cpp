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
constexpr std::string_view kConditionFailed = "ConditionalCheckFailed";

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

/// Both hold. Their names and values do not meet.
ExpressionText both(base::Arena& arena, ExpressionText a, const ExpressionText& b) {
    if (b.text.empty()) {
        return a;
    }
    a.text = fmt::format("({}) AND ({})", a.text, b.text);
    a.names.insert(a.names.end(), b.names.begin(), b.names.end());
    ItemBuilder values(arena);
    for (const Item& item : {a.values, b.values}) {
        for (const dynamodb::Attribute& value : item) {
            values.set(value.name, value.value);
        }
    }
    a.values = values.build();
    return a;
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

bool NativeTable::put_fenced_if(std::string_view sort_key, const Item& attributes,
                                std::uint64_t fence, const ExpressionText& condition) {
    base::Arena arena;
    return !dynamodb::put_item(service_, table_, with_key(arena, sort_key, attributes, fence),
                               both(arena, fence_condition(arena, fence), condition))
                .condition_failed;
}

bool NativeTable::put_under_lock_if(std::string_view sort_key, const Item& attributes,
                                    std::uint64_t fence, const ExpressionText& condition) {
    base::Arena arena;
    dynamodb::TransactAction put = put_action(arena, sort_key, attributes, fence);
    put.condition = both(arena, put.condition, condition);
    if (has_transactions_) {
        if (const auto codes = transact({put, lock_check(arena, fence)})) {
            if (codes->size() > 1 && codes->back() == kConditionFailed) {
                throw lost_lock();
            }
            return codes->empty();
        }
        has_transactions_ = false;
    }
    check_lock(fence);
    return put_fenced_if(sort_key, attributes, fence, condition);
}

bool NativeTable::apply_while(const dynamodb::TransactAction& action,
                              std::string_view other_sort_key, const ExpressionText& condition,
                              const std::function<bool(const Item&)>& holds) {
    base::Arena arena;
    if (has_transactions_) {
        dynamodb::TransactAction check;
        check.kind = dynamodb::TransactAction::Kind::check;
        check.table = table_;
        check.item = key(arena, other_sort_key);
        check.condition = condition;
        if (const auto codes = transact({action, check})) {
            return codes->empty();
        }
        has_transactions_ = false;
    }
    const auto other = get(other_sort_key);
    return other && holds(other->item) && try_apply(action);
}

dynamodb::TransactAction NativeTable::lock_check(base::Arena& arena, std::uint64_t fence) const {
    dynamodb::TransactAction check;
    check.kind = dynamodb::TransactAction::Kind::check;
    check.table = table_;
    check.item = key(arena, kLockSortKey);
    check.condition = lock_condition(arena, fence);
    return check;
}

dynamodb::TransactAction NativeTable::remove_action(base::Arena& arena, std::string_view sort_key,
                                                    std::uint64_t fence) const {
    dynamodb::TransactAction remove;
    remove.kind = dynamodb::TransactAction::Kind::remove;
    remove.table = table_;
    remove.item = key(arena, sort_key);
    remove.condition = fence_condition(arena, fence);
    return remove;
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
    std::vector<TransactAction> actions{put, lock_check(arena, fence)};
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
bool NativeTable::try_apply(const dynamodb::TransactAction& action) {
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
    return !has_failed;
}

void NativeTable::apply(const dynamodb::TransactAction& action) {
    if (!try_apply(action)) {
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
    const auto codes = transact(actions);
    if (codes && !codes->empty()) {
        throw lost_lock();
    }
    return codes.has_value();
}

/// Why each action failed where a condition did; none where all are done; nothing where the endpoint
/// has no transactions.
std::optional<std::vector<std::string>> NativeTable::transact(
    const std::vector<dynamodb::TransactAction>& actions) {
    for (int attempt = 1;; ++attempt) {
        std::vector<std::string> codes;
        try {
            codes = dynamodb::transact_write(service_, actions, random_.uuid());
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::unimplemented) {
                return std::nullopt;
            }
            throw;
        }
        if (codes.empty() ||
            std::find(codes.begin(), codes.end(), kConditionFailed) != codes.end()) {
            return codes;
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
