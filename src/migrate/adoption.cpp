#include "adoption.hpp"

#include "history_merge.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using dynamodb::ItemBuilder;
using dynamodb::TransactAction;

std::string by_whom(const World& world) {
    return fmt::format("{}@{}", world.identity.user, world.identity.host);
}

/// The item as it is after the change.
Item changed(const Item* before, const ForeignChange& change, base::Arena& arena) {
    ItemBuilder item(arena);
    if (before) {
        for (const dynamodb::Attribute& attribute : *before) {
            bool is_removed = std::find(change.remove.begin(), change.remove.end(),
                                        attribute.name) != change.remove.end();
            if (!is_removed) {
                item.set(attribute.name, attribute.value);
            }
        }
    }
    for (const Item& part : {change.key, change.set}) {
        for (const dynamodb::Attribute& attribute : part) {
            item.set(attribute.name, attribute.value);
        }
    }
    return item.build();
}

std::string when(const HistoryRow& row) {
    return time_of(row).starts_with("1970") ? std::string("at an unknown time") : time_of(row);
}

}  // namespace

/// One thing that an adoption did.
struct Adoption::Entry {
    std::string id;
    std::string run;                        ///< of the row that was entered or told
    std::string layout;                     ///< what the row named before, for one that was told
    std::string table, key, before, after;  ///< of the foreign item; "" for a row that was entered
    bool is_entered() const { return table.empty(); }
};

Adoption::Adoption(NativeTable& table, const World& world, const Settings& settings)
    : table_(table),
      world_(world),
      settings_(settings) {}

std::unique_ptr<ForeignHistory> Adoption::open(const LayoutPlace& place) const {
    Settings settings = settings_;
    if (!place.table.empty() || place.layout != settings.history_layout) {
        settings.layout_table = place.table;
    }
    settings.history_layout = place.layout;
    return open_foreign_history(table_.service(), *world_.clock, settings);
}

std::vector<HistoryRow> Adoption::to_enter(const LayoutPlace& from) {
    std::unique_ptr<ForeignHistory> foreign = open(from);
    if (!foreign) {
        return {};
    }
    ForeignItems items = foreign->read();
    if (!items.exists) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no table {} to adopt the history from; name it: --from "
                                "{}:TABLE",
                                foreign->table(), from.layout));
    }
    const HistoryLayout& layout = foreign->layout();
    return news_of(History(table_).read_native(), layout.rows(items),
                   {foreign->place(), "adopt", layout.tells_absence(items.key), &layout});
}

HistoryEdit Adoption::plan(const LayoutPlace& from, const LayoutPlace& to) {
    HistoryEdit edit;
    edit.action = "adopt";
    edit.from = from;
    edit.to = to;
    std::unique_ptr<ForeignHistory> target = open(to);
    std::unique_ptr<ForeignHistory> origin = open(from);
    if ((!target && !origin) || (target && origin && target->place() == origin->place())) {
        throw Error(ErrorKind::invalid_argument,
                    "adopt carries a history from one layout over into another; name two, such as "
                    "`adopt --from onetable` (to native) or `adopt --from native --to onetable`");
    }
    edit.rows = to_enter(from);
    for (const HistoryRow& row : edit.rows) {
        edit.lines.push_back({row.id, fmt::format("enter as {} ({}), from {}",
                                                  to_string(row.status), when(row), row.layout)});
    }
    if (target) {
        std::vector<HistoryRow> rows = History(table_).read_native();
        rows.insert(rows.end(), edit.rows.begin(), edit.rows.end());
        sort_rows(rows);
        HistoryView view(std::move(rows));
        for (const HistoryRow* row : view.applied()) {
            bool is_told = row->layout == target->place() || !target->layout().tells(*row);
            if (!is_told) {
                edit.lines.push_back({row->id, fmt::format("write into {}", target->place())});
            }
        }
    }
    return edit;
}

std::string Adoption::next_sort_key(const std::string& adoption) {
    return fmt::format("adopt#{}#{:06}", adoption, ++number_);
}

void Adoption::apply(const HistoryEdit& edit, const std::string& adoption, std::uint64_t fence) {
    number_ = 0;
    for (const HistoryRow& row : edit.rows) {
        enter(row, adoption, fence);
    }
    std::unique_ptr<ForeignHistory> target = open(edit.to);
    if (!target) {
        return;
    }
    target->create_if_absent({});
    HistoryView view(History(table_).read_native());
    for (const HistoryRow* row : view.applied()) {
        if (row->layout != target->place() && target->layout().tells(*row)) {
            tell_layout(*row, *target, adoption, fence);
        }
    }
}

void Adoption::enter(const HistoryRow& row, const std::string& adoption, std::uint64_t fence) {
    base::Arena arena;
    HistoryRow entered = row;
    entered.fence = fence;
    entered.tool_version = settings_.tool_version;
    Item entry = ItemBuilder(arena).string("id", row.id).string("run", row.run).build();
    TransactAction put = table_.put_action(arena, next_sort_key(adoption), entry, fence);
    History(table_).write(entered, {put});
}

void Adoption::tell_layout(const HistoryRow& row, ForeignHistory& foreign,
                           const std::string& adoption, std::uint64_t fence) {
    base::Arena arena;
    std::vector<TransactAction> entries;
    for (const ForeignChange& change : foreign.changes(row, arena)) {
        auto before = dynamodb::get_item(table_.service(), change.table, change.key);
        Item after = changed(before ? &before->item : nullptr, change, arena);
        ItemBuilder entry(arena);
        entry.string("id", row.id).string("run", row.run).string("layout", row.layout);
        entry.string("table", change.table).string("key", dynamodb::to_wire_json(change.key));
        entry.string("before", before ? dynamodb::to_wire_json(before->item) : "");
        entry.string("after", dynamodb::to_wire_json(after));
        entries.push_back(table_.put_action(arena, next_sort_key(adoption), entry.build(), fence));
    }
    HistoryRow told = row;
    told.fence = fence;
    History(table_, &foreign).write(told, entries);
}

std::vector<Adoption::Entry> Adoption::read_entries(const std::string& adoption) {
    std::vector<Entry> entries;
    table_.query(fmt::format("adopt#{}#", adoption), [&](const Item& item) {
        Entry entry;
        entry.id = item.text("id");
        entry.run = item.text("run");
        entry.layout = item.text("layout");
        entry.table = item.text("table");
        entry.key = item.text("key");
        entry.before = item.text("before");
        entry.after = item.text("after");
        entries.push_back(std::move(entry));
    });
    return entries;
}

HistoryEdit Adoption::plan_undo(const std::string& adoption) {
    HistoryEdit edit;
    edit.action = "undo-adopt";
    edit.adoption = adoption;
    std::vector<Entry> entries = read_entries(adoption);
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        std::string what = entry->is_entered()     ? "take back what was entered"
                           : entry->before.empty() ? "remove the item from " + entry->table
                                                   : "put back the item in " + entry->table;
        edit.lines.push_back({entry->id, what});
    }
    return edit;
}

void Adoption::undo(const std::string& adoption, std::uint64_t fence,
                    const std::function<void(const std::string&)>& tell) {
    std::vector<Entry> entries = read_entries(adoption);
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
        if (entry->is_entered()) {
            undo_row(*entry, fence, tell);
        } else {
            undo_foreign(*entry, fence, tell);
        }
    }
}

void Adoption::undo_foreign(const Entry& entry, std::uint64_t fence,
                            const std::function<void(const std::string&)>& tell) {
    base::Arena arena;
    Item key = dynamodb::parse_item(entry.key, arena);
    auto present = dynamodb::get_item(table_.service(), entry.table, key);
    if (!present || !(present->item == dynamodb::parse_item(entry.after, arena))) {
        tell(fmt::format("{}: left alone, since its item in {} was changed by somebody else",
                         entry.id, entry.table));
        return;
    }
    TransactAction action;
    action.table = entry.table;
    if (entry.before.empty()) {
        action.kind = TransactAction::Kind::remove;
        action.item = key;
    } else {
        action.item = dynamodb::parse_item(entry.before, arena);
    }
    HistoryView view(History(table_).read_native());
    HistoryRow row;
    if (const HistoryRow* known = view.row_of_run(entry.run)) {
        row = *known;
    }
    row.layout = entry.layout;
    row.fence = fence;
    History(table_).write(row, {action});
}

/// Rows stay: one more says what was so before.
void Adoption::undo_row(const Entry& entry, std::uint64_t fence,
                        const std::function<void(const std::string&)>& tell) {
    HistoryView view(History(table_).read_native());
    const HistoryRow* latest = view.latest(entry.id);
    if (!latest || latest->run != entry.run) {
        tell(fmt::format("{}: left alone, since it ran after it was adopted", entry.id));
        return;
    }
    const HistoryRow* before = nullptr;
    for (const HistoryRow& row : view.rows()) {
        before = row.id == entry.id && row.run != entry.run ? &row : before;
    }
    HistoryRow row = before ? *before : *latest;
    row.status = before ? before->status : Status::rolled_back;
    row.run = base::uuid5(entry.run, "undo");
    row.action = "adopt";
    row.started_at =
        base::to_iso8601(std::max(world_.clock->now(), base::parse_iso8601(latest->started_at) +
                                                           std::chrono::milliseconds(1)));
    row.finished_at = row.started_at;
    row.by = by_whom(world_);
    row.journal.clear();
    row.error.clear();
    row.fence = fence;
    History(table_).write(row);
}

}  // namespace dynamigrate::migrate
