#include "history_layout.hpp"
#include "history_view.hpp"
#include "identity.hpp"

#include <dynamigrate/base/clock.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;
using dynamodb::KeySchema;

constexpr std::string_view kPartition = "_migration";
constexpr std::string_view kFirstPartition = "_migrations:";  ///< of the first generation
constexpr std::string_view kSchemaPartition = "_schema";
constexpr std::string_view kTypeField = "_type";
constexpr std::string_view kType = "_Migration";
constexpr std::string_view kSuccess = "success";

std::string text_of(const AttributeValue* value) {
    return value && (value->is(AttributeType::string) || value->is(AttributeType::number))
               ? std::string(value->text())
               : std::string();
}

/// Milliseconds since 1970, or ISO 8601 where the tables keep dates so.
std::string date_of(const Item& item) {
    const AttributeValue* date = item.find("date");
    if (!date) {
        return {};
    }
    if (date->is(AttributeType::string)) {
        return normal_time(date->text());
    }
    std::int64_t milliseconds = 0;
    std::string digits = text_of(date);
    std::from_chars(digits.data(), digits.data() + digits.size(), milliseconds);
    return base::to_iso8601(base::WallTime{std::chrono::milliseconds{milliseconds}});
}

/// What follows the first colon, up to the next one.
std::string version_in_key(std::string_view sort_key) {
    std::size_t begin = sort_key.find(':');
    if (begin == std::string_view::npos) {
        return {};
    }
    sort_key.remove_prefix(begin + 1);
    return std::string(sort_key.substr(0, sort_key.find(':')));
}

class OneTableLayout final : public HistoryLayout {
public:
    std::string_view name() const noexcept override { return "onetable"; }

    KeySchema own_key() const override {
        return {{"pk", AttributeType::string}, dynamodb::KeyAttribute{"sk", AttributeType::string}};
    }

    bool fits(const KeySchema& key) const override {
        return key.hash.type == AttributeType::string &&
               (!key.sort || key.sort->type == AttributeType::string);
    }

    std::vector<std::string> partitions() const override {
        return {std::string(kPartition), std::string(kFirstPartition)};
    }

    /// Only the schema says how dates are kept while there is no row.
    std::vector<std::string> more_partitions(const ForeignItems& items) const override {
        return rows(items).empty() ? std::vector<std::string>{std::string(kSchemaPartition)}
                                   : std::vector<std::string>{};
    }

    std::vector<ForeignRow> rows(const ForeignItems& items) const override {
        std::vector<ForeignRow> rows;
        for (const dynamodb::OwnedItem& owned : items.items) {
            if (is_row(owned.item, items.key)) {
                rows.push_back(row_of(owned.item, items.key));
            }
        }
        return rows;
    }

    /// As the tool does: what runs is not told, nor is a failed downgrade.
    bool tells(const HistoryRow& row) const override {
        return row.status == Status::applied || row.status == Status::rolled_back ||
               (row.status == Status::failed && !rolls_back(row));
    }

    std::vector<ForeignChange> changes(const HistoryRow& row, const ForeignItems& items,
                                       base::Arena& arena) const override {
        return row.status == Status::rolled_back ? erasures(row, items, arena)
                                                 : std::vector{put(row, items, arena)};
    }

    bool keeps(std::string_view) const override { return true; }

    bool tells_absence(const KeySchema& key) const override { return key.sort.has_value(); }

private:
    static bool is_row(const Item& item, const KeySchema& key) {
        std::string hash = text_of(item.find(key.hash.name));
        if (hash != kPartition && hash != kFirstPartition) {
            return false;
        }
        if (!key.sort) {
            return hash == kPartition && item.find("version");
        }
        std::string prefix = hash == kPartition ? "_migration:" : "_migrations:";
        return text_of(item.find(key.sort->name)).starts_with(prefix);
    }

    static ForeignRow row_of(const Item& item, const KeySchema& key) {
        ForeignRow row;
        row.id = text_of(item.find("version"));
        if (row.id.empty() && key.sort) {
            row.id = version_in_key(text_of(item.find(key.sort->name)));
        }
        row.date = date_of(item);
        row.description = text_of(item.find("description"));
        row.path = text_of(item.find("path"));
        std::string status = text_of(item.find("status"));
        if (!status.empty() && status != kSuccess) {
            row.status = Status::failed;
            row.error = status;
        }
        return row;
    }

    static bool has_iso_dates(const ForeignItems& items) {
        bool found = false;
        for (const dynamodb::OwnedItem& owned : items.items) {
            const AttributeValue* date = owned.item.find("date");
            if (is_row(owned.item, items.key) && date) {
                return date->is(AttributeType::string);
            }
            const AttributeValue* params = owned.item.find("params");
            const AttributeValue* iso = params ? params->find("isoDates") : nullptr;
            found |= iso && iso->is(AttributeType::boolean) && iso->as_boolean();
        }
        return found;
    }

    static ForeignChange put(const HistoryRow& row, const ForeignItems& items, base::Arena& arena) {
        std::string date = normal_time(time_of(row));
        std::int64_t milliseconds = base::parse_iso8601(date).time_since_epoch().count();
        bool is_iso = has_iso_dates(items);
        ForeignChange change;
        change.table = items.table;
        ItemBuilder key(arena);
        key.string(items.key.hash.name, kPartition);
        if (items.key.sort) {
            key.string(items.key.sort->name,
                       fmt::format("{}:{}:{}", kPartition, row.id,
                                   is_iso ? date : std::to_string(milliseconds)));
        }
        change.key = key.build();
        ItemBuilder set(arena);
        if (is_iso) {
            set.string("date", date);
        } else {
            set.number("date", milliseconds);
        }
        set.string("description", row.description);
        set.string("path", row.path.empty() ? "memory" : row.path);
        set.string("version", row.id);
        bool has_failed = row.status == Status::failed;
        set.string("status", !has_failed         ? kSuccess
                             : row.error.empty() ? std::string_view("failed")
                                                 : std::string_view(row.error));
        set.string(kTypeField, kType);
        change.set = set.build();
        return change;
    }

    /// Every row of the version, of whatever generation.
    static std::vector<ForeignChange> erasures(const HistoryRow& row, const ForeignItems& items,
                                               base::Arena& arena) {
        std::vector<ForeignChange> changes;
        for (const dynamodb::OwnedItem& owned : items.items) {
            if (!is_row(owned.item, items.key) ||
                canonical_id(row_of(owned.item, items.key).id) != canonical_id(row.id)) {
                continue;
            }
            ForeignChange change;
            change.table = items.table;
            change.key = items.key.key_of(owned.item, arena).clone(arena);
            change.erases = true;
            changes.push_back(std::move(change));
        }
        return changes;
    }
};

}  // namespace

std::unique_ptr<HistoryLayout> make_onetable_layout() { return std::make_unique<OneTableLayout>(); }

}  // namespace dynamigrate::migrate
