#include "run_records.hpp"

#include "history.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace dynamigrate::migrate {

namespace {

using backfill::QuarantinedItem;
using backfill::SegmentState;
using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::ExpressionText;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::size_t kDigestLength = 32;
// In sort keys.
constexpr std::string_view kSegment = "#segment#";
constexpr std::string_view kListed = "#listed#";

/// True unless the segment was taken with a higher attempt.
ExpressionText attempt_condition(base::Arena& arena, std::uint32_t attempt, std::string_view op) {
    ExpressionText condition;
    condition.text = fmt::format("attribute_not_exists(#attempt) OR #attempt {} :attempt", op);
    condition.names = {{"#attempt", "attempt"}};
    condition.values = ItemBuilder(arena).number(":attempt", attempt).build();
    return condition;
}

Error taken_over(std::uint32_t step, std::uint32_t segment) {
    return Error(ErrorKind::aborted,
                 fmt::format("segment {} of step {} was taken over by another call, or the run by "
                             "another owner; this one must stop",
                             segment, step + 1));
}

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
    state.attempt = static_cast<std::uint32_t>(to_unsigned(item.find("attempt")));
    state.journal_from = static_cast<std::uint32_t>(to_unsigned(item.find("journal_from")));
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

void NativeRunRecords::raise_fence(bool with_segments) {
    std::vector<std::string> sort_keys;
    table_.query(fmt::format("record#{}#", run_), [&](const Item& item) {
        const std::string_view sort_key = item.text("sk");
        const bool is_left = sort_key.find(kListed) != std::string_view::npos ||
                             (!with_segments && sort_key.find(kSegment) != std::string_view::npos);
        if (to_unsigned(item.find("fence")) != fence_ && !is_left) {
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
            remember_notes(step, states.back().segment, item);
        }
    });
    return states;
}

std::string NativeRunRecords::segment_key(std::uint32_t step, std::uint32_t segment) const {
    return fmt::format("{}segment#{:06}", prefix(step), segment);
}

Item NativeRunRecords::segment_item(base::Arena& arena, std::uint32_t step,
                                    const SegmentState& state) {
    ItemBuilder item(arena);
    item.number("segment", state.segment).number("total", known_total(step));
    item.boolean("done", state.is_done);
    item.number("pages", static_cast<std::int64_t>(state.pages_done));
    item.number("tail_from", static_cast<std::int64_t>(state.tail_from));
    item.number("tail_until", static_cast<std::int64_t>(state.tail_until));
    item.string("position", state.position).set("counts", to_value(state.counts, arena));
    if (state.attempt > 0) {
        item.number("attempt", state.attempt);
    }
    if (state.journal_from > 0) {
        item.number("journal_from", state.journal_from);
    }
    add_notes(item, arena, step, state);
    return item.build();
}

void NativeRunRecords::remember_notes(std::uint32_t step, std::uint32_t segment, const Item& item) {
    if (!item.find("used") && !item.find("parts")) {
        return;
    }
    const std::lock_guard lock(mutex_);
    if (!taken_.contains({step, segment})) {
        notes_[{step, segment}] = {to_usage(item.find("used")), to_parts(item.find("parts"))};
    }
}

/// What this process used counts from the checkpoint on that follows the taking of the segment.
void NativeRunRecords::add_notes(ItemBuilder& item, base::Arena& arena, std::uint32_t step,
                                 const SegmentState& state) {
    SegmentNotes notes;
    bool is_taken = false;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = notes_.find({step, state.segment}); known != notes_.end()) {
            notes = known->second;
        }
        is_taken = taken_.contains({step, state.segment});
    }
    if (is_taken && measured_) {
        const SegmentNotes mine = measured_();
        notes.used += mine.used;
        notes.parts.insert(notes.parts.end(), mine.parts.begin(), mine.parts.end());
    }
    if (notes.used.is_any()) {
        item.set("used", to_value(notes.used, arena));
    }
    if (!notes.parts.empty()) {
        item.set("parts", parts_value(notes.parts, arena));
    }
}

/// Of the call that took the segment with this attempt: out of the segment's record.
void NativeRunRecords::list_parts(std::uint32_t step, std::uint32_t segment,
                                  std::uint32_t attempt) {
    std::vector<layers::PartSummary> parts;
    {
        const std::lock_guard lock(mutex_);
        if (!taken_.contains({step, segment})) {
            parts = std::exchange(notes_[{step, segment}].parts, {});
        }
    }
    if (!parts.empty()) {
        base::Arena arena;
        table_.put_fenced(fmt::format("{}listed#{:06}#{:06}", prefix(step), segment, attempt),
                          ItemBuilder(arena).set("parts", parts_value(parts, arena)).build(),
                          fence_);
    }
}

void NativeRunRecords::note_measured(std::uint32_t step, std::uint32_t segment) {
    SegmentState state;
    {
        const std::lock_guard lock(mutex_);
        const auto saved = saved_.find({step, segment});
        if (saved == saved_.end()) {
            return;
        }
        state = saved->second;
    }
    save_segment(step, state);
}

SegmentsNotes NativeRunRecords::segments_notes() {
    SegmentsNotes all;
    table_.query(fmt::format("record#{}#", run_), [&](const Item& item) {
        const std::string_view sort_key = item.text("sk");
        if (sort_key.find(kSegment) == std::string_view::npos &&
            sort_key.find(kListed) == std::string_view::npos) {
            return;
        }
        const CloudUsage used = to_usage(item.find("used"));
        all.segments += used.is_any() ? 1 : 0;
        all.used += used;
        for (layers::PartSummary& part : to_parts(item.find("parts"))) {
            all.parts.push_back(std::move(part));
        }
    });
    return all;
}

void NativeRunRecords::save_segment(std::uint32_t step, const SegmentState& state) {
    base::Arena arena;
    if (!table_.put_fenced_if(segment_key(step, state.segment), segment_item(arena, step, state),
                              fence_, attempt_condition(arena, state.attempt, "<="))) {
        throw taken_over(step, state.segment);
    }
    if (state.attempt > 0) {
        const std::lock_guard lock(mutex_);
        saved_[{step, state.segment}] = state;
    }
}

/// The token tells one's own write, whose answer was lost, from another's.
SegmentState NativeRunRecords::take_segment(std::uint32_t step, std::uint32_t segment,
                                            std::uint32_t after) {
    const std::string token = table_.random().uuid();
    const std::string sort_key = segment_key(step, segment);
    for (;;) {
        const auto found = table_.get(sort_key);
        const bool is_known = found && to_unsigned(found->item.find("total")) == known_total(step);
        SegmentState state;
        if (is_known) {
            state = to_segment(found->item);
        }
        const auto seen =
            static_cast<std::uint32_t>(found ? to_unsigned(found->item.find("attempt")) : 0);
        if (is_known) {
            remember_notes(step, segment, found->item);
        }
        if (is_known && found->item.text("taker") == token) {
            const std::lock_guard lock(mutex_);
            taken_[{step, segment}] = seen;
            saved_[{step, segment}] = state;
            return state;
        }
        if (state.is_done) {
            return state;
        }
        list_parts(step, segment, seen);
        state.segment = segment;
        state.attempt = std::max(seen, after) + 1;
        if (!is_known) {
            state.journal_from = state.attempt;
        }
        if (measured_) {
            const std::lock_guard lock(mutex_);
            ++notes_[{step, segment}].used.calls;
        }
        base::Arena arena;
        ItemBuilder item(arena);
        for (const dynamodb::Attribute& attribute : segment_item(arena, step, state)) {
            item.set(attribute.name, attribute.value);
        }
        item.string("taker", token);
        if (table_.put_under_lock_if(sort_key, item.build(), fence_,
                                     attempt_condition(arena, seen, "="))) {
            const std::lock_guard lock(mutex_);
            taken_[{step, segment}] = state.attempt;
            saved_[{step, segment}] = state;
            return state;
        }
    }
}

std::uint32_t NativeRunRecords::last_segment_attempt() {
    std::uint64_t last = 0;
    table_.query(fmt::format("record#{}#", run_), [&](const Item& item) {
        last = std::max(last, to_unsigned(item.find("attempt")));
    });
    return static_cast<std::uint32_t>(last);
}

/// 0: its segment was not taken by this process.
std::uint32_t NativeRunRecords::taken_attempt(const QuarantinedItem& item) {
    const std::lock_guard lock(mutex_);
    const auto taken = taken_.find({item.records_step, item.segment});
    return taken == taken_.end() ? 0 : taken->second;
}

void NativeRunRecords::write_of_segment(const dynamodb::TransactAction& action,
                                        const QuarantinedItem& item, std::uint32_t attempt) {
    base::Arena arena;
    const auto is_mine = [&](const Item& segment) {
        return to_unsigned(segment.find("attempt")) == attempt;
    };
    if (!table_.apply_while(action, segment_key(item.records_step, item.segment),
                            attempt_condition(arena, attempt, "="), is_mine)) {
        throw taken_over(item.records_step, item.segment);
    }
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
    const std::string sort_key = prefix(item.step) + "quarantine#" + digest_of(item);
    if (const std::uint32_t attempt = taken_attempt(item)) {
        write_of_segment(table_.put_action(arena, sort_key, attributes.build(), fence_), item,
                         attempt);
    } else {
        table_.put_fenced(sort_key, attributes.build(), fence_);
    }
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
    base::Arena arena;
    const std::string sort_key = prefix(item.step) + "quarantine#" + digest_of(item);
    if (const std::uint32_t attempt = taken_attempt(item)) {
        write_of_segment(table_.remove_action(arena, sort_key, fence_), item, attempt);
    } else {
        table_.remove_fenced(sort_key, fence_);
    }
}

bool can_be_retried(const QuarantinedItem& item) noexcept {
    return item.is_source && item.reason != "outcome_unknown";
}

}  // namespace dynamigrate::migrate
