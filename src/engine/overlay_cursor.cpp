#include "overlay_cursor.hpp"

#include "key_bytes.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <mutex>

namespace dynamigrate::engine {

using dynamodb::AttributeValue;
using dynamodb::Item;
using expressions::KeyCondition;
using expressions::SortOperator;

namespace {

/// A request's members without braces.
class Members {
public:
    Members(const Table& table, const Index* index, bool is_consistent) : out_(text_) {
        out_.begin_object().key("TableName").string(table.name);
        if (index != nullptr) {
            out_.key("IndexName").string(index->name);
        }
        if (is_consistent) {
            out_.key("ConsistentRead").boolean(true);
        }
        out_.key("ReturnConsumedCapacity").string("TOTAL");
    }
    json::Writer& out() { return out_; }
    std::string take() { return std::move(text_).substr(1); }

private:
    std::string text_;
    json::Writer out_;
};

std::string scan_members(const Table& table, const ScanRange& range) {
    Members members(table, range.index, range.is_consistent);
    if (range.segments > 1) {
        members.out().key("Segment").number(range.segment);
        members.out().key("TotalSegments").number(range.segments);
    }
    return members.take();
}

std::string_view condition_text(SortOperator op) {
    switch (op) {
        case SortOperator::none:
            return "#h = :h";
        case SortOperator::equal:
            return "#h = :h AND #s = :s";
        case SortOperator::less:
            return "#h = :h AND #s < :s";
        case SortOperator::less_or_equal:
            return "#h = :h AND #s <= :s";
        case SortOperator::greater:
            return "#h = :h AND #s > :s";
        case SortOperator::greater_or_equal:
            return "#h = :h AND #s >= :s";
        case SortOperator::between:
            return "#h = :h AND #s BETWEEN :s AND :t";
        case SortOperator::begins_with:
            break;
    }
    return "#h = :h AND begins_with(#s, :s)";
}

void write_condition(json::Writer& out, const KeyCondition& condition,
                     const dynamodb::KeySchema& key) {
    SortOperator op = condition.sort_operator();
    out.key("KeyConditionExpression").string(condition_text(op));
    out.key("ExpressionAttributeNames").begin_object().key("#h").string(key.hash.name);
    if (op != SortOperator::none) {
        out.key("#s").string(key.sort->name);
    }
    out.end_object().key("ExpressionAttributeValues").begin_object().key(":h");
    dynamodb::write_value(out, condition.hash());
    if (op != SortOperator::none) {
        dynamodb::write_value(out.key(":s"), condition.sort());
    }
    if (op == SortOperator::between) {
        dynamodb::write_value(out.key(":t"), condition.sort_upper());
    }
    out.end_object();
}

const dynamodb::KeySchema& schema_of(const Table& table, const Index* index) {
    return index == nullptr ? table.key : index->key;
}

std::string query_members(const Table& table, const QueryRange& range,
                          const KeyCondition& condition) {
    Members members(table, range.index, range.is_consistent);
    write_condition(members.out(), condition, schema_of(table, range.index));
    if (!range.is_forward) {
        members.out().key("ScanIndexForward").boolean(false);
    }
    return members.take();
}

/// The partition from a sort key on, in the query's direction.
KeyCondition from_sort_key(const QueryRange& range, const dynamodb::KeySchema& key,
                           bool is_inclusive, base::Arena& arena) {
    dynamodb::ExpressionText text;
    std::string_view op =
        range.is_forward ? (is_inclusive ? ">=" : ">") : (is_inclusive ? "<=" : "<");
    text.text = std::string("#h = :h AND #s ").append(op).append(" :s");
    text.names = {{"#h", key.hash.name}, {"#s", key.sort->name}};
    text.values = dynamodb::ItemBuilder(arena)
                      .set(":h", range.condition->hash())
                      .set(":s", *range.start_after.find(key.sort->name))
                      .build();
    return KeyCondition::parse(text, key);
}

/// The attributes of the primary key and the index's key.
Item entry_key(const Table& table, const Index& index, const Item& item, base::Arena& arena) {
    dynamodb::ItemBuilder key(arena);
    for (const dynamodb::Attribute& attribute : item) {
        if (table.key.contains(attribute.name) || index.key.contains(attribute.name)) {
            key.set(attribute.name, attribute.value);
        }
    }
    return key.build();
}

}  // namespace

BaseStream::BaseStream(OverlayBase& base, std::string_view operation, std::string table,
                       std::string members)
    : base_(base),
      operation_(operation),
      table_(std::move(table)),
      members_(std::move(members)) {}

void BaseStream::start_after(const Item& key) { start_ = dynamodb::to_wire_json(key); }

void BaseStream::end() {
    is_last_ = true;
    next_ = page_.items.size();
}

const Item* BaseStream::head(std::size_t limit) {
    while (must_fetch()) {
        fetch(limit);
    }
    return next_ < page_.items.size() ? &page_.items[next_] : nullptr;
}

void BaseStream::fetch(std::size_t limit) {
    std::string body = "{" + members_;
    if (limit > 0) {
        body.append(",\"Limit\":").append(std::to_string(limit));
    }
    if (!start_.empty()) {
        body.append(",\"ExclusiveStartKey\":").append(start_);
    }
    body.push_back('}');
    arena_.reset();
    next_ = 0;
    base_.read_page(operation_, table_, body, reader_, arena_, page_);
    is_last_ = page_.last_evaluated_key.empty();
    if (!is_last_) {
        start_after(page_.last_evaluated_key);
    }
}

OverlayCursor::OverlayCursor(const OverlayParts& parts, const Table& table, const ScanRange& range)
    : parts_(parts),
      table_(table),
      index_(range.index),
      is_query_(false),
      expected_(range.expected),
      base_(parts.base, "Scan", table.name, scan_members(table, range)),
      tail_(range) {
    tail_->start_after = {};
    if (!range.start_after.empty()) {
        start_scan(range);
    }
}

/// A key that the base has no entry for lies in the tail. One that it has is given to it as its own,
/// since the changed item may have another key of the index.
void OverlayCursor::start_scan(const ScanRange& range) {
    base::Arena arena;
    OverlayMark mark;
    bool is_marked = parts_.marks.find(table_, range.start_after, arena, mark);
    if (is_marked && (!mark.is_in_base || (index_ != nullptr && !mark.has_entry(*index_)))) {
        base_.end();
        tail_->start_after = range.start_after;
    } else if (is_marked && index_ != nullptr) {
        base_.start_after(entry_key(table_, *index_, mark.base_keys, arena));
    } else {
        base_.start_after(range.start_after);
    }
}

OverlayCursor::OverlayCursor(const OverlayParts& parts, const Table& table, const QueryRange& range)
    : parts_(parts),
      table_(table),
      index_(range.index),
      is_query_(true),
      is_forward_(range.is_forward),
      expected_(range.expected),
      base_(parts.base, "Query", table.name, query_members(table, range, *range.condition)) {
    if (range.start_after.empty() || index_ == nullptr) {
        start_query(range);
    } else {
        start_index_query(range);
    }
}

void OverlayCursor::start_query(const QueryRange& range) {
    if (!range.start_after.empty()) {
        base_.start_after(range.start_after);
    }
    overlay_ = parts_.layer.query(table_, range);
}

/// Behind an entry at its place in the base come all entries of the overlay with its sort key; behind
/// one of the overlay come none of the base with its sort key.
void OverlayCursor::start_index_query(const QueryRange& range) {
    base::Arena arena;
    OverlayMark mark;
    const dynamodb::KeySchema& key = index_->key;
    bool is_base = !parts_.marks.find(table_, range.start_after, arena, mark) ||
                   (mark.is_in_base && mark.has_entry_at(*index_, range.start_after));
    QueryRange overlay = range;
    if (is_base) {
        base_.start_after(range.start_after);
        overlay.start_after = {};
    } else if (!key.sort || range.condition->sort_operator() == SortOperator::equal) {
        base_.end();
    } else {
        KeyCondition rest = from_sort_key(range, key, false, arena);
        base_.ask(query_members(table_, range, rest));
    }
    if (key.sort) {
        condition_ = *range.condition;
        KeyCondition rest = from_sort_key(range, key, true, arena);
        overlay.condition = &rest;
        overlay_ = parts_.layer.query(table_, overlay);
    } else {
        overlay_ = parts_.layer.query(table_, overlay);
    }
}

bool OverlayCursor::is_beyond(const Item& item) const {
    return condition_ && !condition_->matches(item);
}

const Row* OverlayCursor::next() {
    find_base_row(true);
    if (!has_base_row_ || is_query_) {
        find_overlay_row();
    }
    if (!has_base_row_ && overlay_row_ == nullptr) {
        return nullptr;
    }
    ++given_;
    if (is_base_next()) {
        std::swap(current_, base_row_);
        has_base_row_ = false;
        base_.pop();
        find_base_row(false);
    } else {
        current_.json.assign(overlay_row_->json);
        current_.size = overlay_row_->size;
        overlay_row_ = nullptr;
    }
    view_ = current_.view();
    return &view_;
}

bool OverlayCursor::is_base_next() {
    if (!has_base_row_ || overlay_row_ == nullptr) {
        return has_base_row_;
    }
    const dynamodb::KeySchema& key = schema_of(table_, index_);
    if (!is_query_ || !key.sort) {
        return true;
    }
    std::strong_ordering order = dynamodb::compare_keys(*base_.head(0)->find(key.sort->name),
                                                        *overlay_item_.find(key.sort->name));
    return is_forward_ ? order <= 0 : order >= 0;
}

void OverlayCursor::find_base_row(bool may_fetch) {
    while (!has_base_row_ && (may_fetch || !base_.must_fetch())) {
        std::size_t limit = expected_ > given_ ? expected_ - given_ : 0;
        const Item* item = base_.head(limit);
        if (item == nullptr) {
            return;
        }
        if (is_beyond(*item)) {
            base_.end();
            return;
        }
        has_base_row_ = make_base_row(*item);
        if (!has_base_row_) {
            base_.pop();
        }
    }
}

bool OverlayCursor::make_base_row(const Item& item) {
    base_arena_.reset();
    OverlayMark mark;
    std::shared_lock lock(parts_.mutex);
    if (parts_.marks.find(table_, item, base_arena_, mark)) {
        return mark.is_in_base && make_changed_row(item, mark);
    }
    lock.unlock();
    base_row_.json.clear();
    json::Writer out(base_row_.json);
    dynamodb::write_item(out, item);
    base_row_.size = dynamodb::item_size(item);
    if (index_ == nullptr) {
        parts_.images.keep(row_key(table_, nullptr, item), base_row_.view());
    }
    return true;
}

bool OverlayCursor::make_changed_row(const Item& key, const OverlayMark& mark) {
    if (!parts_.layer.get(table_, key, true, base_row_)) {
        return false;
    }
    if (index_ == nullptr) {
        return true;
    }
    Item item = parser_.item(base_row_.json, base_arena_);
    if (!has_key(item, index_->key) || (is_query_ && !mark.has_entry_at(*index_, item))) {
        return false;
    }
    Item entry = projected(table_, *index_, item, base_arena_);
    base_row_ = {dynamodb::to_wire_json(entry), dynamodb::item_size(entry)};
    return true;
}

void OverlayCursor::find_overlay_row() {
    if (overlay_row_ != nullptr || is_overlay_over_) {
        return;
    }
    if (!overlay_) {
        overlay_ = parts_.layer.scan(table_, *tail_);
    }
    while (const Row* row = overlay_->next()) {
        overlay_arena_.reset();
        overlay_item_ = parser_.item(row->json, overlay_arena_);
        if (is_beyond(overlay_item_)) {
            is_overlay_over_ = true;
            return;
        }
        if (!lies_in_place(overlay_item_)) {
            overlay_row_ = row;
            return;
        }
    }
    is_overlay_over_ = true;
}

/// Whether the item is given where the base has its entry.
bool OverlayCursor::lies_in_place(const Item& item) {
    OverlayMark mark;
    if (!parts_.marks.find(table_, item, overlay_arena_, mark) || !mark.is_in_base) {
        return false;
    }
    return index_ == nullptr ||
           (is_query_ ? mark.has_entry_at(*index_, item) : mark.has_entry(*index_));
}

}  // namespace dynamigrate::engine
