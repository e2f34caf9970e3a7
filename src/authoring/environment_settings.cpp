#include <dynamigrate/authoring/environment_settings.hpp>

#include <dynamigrate/base/error.hpp>

#include <charconv>
#include <cmath>
#include <string>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;

namespace {

constexpr const char* kTables = "DYNAMIGRATE_TABLES";
constexpr const char* kSegments = "DYNAMIGRATE_SEGMENTS";

[[noreturn]] void fail(const std::string& variable, const std::string& text,
                       const std::string& wanted) {
    throw Error(ErrorKind::invalid_argument,
                "the variable " + variable + " is \"" + text + "\"; it must be " + wanted)
        .at("environment");
}

void apply_tables(Config& config, const std::string& text) {
    for (std::string_view rest = text; !rest.empty();) {
        const std::string_view pair = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos || equals == 0 || equals + 1 == pair.size()) {
            fail(kTables, text, "names and real names of tables, such as app=prod-app,other=x");
        }
        config.tables[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    }
}

void apply_rate(std::optional<Rate>& rate, const std::string& variable,
                const base::Environment& environment) {
    const std::optional<std::string> text = environment.get(variable);
    if (!text) {
        return;
    }
    rate = parse_rate(*text);
    if (!rate) {
        fail(variable, *text, "units per second, or a share of the table's capacity such as 40%");
    }
}

void apply_segments(Config& config, const std::string& text) {
    std::uint32_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || end != text.data() + text.size() || number == 0) {
        fail(kSegments, text, "a whole number of 1 or more");
    }
    config.segments = number;
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
    const bool is_share = text.ends_with('%');
    const std::string_view digits = is_share ? text.substr(0, text.size() - 1) : text;
    double number = 0;
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc{} || end != digits.data() + digits.size() || !std::isfinite(number) ||
        number <= 0 || (is_share && number > 100)) {
        return std::nullopt;
    }
    return is_share ? Rate{0, number} : Rate{number, 0};
}

void apply_environment(Config& config, const base::Environment& environment) {
    if (const auto tables = environment.get(kTables)) {
        apply_tables(config, *tables);
    }
    config.history_table =
        environment.get("DYNAMIGRATE_HISTORY_TABLE").value_or(config.history_table);
    apply_rate(config.max_rcu, "DYNAMIGRATE_MAX_RCU", environment);
    apply_rate(config.max_wcu, "DYNAMIGRATE_MAX_WCU", environment);
    if (const auto segments = environment.get(kSegments)) {
        apply_segments(config, *segments);
    }
}

}  // namespace dynamigrate::authoring
