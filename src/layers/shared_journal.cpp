#include "shared_journal.hpp"

#include <algorithm>

namespace dynamigrate::layers {

std::vector<EntryId> SharedJournal::append(std::span<const JournalEntry> entries) {
    Order order;
    order.entries = entries;
    carry_out(order);
    return std::move(order.ids);
}

void SharedJournal::settle(std::span<const Settled> outcomes) {
    Order order;
    order.outcomes = outcomes;
    carry_out(order);
}

void SharedJournal::carry_out(Order& order) {
    std::unique_lock lock(mutex_);
    waiting_.push_back(&order);
    done_.wait(lock, [&] { return order.is_done || !is_writing_; });
    if (!order.is_done) {
        std::vector<Order*> orders;
        orders.swap(waiting_);
        is_writing_ = true;
        lock.unlock();
        write(orders);
        lock.lock();
        is_writing_ = false;
        for (Order* each : orders) {
            each->is_done = true;
        }
        done_.notify_all();
    }
    if (order.failure) {
        std::rethrow_exception(order.failure);
    }
}

void SharedJournal::write(std::span<Order* const> orders) {
    try {
        for (Order* order : orders) {
            for (const auto& [id, outcome] : order->outcomes) {
                writer_.add_outcome(id, outcome);
            }
        }
        write_page(orders);
    } catch (...) {
        for (Order* order : orders) {
            order->failure = std::current_exception();
        }
    }
}

void SharedJournal::write_page(std::span<Order* const> orders) {
    const bool has_entries = std::any_of(
        orders.begin(), orders.end(), [](const Order* order) { return !order->entries.empty(); });
    if (!has_entries) {
        writer_.flush();
        return;
    }
    writer_.begin_page(page_);
    ++page_.page;
    for (Order* order : orders) {
        for (const JournalEntry& entry : order->entries) {
            order->ids.push_back(writer_.add(entry));
        }
    }
    writer_.commit_page();
}

}  // namespace dynamigrate::layers
