#include "lock.hpp"

#include "history.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::ExpressionText;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr int kLooksPerLease = 10;
/// Of a running execution Step Functions may know nothing yet for a while after its start.
constexpr std::chrono::minutes kLateKnowledge{10};

std::int64_t to_signed(std::uint64_t number) { return static_cast<std::int64_t>(number); }

std::string describe(const base::ProcessIdentity& identity) {
    return fmt::format("{}@{} pid {}", identity.user, identity.host, identity.pid);
}

bool is_here(const base::ProcessIdentity& identity, const base::ProcessIdentity& self) {
    return identity.host == self.host && identity.boot_id == self.boot_id;
}

/// An execution is on no host: who looks for its process finds none.
base::ProcessIdentity owner_identity(const World& world) {
    base::ProcessIdentity identity = world.identity;
    if (!world.execution.empty()) {
        identity.host = world.execution;
        identity.boot_id.clear();
        identity.pid = 0;
    }
    return identity;
}

Error locked_error(const LockOwner& owner) {
    if (!owner.execution.empty()) {
        return Error(
            ErrorKind::aborted,
            fmt::format("locked by execution {} since {}; it lets go when it ends: stop it "
                        "with `dynamigrate abort`, or run `dynamigrate unlock` if it has "
                        "ended",
                        owner.execution, owner.since));
    }
    return Error(ErrorKind::aborted,
                 fmt::format("locked by {} since {}, heartbeat {}; run `dynamigrate unlock` if it "
                             "is dead",
                             owner.owner, owner.since, owner.heartbeat));
}

}  // namespace

/// The lock item as read.
struct LockItem {
    LockOwner owner;
    bool is_held = false;
    std::string token;

    static std::optional<LockItem> read(NativeTable& table);
    /// It is still as it was read.
    ExpressionText condition(base::Arena& arena) const;
};

std::optional<LockItem> LockItem::read(NativeTable& table) {
    auto item = table.get(kLockSortKey);
    if (!item) {
        return std::nullopt;
    }
    const Item& lock = item->item;
    LockItem read;
    const AttributeValue* is_held = lock.find("held");
    read.is_held = is_held && is_held->is(AttributeType::boolean) && is_held->as_boolean();
    read.token = lock.text("token");
    read.owner.identity.user = lock.text("user");
    read.owner.identity.host = lock.text("host");
    read.owner.identity.boot_id = lock.text("boot_id");
    read.owner.identity.pid = static_cast<int>(to_unsigned(lock.find("pid")));
    read.owner.execution = lock.text("execution");
    read.owner.owner = read.owner.execution.empty() ? describe(read.owner.identity)
                                                    : "execution " + read.owner.execution;
    read.owner.since = lock.text("since");
    read.owner.run = lock.text("run");
    read.owner.fence = to_unsigned(lock.find("fence"));
    read.owner.heartbeat = to_unsigned(lock.find("heartbeat"));
    return read;
}

ExpressionText LockItem::condition(base::Arena& arena) const {
    ExpressionText text;
    text.text = "#fence = :fence AND #heartbeat = :heartbeat AND #held = :held";
    text.names = {{"#fence", "fence"}, {"#heartbeat", "heartbeat"}, {"#held", "held"}};
    text.values = ItemBuilder(arena)
                      .number(":fence", to_signed(owner.fence))
                      .number(":heartbeat", to_signed(owner.heartbeat))
                      .boolean(":held", is_held)
                      .build();
    return text;
}

std::optional<LockOwner> read_lock_owner(NativeTable& table) {
    auto lock = LockItem::read(table);
    return lock && lock->is_held ? std::optional(lock->owner) : std::nullopt;
}

bool works_on(const std::optional<LockOwner>& owner, const HistoryRow& row) {
    if (!owner || (row.status != Status::running && row.status != Status::rolling_back)) {
        return false;
    }
    return (!owner->execution.empty() && owner->execution == row.execution) ||
           (owner->fence == row.fence && !owner->identity.is_dead_here());
}

void break_lock(NativeTable& table) {
    for (auto lock = LockItem::read(table); lock && lock->is_held; lock = LockItem::read(table)) {
        base::Arena arena;
        ExpressionText condition;
        condition.text = "#fence = :fence";
        condition.names = {{"#fence", "fence"}, {"#held", "held"}};
        condition.values = ItemBuilder(arena)
                               .number(":fence", to_signed(lock->owner.fence))
                               .number(":next", to_signed(lock->owner.fence + 1))
                               .boolean(":held", false)
                               .build();
        dynamodb::update_item(table.service(), table.name(), table.key(arena, kLockSortKey),
                              "SET #held = :held, #fence = :next", condition);
    }
}

Lock::Lock(NativeTable& table, const World& world, LockTiming timing,
           const std::function<void(const std::string&)>& tell, std::stop_token stop)
    : table_(table),
      clock_(*world.clock),
      random_(*world.random),
      log_(*world.log),
      identity_(owner_identity(world)),
      execution_(world.execution),
      executions_(world.executions),
      timing_(timing),
      token_(random_.uuid()) {
    acquire(tell, stop);
    thread_ = std::jthread([this](std::stop_token ended) { beat(ended); });
}

Lock::~Lock() {
    thread_.request_stop();
    thread_.join();
    if (!is_lost() && !is_kept_) {
        release();
    }
}

void Lock::set_run(const std::string& run) {
    std::lock_guard lock(mutex_);
    run_ = run;
}

void Lock::set_on_beat(std::function<void()> on_beat) {
    std::lock_guard lock(beat_mutex_);
    on_beat_ = std::move(on_beat);
}

bool Lock::is_stale() const { return clock_.steady_now() - renewed_.load() >= timing_.lease; }

void Lock::expect_fresh() {
    if (is_stale()) {
        lost_.request_stop();
    }
    if (is_lost()) {
        throw Error(ErrorKind::aborted, "the lock was not renewed for a lease or is lost");
    }
}

void Lock::acquire(const std::function<void(const std::string&)>& tell,
                   const std::stop_token& stop) {
    for (;;) {
        base::throw_if_stopped(stop);
        auto lock = LockItem::read(table_);
        if (lock && lock->is_held && !may_succeed(*lock, tell)) {
            if (is_here(lock->owner.identity, identity_)) {
                throw locked_error(lock->owner);
            }
            watch(*lock, tell, stop);
        }
        if (take(lock)) {
            return;
        }
    }
}

/// Whether a call for the execution took it a few minutes ago.
bool Lock::is_recent(const LockOwner& owner) const {
    return clock_.now() - base::parse_iso8601(owner.since) < kLateKnowledge;
}

/// Whether the execution is under way; nothing: it is not known.
std::optional<bool> Lock::looked_at(const std::string& execution) const {
    try {
        return executions_ == nullptr || executions_->is_running(execution);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) {
            throw;
        }
        return std::nullopt;
    }
}

/// Whether the owner is known to have ended, or is this one.
bool Lock::may_succeed(const LockItem& held, const std::function<void(const std::string&)>& tell) {
    const std::string& execution = held.owner.execution;
    if (execution.empty()) {
        return held.owner.identity.is_dead_here();
    }
    if (execution == execution_) {
        return true;
    }
    const std::optional<bool> is_running = looked_at(execution);
    if (is_running.value_or(is_recent(held.owner))) {
        throw locked_error(held.owner);
    }
    if (!is_running) {
        return false;
    }
    tell(fmt::format("execution {} has ended; taking over", execution));
    return true;
}

/// Waits one lease; throws when the heartbeat moves, returns early when the lock is released.
void Lock::watch(const LockItem& seen, const std::function<void(const std::string&)>& tell,
                 const std::stop_token& stop) {
    tell(fmt::format("locked by {} since {}; watching its heartbeat for {} s", seen.owner.owner,
                     seen.owner.since,
                     std::chrono::duration_cast<std::chrono::seconds>(timing_.lease).count()));
    base::SteadyTime end = clock_.steady_now() + timing_.lease;
    while (clock_.steady_now() < end) {
        clock_.wait(timing_.lease / kLooksPerLease, stop);
        base::throw_if_stopped(stop);
        auto now = LockItem::read(table_);
        if (!now || !now->is_held) {
            return;
        }
        if (now->owner.fence != seen.owner.fence || now->owner.heartbeat != seen.owner.heartbeat) {
            throw locked_error(now->owner);
        }
    }
    tell(fmt::format("{} gave no sign of life; taking over", seen.owner.owner));
}

/// Returns false when somebody else changed the lock meanwhile.
bool Lock::take(const std::optional<LockItem>& seen) {
    renewed_ = clock_.steady_now();
    base::Arena arena;
    std::uint64_t fence = seen ? seen->owner.fence + 1 : 1;
    ItemBuilder item(arena);
    for (const dynamodb::Attribute& attribute : table_.key(arena, kLockSortKey)) {
        item.set(attribute.name, attribute.value);
    }
    item.boolean("held", true).string("token", token_);
    item.number("fence", to_signed(fence)).number("heartbeat", 0);
    item.string("user", identity_.user).string("host", identity_.host);
    item.string("boot_id", identity_.boot_id).number("pid", identity_.pid);
    item.string("since", base::to_iso8601(clock_.now()));
    if (!execution_.empty()) {
        item.string("execution", execution_);
    }
    ExpressionText condition;
    if (seen) {
        condition = seen->condition(arena);
    } else {
        condition.text = "attribute_not_exists(pk)";
    }
    auto result = dynamodb::put_item(table_.service(), table_.name(), item.build(), condition);
    if (result.condition_failed) {
        // A lost answer of our own put looks the same; the token tells.
        auto now = LockItem::read(table_);
        if (!now || !now->is_held || now->token != token_) {
            return false;
        }
    }
    fence_ = fence;
    return true;
}

ExpressionText Lock::owned_condition(base::Arena& arena) const {
    ExpressionText condition;
    condition.text = "#fence = :fence AND #token = :token AND #held = :held";
    condition.names = {{"#fence", "fence"}, {"#token", "token"}, {"#held", "held"}};
    condition.values = ItemBuilder(arena)
                           .number(":fence", to_signed(fence_))
                           .string(":token", token_)
                           .boolean(":held", true)
                           .build();
    return condition;
}

void Lock::beat(const std::stop_token& stop) {
    while (clock_.wait(timing_.heartbeat, stop)) {
        try {
            base::SteadyTime sent = clock_.steady_now();
            if (!renew(stop)) {
                lost_.request_stop();
                return;
            }
            renewed_ = sent;
            std::lock_guard lock(beat_mutex_);
            if (on_beat_) {
                on_beat_();
            }
        } catch (const std::exception& error) {
            if (stop.stop_requested()) {
                return;
            }
            log_.warning("the lock could not be renewed: {}", error.what());
            if (is_stale()) {
                lost_.request_stop();
                return;
            }
        }
    }
}

bool Lock::renew(const std::stop_token& stop) {
    base::Arena arena;
    ExpressionText condition = owned_condition(arena);
    ItemBuilder values(arena);
    for (const dynamodb::Attribute& value : condition.values) {
        values.set(value.name, value.value);
    }
    {
        std::lock_guard lock(mutex_);
        values.number(":heartbeat", to_signed(++heartbeat_)).string(":run", run_);
    }
    condition.values = values.build();
    condition.names.emplace_back("#heartbeat", "heartbeat");
    condition.names.emplace_back("#run", "run");
    auto result =
        dynamodb::update_item(table_.service(), table_.name(), table_.key(arena, kLockSortKey),
                              "SET #heartbeat = :heartbeat, #run = :run", condition, {}, stop);
    return !result.condition_failed;
}

void Lock::release() {
    base::Arena arena;
    ExpressionText condition = owned_condition(arena);
    ItemBuilder values(arena);
    for (const dynamodb::Attribute& value : condition.values) {
        values.set(value.name, value.value);
    }
    condition.values = values.boolean(":released", false).build();
    try {
        dynamodb::update_item(table_.service(), table_.name(), table_.key(arena, kLockSortKey),
                              "SET #held = :released", condition);
    } catch (const std::exception& error) {
        log_.warning("the lock could not be released and will expire: {}", error.what());
    }
}

}  // namespace dynamigrate::migrate
