#include "history_layout.hpp"
#include "history_view.hpp"
#include "identity.hpp"

#include <fmt/format.h>

#include <map>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::string_view kId = "id";

/// The status of a Step Functions execution, as the tool copies it.
Status status_of(std::string_view text) {
    return text == "SUCCEEDED" || text == "success"     ? Status::applied
           : text == "RUNNING" || text == "in_progress" ? Status::running
                                                        : Status::failed;
}

std::string_view word_for(const HistoryRow& row) {
    switch (row.status) {
        case Status::applied:
            return "SUCCEEDED";
        case Status::failed:
            return "FAILED";
        default:
            return "RUNNING";
    }
}

/// One item for each migration, named as its file.
class FunctionlessLayout final : public HistoryLayout {
public:
    std::string_view name() const noexcept override { return "functionless"; }

    dynamodb::KeySchema own_key() const override {
        return {{std::string(kId), AttributeType::string}, std::nullopt};
    }

    std::vector<ForeignRow> rows(const ForeignItems& items) const override {
        std::vector<ForeignRow> rows;
        for (const auto& [stem, item] : by_stem(items)) {
            ForeignRow row;
            row.id = id_of(stem, items);
            row.status = status_of(item->text("status"));
            row.date = normal_time(item->text("startedAt"));
            if (row.status == Status::failed) {
                row.error = fmt::format("the execution {} ended as {}", item->text("executionArn"),
                                        item->text("status"));
            }
            rows.push_back(std::move(row));
        }
        return rows;
    }

    bool tells(const HistoryRow&) const override { return true; }

    /// A migration that was rolled back has no item: so the tool would run it again.
    std::vector<ForeignChange> changes(const HistoryRow& row, const ForeignItems& items,
                                       base::Arena& arena) const override {
        const Item* present = nullptr;
        std::string stem = own_stem(row);
        for (const auto& [other, item] : by_stem(items)) {
            if (canonical_id(id_of(other, items)) == canonical_id(row.id)) {
                stem = other;
                present = item;
            }
        }
        ForeignChange change;
        change.table = items.table;
        change.key = ItemBuilder(arena).string(kId, stem).build();
        change.erases = row.status == Status::rolled_back;
        if (change.erases) {
            return present ? std::vector{change} : std::vector<ForeignChange>{};
        }
        if (row.status == Status::rolling_back || rolls_back(row)) {
            return {};
        }
        ItemBuilder set(arena);
        set.string("status", word_for(row)).string("startedAt", row.started_at);
        if (!present || present->text("executionArn").empty()) {
            set.string("executionArn", "dynamigrate:" + row.run);
        }
        if (row.finished_at.empty()) {
            change.remove.emplace_back("endedAt");
        } else {
            set.string("endedAt", row.finished_at);
        }
        change.set = set.build();
        return {change};
    }

    bool keeps(std::string_view) const override { return true; }

private:
    static std::map<std::string, const Item*> by_stem(const ForeignItems& items) {
        std::map<std::string, const Item*> found;
        for (const dynamodb::OwnedItem& owned : items.items) {
            if (!owned.item.text(kId).empty()) {
                found[std::string(owned.item.text(kId))] = &owned.item;
            }
        }
        return found;
    }

    /// The number that the file's name begins with, where no other file begins with it.
    static std::string id_of(const std::string& stem, const ForeignItems& items) {
        std::string_view number = leading_number(stem);
        if (number.empty()) {
            return stem;
        }
        for (const auto& [other, item] : by_stem(items)) {
            if (other != stem && leading_number(other) == number) {
                return stem;
            }
        }
        return std::string(number);
    }

    static std::string own_stem(const HistoryRow& row) {
        std::string stem = stem_of(row);
        if (!stem.empty()) {
            return stem;
        }
        std::string slug = Version::parse(row.id) ? slug_of(row, '-') : std::string();
        return slug.empty() ? row.id : row.id + "-" + slug;
    }
};

}  // namespace

std::unique_ptr<HistoryLayout> make_functionless_layout() {
    return std::make_unique<FunctionlessLayout>();
}

}  // namespace dynamigrate::migrate
