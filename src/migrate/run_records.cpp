#include "run_records.hpp"

#include "history.hpp"

#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

using backfill::QuarantinedItem;
using backfill::SegmentState;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::size_t kDigestLength = 32;

/// Names a quarantined item within its step.
std::string digest_of(const QuarantinedItem& item) {
    return base::sha256_hex(item.table + "\n" + item.key).substr(0, kDigestLength);
}

SegmentState to_segment(const Item& item) {
    SegmentState state;
    state.segment = static_cast<std::uint32_t>(to_unsigned(item.find("segment")));
    const AttributeValue* done = item.find("done");
    state.is_done = done && done->is(AttributeType::boolean) && done->as_boolean();
    state.pages_done = to_unsigned(item.find("pages"));
    state.tail_from = to_unsigned(item.find("tail_from"));
    state.tail_until = to_unsigned(item.find("tail_until"));
    state.position = item.text("position");
    state.counts = to_counts(item.find("counts"));
    return state;
}

QuarantinedItem to_quarantined(std::uint32_t step, const Item& item) {
    QuarantinedItem quarantined{step, std::string(item.text("table")),
                                std::string(item.text("key")), std::string(item.text("reason")),
                                std::string(item.text("message"))};
    const AttributeValue* source = item.find("source");
    quarantined.is_source = source == nullptr || source->as_boolean();
    quarantined.number = to_unsigned(item.find("number"));
    quarantined.records_step = static_cast<std::uint32_t>(to_unsigned(item.find("met_step")));
    quarantined.segment = static_cast<std::uint32_t>(to_unsigned(item.find("segment")));
    quarantined.page = to_unsigned(item.find("page"));
    return quarantined;
}

}  // namespace

std::string NativeRunRecords::prefix(std::uint32_t step) const {
    return fmt::format("record#{}#{:04}#", run_, step);
}

void NativeRunRecords::raise_fence() {
    std::vector<std::string> sort_keys;
    table_.query(fmt::format("record#{}#", run_), [&](const Item& item) {
        if (to_unsigned(item.find("fence")) != fence_) {
            sort_keys.emplace_back(item.text("sk"));
        }
    });
    for (const std::string& sort_key : sort_keys) {
        table_.raise_fence(sort_key, fence_);
    }
}

std::optional<std::uint32_t> NativeRunRecords::total_segments(std::uint32_t step) {
    auto item = table_.get(prefix(step) + "total");
    if (!item) {
        return std::nullopt;
    }
    auto total = static_cast<std::uint32_t>(to_unsigned(item->item.find("total")));
    std::lock_guard lock(mutex_);
    totals_[step] = total;
    return total;
}

void NativeRunRecords::begin_step(std::uint32_t step, std::uint32_t total_segments) {
    base::Arena arena;
    table_.put_under_lock(prefix(step) + "total",
                          ItemBuilder(arena).number("total", total_segments).build(), fence_);
    std::lock_guard lock(mutex_);
    totals_[step] = total_segments;
}

std::uint32_t NativeRunRecords::known_total(std::uint32_t step) {
    {
        std::lock_guard lock(mutex_);
        if (auto found = totals_.find(step); found != totals_.end()) {
            return found->second;
        }
    }
    return total_segments(step).value_or(0);
}

std::vector<SegmentState> NativeRunRecords::load_segments(std::uint32_t step) {
    std::uint32_t total = known_total(step);
    std::vector<SegmentState> states;
    table_.query(prefix(step) + "segment#", [&](const Item& item) {
        if (to_unsigned(item.find("total")) == total) {
            states.push_back(to_segment(item));
        }
    });
    return states;
}

void NativeRunRecords::save_segment(std::uint32_t step, const SegmentState& state) {
    base::Arena arena;
    ItemBuilder item(arena);
    item.number("segment", state.segment).number("total", known_total(step));
    item.boolean("done", state.is_done);
    item.number("pages", static_cast<std::int64_t>(state.pages_done));
    item.number("tail_from", static_cast<std::int64_t>(state.tail_from));
    item.number("tail_until", static_cast<std::int64_t>(state.tail_until));
    item.string("position", state.position).set("counts", to_value(state.counts, arena));
    table_.put_fenced(fmt::format("{}segment#{:06}", prefix(step), state.segment), item.build(),
                      fence_);
}

void NativeRunRecords::quarantine(const QuarantinedItem& item) {
    base::Arena arena;
    ItemBuilder attributes(arena);
    attributes.string("table", item.table).string("key", item.key);
    attributes.string("reason", item.reason).string("message", item.message);
    attributes.boolean("source", item.is_source).number("met_step", item.records_step);
    attributes.number("segment", item.segment).number("page", static_cast<std::int64_t>(item.page));
    if (item.number > 0) {
        attributes.number("number", static_cast<std::int64_t>(item.number));
    }
    table_.put_fenced(prefix(item.step) + "quarantine#" + digest_of(item), attributes.build(),
                      fence_);
}

std::vector<QuarantinedItem> NativeRunRecords::quarantined(std::uint32_t step) {
    std::vector<QuarantinedItem> items;
    table_.query(prefix(step) + "quarantine#",
                 [&](const Item& item) { items.push_back(to_quarantined(step, item)); });
    return items;
}

std::vector<QuarantinedItem> NativeRunRecords::all_quarantined() {
    std::vector<QuarantinedItem> items;
    std::string of_run = fmt::format("record#{}#", run_);
    table_.query(of_run, [&](const Item& item) {
        std::string_view place = item.text("sk").substr(of_run.size());
        if (place.find("#quarantine#") != std::string_view::npos) {
            std::uint32_t step = 0;
            std::from_chars(place.data(), place.data() + place.find('#'), step);
            items.push_back(to_quarantined(step, item));
        }
    });
    return items;
}

void NativeRunRecords::forget_quarantined(const QuarantinedItem& item) {
    table_.remove_fenced(prefix(item.step) + "quarantine#" + digest_of(item), fence_);
}

bool can_be_retried(const QuarantinedItem& item) noexcept {
    return item.is_source && item.reason != "outcome_unknown";
}

}  // namespace dynamigrate::migrate
