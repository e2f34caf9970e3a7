#include "history_layout.hpp"
#include "history_view.hpp"
#include "identity.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::string_view kPartition = "MIGRATION#HISTORY";
constexpr std::string_view kStatusPartition = "MIGRATION#STATUS";
constexpr std::string_view kStatusSort = "CURRENT";
constexpr std::size_t kDateDigits = 8;

/// An attribute in the spelling that is stored, or in the one of the package's own page.
struct Spelling {
    std::string_view stored;
    std::string_view written;
};
constexpr Spelling kAppliedAt{"appliedAt", "applied_at"};
constexpr Spelling kAppliedBy{"appliedBy", "applied_by"};

std::string_view text_of(const Item& item, const Spelling& name) {
    std::string_view text = item.text(name.stored);
    return text.empty() ? item.text(name.written) : text;
}

std::int64_t version_of(const Item& item) {
    std::string_view digits = item.text("version");
    std::int64_t version = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), version);
    return version;
}

Status status_of(std::string_view text) {
    return text == "applied"                            ? Status::applied
           : text == "in_progress"                      ? Status::running
           : text == "rolling_back"                     ? Status::rolling_back
           : text == "rolled_back" || text == "pending" ? Status::rolled_back
                                                        : Status::failed;
}

std::string_view word_for(const HistoryRow& row) {
    switch (row.status) {
        case Status::running:
            return "in_progress";
        case Status::applied:
            return "applied";
        case Status::rolling_back:
            return "rolling_back";
        case Status::rolled_back:
            return "rolled_back";
        case Status::failed:
            return rolls_back(row) ? "rollback_failed" : "failed";
    }
    return "failed";
}

bool is_number(std::string_view id) {
    return !id.empty() && id.find_first_not_of("0123456789") == std::string_view::npos;
}

std::int64_t number_of(const std::string& id) {
    std::int64_t number = 0;
    if (is_number(id)) {
        std::from_chars(id.data(), id.data() + id.size(), number);
    }
    return number;
}

/// One row for each migration, written over with every change of its state.
class DynamOrmLayout final : public HistoryLayout {
public:
    std::string_view name() const noexcept override { return "dynamorm"; }

    dynamodb::KeySchema own_key() const override {
        return {{"PK", AttributeType::string}, dynamodb::KeyAttribute{"SK", AttributeType::string}};
    }

    bool fits(const dynamodb::KeySchema& key) const override {
        return key.hash.type == AttributeType::string && key.sort &&
               key.sort->type == AttributeType::string;
    }

    std::vector<std::string> partitions() const override { return {std::string(kPartition)}; }
    std::string status_table() const override { return "MigrationStatuses"; }

    std::vector<ForeignRow> rows(const ForeignItems& items) const override {
        std::vector<ForeignRow> rows;
        for (const dynamodb::OwnedItem& owned : items.items) {
            const Item& item = owned.item;
            ForeignRow row;
            row.id = id_of(item, items);
            row.status = status_of(item.text("status"));
            row.date = normal_time(text_of(item, kAppliedAt));
            row.description = item.text("description");
            row.by = text_of(item, kAppliedBy);
            row.error = item.text("error");
            rows.push_back(std::move(row));
        }
        return rows;
    }

    bool tells(const HistoryRow& row) const override {
        auto version = Version::parse(row.id);
        if (version && version->kind() == Version::Kind::semver) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("the history layout dynamorm keeps versions as numbers "
                                    "(20240115120000), so it cannot keep {}; rename the "
                                    "migrations or choose another layout in `history`",
                                    row.id));
        }
        return true;
    }

    std::vector<ForeignChange> changes(const HistoryRow& row, const ForeignItems& items,
                                       base::Arena& arena) const override {
        const Item* present = find(row.id, items);
        if (!present && row.status == Status::rolled_back) {
            return {};
        }
        std::string sort = present ? sort_of(*present, items) : own_sort(row);
        std::vector<ForeignChange> changes{history_change(row, present, sort, items, arena)};
        bool is_settled = row.status == Status::applied || row.status == Status::rolled_back;
        if (items.has_status_table && is_settled) {
            changes.push_back(status_change(row, sort, items, arena));
        }
        return changes;
    }

    bool keeps(std::string_view) const override { return true; }

private:
    static std::string_view sort_name(const ForeignItems& items) {
        return items.key.sort ? std::string_view(items.key.sort->name) : "SK";
    }

    static std::string sort_of(const Item& item, const ForeignItems& items) {
        return std::string(item.text(sort_name(items)));
    }

    static std::string id_of(const Item& item, const ForeignItems& items) {
        std::int64_t version = version_of(item);
        return version > 0 ? std::to_string(version) : sort_of(item, items);
    }

    static const Item* find(const std::string& id, const ForeignItems& items) {
        for (const dynamodb::OwnedItem& owned : items.items) {
            if (canonical_id(id_of(owned.item, items)) == canonical_id(id)) {
                return &owned.item;
            }
        }
        return nullptr;
    }

    /// YYYYMMDD_description, as the package names its migrations.
    static std::string own_sort(const HistoryRow& row) {
        std::string slug = is_number(row.id) ? slug_of(row, '_') : std::string();
        return slug.empty() ? row.id : row.id.substr(0, kDateDigits) + "_" + slug;
    }

    static bool is_written_spelling(const ForeignItems& items) {
        return std::any_of(items.items.begin(), items.items.end(), [](const auto& owned) {
            return owned.item.find(kAppliedAt.written) && !owned.item.find(kAppliedAt.stored);
        });
    }

    static ForeignChange history_change(const HistoryRow& row, const Item* present,
                                        const std::string& sort, const ForeignItems& items,
                                        base::Arena& arena) {
        bool is_written = is_written_spelling(items);
        auto name = [&](const Spelling& spelling) {
            return is_written ? spelling.written : spelling.stored;
        };
        std::string description = row.description.empty() && present
                                      ? std::string(present->text("description"))
                                      : row.description;
        std::int64_t version = number_of(row.id);
        ForeignChange change;
        change.table = items.table;
        change.key = ItemBuilder(arena)
                         .string(items.key.hash.name, kPartition)
                         .string(sort_name(items), sort)
                         .build();
        ItemBuilder set(arena);
        set.string("id", sort).number("version", version);
        set.string("description", description).string(name(kAppliedAt), time_of(row));
        set.string(name(kAppliedBy), row.by).string("status", word_for(row));
        set.string("checksum", base::sha256_hex(fmt::format("{}{}{}", sort, version, description)));
        set.string("error", row.error);
        change.set = set.build();
        return change;
    }

    /// The last migration that is applied once the row is written.
    ForeignChange status_change(const HistoryRow& row, const std::string& sort,
                                const ForeignItems& items, base::Arena& arena) const {
        std::string last = row.status == Status::applied ? sort : std::string();
        std::int64_t version = row.status == Status::applied ? number_of(row.id) : 0;
        for (const dynamodb::OwnedItem& owned : items.items) {
            const Item& item = owned.item;
            bool is_this = canonical_id(id_of(item, items)) == canonical_id(row.id);
            if (!is_this && item.text("status") == "applied" && version_of(item) > version) {
                last = sort_of(item, items);
                version = version_of(item);
            }
        }
        ForeignChange change;
        change.table = status_table();
        change.key =
            ItemBuilder(arena).string("PK", kStatusPartition).string("SK", kStatusSort).build();
        change.set = ItemBuilder(arena)
                         .string("lastMigrationID", last)
                         .number("lastVersion", version)
                         .string("updatedAt", time_of(row))
                         .build();
        return change;
    }
};

}  // namespace

std::unique_ptr<HistoryLayout> make_dynamorm_layout() { return std::make_unique<DynamOrmLayout>(); }

}  // namespace dynamigrate::migrate
