#include "template_filter.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/json/value.hpp>

#include "letter_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dynamigrate::migrate {

namespace {

using base::Arena;
using base::Error;
using base::ErrorKind;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;

/// `arguments`: one letter each: s string, i integer, v any value.
struct FilterRule {
    std::string_view name;
    FilterKind kind;
    std::size_t least;
    std::string_view arguments;
};

constexpr std::array kRules{
    FilterRule{"lower", FilterKind::lower, 0, ""},
    FilterRule{"upper", FilterKind::upper, 0, ""},
    FilterRule{"trim", FilterKind::trim, 0, ""},
    FilterRule{"string", FilterKind::string, 0, ""},
    FilterRule{"number", FilterKind::number, 0, ""},
    FilterRule{"length", FilterKind::length, 0, ""},
    FilterRule{"default", FilterKind::default_value, 1, "v"},
    FilterRule{"split", FilterKind::split, 1, "si"},
    FilterRule{"join", FilterKind::join, 1, "s"},
    FilterRule{"replace", FilterKind::replace, 2, "ss"},
    FilterRule{"slice", FilterKind::slice, 1, "ii"},
    FilterRule{"pad", FilterKind::pad, 1, "is"},
    FilterRule{"sha256", FilterKind::sha256, 0, ""},
    FilterRule{"uuid5", FilterKind::uuid5, 1, "s"},
};

const FilterRule& rule_of(std::string_view name) {
    for (const FilterRule& rule : kRules) {
        if (rule.name == name) {
            return rule;
        }
    }
    std::vector<std::string> names;
    for (const FilterRule& rule : kRules) {
        names.emplace_back(rule.name);
    }
    std::string near = json::nearest(name, names);
    throw Error(ErrorKind::invalid_argument,
                fmt::format("unknown filter '{}'; {}", name,
                            near.empty() ? fmt::format("filters are {}", fmt::join(names, ", "))
                                         : fmt::format("did you mean {}?", near)));
}

std::string_view name_of(FilterKind kind) noexcept {
    for (const FilterRule& rule : kRules) {
        if (rule.kind == kind) {
            return rule.name;
        }
    }
    return "";
}

void check_argument(const FilterRule& rule, std::size_t index, const FilterArgument& argument) {
    char wanted = rule.arguments[index];
    bool is_integer = argument.type == AttributeType::number &&
                      argument.text.find_first_of(".eE") == std::string::npos &&
                      argument.text.size() <= 9;
    if (wanted == 's' && argument.type != AttributeType::string) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("argument {} of filter {} must be a string in single quotes",
                                index + 1, rule.name));
    }
    if (wanted == 'i' && !is_integer) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("argument {} of filter {} must be an integer", index + 1, rule.name));
    }
}

/// The namespaces that RFC 4122 names.
std::string uuid_namespace(const std::string& name) {
    constexpr std::array<std::pair<std::string_view, char>, 4> kKnown{
        {{"dns", '0'}, {"url", '1'}, {"oid", '2'}, {"x500", '4'}}};
    for (auto [known, digit] : kKnown) {
        if (name == known) {
            return fmt::format("6ba7b81{}-9dad-11d1-80b4-00c04fd430c8", digit);
        }
    }
    base::uuid5(name, "");
    return name;
}

[[noreturn]] void refuse(const Filter& filter, const AttributeValue& value,
                         std::string_view wanted) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("filter {} needs {}, not a value of type {}", name_of(filter.kind),
                            wanted, dynamodb::to_string(value.type())));
}

std::string_view text_for(const Filter& filter, const AttributeValue& value) {
    auto text = as_text(value);
    if (!text) {
        refuse(filter, value, "text");
    }
    return *text;
}

AttributeValue integer_value(std::size_t value, Arena& arena) {
    return AttributeValue::number(arena.copy(fmt::format_int(value).c_str()));
}

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kSpace = " \t\r\n\f\v";
    std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) {
        return {text.data(), 0};
    }
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

AttributeValue to_number(const Filter& filter, const AttributeValue& value, Arena& arena) {
    if (value.is(AttributeType::number)) {
        return value;
    }
    if (!value.is(AttributeType::string)) {
        refuse(filter, value, "a string or a number");
    }
    if (!dynamodb::check_number(value.text()).empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "filter number was given a string that is no number");
    }
    return AttributeValue::number(arena.copy(dynamodb::canonical_number(value.text())));
}

std::size_t count_letters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::size_t at = 0; at < text.size(); ++count) {
        next_letter(text, at);
    }
    return count;
}

AttributeValue length(const Filter& filter, const AttributeValue& value, Arena& arena) {
    switch (value.type()) {
        case AttributeType::string:
            return integer_value(count_letters(value.text()), arena);
        case AttributeType::binary:
            return integer_value(value.text().size(), arena);
        case AttributeType::list:
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
            return integer_value(value.elements().size(), arena);
        case AttributeType::map:
            return integer_value(value.attributes().size(), arena);
        default:
            refuse(filter, value, "a string, a binary, a list, a set or a map");
    }
}

std::vector<std::string_view> parts_of(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    for (;;) {
        std::size_t end = separator.empty() ? std::string_view::npos : text.find(separator, begin);
        parts.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
        if (end == std::string_view::npos) {
            return parts;
        }
        begin = end + separator.size();
    }
}

std::optional<AttributeValue> split(const Filter& filter, std::string_view text, Arena& arena) {
    std::vector<std::string_view> parts = parts_of(text, filter.arguments[0].text);
    if (filter.arguments.size() == 1) {
        auto* elements = arena.allocate_array<AttributeValue>(parts.size());
        std::transform(parts.begin(), parts.end(), elements, AttributeValue::string);
        return AttributeValue::list({elements, parts.size()});
    }
    std::int64_t index = filter.arguments[1].integer;
    auto count = static_cast<std::int64_t>(parts.size());
    index = index < 0 ? index + count : index;
    if (index < 0 || index >= count) {
        return std::nullopt;
    }
    return AttributeValue::string(parts[static_cast<std::size_t>(index)]);
}

AttributeValue join(const Filter& filter, const AttributeValue& value, Arena& arena) {
    if (!value.is_set() && !value.is(AttributeType::list)) {
        refuse(filter, value, "a list or a set");
    }
    std::string out;
    bool is_first = true;
    for (const AttributeValue& element : value.elements()) {
        out.append(is_first ? std::string_view() : filter.arguments[0].text);
        out.append(text_for(filter, element));
        is_first = false;
    }
    return AttributeValue::string(arena.copy(out));
}

AttributeValue replace(const Filter& filter, std::string_view text, Arena& arena) {
    const std::string& from = filter.arguments[0].text;
    if (text.find(from) == std::string_view::npos) {
        return AttributeValue::string(text);
    }
    std::string out;
    bool is_first = true;
    for (std::string_view part : parts_of(text, from)) {
        out.append(is_first ? std::string_view() : filter.arguments[1].text);
        out.append(part);
        is_first = false;
    }
    return AttributeValue::string(arena.copy(out));
}

AttributeValue slice(const Filter& filter, std::string_view text) {
    std::vector<std::size_t> begins;
    for (std::size_t at = 0; at < text.size();) {
        begins.push_back(at);
        next_letter(text, at);
    }
    begins.push_back(text.size());
    auto count = static_cast<std::int64_t>(begins.size()) - 1;
    auto place = [&](std::int64_t index) {
        return std::clamp<std::int64_t>(index < 0 ? index + count : index, 0, count);
    };
    std::int64_t from = place(filter.arguments[0].integer);
    std::int64_t to = filter.arguments.size() > 1 ? place(filter.arguments[1].integer) : count;
    std::size_t begin = begins[static_cast<std::size_t>(from)];
    std::size_t end = begins[static_cast<std::size_t>(std::max(from, to))];
    return AttributeValue::string(text.substr(begin, end - begin));
}

AttributeValue pad(const Filter& filter, std::string_view text, Arena& arena) {
    std::int64_t width = filter.arguments[0].integer;
    auto wanted = static_cast<std::size_t>(width < 0 ? -width : width);
    std::size_t letters = count_letters(text);
    if (letters >= wanted) {
        return AttributeValue::string(text);
    }
    std::string out;
    for (std::size_t i = letters; i < wanted; ++i) {
        out.append(filter.arguments.size() > 1 ? std::string_view(filter.arguments[1].text) : " ");
    }
    out.insert(width < 0 ? 0 : out.size(), text);
    return AttributeValue::string(arena.copy(out));
}

std::string_view hashed_text(const Filter& filter, const AttributeValue& value) {
    return value.is(AttributeType::binary) ? value.text() : text_for(filter, value);
}

std::optional<AttributeValue> apply_to(const Filter& filter, const AttributeValue& value,
                                       Arena& arena) {
    switch (filter.kind) {
        case FilterKind::lower:
            return AttributeValue::string(to_lower(text_for(filter, value), arena));
        case FilterKind::upper:
            return AttributeValue::string(to_upper(text_for(filter, value), arena));
        case FilterKind::trim:
            return AttributeValue::string(trimmed(text_for(filter, value)));
        case FilterKind::string:
            return AttributeValue::string(text_for(filter, value));
        case FilterKind::number:
            return to_number(filter, value, arena);
        case FilterKind::length:
            return length(filter, value, arena);
        case FilterKind::default_value:
            return value;
        case FilterKind::split:
            return split(filter, text_for(filter, value), arena);
        case FilterKind::join:
            return join(filter, value, arena);
        case FilterKind::replace:
            return replace(filter, text_for(filter, value), arena);
        case FilterKind::slice:
            return slice(filter, text_for(filter, value));
        case FilterKind::pad:
            return pad(filter, text_for(filter, value), arena);
        case FilterKind::sha256:
            return AttributeValue::string(arena.copy(base::sha256_hex(hashed_text(filter, value))));
        case FilterKind::uuid5:
            return AttributeValue::string(
                arena.copy(base::uuid5(filter.arguments[0].text, text_for(filter, value))));
    }
    return value;
}

}  // namespace

AttributeValue FilterArgument::value() const noexcept {
    switch (type) {
        case AttributeType::string:
            return AttributeValue::string(text);
        case AttributeType::number:
            return AttributeValue::number(text);
        case AttributeType::boolean:
            return AttributeValue::boolean(boolean);
        default:
            return AttributeValue::null();
    }
}

Filter make_filter(std::string_view name, std::vector<FilterArgument> arguments) {
    const FilterRule& rule = rule_of(name);
    if (arguments.size() < rule.least || arguments.size() > rule.arguments.size()) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("filter {} takes {}{} argument{}, not {}", name,
                        rule.least == rule.arguments.size() ? std::string()
                                                            : fmt::format("{} to ", rule.least),
                        rule.arguments.size(), rule.arguments.size() == 1 ? "" : "s",
                        arguments.size()));
    }
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        check_argument(rule, i, arguments[i]);
    }
    bool needs_text = rule.kind == FilterKind::split || rule.kind == FilterKind::replace;
    if (needs_text && arguments[0].text.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("argument 1 of filter {} must not be empty", name));
    }
    if (rule.kind == FilterKind::pad) {
        std::int64_t width = arguments[0].integer;
        bool is_one = arguments.size() < 2 || count_letters(arguments[1].text) == 1;
        if (width < -1000 || width > 1000 || !is_one) {
            throw Error(ErrorKind::invalid_argument,
                        "filter pad takes a width of at most 1000 and one character");
        }
    }
    if (rule.kind == FilterKind::uuid5) {
        arguments[0].text = uuid_namespace(arguments[0].text);
    }
    return {rule.kind, std::move(arguments)};
}

std::optional<AttributeValue> apply_filter(const Filter& filter,
                                           const std::optional<AttributeValue>& value,
                                           Arena& arena) {
    if (!value) {
        return filter.kind == FilterKind::default_value ? std::optional(filter.arguments[0].value())
                                                        : std::nullopt;
    }
    return apply_to(filter, *value, arena);
}

std::optional<std::string_view> as_text(const AttributeValue& value) noexcept {
    switch (value.type()) {
        case AttributeType::string:
        case AttributeType::number:
            return value.text();
        case AttributeType::boolean:
            return value.as_boolean() ? "true" : "false";
        default:
            return std::nullopt;
    }
}

}  // namespace dynamigrate::migrate
