#include <dynamigrate/dynamodb/service.hpp>

#include <dynamigrate/json/json5.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace dynamigrate::dynamodb {

namespace {

constexpr std::string_view kMember = "\"ConsumedCapacity\"";
constexpr std::string_view kWhiteSpace = " \t\r\n";

/// The JSON object or array at the beginning of the text, or "" when it has no end.
std::string_view leading_value(std::string_view text) noexcept {
    int depth = 0;
    bool is_in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (is_in_string) {
            i += c == '\\' ? 1 : 0;
            is_in_string = c != '"';
        } else if (c == '"') {
            is_in_string = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0) {
                return text.substr(0, i + 1);
            }
        }
    }
    return {};
}

/// An item may have an attribute of that name too; its value is never an array, and as an object
/// its first member is a type.
bool looks_like_capacity(std::string_view value) noexcept {
    if (value.empty() || value.front() == '[') {
        return !value.empty();
    }
    std::size_t name = value.find_first_not_of(kWhiteSpace, 1);
    static constexpr std::array<std::string_view, 7> kMembers{"\"TableName\"",
                                                              "\"CapacityUnits\"",
                                                              "\"Table\"",
                                                              "\"ReadCapacityUnits\"",
                                                              "\"WriteCapacityUnits\"",
                                                              "\"LocalSecondaryIndexes\"",
                                                              "\"GlobalSecondaryIndexes\""};
    return name != value.npos &&
           std::any_of(kMembers.begin(), kMembers.end(), [&](std::string_view member) {
               return value.substr(name).starts_with(member);
           });
}

/// Finds the member without parsing the page of items around it: the quote before the colon is no
/// escaped one, so what matches is a member's name and not a text inside a string.
std::string_view search_capacity(std::string_view body) noexcept {
    while (true) {
        const void* place = memmem(body.data(), body.size(), kMember.data(), kMember.size());
        if (place == nullptr) {
            return {};
        }
        auto offset = static_cast<std::size_t>(static_cast<const char*>(place) - body.data());
        body.remove_prefix(offset + kMember.size());
        std::size_t colon = body.find_first_not_of(kWhiteSpace);
        if (colon == body.npos || body[colon] != ':') {
            continue;
        }
        std::size_t value = body.find_first_not_of(kWhiteSpace, colon + 1);
        if (value == body.npos || (body[value] != '{' && body[value] != '[')) {
            continue;
        }
        std::string_view found = leading_value(body.substr(value));
        if (looks_like_capacity(found)) {
            return found;
        }
    }
}

/// Of a page of a megabyte the member stands near one of the ends.
std::string_view find_capacity(std::string_view body) noexcept {
    constexpr std::size_t kEnd = 4096;
    if (body.size() <= 4 * kEnd) {
        return search_capacity(body);
    }
    for (std::string_view part : {body.substr(body.size() - kEnd), body.substr(0, kEnd), body}) {
        if (std::string_view found = search_capacity(part); !found.empty()) {
            return found;
        }
    }
    return {};
}

std::optional<double> units_of(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    double units = 0;
    const std::string& text = value->text();
    std::from_chars(text.data(), text.data() + text.size(), units);
    return units;
}

void read_indexes(const json::Value& object, std::string_view name, ConsumedCapacity& capacity) {
    const json::Value* indexes = object.find(name);
    if (indexes == nullptr) {
        return;
    }
    for (const json::Value::Member& index : indexes->members()) {
        double units = units_of(index.value, "CapacityUnits").value_or(0);
        capacity.indexes.emplace_back(index.key, units);
    }
}

ConsumedCapacity capacity_from(const json::Value& object) {
    ConsumedCapacity capacity;
    if (const json::Value* table = object.find("TableName")) {
        capacity.table = table->text();
    }
    capacity.read = units_of(object, "ReadCapacityUnits");
    capacity.write = units_of(object, "WriteCapacityUnits");
    double parts = capacity.read.value_or(0) + capacity.write.value_or(0);
    capacity.total = units_of(object, "CapacityUnits").value_or(parts);
    capacity.table_units = capacity.total;
    if (const json::Value* table = object.find("Table")) {
        capacity.table_units = units_of(*table, "CapacityUnits").value_or(capacity.total);
    }
    read_indexes(object, "GlobalSecondaryIndexes", capacity);
    read_indexes(object, "LocalSecondaryIndexes", capacity);
    return capacity;
}

std::vector<ConsumedCapacity> parse_capacity(std::string_view text) {
    std::vector<ConsumedCapacity> capacities;
    json::Value tree = json::parse_json(text, "ConsumedCapacity");
    if (tree.is_object()) {
        capacities.push_back(capacity_from(tree));
    }
    for (const json::Value& element : tree.elements()) {
        capacities.push_back(capacity_from(element));
    }
    return capacities;
}

}  // namespace

const std::vector<ConsumedCapacity>& Reply::consumed_capacity() {
    if (!capacity_parsed_) {
        capacity_parsed_ = true;
        std::string_view found = find_capacity(body);
        if (!found.empty()) {
            try {
                capacity_ = parse_capacity(found);
            } catch (const base::Error& error) {
                throw base::Error(base::ErrorKind::corrupted,
                                  "the answer's ConsumedCapacity is not JSON")
                    .because(error);
            }
        }
    }
    return capacity_;
}

void Reply::clear() {
    outcome = Outcome::success;
    body.clear();
    request_id.clear();
    earlier_attempt_may_have_applied = false;
    capacity_parsed_ = false;
    capacity_.clear();
}

bool is_read_only(std::string_view operation) noexcept {
    static constexpr std::array<std::string_view, 6> kReads{
        "GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "GetResourcePolicy"};
    return operation.starts_with("Describe") || operation.starts_with("List") ||
           std::find(kReads.begin(), kReads.end(), operation) != kReads.end();
}

}  // namespace dynamigrate::dynamodb
