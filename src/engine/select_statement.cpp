#include "paging.hpp"
#include "read_parameters.hpp"
#include "statement.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace dynamigrate::engine {

using dynamodb::Item;
using expressions::AttributeTest;
using expressions::Comparison;
using expressions::KeyAccess;
using expressions::KeyCondition;
using expressions::KeyRange;
using expressions::SortOperator;

namespace {

constexpr std::size_t kDigestDigits = 32;

/// Where a page ended.
struct Position {
    std::size_t range = 0;  ///< of the statement's ranges
    Item key;               ///< empty: the first page has not been read
};

Comparison comparison_of(SortOperator sort_operator) {
    switch (sort_operator) {
        case SortOperator::less:
            return Comparison::less;
        case SortOperator::less_or_equal:
            return Comparison::less_or_equal;
        case SortOperator::greater:
            return Comparison::greater;
        case SortOperator::greater_or_equal:
            return Comparison::greater_or_equal;
        case SortOperator::between:
            return Comparison::between;
        case SortOperator::begins_with:
            return Comparison::begins_with;
        case SortOperator::none:
        case SortOperator::equal:
            break;
    }
    return Comparison::equal;
}

KeyCondition condition_of(const KeyRange& range, const dynamodb::KeySchema& key) {
    const std::array bounds{range.sort, range.sort_upper};
    std::vector<AttributeTest> tests{{key.hash.name, Comparison::equal, {&range.hash, 1}}};
    if (range.sort_operator != SortOperator::none) {
        std::size_t operands = range.sort_operator == SortOperator::between ? 2 : 1;
        tests.push_back(
            {key.sort->name, comparison_of(range.sort_operator), {bounds.data(), operands}});
    }
    return KeyCondition::of(tests, key);
}

/// The row of one item, or none.
class ItemCursor final : public RowCursor {
public:
    ItemCursor(Database& database, const Reading& reading, const Item& key)
        : is_there_(database.rows.get(*reading.table, key, reading.is_consistent, stored_)) {}

    const Row* next() override {
        if (!is_there_) {
            return nullptr;
        }
        is_there_ = false;
        row_ = stored_.view();
        return &row_;
    }

private:
    StoredRow stored_;
    Row row_{};
    bool is_there_;
};

/// The rows that a statement is about: all, one item, or those of several ranges in their order.
class StatementCursor final : public RowCursor {
public:
    /// Errors: ValidationException when the position is not in its range.
    StatementCursor(Database& database, Request& request, const Reading& reading,
                    const KeyAccess& access, const Position& position)
        : database_(database),
          reading_(reading),
          is_forward_(!access.is_descending) {
        if (access.is_scan) {
            scan(position.key);
        } else if (!take_item(request, access, position)) {
            for (const KeyRange& range : access.ranges) {
                conditions_.push_back(condition_of(range, reading.key()));
            }
            go_to(position);
        }
    }

    const Row* next() override {
        for (;;) {
            const Row* row = rows_ == nullptr ? nullptr : rows_->next();
            if (row != nullptr || next_ == conditions_.size()) {
                return row;
            }
            query({});
        }
    }
    bool rests() const override { return rows_ != nullptr && rows_->rests(); }

    /// The number of the range of the last row.
    std::size_t range() const { return next_ == 0 ? 0 : next_ - 1; }

private:
    void scan(const Item& position) {
        ScanRange range;
        range.index = reading_.index;
        range.is_consistent = reading_.is_consistent;
        range.expected = reading_.limit;
        range.start_after = position;
        rows_ = database_.rows.scan(*reading_.table, range);
    }

    bool take_item(Request& request, const KeyAccess& access, const Position& position) {
        if (reading_.index != nullptr || !position.key.empty()) {
            return false;
        }
        std::optional<Item> key = access.item_key(reading_.table->key, request.arena);
        if (key) {
            check_key(*reading_.table, *key);
            rows_ = std::make_unique<ItemCursor>(database_, reading_, *key);
        }
        return key.has_value();
    }

    void go_to(const Position& position) {
        if (position.key.empty()) {
            return;
        }
        next_ = position.range;
        if (next_ >= conditions_.size() || !conditions_[next_].matches(position.key)) {
            refuse_validation("Invalid NextToken");
        }
        query(position.key);
    }

    void query(const Item& position) {
        QueryRange range;
        range.index = reading_.index;
        range.condition = &conditions_[next_++];
        range.is_forward = is_forward_;
        range.is_consistent = reading_.is_consistent;
        range.expected = reading_.limit;
        range.start_after = position;
        rows_ = database_.rows.query(*reading_.table, range);
    }

    Database& database_;
    const Reading& reading_;
    bool is_forward_;
    std::vector<expressions::KeyCondition> conditions_;
    std::size_t next_ = 0;
    std::unique_ptr<RowCursor> rows_;
};

/// What a page goes on with must be the statement that it began with.
std::string digest_of(const SelectWishes& wishes) {
    std::string text(wishes.text);
    json::Writer out(text);
    for (const dynamodb::AttributeValue& parameter : wishes.parameters) {
        dynamodb::write_value(out, parameter);
    }
    out.boolean(wishes.is_consistent);
    return base::sha256_hex(text).substr(0, kDigestDigits);
}

std::string token_of(const SelectWishes& wishes, const Position& position) {
    std::string token;
    base::append_base64(token, digest_of(wishes) + std::to_string(position.range) +
                                   dynamodb::to_wire_json(position.key));
    return token;
}

Position parse_position(std::string_view text, const Reading& reading, base::Arena& arena) {
    Position position;
    const char* end = text.data() + text.size();
    const char* key = std::from_chars(text.data(), end, position.range).ptr;
    try {
        position.key = dynamodb::parse_item({key, end}, arena);
        check_position(reading, position.key);
    } catch (const base::Error&) {
        refuse_validation("Invalid NextToken");
    }
    return position;
}

/// Where the page before ended, in the arena.
Position position_in(const SelectWishes& wishes, const Reading& reading, base::Arena& arena) {
    if (wishes.next_token.empty()) {
        return {};
    }
    std::string token;
    if (!base::append_base64_decoded(token, wishes.next_token) || token.size() <= kDigestDigits) {
        refuse_validation("Invalid NextToken");
    }
    std::string_view text(token);
    if (text.substr(0, kDigestDigits) != digest_of(wishes)) {
        refuse_validation("NextToken does not match request");
    }
    return parse_position(text.substr(kDigestDigits), reading, arena);
}

std::vector<std::string> selected_attributes(const PartiqlStatement& statement) {
    std::vector<std::string> attributes;
    for (const expressions::SelectedPath& path : statement.selection) {
        attributes.push_back(path.path.attribute());
    }
    return attributes;
}

/// Completes what is read by what the statement filters and shows.
void read_for(const PartiqlStatement& statement, const KeyAccess& access, Reading& reading) {
    if (!access.is_exact) {
        reading.filter = statement.condition;
    }
    if (!statement.selection.empty()) {
        reading.shape = [&statement](const Item& item, base::Arena& arena) {
            return expressions::select_partiql(statement, item, arena);
        };
    }
    if (reading.index != nullptr) {
        const Index& index = *reading.index;
        reading.shows_from_table = lacks_any(*reading.table, index, selected_attributes(statement));
        reading.filters_from_table =
            index.is_local && lacks_any(*reading.table, index, statement.condition.attributes());
    }
}

}  // namespace

void answer_select(Database& database, Request& request, const PartiqlStatement& statement,
                   const SelectWishes& wishes, json::Writer& out) {
    Reading reading;
    reading.table = table_for_items(database, statement.table);
    reading.index = index_to_read(*reading.table, statement.index, wishes.is_consistent);
    reading.is_consistent = wishes.is_consistent;
    reading.limit = wishes.limit;
    const KeyAccess access = expressions::key_access(statement, reading.key());
    read_for(statement, access, reading);
    const Position position = position_in(wishes, reading, request.arena);
    StatementCursor rows(database, request, reading, access, position);
    out.key("Items").begin_array();
    PageEnd end = read_page(database, request, reading, rows, out);
    out.end_array();
    if (!end.last_key.empty()) {
        out.key("NextToken").string(token_of(wishes, {rows.range(), end.last_key}));
    }
}

Item selected_key(Request& request, const PartiqlStatement& statement, const Table& table) {
    if (!statement.index.empty()) {
        return {};
    }
    Item key = expressions::key_access(statement, table.key)
                   .item_key(table.key, request.arena)
                   .value_or(Item());
    if (!key.empty()) {
        check_key(table, key);
    }
    return key;
}

void write_selected(Request& request, const PartiqlStatement& statement, const Item& item,
                    json::Writer& out) {
    if (item.empty() || !statement.condition.matches(item)) {
        return;
    }
    out.key("Item").separate();
    dynamodb::write_item(out, statement.selection.empty()
                                  ? item
                                  : expressions::select_partiql(statement, item, request.arena));
    out.value_written();
}

}  // namespace dynamigrate::engine
