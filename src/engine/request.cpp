#include "request.hpp"

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::engine {

void refuse(std::string_view code, const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message).service_code(std::string(code));
}

void refuse_validation(const std::string& message) { refuse("ValidationException", message); }

std::optional<element> member(object from, std::string_view name) {
    element found;
    if (from.at_key(name).get(found) != simdjson::SUCCESS || found.is_null()) {
        return std::nullopt;
    }
    return found;
}

std::optional<std::string_view> text(object from, std::string_view name) {
    std::optional<element> found = member(from, name);
    return found ? std::optional(as_text(*found)) : std::nullopt;
}

std::string_view text_or(object from, std::string_view name, std::string_view otherwise) {
    return text(from, name).value_or(otherwise);
}

std::optional<bool> boolean(object from, std::string_view name) {
    std::optional<element> found = member(from, name);
    return found ? std::optional(as_boolean(*found)) : std::nullopt;
}

// As DynamoDB does, a fraction is cut off.
std::optional<std::int64_t> integer(object from, std::string_view name) {
    std::optional<element> found = member(from, name);
    if (!found) {
        return std::nullopt;
    }
    std::int64_t result = 0;
    if (found->get(result) == simdjson::SUCCESS) {
        return result;
    }
    double fraction = 0;
    if (found->get(fraction) == simdjson::SUCCESS && fraction > -9.2e18 && fraction < 9.2e18) {
        return static_cast<std::int64_t>(fraction);
    }
    dynamodb::refuse_type(*found, "Integer");
}

std::optional<object> structure(object from, std::string_view name) {
    std::optional<element> found = member(from, name);
    return found ? std::optional(as_object(*found)) : std::nullopt;
}

std::optional<array> list(object from, std::string_view name) {
    std::optional<element> found = member(from, name);
    return found ? std::optional(as_array(*found)) : std::nullopt;
}

void refuse_null(std::string_view member_path) {
    Constraints constraints;
    constraints.null(member_path);
    constraints.check();
    throw base::Error(base::ErrorKind::internal, "a violated constraint was not refused");
}

void Constraints::violated(std::string_view value, std::string_view member_path,
                           std::string_view rule) {
    text_ += count_ == 0 ? "" : "; ";
    text_ += "Value '" + std::string(value) + "' at '" + std::string(member_path) +
             "' failed to satisfy constraint: " + std::string(rule);
    ++count_;
}

void Constraints::null(std::string_view member_path) {
    text_ += count_ == 0 ? "" : "; ";
    text_ += "Value null at '" + std::string(member_path) +
             "' failed to satisfy constraint: Member must not be null";
    ++count_;
}

void Constraints::check() const {
    if (count_ > 0) {
        refuse_validation(std::to_string(count_) + " validation error" + (count_ > 1 ? "s" : "") +
                          " detected: " + text_);
    }
}

namespace {

dynamodb::Item substituted_values(Request& request, object values) {
    auto* place = request.arena.allocate_array<dynamodb::Attribute>(values.size());
    std::size_t count = 0;
    for (auto [placeholder, value] : values) {
        try {
            dynamodb::AttributeValue read = request.values.value(value);
            new (place + count++) dynamodb::Attribute{placeholder, read};
        } catch (const base::Error& error) {
            if (error.service_code() != "ValidationException") {
                throw;
            }
            refuse_validation("ExpressionAttributeValues contains invalid value: " +
                              error.message() + " for key " + std::string(placeholder));
        }
    }
    return dynamodb::Item(std::span<const dynamodb::Attribute>(place, count));
}

}  // namespace

dynamodb::ExpressionText substitutions(Request& request, object from) {
    dynamodb::ExpressionText result;
    if (auto names = structure(from, "ExpressionAttributeNames")) {
        if (names->size() == 0) {
            refuse_validation("ExpressionAttributeNames must not be empty");
        }
        for (auto [placeholder, name] : *names) {
            result.names.emplace_back(placeholder, as_text(name));
        }
    }
    if (auto values = member(from, "ExpressionAttributeValues")) {
        if (as_object(*values).size() == 0) {
            refuse_validation("ExpressionAttributeValues must not be empty");
        }
        result.values = substituted_values(request, as_object(*values));
    }
    return result;
}

void check_substitutions_wanted(object from, std::initializer_list<std::string_view> expressions) {
    std::string absent;
    int filters = 0;
    bool has_filter = false;
    bool has_any = false;
    for (std::string_view name : expressions) {
        bool is_there = member(from, name).has_value();
        has_any = has_any || is_there;
        if (name != "ProjectionExpression") {
            absent += filters++ == 0 ? "" : " and ";
            absent += name;
            has_filter = has_filter || is_there;
        }
    }
    if (!has_any && member(from, "ExpressionAttributeNames")) {
        refuse_validation("ExpressionAttributeNames can only be specified when using expressions");
    }
    if (filters > 0 && !has_filter && member(from, "ExpressionAttributeValues")) {
        refuse_validation(
            "ExpressionAttributeValues can only be specified when using expressions: " + absent +
            (filters > 1 ? " are null" : " is null"));
    }
}

CapacityWish capacity_wish(object body) {
    std::string_view wish = text_or(body, "ReturnConsumedCapacity", "NONE");
    if (wish == "NONE") {
        return CapacityWish::none;
    }
    if (wish == "TOTAL") {
        return CapacityWish::total;
    }
    if (wish == "INDEXES") {
        return CapacityWish::indexes;
    }
    Constraints constraints;
    constraints.violated(wish, "returnConsumedCapacity",
                         "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]");
    constraints.check();
    return CapacityWish::none;
}

}  // namespace dynamigrate::engine
