#include "shape.hpp"

#include <algorithm>

namespace dynamigrate::engine {
namespace {

std::string joined(std::initializer_list<std::string_view> choices) {
    std::string text;
    for (std::string_view choice : choices) {
        text.append(text.empty() ? "" : ", ").append(choice);
    }
    return text;
}

}  // namespace

std::vector<element> elements(object from, std::string_view name) {
    std::vector<element> result;
    if (std::optional<array> found = list(from, name)) {
        result.assign(found->begin(), found->end());
    }
    return result;
}

bool is_resource_name(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
    });
}

std::string Shape::path(std::string_view name) const {
    std::string result = prefix_;
    result.append(name);
    char& first = result[prefix_.size()];
    if (first >= 'A' && first <= 'Z') {
        first = static_cast<char>(first - 'A' + 'a');
    }
    return result;
}

std::optional<std::string_view> Shape::required_text(std::string_view name) {
    std::optional<std::string_view> found = text(from_, name);
    if (!found) {
        constraints_.null(path(name));
    }
    return found;
}

void Shape::text_length(std::string_view name, std::size_t least, std::size_t most) {
    std::optional<std::string_view> found = text(from_, name);
    if (found && found->size() < least) {
        constraints_.violated(
            *found, path(name),
            "Member must have length greater than or equal to " + std::to_string(least));
    }
    if (found && found->size() > most) {
        constraints_.violated(
            *found, path(name),
            "Member must have length less than or equal to " + std::to_string(most));
    }
}

void Shape::resource_name(std::string_view name) {
    std::optional<std::string_view> found = text(from_, name);
    if (found && !is_resource_name(*found)) {
        constraints_.violated(*found, path(name),
                              "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
    }
    text_length(name, 3, 255);
}

void Shape::one_of(std::string_view name, std::initializer_list<std::string_view> choices) {
    std::optional<std::string_view> found = text(from_, name);
    if (found && std::find(choices.begin(), choices.end(), *found) == choices.end()) {
        constraints_.violated(*found, path(name),
                              "Member must satisfy enum value set: [" + joined(choices) + "]");
    }
}

std::optional<std::int64_t> Shape::required_number(std::string_view name) {
    std::optional<std::int64_t> found = integer(from_, name);
    if (!found) {
        constraints_.null(path(name));
    }
    return found;
}

void Shape::number_range(std::string_view name, std::int64_t least, std::int64_t most) {
    std::optional<std::int64_t> found = integer(from_, name);
    if (found && *found < least) {
        constraints_.violated(
            std::to_string(*found), path(name),
            "Member must have value greater than or equal to " + std::to_string(least));
    }
    if (found && *found > most) {
        constraints_.violated(
            std::to_string(*found), path(name),
            "Member must have value less than or equal to " + std::to_string(most));
    }
}

void Shape::required_boolean(std::string_view name) {
    if (!boolean(from_, name)) {
        constraints_.null(path(name));
    }
}

std::optional<Shape> Shape::inside(std::string_view name) const {
    std::optional<object> found = structure(from_, name);
    return found ? std::optional(Shape(constraints_, *found, path(name) + ".")) : std::nullopt;
}

std::optional<Shape> Shape::required_inside(std::string_view name) {
    std::optional<Shape> found = inside(name);
    if (!found) {
        constraints_.null(path(name));
    }
    return found;
}

std::optional<array> Shape::required_list(std::string_view name) {
    std::optional<array> found = list(from_, name);
    if (!found) {
        constraints_.null(path(name));
    }
    return found;
}

void Shape::list_length(std::string_view name, std::size_t least, std::size_t most) {
    std::optional<array> found = list(from_, name);
    if (found && found->size() < least) {
        constraints_.violated(
            simdjson::minify(*found), path(name),
            "Member must have length greater than or equal to " + std::to_string(least));
    }
    if (found && found->size() > most) {
        constraints_.violated(
            simdjson::minify(*found), path(name),
            "Member must have length less than or equal to " + std::to_string(most));
    }
}

}  // namespace dynamigrate::engine
