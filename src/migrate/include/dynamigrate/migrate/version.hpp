#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// A migration's version: SemVer `1.2.0`, integer `7` or timestamp `20240115120000` (14 digits).
/// One kind per project. Order: SemVer 2.0.0 precedence (build metadata ignored), else by number.
class Version {
public:
    enum class Kind { semver, integer, timestamp };

    /// Nothing when the text is no version (then it may be a migration's name).
    static std::optional<Version> parse(std::string_view text);
    Kind kind() const noexcept { return kind_; }
    const std::string& text() const noexcept { return text_; }
    /// The version with "major", "minor" or "patch" raised; an integer + 1 for the other kinds.
    Version bumped(std::string_view part) const;

    friend std::strong_ordering operator<=>(const Version& a, const Version& b) noexcept;
    friend bool operator==(const Version& a, const Version& b) noexcept {
        return (a <=> b) == std::strong_ordering::equal;
    }

private:
    Kind kind_ = Kind::semver;
    std::string text_;
    std::vector<std::uint64_t> numbers_;
    std::vector<std::string> prerelease_;
};

std::string_view to_string(Version::Kind kind) noexcept;

/// Whether it is a date of 8 digits (20240115) or a date and time of 14 (20240115120000).
bool is_date(std::string_view text) noexcept;

/// Of a file's name without extension, what says its version: all before the first `_`; also before
/// the first `-` where that is a date.
std::string_view version_part(std::string_view stem) noexcept;

}  // namespace dynamigrate::migrate
