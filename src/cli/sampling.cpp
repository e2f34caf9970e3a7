#include "sampling.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::cli {

namespace {

constexpr std::uint64_t kMaxSegments = 1'000'000;
/// Into how many parts at most a segment is divided, to choose one of them.
constexpr std::uint64_t kMaxParts = 1000;
/// Items that a part should have for each that is read of it.
constexpr std::uint64_t kRoom = 4;

std::uint64_t number_of(const json::Value& body, const char* name, std::uint64_t otherwise) {
    const json::Value* value = body.find(name);
    std::uint64_t number = otherwise;
    if (value != nullptr && value->is_number()) {
        const std::string& digits = value->text();
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    }
    return number;
}

json::Value number_value(std::uint64_t number) {
    return json::Value::number(std::to_string(number));
}

}  // namespace

struct SamplingService::Place {
    std::uint64_t name = 0;
    std::uint64_t segment = 0, segments = 1;
    std::uint64_t items = 1;
    std::uint64_t population = 0;
};

SamplingService::SamplingService(dynamodb::Service& inner, std::uint64_t items, std::uint64_t seed,
                                 OnRead on_read)
    : inner_(inner),
      items_(items),
      seed_(seed),
      on_read_(std::move(on_read)) {}

void SamplingService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    if (call.operation != "Scan") {
        inner_.call(call, reply);
        return;
    }
    json::Value body = json::parse_json(call.body, "a Scan");
    const json::Value* name = body.find("TableName");
    const dynamodb::TableDescription& table =
        describe(name == nullptr ? "" : name->text(), call.stop);
    Place place = choose(body, table);
    if (place.population <= items_) {
        inner_.call(call, reply);
        return;
    }
    body.set("Segment", number_value(place.segment));
    body.set("TotalSegments", number_value(place.segments));
    std::uint64_t left = left_of(place, body.find("ExclusiveStartKey") != nullptr);
    body.set("Limit", number_value(std::min(left, number_of(body, "Limit", left))));
    std::string text = json::to_json(body);
    dynamodb::Call shortened = call;
    shortened.body = text;
    inner_.call(shortened, reply);
    finish(table, place, reply);
}

const dynamodb::TableDescription& SamplingService::describe(const std::string& table,
                                                            const std::stop_token& stop) {
    {
        std::lock_guard lock(mutex_);
        auto known = tables_.find(table);
        if (known != tables_.end()) {
            return known->second;
        }
    }
    std::optional<dynamodb::TableDescription> found = dynamodb::describe_table(inner_, table, stop);
    std::lock_guard lock(mutex_);
    return tables_.emplace(table, found.value_or(dynamodb::TableDescription{})).first->second;
}

SamplingService::Place SamplingService::choose(const json::Value& body,
                                               const dynamodb::TableDescription& table) const {
    const json::Value* index_name = body.find("IndexName");
    const dynamodb::IndexDescription* index =
        index_name == nullptr ? nullptr : table.index(index_name->text());
    std::uint64_t segment = number_of(body, "Segment", 0);
    std::uint64_t segments = std::max<std::uint64_t>(1, number_of(body, "TotalSegments", 1));
    Place place;
    place.population =
        static_cast<std::uint64_t>(index == nullptr ? table.item_count : index->item_count);
    place.items = std::max<std::uint64_t>(1, (items_ + segments - 1) / segments);
    place.name = base::fast_hash(fmt::format(
        "{} {} {} {}", table.name, index == nullptr ? "" : index->name, segment, segments));
    std::uint64_t fitting = place.population / segments / (place.items * kRoom);
    std::uint64_t parts = std::clamp<std::uint64_t>(fitting, 1, kMaxParts);
    parts = std::max<std::uint64_t>(1, std::min(parts, kMaxSegments / segments));
    base::SeededRandom random(seed_ ^ place.name);
    place.segments = segments * parts;
    place.segment = segment * parts + random.below(parts);
    return place;
}

/// A scan that begins anew reads the same again.
std::uint64_t SamplingService::left_of(const Place& place, bool is_begun) {
    std::lock_guard lock(mutex_);
    std::uint64_t& left = left_[place.name];
    if (!is_begun) {
        left = place.items;
    }
    return std::max<std::uint64_t>(left, 1);
}

/// Tells of the page; takes away what leads on from it when there are enough.
void SamplingService::finish(const dynamodb::TableDescription& table, const Place& place,
                             dynamodb::Reply& reply) {
    base::Arena arena;
    dynamodb::Page page;
    dynamodb::PageReader().read(reply, arena, page);
    std::vector<dynamodb::Item> keys;
    for (const dynamodb::Item& item : page.items) {
        keys.push_back(table.key.key_of(item, arena));
    }
    on_read_({table.name, place.name, keys, place.population});
    {
        std::lock_guard lock(mutex_);
        std::uint64_t& left = left_[place.name];
        left -= std::min<std::uint64_t>(left, keys.size());
        if (left > 0 || page.last_evaluated_key.empty()) {
            return;
        }
    }
    json::Value body = json::parse_json(reply.body, "the answer of Scan");
    std::erase_if(body.members(), [](const json::Value::Member& member) {
        return member.key == "LastEvaluatedKey";
    });
    reply.body = json::to_json(body);
}

}  // namespace dynamigrate::cli
