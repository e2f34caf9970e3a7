#include "history_layout.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::ItemBuilder;

constexpr std::string_view kNumber = "Number";

/// An item for each applied migration, and nothing else.
class DriftLayout final : public HistoryLayout {
public:
    std::string_view name() const noexcept override { return "drift"; }

    dynamodb::KeySchema own_key() const override {
        return {{std::string(kNumber), AttributeType::number}, std::nullopt};
    }

    std::vector<ForeignRow> rows(const ForeignItems& items) const override {
        std::vector<ForeignRow> rows;
        for (const dynamodb::OwnedItem& owned : items.items) {
            const AttributeValue* number = owned.item.find(kNumber);
            if (!number || !number->is(AttributeType::number)) {
                continue;
            }
            ForeignRow row;
            row.id = number->text();
            row.description = owned.item.text("Description");
            rows.push_back(std::move(row));
        }
        return rows;
    }

    bool tells(const HistoryRow& row) const override {
        check(row.id);
        return keeps(row.id) &&
               (row.status == Status::applied || row.status == Status::rolled_back);
    }

    std::vector<ForeignChange> changes(const HistoryRow& row, const ForeignItems& items,
                                       base::Arena& arena) const override {
        std::string_view digits = row.id;
        digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
        ForeignChange change;
        change.table = items.table;
        change.key =
            ItemBuilder(arena).set(kNumber, AttributeValue::number(arena.copy(digits))).build();
        change.erases = row.status == Status::rolled_back;
        if (!change.erases) {
            ItemBuilder set(arena);
            if (!row.table.empty()) {
                set.string("TableName", row.table);
            }
            change.set = set.string("Description", row.description).build();
        }
        return {change};
    }

    bool keeps(std::string_view id) const override {
        return !id.empty() && id.find_first_not_of("0123456789") == std::string_view::npos;
    }

private:
    void check(const std::string& id) const {
        if (!keeps(id) && Version::parse(id)) {
            throw base::Error(base::ErrorKind::failed_precondition,
                              fmt::format("the history layout drift numbers its migrations (1, 2, "
                                          "3 ...), so it cannot keep version {}; rename the "
                                          "migrations or choose another layout in `history`",
                                          id));
        }
    }
};

}  // namespace

std::unique_ptr<HistoryLayout> make_drift_layout() { return std::make_unique<DriftLayout>(); }

}  // namespace dynamigrate::migrate
