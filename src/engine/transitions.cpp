#include "transitions.hpp"

#include <algorithm>
#include <exception>

namespace dynamigrate::engine {
namespace {

constexpr std::chrono::seconds kPatience{1};

bool is_moving(const Table& table) {
    return table.status != Status::active ||
           std::any_of(table.indexes.begin(), table.indexes.end(),
                       [](const Index& index) { return index.status != Status::active; });
}

bool is_going(const Table& table) {
    return table.status == Status::deleting ||
           std::any_of(table.indexes.begin(), table.indexes.end(),
                       [](const Index& index) { return index.status == Status::deleting; });
}

}  // namespace

Transitions::Transitions(base::Clock& clock, Catalog& catalog, Rows& rows,
                         std::chrono::milliseconds length)
    : clock_(clock),
      catalog_(catalog),
      rows_(rows),
      length_(length),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Transitions::~Transitions() = default;

void Transitions::resume() {
    for (const std::string& name : catalog_.names()) {
        TablePointer table = catalog_.find(name);
        if (table != nullptr && is_moving(*table)) {
            begin(name);
        }
    }
}

base::SteadyTime Transitions::settles() const { return clock_.steady_now() + length_; }

bool Transitions::is_past(base::SteadyTime time) const { return time <= clock_.steady_now(); }

void Transitions::begin(std::string_view name) {
    TablePointer table = catalog_.find(name);
    std::lock_guard lock(mutex_);
    if (moving_.emplace(name).second) {
        ++moving_count_;
    }
    if (table != nullptr && is_going(*table)) {
        for (Step& step : steps_) {
            if (step.table == name) {
                step.stop.request_stop();
            }
        }
    }
}

void Transitions::begin(std::string_view table, Work work) {
    begin(table);
    add_step(table, std::move(work));
}

void Transitions::add_step(std::string_view table, Work work) {
    std::lock_guard lock(mutex_);
    steps_.push_back({std::string(table), std::move(work), {}});
    wake_.notify_one();
}

void Transitions::settle_all() {
    std::vector<std::string> names;
    {
        std::lock_guard lock(mutex_);
        names.assign(moving_.begin(), moving_.end());
    }
    for (const std::string& name : names) {
        settle(name);
    }
}

void Transitions::settle_patiently(std::string_view table) {
    settle(table);
    if (length_.count() > 0 || moving_count_ == 0) {
        return;
    }
    {
        std::unique_lock lock(mutex_);
        idle_.wait_for(lock, kPatience, [&] { return !is_busy(table); });
    }
    settle(table);
}

bool Transitions::is_busy(std::string_view table) const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [&](const Step& step) { return step.table == table; });
}

void Transitions::settle_moving(std::string_view name) {
    bool is_free = false;
    {
        std::lock_guard lock(mutex_);
        if (!moving_.contains(name)) {
            return;
        }
        is_free = !is_busy(name);
    }
    if (TablePointer table = catalog_.find(name); table != nullptr && !is_due(*table, is_free)) {
        return;
    }
    std::unique_lock changing(catalog_.mutex());
    TablePointer table = catalog_.find(name);
    if (table != nullptr && settle_table(*table, is_free)) {
        return;
    }
    std::lock_guard lock(mutex_);
    if (auto found = moving_.find(name); found != moving_.end()) {
        moving_.erase(found);
        --moving_count_;
    }
}

bool Transitions::is_due(const Table& table, bool is_free) {
    return !is_moving(table) || next_move(table, is_free) != Move::none ||
           std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) {
               return next_move(table, index, is_free) != Move::none;
           });
}

Transitions::Move Transitions::next_move(const Table& table, bool is_free) {
    if (table.status == Status::active || !is_past(table.settles)) {
        return Move::none;
    }
    if (table.status == Status::deleting) {
        return is_free ? Move::drop : Move::none;
    }
    return table.restoring.empty() ? Move::activate : Move::none;
}

// An index that was being built when the store was closed has neither been built by this object,
// nor is it being built.
Transitions::Move Transitions::next_move(const Table& table, const Index& index, bool is_free) {
    if (index.status == Status::active || !is_past(index.settles)) {
        return Move::none;
    }
    if (index.status == Status::deleting) {
        return is_free ? Move::drop : Move::none;
    }
    if (index.status == Status::updating) {
        return Move::activate;
    }
    std::lock_guard lock(mutex_);
    bool is_built = index.is_backfilling && built_.contains({table.number, index.number});
    bool is_to_be_built = !index.is_backfilling || is_free;
    return is_built ? Move::activate : is_to_be_built ? Move::build : Move::none;
}

bool Transitions::settle_table(const Table& table, bool is_free) {
    Move move = next_move(table, is_free);
    if (move == Move::drop) {
        rows_.drop_table(table);
        catalog_.erase(table.name);
        return false;
    }
    Table next = table;
    bool is_changed = move == Move::activate;
    if (is_changed) {
        next.status = Status::active;
    }
    for (Index& index : next.indexes) {
        is_changed |= settle_index(next, index, is_free);
    }
    if (std::erase_if(next.indexes, [](const Index& index) { return index.number == 0; }) > 0) {
        drop_unused_definitions(next);
    }
    return is_moving(is_changed ? *catalog_.put(std::move(next)) : table);
}

// A dropped index has no number any more.
bool Transitions::settle_index(const Table& table, Index& index, bool is_free) {
    Move move = next_move(table, index, is_free);
    switch (move) {
        case Move::none:
            break;
        case Move::build:
            index.is_backfilling = true;
            index.settles = settles();
            start_build(table, index);
            break;
        case Move::activate:
            index.status = Status::active;
            index.is_backfilling = false;
            break;
        case Move::drop:
            rows_.drop_index(table, index);
            index.number = 0;
            break;
    }
    return move != Move::none;
}

void Transitions::start_build(const Table& table, const Index& index) {
    add_step(table.name, [this, name = table.name, number = index.number](
                             const std::stop_token& stop) { build(name, number, stop); });
}

void Transitions::build(const std::string& name, std::uint32_t number, std::stop_token stop) {
    TablePointer table = catalog_.find(name);
    if (table == nullptr) {
        return;
    }
    for (const Index& index : table->indexes) {
        if (index.number == number && index.status == Status::creating) {
            rows_.build_index(*table, index, stop);
            std::lock_guard lock(mutex_);
            built_.insert({table->number, number});
        }
    }
}

void Transitions::run(const std::stop_token& stop) {
    while (true) {
        Step step;
        {
            std::unique_lock lock(mutex_);
            if (!wake_.wait(lock, stop, [&] { return !steps_.empty(); }) || stop.stop_requested()) {
                return;
            }
            step = steps_.front();
        }
        do_step(step, stop);
        {
            std::lock_guard lock(mutex_);
            steps_.pop_front();
        }
        idle_.notify_all();
    }
}

// A build that fails is begun again when somebody looks at the table.
void Transitions::do_step(const Step& step, const std::stop_token& stop) {
    std::stop_callback forward(stop, [&] { std::stop_source(step.stop).request_stop(); });
    try {
        if (!step.stop.stop_requested()) {
            step.work(step.stop.get_token());
        }
    } catch (const std::exception&) {
        return;
    }
}

}  // namespace dynamigrate::engine
