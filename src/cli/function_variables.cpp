#include "function_variables.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace dynamigrate::cli {

namespace {

[[noreturn]] void refuse(const std::string& name, std::string_view wants, std::string_view text) {
    throw base::Error(
        base::ErrorKind::invalid_argument,
        fmt::format("the function's variable {} takes {}, not \"{}\"", name, wants, text));
}

template <class Number>
std::optional<Number> whole(std::string_view text) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(number)
                                                                      : std::nullopt;
}

void set_rate(std::optional<authoring::Rate>& rate, const std::string& name,
              const base::Environment& environment) {
    const auto text = environment.get(name);
    if (!text) {
        return;
    }
    const bool is_share = text->ends_with('%');
    const auto number =
        whole<double>(std::string_view(*text).substr(0, text->size() - (is_share ? 1 : 0)));
    if (!number || !std::isfinite(*number) || *number <= 0 || (is_share && *number > 100)) {
        refuse(name, "units per second or a share such as 40%", *text);
    }
    rate = is_share ? authoring::Rate{0, *number} : authoring::Rate{*number, 0};
}

void set_tables(authoring::Config& config, const base::Environment& environment) {
    constexpr const char* kName = "DYNAMIGRATE_TABLES";
    const std::string text = environment.get(kName).value_or("");
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const std::string pair = text.substr(begin, end - begin);
        const std::size_t equals = pair.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == pair.size()) {
            refuse(kName, "name=real name, with commas between", text);
        }
        config.tables[pair.substr(0, equals)] = pair.substr(equals + 1);
        begin = end + 1;
    }
}

}  // namespace

void set_from_variables(authoring::Config& config, const base::Environment& environment) {
    constexpr const char* kSegments = "DYNAMIGRATE_SEGMENTS";
    config.history_table =
        environment.get("DYNAMIGRATE_HISTORY_TABLE").value_or(config.history_table);
    set_tables(config, environment);
    set_rate(config.max_rcu, "DYNAMIGRATE_MAX_RCU", environment);
    set_rate(config.max_wcu, "DYNAMIGRATE_MAX_WCU", environment);
    if (const auto text = environment.get(kSegments)) {
        config.segments = whole<std::uint32_t>(*text);
        if (!config.segments || *config.segments == 0) {
            refuse(kSegments, "a whole number of 1 or more", *text);
        }
    }
}

}  // namespace dynamigrate::cli
