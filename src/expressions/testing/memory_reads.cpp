#include "memory_request.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/key_condition.hpp>
#include <dynamigrate/expressions/projection.hpp>

#include <algorithm>
#include <functional>
#include <set>

namespace dynamigrate::expressions::memory {

using dynamodb::Item;
using dynamodb::KeySchema;
using json::Value;
using json::Writer;

namespace {

constexpr std::size_t kMaxBatchReads = 100;

/// Where an item stands in a table or an index.
struct Place {
    ItemKey index_key;  ///< equal for all where no index is read
    const ItemKey* key = nullptr;
    const Item* item = nullptr;
};

bool is_before(const Place& a, const Place& b) {
    if (a.index_key < b.index_key || b.index_key < a.index_key) {
        return a.index_key < b.index_key;
    }
    return *a.key < *b.key;
}

/// One Query or Scan, read and checked.
struct Reading {
    const Table* table = nullptr;
    const Index* index = nullptr;
    Condition filter;
    Projection projection;
    std::function<bool(const Place&)> includes;
    bool is_forward = true;

    const KeySchema& key() const { return index == nullptr ? table->key : index->key; }
};

const Index* index_of(const Table& table, const Value& body) {
    std::string name = text(body, "IndexName");
    if (name.empty()) {
        return nullptr;
    }
    const Index* index = table.index(name);
    if (index == nullptr) {
        refuse_validation("The table does not have the specified index: " + name);
    }
    if (index->status != "ACTIVE") {
        refuse_validation("Cannot read from backfilling global secondary index: " + name);
    }
    if (!index->is_local && flag(body, "ConsistentRead")) {
        refuse_validation("Consistent reads are not supported on global secondary indexes");
    }
    return index;
}

Reading read_common(Store& store, const Value& body, Substitutions& substitutions) {
    Reading reading;
    reading.table = &store.table(text(body, "TableName"));
    reading.index = index_of(*reading.table, body);
    if (const Value* filter = body.find("FilterExpression")) {
        reading.filter = Condition::parse(filter->text(), substitutions, "FilterExpression");
    }
    if (const Value* projection = body.find("ProjectionExpression")) {
        reading.projection = Projection::parse(projection->text(), substitutions);
    }
    return reading;
}

std::vector<Place> places_of(const Reading& reading) {
    std::vector<Place> places;
    for (const auto& [key, stored] : reading.table->items) {
        Place place{{}, &key, &stored->item};
        if (reading.index != nullptr) {
            if (!has_key(stored->item, reading.index->key)) {
                continue;
            }
            place.index_key = key_of(stored->item, reading.index->key);
        }
        if (reading.includes(place)) {
            places.push_back(std::move(place));
        }
    }
    if (reading.index != nullptr) {
        std::sort(places.begin(), places.end(), is_before);
    }
    if (!reading.is_forward) {
        std::reverse(places.begin(), places.end());
    }
    return places;
}

/// Drops what comes up to and including the start key.
void skip_to_start(const Reading& reading, Request& request, std::vector<Place>& places) {
    if (request.body.find("ExclusiveStartKey") == nullptr) {
        return;
    }
    Item start = item(request.body, "ExclusiveStartKey", request.arena);
    std::set<std::string> wanted{reading.table->key.hash.name, reading.key().hash.name};
    for (const KeySchema* key : {&reading.table->key, &reading.key()}) {
        if (key->sort) {
            wanted.insert(key->sort->name);
        }
    }
    bool is_whole = start.size() == wanted.size() && has_key(start, reading.table->key) &&
                    has_key(start, reading.key());
    if (!is_whole) {
        refuse_validation("The provided starting key is invalid");
    }
    ItemKey key = key_of(start, reading.table->key);
    Place place{reading.index == nullptr ? ItemKey() : key_of(start, reading.index->key), &key,
                &start};
    if (!reading.includes(place)) {
        refuse_validation(
            "The provided starting key is outside query boundaries based on provided conditions");
    }
    auto first = std::find_if(places.begin(), places.end(), [&](const Place& candidate) {
        return reading.is_forward ? is_before(place, candidate) : is_before(candidate, place);
    });
    places.erase(places.begin(), first);
}

void write_last_key(Writer& out, const Reading& reading, const Item& last, base::Arena& arena) {
    dynamodb::ItemBuilder builder(arena);
    for (const KeySchema* key : {&reading.table->key, &reading.key()}) {
        builder.set(key->hash.name, *last.find(key->hash.name));
        if (key->sort) {
            builder.set(key->sort->name, *last.find(key->sort->name));
        }
    }
    out.key("LastEvaluatedKey");
    dynamodb::write_item(out, builder.build());
}

void answer_page(Store& store, Request& request, const Reading& reading, Writer& out) {
    std::vector<Place> places = places_of(reading);
    skip_to_start(reading, request, places);
    auto limit = static_cast<std::size_t>(integer(request.body, "Limit", 0));
    bool counts_only = text(request.body, "Select") == "COUNT";
    std::size_t scanned = 0;
    std::size_t count = 0;
    base::ItemBytes size;
    const Item* last = nullptr;
    std::string items;
    Writer items_out(items);
    items_out.begin_array();
    for (const Place& place : places) {
        Item shown = reading.index == nullptr
                         ? *place.item
                         : projected(*reading.table, *reading.index, *place.item, request.arena);
        ++scanned;
        size += dynamodb::item_size(shown);
        if (reading.filter.matches(shown)) {
            ++count;
            if (!counts_only) {
                dynamodb::write_item(items_out, reading.projection.apply(shown, request.arena));
            }
        }
        if (scanned == limit || size.value >= store.options.page_bytes) {
            last = place.item;
            break;
        }
    }
    items_out.end_array();
    if (!counts_only) {
        out.key("Items").raw(items);
    }
    out.key("Count").number(count).key("ScannedCount").number(scanned);
    if (last != nullptr) {
        write_last_key(out, reading, *last, request.arena);
    }
    bool is_consistent = flag(request.body, "ConsistentRead");
    request.usage.read(*reading.table, dynamodb::read_units(size, is_consistent).value,
                       reading.index);
}

void check_filter_names_no_key(const Reading& reading) {
    for (const std::string& attribute : reading.filter.attributes()) {
        if (reading.key().contains(attribute)) {
            refuse_validation(
                "Filter Expression can only contain non-primary key attributes: Primary key "
                "attribute: " +
                attribute);
        }
    }
}

/// Reads one item for GetItem or BatchGetItem.
Item read_one(Request& request, const Table& table, const Value& key, const Projection& projection,
              bool is_consistent) {
    StoredItem found =
        find(table, checked_key(table, dynamodb::item_from_wire(key, "request", request.arena)));
    base::ItemBytes size = found == nullptr ? base::ItemBytes{} : dynamodb::item_size(found->item);
    request.usage.read(table, dynamodb::read_units(size, is_consistent).value);
    return found == nullptr ? Item()
                            : projection.apply(found->item, request.arena).clone(request.arena);
}

Projection projection_of(const Value& object, base::Arena& arena) {
    ExpressionText source = substitutions(object, arena);
    Substitutions substitutions(source);
    const Value* text = object.find("ProjectionExpression");
    Projection projection =
        text == nullptr ? Projection() : Projection::parse(text->text(), substitutions);
    substitutions.check_all_used();
    return projection;
}

}  // namespace

void get_item(Store& store, Request& request, Writer& out) {
    const Table& table = store.table(text(request.body, "TableName"));
    Projection projection = projection_of(request.body, request.arena);
    bool is_there =
        find(table, checked_key(table, item(request.body, "Key", request.arena))) != nullptr;
    Item found = read_one(request, table, required(request.body, "Key"), projection,
                          flag(request.body, "ConsistentRead"));
    if (is_there) {
        out.key("Item");
        dynamodb::write_item(out, found);
    }
}

void batch_get(Store& store, Request& request, Writer& out) {
    std::size_t asked = 0;
    Value unprocessed = Value::object();
    std::string answers;
    Writer answers_out(answers);
    answers_out.begin_object();
    for (const Value::Member& member : required(request.body, "RequestItems").members()) {
        const Table& table = store.table(member.key);
        Projection projection = projection_of(member.value, request.arena);
        std::set<ItemKey> seen;
        answers_out.key(member.key).begin_array();
        Value left = Value::array();
        for (const Value& key : required(member.value, "Keys").elements()) {
            if (!seen.insert(checked_key(table,
                                         dynamodb::item_from_wire(key, "request", request.arena)))
                     .second) {
                refuse_validation("Provided list of item keys contains duplicates");
            }
            if (++asked > store.options.batch_limit && store.options.batch_limit != 0) {
                left.elements().push_back(key);
                continue;
            }
            Item found =
                read_one(request, table, key, projection, flag(member.value, "ConsistentRead"));
            if (!found.empty()) {
                dynamodb::write_item(answers_out, found);
            }
        }
        answers_out.end_array();
        if (!left.elements().empty()) {
            Value rest = member.value;
            rest.set("Keys", left);
            unprocessed.set(member.key, rest);
        }
    }
    if (asked == 0 || asked > kMaxBatchReads) {
        refuse_validation("Too many items requested for the BatchGetItem call");
    }
    answers_out.end_object();
    out.key("Responses").raw(answers).key("UnprocessedKeys").raw(json::to_json(unprocessed));
}

void query(Store& store, Request& request, Writer& out) {
    ExpressionText source = substitutions(request.body, request.arena);
    Substitutions substitutions(source);
    Reading reading = read_common(store, request.body, substitutions);
    KeyCondition condition = KeyCondition::parse(
        required(request.body, "KeyConditionExpression").text(), substitutions, reading.key());
    substitutions.check_all_used();
    check_filter_names_no_key(reading);
    const Value* forward = request.body.find("ScanIndexForward");
    reading.is_forward = forward == nullptr || forward->as_boolean();
    reading.includes = [&](const Place& place) { return condition.matches(*place.item); };
    answer_page(store, request, reading, out);
}

void scan(Store& store, Request& request, Writer& out) {
    ExpressionText source = substitutions(request.body, request.arena);
    Substitutions substitutions(source);
    Reading reading = read_common(store, request.body, substitutions);
    substitutions.check_all_used();
    int segments = integer(request.body, "TotalSegments", 1);
    int segment = integer(request.body, "Segment", 0);
    if (segment < 0 || segment >= segments) {
        refuse_validation(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
            "Segment: " +
            std::to_string(segment) +
            " is not less than TotalSegments: " + std::to_string(segments));
    }
    reading.includes = [&](const Place& place) {
        std::uint64_t hash = reading.index == nullptr ? place.key->hash : place.index_key.hash;
        return hash % static_cast<std::uint64_t>(segments) == static_cast<std::uint64_t>(segment);
    };
    answer_page(store, request, reading, out);
}

}  // namespace dynamigrate::expressions::memory
