#include "history.hpp"

#include "history_merge.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::string_view kRunPrefix = "run#";

constexpr std::array<Status, 5> kStatuses = {Status::running, Status::applied, Status::failed,
                                             Status::rolling_back, Status::rolled_back};

/// The text members by the names of their attributes.
constexpr std::array<std::pair<std::string_view, std::string HistoryRow::*>, 19> kTexts = {{
    {"id", &HistoryRow::id},
    {"run", &HistoryRow::run},
    {"action", &HistoryRow::action},
    {"description", &HistoryRow::description},
    {"path", &HistoryRow::path},
    {"checksum", &HistoryRow::checksum},
    {"started_at", &HistoryRow::started_at},
    {"finished_at", &HistoryRow::finished_at},
    {"by", &HistoryRow::by},
    {"tool_version", &HistoryRow::tool_version},
    {"error", &HistoryRow::error},
    {"journal", &HistoryRow::journal},
    {"undoes", &HistoryRow::undoes},
    {"undone", &HistoryRow::undone},
    {"journal_purged_at", &HistoryRow::journal_purged_at},
    {"table", &HistoryRow::table},
    {"layout", &HistoryRow::layout},
    {"execution", &HistoryRow::execution},
    {"currency", &HistoryRow::currency},
}};

constexpr std::array<std::pair<std::string_view, std::uint64_t CloudUsage::*>, 3> kUsedWholes = {{
    {"calls", &CloudUsage::calls},
    {"journal_bytes", &CloudUsage::journal_bytes},
    {"journal_writes", &CloudUsage::journal_writes},
}};
constexpr std::array<std::pair<std::string_view, double CloudUsage::*>, 3> kUsedUnits = {{
    {"seconds", &CloudUsage::seconds},
    {"read_units", &CloudUsage::read_units},
    {"write_units", &CloudUsage::write_units},
}};

constexpr std::array<std::pair<std::string_view, std::uint64_t backfill::Counts::*>, 7> kCounts = {{
    {"read", &backfill::Counts::read},
    {"matched", &backfill::Counts::matched},
    {"changed", &backfill::Counts::changed},
    {"unchanged", &backfill::Counts::unchanged},
    {"conflicts", &backfill::Counts::conflicts},
    {"quarantined", &backfill::Counts::quarantined},
    {"kept", &backfill::Counts::kept},
}};

Status parse_status(std::string_view text) {
    for (Status status : kStatuses) {
        if (to_string(status) == text) {
            return status;
        }
    }
    throw Error(ErrorKind::corrupted,
                fmt::format("the history has a row with the unknown status \"{}\"; was it written "
                            "by a newer version of dynamigrate?",
                            text));
}

std::string sort_key(const HistoryRow& row) {
    return fmt::format("{}{}#{}", kRunPrefix, row.started_at, row.run);
}

AttributeValue units_value(double units, base::Arena& arena) {
    return AttributeValue::number(arena.copy(fmt::format("{:.1f}", units)));
}

double to_double(const AttributeValue* value) {
    double number = 0;
    if (value && value->is(AttributeType::number)) {
        std::string_view digits = value->text();
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    }
    return number;
}

AttributeValue step_counts_value(const std::vector<backfill::Counts>& counts, base::Arena& arena) {
    std::vector<AttributeValue> values;
    for (const backfill::Counts& step : counts) {
        values.push_back(to_value(step, arena));
    }
    return AttributeValue::list(arena.copy(std::span<const AttributeValue>(values)));
}

}  // namespace

AttributeValue parts_value(const std::vector<layers::PartSummary>& parts, base::Arena& arena) {
    std::vector<AttributeValue> values;
    for (const layers::PartSummary& part : parts) {
        Item item = ItemBuilder(arena)
                        .string("name", part.name)
                        .number("bytes", static_cast<std::int64_t>(part.bytes))
                        .number("entries", static_cast<std::int64_t>(part.entries))
                        .number("checksum", part.checksum)
                        .build();
        values.push_back(AttributeValue::map(item.attributes()));
    }
    return AttributeValue::list(arena.copy(std::span<const AttributeValue>(values)));
}

std::vector<layers::PartSummary> to_parts(const AttributeValue* list) {
    std::vector<layers::PartSummary> parts;
    if (!list || !list->is(AttributeType::list)) {
        return parts;
    }
    for (const AttributeValue& value : list->elements()) {
        layers::PartSummary part;
        if (const AttributeValue* name = value.find("name")) {
            part.name = name->text();
        }
        part.bytes = to_unsigned(value.find("bytes"));
        part.entries = to_unsigned(value.find("entries"));
        part.checksum = static_cast<std::uint32_t>(to_unsigned(value.find("checksum")));
        parts.push_back(std::move(part));
    }
    return parts;
}

std::uint64_t to_unsigned(const AttributeValue* value) {
    if (!value) {
        return 0;
    }
    std::uint64_t number = 0;
    std::string_view digits = value->is(AttributeType::number) ? value->text() : "";
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
        throw Error(ErrorKind::corrupted, "the history has a number that is none of ours");
    }
    return number;
}

AttributeValue to_value(const backfill::Counts& counts, base::Arena& arena) {
    ItemBuilder map(arena);
    for (const auto& [name, member] : kCounts) {
        if (counts.*member > 0) {
            map.number(name, static_cast<std::int64_t>(counts.*member));
        }
    }
    return AttributeValue::map(map.build().attributes());
}

backfill::Counts to_counts(const AttributeValue* value) {
    backfill::Counts counts;
    for (const auto& [name, member] : kCounts) {
        counts.*member = value ? to_unsigned(value->find(name)) : 0;
    }
    return counts;
}

AttributeValue to_value(const CloudUsage& usage, base::Arena& arena) {
    ItemBuilder map(arena);
    for (const auto& [name, member] : kUsedWholes) {
        map.number(name, static_cast<std::int64_t>(usage.*member));
    }
    for (const auto& [name, member] : kUsedUnits) {
        map.set(name, units_value(usage.*member, arena));
    }
    return AttributeValue::map(map.build().attributes());
}

CloudUsage to_usage(const AttributeValue* value) {
    CloudUsage usage;
    if (value) {
        for (const auto& [name, member] : kUsedWholes) {
            usage.*member = to_unsigned(value->find(name));
        }
        for (const auto& [name, member] : kUsedUnits) {
            usage.*member = to_double(value->find(name));
        }
    }
    return usage;
}

Item to_item(const HistoryRow& row, base::Arena& arena) {
    ItemBuilder item(arena);
    for (const auto& [name, member] : kTexts) {
        if (!(row.*member).empty()) {
            item.string(name, row.*member);
        }
    }
    item.string("status", to_string(row.status));
    item.set("counts", to_value(row.counts, arena));
    item.set("step_counts", step_counts_value(row.step_counts, arena));
    item.set("parts", parts_value(row.parts, arena));
    item.set("read_units", units_value(row.read_units, arena));
    item.set("write_units", units_value(row.write_units, arena));
    item.number("attempt", row.attempt);
    item.number("steps_done", row.steps_done);
    item.boolean("interrupted", row.interrupted);
    if (row.turns_used.is_any()) {
        item.set("turns_used", to_value(row.turns_used, arena));
        item.set("segments_used", to_value(row.segments_used, arena));
        item.set("cost", AttributeValue::number(arena.copy(fmt::format("{:.6f}", row.cost))));
    }
    return item.build();
}

HistoryRow to_history_row(const Item& item) {
    HistoryRow row;
    for (const auto& [name, member] : kTexts) {
        row.*member = item.text(name);
    }
    row.status = parse_status(item.text("status"));
    row.counts = to_counts(item.find("counts"));
    if (const AttributeValue* steps = item.find("step_counts");
        steps && steps->is(AttributeType::list)) {
        for (const AttributeValue& step : steps->elements()) {
            row.step_counts.push_back(to_counts(&step));
        }
    }
    row.parts = to_parts(item.find("parts"));
    row.read_units = to_double(item.find("read_units"));
    row.write_units = to_double(item.find("write_units"));
    row.fence = to_unsigned(item.find("fence"));
    row.attempt = static_cast<std::uint32_t>(to_unsigned(item.find("attempt")));
    row.steps_done = static_cast<std::uint32_t>(to_unsigned(item.find("steps_done")));
    const AttributeValue* interrupted = item.find("interrupted");
    row.interrupted =
        interrupted && interrupted->is(AttributeType::boolean) && interrupted->as_boolean();
    row.turns_used = to_usage(item.find("turns_used"));
    row.segments_used = to_usage(item.find("segments_used"));
    row.cost = to_double(item.find("cost"));
    return row;
}

std::vector<HistoryRow> History::read_native() {
    std::vector<HistoryRow> rows;
    table_.query(kRunPrefix, [&](const Item& item) { rows.push_back(to_history_row(item)); });
    return rows;
}

std::vector<HistoryRow> History::news(const std::vector<HistoryRow>& native) {
    if (!foreign_) {
        return {};
    }
    ForeignItems items = foreign_->read();
    const HistoryLayout& layout = foreign_->layout();
    return news_of(
        native, layout.rows(items),
        {foreign_->place(), "elsewhere", items.exists && layout.tells_absence(items.key), &layout});
}

HistoryView History::read() {
    std::vector<HistoryRow> rows = read_native();
    std::vector<HistoryRow> others = news(rows);
    if (!others.empty()) {
        rows.insert(rows.end(), others.begin(), others.end());
        sort_rows(rows);
    }
    return HistoryView(std::move(rows));
}

void History::create_if_absent(std::stop_token stop) {
    if (foreign_) {
        foreign_->create_if_absent(std::move(stop));
    }
}

void History::write_native(const HistoryRow& row,
                           const std::vector<dynamodb::TransactAction>& others) {
    base::Arena arena;
    table_.put_under_lock(sort_key(row), to_item(row, arena), row.fence, others);
}

dynamodb::TransactAction History::action_of(const HistoryRow& row, base::Arena& arena) const {
    return table_.put_action(arena, sort_key(row), to_item(row, arena), row.fence);
}

void History::write(const HistoryRow& row, const std::vector<dynamodb::TransactAction>& others) {
    if (!foreign_) {
        write_native(row, others);
        return;
    }
    base::Arena arena;
    std::vector<dynamodb::TransactAction> actions;
    for (const ForeignChange& change : foreign_->changes(row, arena)) {
        actions.push_back(to_action(change, arena));
    }
    actions.insert(actions.end(), others.begin(), others.end());
    HistoryRow told = row;
    told.layout = foreign_->place();
    write_native(told, actions);
}

void History::note_news(std::uint64_t fence) {
    for (HistoryRow& row : news(read_native())) {
        row.fence = fence;
        write_native(row, {});
    }
}

std::vector<HistoryRow> History::untold() {
    std::vector<HistoryRow> rows;
    if (!foreign_) {
        return rows;
    }
    HistoryView view = read();
    for (const HistoryRow* row : view.applied()) {
        if (row->layout != foreign_->place() && foreign_->layout().keeps(row->id)) {
            rows.push_back(*row);
        }
    }
    return rows;
}

}  // namespace dynamigrate::migrate
