#include "history_layout.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <cctype>
#include <filesystem>

namespace dynamigrate::migrate {

namespace {

constexpr std::size_t kMilliseconds = 3;

/// Fractions of a second in three digits.
std::string with_milliseconds(std::string_view text) {
    std::size_t point = text.find('.');
    if (point == std::string_view::npos) {
        return std::string(text);
    }
    std::size_t end = text.find_first_not_of("0123456789", point + 1);
    end = end == std::string_view::npos ? text.size() : end;
    std::string digits(text.substr(point + 1, end - point - 1));
    digits.resize(kMilliseconds, '0');
    return fmt::format("{}.{}{}", text.substr(0, point), digits, text.substr(end));
}

bool is_memory(const std::string& path) { return path.empty() || path == "memory"; }

}  // namespace

std::unique_ptr<HistoryLayout> make_layout(std::string_view name) {
    if (name == "native") {
        return nullptr;
    }
    if (name == "onetable") {
        return make_onetable_layout();
    }
    if (name == "drift") {
        return make_drift_layout();
    }
    if (name == "dynamorm") {
        return make_dynamorm_layout();
    }
    if (name == "functionless") {
        return make_functionless_layout();
    }
    throw base::Error(base::ErrorKind::invalid_argument,
                      fmt::format("there is no history layout \"{}\"; known are native, onetable, "
                                  "drift, dynamorm and functionless",
                                  name));
}

std::string normal_time(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    try {
        return base::to_iso8601(base::parse_iso8601(with_milliseconds(text)));
    } catch (const base::Error&) {
        return {};
    }
}

const std::string& time_of(const HistoryRow& row) {
    return row.finished_at.empty() ? row.started_at : row.finished_at;
}

std::string stem_of(const HistoryRow& row) {
    return is_memory(row.path) ? std::string() : std::filesystem::path(row.path).stem().string();
}

std::string slug_of(const HistoryRow& row, char separator) {
    std::string text = stem_of(row);
    text = text.starts_with(row.id) ? text.substr(row.id.size()) : std::string();
    if (text.find_first_not_of("-_") == std::string::npos) {
        text = row.description;
    }
    std::string slug;
    for (unsigned char c : text) {
        if (std::isalnum(c)) {
            slug += static_cast<char>(std::tolower(c));
        } else if (!slug.empty() && slug.back() != separator) {
            slug += separator;
        }
    }
    while (!slug.empty() && slug.back() == separator) {
        slug.pop_back();
    }
    return slug;
}

std::string_view leading_number(std::string_view text) {
    std::size_t end = text.find_first_not_of("0123456789");
    end = end == std::string_view::npos ? text.size() : end;
    bool is_apart = end == text.size() || text[end] == '-' || text[end] == '_';
    return is_apart ? text.substr(0, end) : std::string_view();
}

}  // namespace dynamigrate::migrate
