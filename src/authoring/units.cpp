#include <dynamigrate/authoring/config.hpp>

#include <array>
#include <charconv>
#include <limits>

namespace dynamigrate::authoring {

namespace {

/// The number that the text begins with, which is taken from it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{} || number == 0) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

template <std::size_t N>
std::optional<std::uint64_t> parse(
    std::string_view text, const std::array<std::pair<std::string_view, std::uint64_t>, N>& units,
    std::uint64_t most) {
    const std::optional<std::uint64_t> number = take_number(text);
    for (const auto& [unit, size] : units) {
        if (number && text == unit && *number <= most / size) {
            return *number * size;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::hours> parse_age(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kUnits{
        {{"h", 1}, {"d", 24}, {"w", 24 * 7}}};
    const auto hours = parse(text, kUnits, 24 * 365 * 200);
    return hours ? std::optional(std::chrono::hours(*hours)) : std::nullopt;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 11> kUnits{
        {{"", 1},
         {"B", 1},
         {"kB", 1000},
         {"KB", 1000},
         {"MB", 1'000'000},
         {"GB", 1'000'000'000},
         {"TB", 1'000'000'000'000},
         {"KiB", 1ULL << 10},
         {"MiB", 1ULL << 20},
         {"GiB", 1ULL << 30},
         {"TiB", 1ULL << 40}}};
    return parse(text, kUnits, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace dynamigrate::authoring
