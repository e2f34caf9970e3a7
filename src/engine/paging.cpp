#include "paging.hpp"

#include "item_write.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/size.hpp>

#include <array>
#include <optional>

namespace dynamigrate::engine {

using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::KeySchema;

namespace {

/// Walks over the rows of one page.
constexpr std::size_t kBigPageBytes = 32 * 1024;

class PageWalk {
public:
    PageWalk(Database& database, Request& request, const Reading& reading, json::Writer& out)
        : database_(database),
          request_(request),
          reading_(reading),
          out_(out),
          shows_rows_(!reading.shape && !reading.shows_from_table),
          has_condition_(!reading.filter.empty() || reading.filters_from_table ||
                         reading.shows_from_table) {}

    PageEnd walk(RowCursor& rows) {
        while (const Row* row = rows.next()) {
            begin(*row);
            if (is_wanted()) {
                ++end_.count;
                if (!reading_.only_counts) {
                    show();
                }
            }
            if (is_full(rows)) {
                end_.last_key = position_of(reading_, item(), request_.arena);
                break;
            }
        }
        charge();
        return end_;
    }

private:
    void begin(const Row& row) {
        arena_.reset();
        row_ = &row;
        item_.reset();
        whole_.reset();
        ++end_.scanned;
        size_ += row.size;
    }

    const Item& item() {
        if (!item_) {
            item_ = request_.stored.item(row_->json, arena_);
        }
        return *item_;
    }

    /// The item in the table that an index entry stands for.
    const Item& whole() {
        if (!whole_) {
            whole_ = request_.stored.item(fetched_.json, arena_);
        }
        return *whole_;
    }

    /// False when the item was deleted after the index had been read.
    bool fetch() {
        const Table& table = *reading_.table;
        if (!database_.rows.get(table, table.key.key_of(item(), arena_), reading_.is_consistent,
                                fetched_)) {
            return false;
        }
        table_units_ += dynamodb::read_units(fetched_.size, reading_.is_consistent).value;
        return true;
    }

    bool is_wanted() {
        if (!has_condition_) {
            return true;
        }
        if ((reading_.shows_from_table || reading_.filters_from_table) && !fetch()) {
            return false;
        }
        return reading_.filter.empty() ||
               reading_.filter.matches(reading_.filters_from_table ? whole() : item());
    }

    /// A page that has grown so far mostly grows to its limit: one step, instead of copying it on
    /// the way.
    void make_room() {
        std::string& text = out_.out();
        if (has_room_ || text.size() < kBigPageBytes) {
            return;
        }
        has_room_ = true;
        std::size_t row = text.size() / static_cast<std::size_t>(end_.count);
        std::size_t most = 2 * kMaxPageBytes.value;
        bool is_limited = reading_.limit != 0 && reading_.limit < most / row;
        text.reserve(is_limited ? reading_.limit * row * 9 / 8 : most);
    }

    void show() {
        make_room();
        if (shows_rows_) {
            out_.raw(row_->json);
        } else if (!reading_.shape) {
            out_.raw(fetched_.json);
        } else {
            dynamodb::write_item(
                out_, reading_.shape(reading_.shows_from_table ? whole() : item(), arena_));
        }
    }

    bool is_full(const RowCursor& rows) const {
        return (reading_.limit != 0 && end_.scanned == static_cast<std::int64_t>(reading_.limit)) ||
               size_ >= kMaxPageBytes || (reading_.limit == 0 && rows.rests());
    }

    void charge() {
        const Table& table = *reading_.table;
        request_.usage.read(table, dynamodb::read_units(size_, reading_.is_consistent).value,
                            reading_.index);
        if (table_units_ > 0) {
            request_.usage.read(table, table_units_);
        }
    }

    Database& database_;
    Request& request_;
    const Reading& reading_;
    json::Writer& out_;
    bool has_room_ = false;
    bool shows_rows_;
    bool has_condition_;
    base::Arena arena_;  ///< of one row
    const Row* row_ = nullptr;
    std::optional<Item> item_, whole_;
    StoredRow fetched_;
    PageEnd end_;
    base::ItemBytes size_;
    double table_units_ = 0;
};

/// The key attributes of the table, then those of the index that are not among them.
std::vector<std::string_view> position_attributes(const Reading& reading) {
    std::vector<std::string_view> names;
    for (const KeySchema* key : {&reading.table->key, &reading.key()}) {
        for (const std::string* name :
             {&key->hash.name, key->sort ? &key->sort->name : &key->hash.name}) {
            if (std::find(names.begin(), names.end(), *name) == names.end()) {
                names.push_back(*name);
            }
        }
    }
    return names;
}

[[noreturn]] void refuse_position(const std::string& reason) {
    refuse_validation("The provided starting key is invalid" +
                      (reason.empty() ? "" : ": " + reason));
}

}  // namespace

PageEnd read_page(Database& database, Request& request, const Reading& reading, RowCursor& rows,
                  json::Writer& out) {
    return PageWalk(database, request, reading, out).walk(rows);
}

void answer_page(Database& database, Request& request, const Reading& reading, RowCursor& rows,
                 json::Writer& out) {
    if (!reading.only_counts) {
        out.key("Items").begin_array();
    }
    PageEnd end = read_page(database, request, reading, rows, out);
    if (!reading.only_counts) {
        out.end_array();
    }
    out.key("Count").number(end.count).key("ScannedCount").number(end.scanned);
    if (!end.last_key.empty()) {
        out.key("LastEvaluatedKey");
        dynamodb::write_item(out, end.last_key);
    }
}

Item position_of(const Reading& reading, const Item& item, base::Arena& arena) {
    dynamodb::ItemBuilder builder(arena);
    for (std::string_view name : position_attributes(reading)) {
        builder.set(name, *item.find(name));
    }
    return builder.build().clone(arena);
}

void check_position(const Reading& reading, const Item& position) {
    const Table& table = *reading.table;
    std::vector<std::string_view> names = position_attributes(reading);
    bool is_complete = position.size() == names.size() &&
                       std::all_of(names.begin(), names.end(), [&](std::string_view name) {
                           return position.find(name) != nullptr;
                       });
    if (!is_complete) {
        refuse_position(
            reading.index == nullptr ? "The provided key element does not match the schema" : "");
    }
    base::Arena arena(512);
    try {
        check_key(table, table.key.key_of(position, arena));
    } catch (const base::Error& error) {
        refuse_position(error.message());
    }
    if (!has_key(position, reading.key())) {
        refuse_position("The provided key element does not match the schema");
    }
}

}  // namespace dynamigrate::engine
