#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// A finding of validation: what is wrong, where, and what to do.
struct Finding {
    /// Errors keep a migration from running, unless forced; notes only tell.
    enum class Severity { warning, error, note };
    Severity severity = Severity::error;
    std::string code;     ///< "missing_dependency", "reserved_word" ...: one of `finding_kinds()`
    std::string place;    ///< file:line:column, the migration, or "table NAME"
    std::string message;  ///< what is wrong
    std::string remedy;   ///< what to do
};

/// What a code stands for; docs/reference/findings.md tells causes and remedies.
struct FindingKind {
    std::string_view number;  ///< "DM103": never given to another kind
    std::string_view code;
};

/// All kinds, by number.
std::span<const FindingKind> finding_kinds() noexcept;
/// "DM103"; "" for a code that is none of ours.
std::string_view finding_number(std::string_view code) noexcept;

std::string_view to_string(Finding::Severity severity) noexcept;
bool has_error(const std::vector<Finding>& findings) noexcept;
std::size_t count(const std::vector<Finding>& findings, Finding::Severity severity) noexcept;

/// `warning DM109: migrations/1.0.0.yaml:3:5: message; remedy`
std::string to_line(const Finding& finding);
/// Without the notes where there is something worse to look at.
std::vector<Finding> worth_telling(std::vector<Finding> findings);
/// All findings, by place, as one block of lines that ends with their counts; "" for none.
std::string to_block(const std::vector<Finding>& findings);

}  // namespace dynamigrate::migrate
