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

/// Attributes that only a dropped index needed are not defined any more.
void drop_unused_definitions(Table& table) {
    std::erase_if(table.definitions, [&](const dynamodb::KeyAttribute& attribute) {
        return !table.key.contains(attribute.name) &&
               std::none_of(table.indexes.begin(), table.indexes.end(),
                            [&](const Index& index) { return index.key.contains(attribute.name); });
    });
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

bool Transitions::is_due(base::SteadyTime settles) const { return settles <= clock_.steady_now(); }

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

bool Transitions::settle_table(const Table& table, bool is_free) {
    if (table.status == Status::deleting && is_due(table.settles)) {
        if (is_free) {
            rows_.drop_table(table);
            catalog_.erase(table.name);
        }
        return !is_free;
    }
    Table next = table;
    bool is_changed = false;
    if (table.status != Status::active && table.status != Status::deleting &&
        is_due(table.settles) && table.restoring.empty()) {
        next.status = Status::active;
        is_changed = true;
    }
    for (std::size_t i = 0; i < next.indexes.size();) {
        Move move = settle_index(next, next.indexes[i], is_free);
        is_changed |= move != Move::none;
        if (move == Move::gone) {
            next.indexes.erase(next.indexes.begin() + static_cast<std::ptrdiff_t>(i));
            drop_unused_definitions(next);
        } else {
            ++i;
        }
    }
    if (is_changed) {
        return is_moving(*catalog_.put(std::move(next)));
    }
    return is_moving(table);
}

Transitions::Move Transitions::settle_index(const Table& table, Index& index, bool is_free) {
    if (index.status == Status::active || !is_due(index.settles)) {
        return Move::none;
    }
    if (index.status == Status::creating && !index.is_backfilling) {
        index.is_backfilling = true;
        index.settles = settles();
        start_build(table, index);
        return Move::changed;
    }
    if (index.status == Status::creating && !is_built(table, index)) {
        return Move::none;
    }
    if (index.status == Status::deleting) {
        if (!is_free) {
            return Move::none;
        }
        rows_.drop_index(table, index);
        return Move::gone;
    }
    index.status = Status::active;
    index.is_backfilling = false;
    return Move::changed;
}

void Transitions::start_build(const Table& table, const Index& index) {
    add_step(table.name, [this, name = table.name, number = index.number](
                             const std::stop_token& stop) { build(name, number, stop); });
}

// An index that was being built when the store was closed has neither been built nor been begun by
// this object.
bool Transitions::is_built(const Table& table, const Index& index) {
    {
        std::lock_guard lock(mutex_);
        if (built_.contains({table.number, index.number})) {
            return true;
        }
        if (is_busy(table.name)) {
            return false;
        }
    }
    start_build(table, index);
    return false;
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
