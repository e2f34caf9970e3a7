#include "fuzz.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <charconv>
#include <optional>
#include <string>

using namespace dynamigrate;
using fuzz::expect;

namespace {

/// A plain integer, for which the processor is the oracle.
std::optional<std::int64_t> integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool fits = value < 4'000'000'000'000'000'000 && value > -4'000'000'000'000'000'000;
    return error == std::errc{} && end == text.data() + text.size() && fits ? std::optional(value)
                                                                            : std::nullopt;
}

std::string sortable(std::string_view number) {
    std::string bytes;
    dynamodb::append_sortable(bytes, number);
    return bytes;
}

void check_alone(const std::string& number) {
    const std::string canonical = dynamodb::canonical_number(number);
    expect(dynamodb::check_number(canonical).empty(), "the canonical spelling is a number");
    expect(dynamodb::canonical_number(canonical) == canonical, "and canonical");
    expect(dynamodb::compare_numbers(number, canonical) == 0, "and the same number");
    expect(dynamodb::number_size(number) == dynamodb::number_size(canonical), "and of one size");
    expect(sortable(number) == sortable(canonical), "and sorted alike");
    expect(dynamodb::subtract_numbers(number, canonical) == "0", "a - a = 0");
    expect(dynamodb::add_numbers(number, "0") == canonical, "a + 0 = a");
}

void check_pair(const std::string& a, const std::string& b) {
    const auto order = dynamodb::compare_numbers(a, b);
    expect((order < 0) == (dynamodb::compare_numbers(b, a) > 0), "order turns round");
    expect((order < 0) == (sortable(a) < sortable(b)), "bytes sort as numbers");
    expect((order == 0) == (sortable(a) == sortable(b)), "bytes equal as numbers");
    std::string sum;
    if (fuzz::accepts([&] { sum = dynamodb::add_numbers(a, b); })) {
        expect(sum == dynamodb::add_numbers(b, a), "a + b = b + a");
        fuzz::accepts([&] {
            expect(dynamodb::compare_numbers(dynamodb::subtract_numbers(sum, b), a) == 0,
                   "(a + b) - b = a");
        });
    }
    fuzz::accepts([&] {
        const std::string difference = dynamodb::subtract_numbers(a, b);
        expect((dynamodb::compare_numbers(difference, "0") < 0) == (order < 0), "a - b < 0: a < b");
    });
    const auto first = integer(a);
    const auto second = integer(b);
    if (first && second) {
        expect((order < 0) == (*first < *second), "ordered as the processor does");
        expect(sum == std::to_string(*first + *second), "added as the processor does");
        expect(dynamodb::subtract_numbers(a, b) == std::to_string(*first - *second), "subtracted");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view rest = fuzz::text_of(bytes, size);
    const std::string a(fuzz::take(rest, ' '));
    const std::string b(rest);
    const bool has_a = dynamodb::check_number(a).empty();
    expect(has_a == dynamodb::number_error(a).empty(), "one reason for both");
    if (!has_a) {
        return 0;
    }
    check_alone(a);
    if (dynamodb::check_number(b).empty()) {
        check_alone(b);
        check_pair(a, b);
    }
    return 0;
}
