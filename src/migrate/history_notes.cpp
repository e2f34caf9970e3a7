#include "history_notes.hpp"

#include <fmt/format.h>

#include <array>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::string_view kPrefix = "note#";

constexpr std::array<std::pair<std::string_view, std::string HistoryNote::*>, 7> kTexts = {{
    {"at", &HistoryNote::at},
    {"by", &HistoryNote::by},
    {"action", &HistoryNote::action},
    {"id", &HistoryNote::id},
    {"run", &HistoryNote::run},
    {"text", &HistoryNote::text},
    {"tool_version", &HistoryNote::tool_version},
}};

HistoryNote to_note(const Item& item) {
    HistoryNote note;
    for (const auto& [name, member] : kTexts) {
        note.*member = item.text(name);
    }
    const AttributeValue* undone = item.find("undone");
    note.is_undone = undone && undone->is(dynamodb::AttributeType::boolean) && undone->as_boolean();
    return note;
}

}  // namespace

std::vector<HistoryNote> HistoryNotes::read() {
    std::vector<HistoryNote> notes;
    table_.query(kPrefix, [&](const Item& item) { notes.push_back(to_note(item)); });
    return notes;
}

void HistoryNotes::write(const HistoryNote& note, std::uint64_t fence) {
    base::Arena arena;
    ItemBuilder item(arena);
    for (const auto& [name, member] : kTexts) {
        if (!(note.*member).empty()) {
            item.string(name, note.*member);
        }
    }
    if (note.is_undone) {
        item.boolean("undone", true);
    }
    table_.put_under_lock(fmt::format("{}{}#{}", kPrefix, note.at, note.id), item.build(), fence);
}

}  // namespace dynamigrate::migrate
