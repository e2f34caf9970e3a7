#include "control_watch.hpp"

#include "history.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;

bool is_true(const AttributeValue* value) {
    return value && value->is(AttributeType::boolean) && value->as_boolean();
}

std::optional<double> rate_of(const AttributeValue* value) {
    double rate = 0;
    if (value && value->is(AttributeType::number)) {
        std::string_view digits = value->text();
        std::from_chars(digits.data(), digits.data() + digits.size(), rate);
    }
    return rate > 0 ? std::optional(rate) : std::nullopt;
}

}  // namespace

RunWishes read_wishes(NativeTable& table, const std::string& run) {
    RunWishes wishes;
    if (auto item = table.get("control#" + run)) {
        const dynamodb::Item& record = item->item;
        wishes.number = to_unsigned(record.find("number"));
        wishes.seen = to_unsigned(record.find("seen"));
        wishes.pause = is_true(record.find("pause"));
        wishes.abort = is_true(record.find("abort"));
        wishes.max_rcu = rate_of(record.find("max_rcu"));
        wishes.max_wcu = rate_of(record.find("max_wcu"));
        wishes.paused_at = to_unsigned(record.find("paused_at"));
        wishes.by = record.text("by");
    }
    return wishes;
}

void note_seen_wishes(NativeTable& table, const std::string& run, std::uint64_t number) {
    base::Arena arena;
    dynamodb::ExpressionText values;
    values.names = {{"#seen", "seen"}};
    values.values =
        dynamodb::ItemBuilder(arena).number(":seen", static_cast<std::int64_t>(number)).build();
    dynamodb::update_item(table.service(), table.name(), table.key(arena, "control#" + run),
                          "SET #seen = :seen", values);
}

/// Lets calls pass unless the run is paused.
class ControlWatch::Gate final : public dynamodb::Service {
public:
    Gate(ControlWatch& watch, dynamodb::Service& inner) : watch_(watch), inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        watch_.wait_while_paused(call.stop);
        inner_.call(call, reply);
    }
    std::string location() const override { return inner_.location(); }

private:
    ControlWatch& watch_;
    dynamodb::Service& inner_;
};

ControlWatch::ControlWatch(NativeTable& table, const World& world, Lock& lock)
    : table_(table),
      lock_(lock),
      gate_(std::make_unique<Gate>(*this, *world.service)) {
    lock_.set_on_beat([this] { look(); });
}

ControlWatch::~ControlWatch() { lock_.set_on_beat({}); }

dynamodb::Service& ControlWatch::service() noexcept { return *gate_; }

void ControlWatch::release() {
    std::lock_guard lock(mutex_);
    is_released_ = true;
    changed_.notify_all();
}

RunWishes ControlWatch::wishes() const {
    std::lock_guard lock(mutex_);
    return wishes_;
}

ControlWatch::Following ControlWatch::follow(const std::string& run,
                                             std::function<void(const std::string&)> tell,
                                             bool goes_on) {
    const RunWishes known = read_wishes(table_, run);
    std::lock_guard looking(looking_);
    std::lock_guard lock(mutex_);
    run_ = run;
    wishes_ = {};
    wishes_.number = goes_on ? known.seen : known.number;
    if (goes_on) {
        wishes_.max_rcu = known.max_rcu;
        wishes_.max_wcu = known.max_wcu;
    }
    tell_ = std::move(tell);
    return Following(*this);
}

void ControlWatch::unfollow() {
    std::lock_guard looking(looking_);
    std::lock_guard lock(mutex_);
    run_.clear();
    tell_ = {};
    wishes_ = {};
    changed_.notify_all();
}

void ControlWatch::look() {
    std::lock_guard looking(looking_);
    std::string run;
    std::uint64_t known = 0;
    {
        std::lock_guard lock(mutex_);
        run = run_;
        known = wishes_.number;
    }
    if (run.empty()) {
        return;
    }
    const RunWishes next = read_wishes(table_, run);
    if (next.number > known) {
        tell_(take(next));
        if (next.abort) {
            aborted_.request_stop();  // calls release(): not while locked
        }
        note_seen_wishes(table_, run, next.number);
    }
}

/// Returns what is new, for people.
std::string ControlWatch::take(const RunWishes& next) {
    std::lock_guard lock(mutex_);
    std::string line;
    if (next.abort) {
        line = "stopping: finishing the pages at hand";
    } else if (next.pause != wishes_.pause) {
        line = next.pause ? "paused; `dynamigrate resume` lets it go on" : "going on";
    } else {
        line = fmt::format("rate: {} RCU, {} WCU a second",
                           next.max_rcu ? fmt::format("{:g}", *next.max_rcu) : "as configured",
                           next.max_wcu ? fmt::format("{:g}", *next.max_wcu) : "as configured");
    }
    wishes_ = next;
    changed_.notify_all();
    return fmt::format("{} (asked by {})", line, next.by);
}

/// Who was told to stop may finish the pages at hand.
void ControlWatch::wait_while_paused(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    auto may_go = [&] { return !wishes_.pause || wishes_.abort || is_released_; };
    if (!may_go()) {
        changed_.wait(lock, stop, may_go);
    }
}

}  // namespace dynamigrate::migrate
