#include "retry.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

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

Quarantine::Quarantine(const Plan& plan, const Surroundings& surroundings)
    : plan_(plan),
      surroundings_(surroundings) {
    if (std::holds_alternative<ItemsSource>(plan.source)) {
        return;
    }
    for (QuarantinedItem& item : surroundings.records->quarantined(plan.step)) {
        if (item.is_source && item.table == plan.table && item.reason != "outcome_unknown") {
            waiting_.push_back(std::move(item));
        }
    }
}

Source Quarantine::source() {
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
