#include <dynamigrate/migrate/control.hpp>

#include "control_watch.hpp"
#include "history.hpp"
#include "lock.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

namespace {

constexpr auto kLook = std::chrono::milliseconds(250);
/// Somebody may begin between the reads of the lock and of the rows.
constexpr int kLooksInVain = 2;

}  // namespace

struct RunControl::Parts {
    World world;
    NativeTable table;
    History history;

    Parts(const World& the_world, const Settings& settings)
        : world(the_world),
          table(*world.service, settings.history_table, settings.scope, *world.clock,
                *world.random),
          history(table) {}
};

RunControl::RunControl(const World& world, const Settings& settings)
    : parts_(std::make_unique<Parts>(world, settings)) {}

RunControl::~RunControl() = default;

HistoryRow RunControl::at_work(const std::string& run) {
    for (int looks = 0; looks < kLooksInVain; ++looks) {
        const std::optional<LockOwner> owner = read_lock_owner(parts_->table);
        for (const HistoryRow& row : parts_->history.read().rows()) {
            if (works_on(owner, row) && row.run.starts_with(run)) {
                return row;
            }
        }
    }
    throw Error(ErrorKind::not_found,
                run.empty()
                    ? std::string("no run is under way")
                    : fmt::format("run {} is not under way; `dynamigrate runs` lists runs", run));
}

RunWishes RunControl::wishes(const std::string& run) { return read_wishes(parts_->table, run); }

RunWishes RunControl::ask(const std::string& run, const std::function<void(RunWishes&)>& change) {
    NativeTable& table = parts_->table;
    for (;;) {
        RunWishes wishes = read_wishes(table, run);
        const std::uint64_t before = wishes.number;
        const bool was_paused = wishes.pause;
        change(wishes);
        wishes.number = before + 1;
        wishes.by = fmt::format("{}@{}", parts_->world.identity.user, parts_->world.identity.host);
        wishes.paused_at = !wishes.pause ? 0 : was_paused ? wishes.paused_at : wishes.number;
        base::Arena arena;
        dynamodb::ItemBuilder values(arena);
        values.number(":before", static_cast<std::int64_t>(before));
        values.number(":number", static_cast<std::int64_t>(wishes.number));
        values.number(":paused", static_cast<std::int64_t>(wishes.paused_at));
        values.boolean(":pause", wishes.pause).boolean(":abort", wishes.abort);
        for (const auto& [name, rate] :
             {std::pair{":rcu", wishes.max_rcu}, {":wcu", wishes.max_wcu}}) {
            values.set(name, dynamodb::AttributeValue::number(
                                 arena.copy(fmt::format("{:.3f}", rate.value_or(0)))));
        }
        values.string(":by", wishes.by);
        dynamodb::ExpressionText text;
        text.text = "attribute_not_exists(#number) OR #number = :before";
        text.names = {{"#number", "number"},   {"#pause", "pause"}, {"#abort", "abort"},
                      {"#rcu", "max_rcu"},     {"#wcu", "max_wcu"}, {"#by", "by"},
                      {"#paused", "paused_at"}};
        text.values = values.build();
        auto result = dynamodb::update_item(
            table.service(), table.name(), table.key(arena, "control#" + run),
            "SET #number = :number, #pause = :pause, #abort = :abort, #rcu = :rcu, #wcu = :wcu, "
            "#by = :by, #paused = :paused",
            text);
        if (!result.condition_failed) {
            return wishes;
        }
    }
}

bool RunControl::wait_until_seen(const std::string& run, std::uint64_t number,
                                 std::chrono::milliseconds time, std::stop_token stop) {
    base::Clock& clock = *parts_->world.clock;
    const base::SteadyTime end = clock.steady_now() + time;
    for (;;) {
        if (read_wishes(parts_->table, run).seen >= number) {
            return true;
        }
        if (clock.steady_now() >= end || !clock.wait(kLook, stop)) {
            return false;
        }
    }
}

}  // namespace dynamigrate::migrate
