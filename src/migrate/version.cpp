#include <dynamigrate/migrate/version.hpp>

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

constexpr std::size_t kTimestampDigits = 14;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_identifier(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
}

bool has_leading_zero(std::string_view digits) {
    return digits.size() > 1 && digits.front() == '0';
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0;;) {
        std::size_t end = text.find(separator, at);
        parts.push_back(text.substr(at, end - at));
        if (end == std::string_view::npos) {
            return parts;
        }
        at = end + 1;
    }
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!all_digits(digits) || error != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return number;
}

/// The three numbers of "1.2.0"; nothing when the text is not that.
std::optional<std::vector<std::uint64_t>> parse_core(std::string_view core) {
    std::vector<std::uint64_t> numbers;
    for (std::string_view part : split(core, '.')) {
        auto number = parse_number(part);
        if (!number || has_leading_zero(part)) {
            return std::nullopt;
        }
        numbers.push_back(*number);
    }
    return numbers.size() == 3 ? std::optional(std::move(numbers)) : std::nullopt;
}

std::optional<std::vector<std::string>> parse_identifiers(std::string_view text,
                                                          bool refuse_leading_zeros) {
    std::vector<std::string> identifiers;
    for (std::string_view part : split(text, '.')) {
        if (!is_identifier(part) ||
            (refuse_leading_zeros && all_digits(part) && has_leading_zero(part))) {
            return std::nullopt;
        }
        identifiers.emplace_back(part);
    }
    return identifiers;
}

std::strong_ordering compare_identifiers(const std::string& a, const std::string& b) {
    bool a_is_number = all_digits(a);
    bool b_is_number = all_digits(b);
    if (a_is_number != b_is_number) {
        return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    if (a_is_number && a.size() != b.size()) {
        return a.size() <=> b.size();
    }
    return a.compare(b) <=> 0;
}

/// A version without a prerelease comes after those with one.
std::strong_ordering compare_prereleases(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b) {
    if (a.empty() || b.empty()) {
        return a.empty() <=> b.empty();
    }
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (auto order = compare_identifiers(a[i], b[i]); order != 0) {
            return order;
        }
    }
    return a.size() <=> b.size();
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
    Version version;
    version.text_ = text;
    if (all_digits(text)) {
        auto number = parse_number(text);
        if (!number) {
            return std::nullopt;
        }
        version.kind_ = text.size() == kTimestampDigits ? Kind::timestamp : Kind::integer;
        version.numbers_ = {*number};
        return version;
    }
    std::size_t plus = text.find('+');
    if (plus != std::string_view::npos && !parse_identifiers(text.substr(plus + 1), false)) {
        return std::nullopt;
    }
    std::string_view precedence = text.substr(0, plus);
    std::size_t dash = precedence.find('-');
    auto core = parse_core(precedence.substr(0, dash));
    if (!core) {
        return std::nullopt;
    }
    version.numbers_ = std::move(*core);
    if (dash != std::string_view::npos) {
        auto prerelease = parse_identifiers(precedence.substr(dash + 1), true);
        if (!prerelease) {
            return std::nullopt;
        }
        version.prerelease_ = std::move(*prerelease);
    }
    return version;
}

Version Version::bumped(std::string_view part) const {
    if (kind_ != Kind::semver) {
        std::string next = std::to_string(numbers_[0] + 1);
        if (next.size() < text_.size()) {
            next.insert(0, text_.size() - next.size(), '0');
        }
        return *parse(next);
    }
    std::uint64_t major = numbers_[0];
    std::uint64_t minor = numbers_[1];
    std::uint64_t patch = numbers_[2];
    if (part == "major") {
        return *parse(std::to_string(major + 1) + ".0.0");
    }
    if (part == "minor") {
        return *parse(std::to_string(major) + "." + std::to_string(minor + 1) + ".0");
    }
    if (part == "patch") {
        // 1.2.0-rc.1 is before 1.2.0, which is therefore the next patch.
        std::uint64_t next = prerelease_.empty() ? patch + 1 : patch;
        return *parse(std::to_string(major) + "." + std::to_string(minor) + "." +
                      std::to_string(next));
    }
    throw base::Error(base::ErrorKind::invalid_argument,
                      "cannot bump \"" + std::string(part) + "\" of version " + text_ +
                          ": expected major, minor, patch or a version");
}

std::strong_ordering operator<=>(const Version& a, const Version& b) noexcept {
    if (a.kind_ != b.kind_) {
        return a.kind_ <=> b.kind_;
    }
    if (auto order = a.numbers_ <=> b.numbers_; order != 0) {
        return order;
    }
    return compare_prereleases(a.prerelease_, b.prerelease_);
}

bool is_date(std::string_view text) noexcept {
    constexpr std::size_t kDateDigits = 8;
    if ((text.size() != kDateDigits && text.size() != kTimestampDigits) || !all_digits(text)) {
        return false;
    }
    const auto two_digits = [&](std::size_t at) {
        return (text[at] - '0') * 10 + (text[at + 1] - '0');
    };
    const auto is_within = [&](std::size_t at, int least, int most) {
        return two_digits(at) >= least && two_digits(at) <= most;
    };
    return is_within(0, 19, 29) && is_within(4, 1, 12) && is_within(6, 1, 31) &&
           (text.size() == kDateDigits ||
            (is_within(8, 0, 23) && is_within(10, 0, 59) && is_within(12, 0, 59)));
}

std::string_view version_part(std::string_view stem) noexcept {
    const std::string_view date = stem.substr(0, stem.find('-'));
    return is_date(date) ? date : stem.substr(0, stem.find('_'));
}

std::string_view to_string(Version::Kind kind) noexcept {
    switch (kind) {
        case Version::Kind::semver:
            return "semver";
        case Version::Kind::integer:
            return "integer";
        case Version::Kind::timestamp:
            return "timestamp";
    }
    return "semver";
}

}  // namespace dynamigrate::migrate
