#include "fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dynamigrate::authoring {

using json::Value;

namespace {

double to_double(const Value& value) {
    double number = 0;
    const std::string& text = value.text();
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

}  // namespace

std::string as_text(const Value& value, const std::string& file, const std::string& what) {
    if (!value.is_string() && !value.is_number()) {
        json::fail(file, value,
                   what + " must be a text, not " + std::string(json::to_string(value.type())));
    }
    return value.text();
}

Fields::Fields(const Value& object, const std::string& file, std::string what)
    : object_(object),
      file_(file),
      what_(std::move(what)) {
    if (!object.is_object()) {
        fail(object, what_ + " must be a map of fields, not " +
                         std::string(json::to_string(object.type())));
    }
}

void Fields::fail(const Value& value, const std::string& message) const {
    json::fail(file_, value, message);
}

const Value* Fields::find(std::string_view name) {
    known_.emplace_back(name);
    return object_.find(name);
}

const Value& Fields::required(std::string_view name) {
    const Value* value = find(name);
    if (value == nullptr) {
        fail(object_, what_ + " needs `" + std::string(name) + "`");
    }
    return *value;
}

std::optional<std::string> Fields::text(std::string_view name) {
    const Value* value = find(name);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    return as_text(*value, file_, "`" + std::string(name) + "`");
}

std::string Fields::text_or(std::string_view name, std::string_view otherwise) {
    return text(name).value_or(std::string(otherwise));
}

std::string Fields::required_text(std::string_view name) {
    const Value& value = required(name);
    std::string text = as_text(value, file_, "`" + std::string(name) + "`");
    if (text.empty()) {
        fail(value, "`" + std::string(name) + "` must not be empty");
    }
    return text;
}

std::optional<bool> Fields::boolean(std::string_view name) {
    const Value* value = find(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_boolean()) {
        fail(*value, "`" + std::string(name) + "` must be true or false");
    }
    return value->as_boolean();
}

std::optional<double> Fields::number(std::string_view name) {
    const Value* value = find(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    const double number = value->is_number() ? to_double(*value) : -1;
    if (number < 0 || !std::isfinite(number)) {
        fail(*value, "`" + std::string(name) + "` must be a number, 0 or more");
    }
    return number;
}

std::optional<std::uint32_t> Fields::count(std::string_view name) {
    const Value* value = find(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::uint32_t count = 0;
    if (value->is_number()) {
        const std::string& text = value->text();
        const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
        if (end.ec == std::errc() && end.ptr == text.data() + text.size()) {
            return count;
        }
    }
    fail(*value, "`" + std::string(name) + "` must be a whole number, 0 or more");
}

std::vector<std::string> Fields::texts(std::string_view name) {
    const Value* value = find(name);
    std::vector<std::string> result;
    if (value == nullptr || value->is_null()) {
        return result;
    }
    if (!value->is_array()) {
        result.push_back(as_text(*value, file_, "`" + std::string(name) + "`"));
        return result;
    }
    for (const Value& element : value->elements()) {
        result.push_back(as_text(element, file_, "an element of `" + std::string(name) + "`"));
    }
    return result;
}

void Fields::finish() const {
    for (const Value::Member& member : object_.members()) {
        if (std::find(known_.begin(), known_.end(), member.key) != known_.end()) {
            continue;
        }
        const std::string near = json::nearest(member.key, known_);
        std::string message = "unknown key `" + member.key + "` in " + what_;
        if (!near.empty()) {
            message += "; did you mean `" + near + "`?";
        } else {
            message += "; known are ";
            for (std::size_t i = 0; i < known_.size(); ++i) {
                message += (i > 0 ? ", " : "") + known_[i];
            }
        }
        Value place;
        place.line = member.line;
        place.column = member.column;
        fail(place, message);
    }
}

}  // namespace dynamigrate::authoring
