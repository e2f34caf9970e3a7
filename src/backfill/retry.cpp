#include "retry.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::backfill {

class Quarantine::Keys final : public ItemStream {
public:
    explicit Keys(Quarantine& owner) : owner_(owner) {}

    bool next(base::Arena& arena, dynamodb::Item& item) override {
        if (owner_.handed_out_ == owner_.waiting_.size()) {
            return false;
        }
        item = parser_.item(owner_.waiting_[owner_.handed_out_++].key, arena);
        return true;
    }

private:
    Quarantine& owner_;
    dynamodb::WireParser parser_;
};

/// The waiting ones of a stream's items, which come in the order of their numbers.
class Quarantine::Items final : public ItemStream {
public:
    Items(Quarantine& owner, std::unique_ptr<ItemStream> items)
        : owner_(owner),
          items_(std::move(items)) {}

    bool next(base::Arena& arena, dynamodb::Item& item) override {
        std::size_t& at = owner_.handed_out_;
        while (at < owner_.waiting_.size()) {
            skipped_.reset();
            const bool is_waiting = ++number_ == owner_.waiting_[at].number;
            if (!items_->next(is_waiting ? arena : skipped_, item)) {
                at = owner_.waiting_.size();  // the stream has no such items any more
            } else if (is_waiting) {
                ++at;
                return true;
            }
        }
        return false;
    }

private:
    Quarantine& owner_;
    std::unique_ptr<ItemStream> items_;
    base::Arena skipped_;
    std::uint64_t number_ = 0;
};

Quarantine::Quarantine(const Plan& plan, const Surroundings& surroundings)
    : plan_(plan),
      surroundings_(surroundings) {
    const bool is_stream = std::holds_alternative<ItemsSource>(plan.source);
    for (QuarantinedItem& item : surroundings.records->quarantined(plan.step)) {
        if (item.is_source && item.table == plan.table && item.reason != "outcome_unknown" &&
            (item.number > 0) == is_stream) {
            waiting_.push_back(std::move(item));
        }
    }
    std::sort(waiting_.begin(), waiting_.end(),
              [](const auto& a, const auto& b) { return a.number < b.number; });
}

Source Quarantine::source() {
    if (const auto* items = std::get_if<ItemsSource>(&plan_.source)) {
        return ItemsSource{[this, items] { return std::make_unique<Items>(*this, items->open()); }};
    }
    return KeysSource{[this] { return std::make_unique<Keys>(*this); }};
}

void Quarantine::settle(const std::unordered_set<std::string>& failed_again) {
    for (; settled_ < handed_out_; ++settled_) {
        if (!failed_again.contains(waiting_[settled_].key)) {
            surroundings_.records->forget_quarantined(waiting_[settled_]);
        }
    }
}

}  // namespace dynamigrate::backfill
