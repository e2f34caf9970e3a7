#include <dynamigrate/migrate/finding.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace dynamigrate::migrate {

namespace {

constexpr std::array kKinds = std::to_array<FindingKind>({
    // The project and its migrations.
    {"DM101", "mixed_versions"},
    {"DM102", "name_is_a_command"},
    {"DM103", "missing_dependency"},
    {"DM104", "dependency_cycle"},
    {"DM105", "depends_on_later"},
    {"DM106", "no_description"},
    {"DM107", "unreadable"},
    {"DM108", "no_steps"},
    {"DM109", "irreversible"},
    {"DM110", "irreversible_step"},
    {"DM111", "duplicate_migration"},
    // The project's migrations and their history.
    {"DM121", "no_migrations"},
    {"DM122", "invalid_id"},
    {"DM123", "unapplied_dependency"},
    {"DM124", "already_applied"},
    {"DM125", "previous_failure"},
    {"DM126", "previously_rolled_back"},
    {"DM127", "checksum_mismatch"},
    {"DM128", "dependency_conflict"},
    {"DM129", "not_found"},
    {"DM130", "refused"},
    // Tables, keys and indexes as written.
    {"DM201", "no_table"},
    {"DM202", "bad_name"},
    {"DM203", "bad_key"},
    {"DM204", "bad_projection"},
    {"DM205", "bad_billing"},
    {"DM206", "bad_stream"},
    {"DM207", "too_many_indexes"},
    {"DM208", "duplicate_index"},
    {"DM209", "bad_local_index"},
    {"DM210", "conflicting_types"},
    {"DM211", "no_attribute"},
    {"DM212", "different_table"},
    {"DM213", "different_index"},
    {"DM214", "too_many_projected"},
    {"DM215", "bad_tags"},
    // Changes of items as written.
    {"DM301", "bad_expression"},
    {"DM302", "reserved_word"},
    {"DM303", "bad_transformation"},
    {"DM304", "bad_option"},
    {"DM305", "nothing_to_do"},
    {"DM306", "delete_everything"},
    {"DM307", "bad_file"},
    {"DM308", "no_file"},
    {"DM309", "bad_statement"},
    {"DM310", "bad_parameters"},
    {"DM311", "bad_source"},
    // Tables and items as they are.
    {"DM401", "unknown_table"},
    {"DM402", "replicated_table"},
    {"DM403", "deletion_protected"},
    {"DM404", "stream_consumers"},
    {"DM405", "pitr_off"},
    {"DM406", "expires_at_once"},
    {"DM407", "not_idempotent"},
    {"DM408", "index_key_type"},
    {"DM409", "wrong_account"},
    {"DM410", "wrong_region"},
    // The surroundings.
    {"DM501", "unreachable"},
    {"DM502", "credentials_expire"},
    {"DM503", "clock_skew"},
    {"DM504", "missing_permission"},
    {"DM505", "locked"},
    {"DM506", "stale_lock"},
    {"DM507", "unfinished_run"},
    {"DM508", "no_journal"},
    {"DM509", "journal_not_writable"},
    {"DM510", "journal_space"},
    {"DM511", "store_not_writable"},
    {"DM512", "table_busy"},
    {"DM513", "step_would_do"},
    // Runs by state machines.
    {"DM601", "too_many_events"},
    {"DM602", "too_many_segments"},
    {"DM603", "deployment_too_long"},
    {"DM604", "journal_out_of_reach"},
});

std::string plural(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string summary(const std::vector<Finding>& findings) {
    std::vector<std::string> parts;
    for (auto severity :
         {Finding::Severity::error, Finding::Severity::warning, Finding::Severity::note}) {
        if (std::size_t number = count(findings, severity); number > 0) {
            parts.push_back(plural(number, to_string(severity)));
        }
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string named_severity(const Finding& finding) {
    std::string_view number = finding_number(finding.code);
    return fmt::format("{}{}{}", to_string(finding.severity), number.empty() ? "" : " ", number);
}

}  // namespace

std::span<const FindingKind> finding_kinds() noexcept { return kKinds; }

std::string_view finding_number(std::string_view code) noexcept {
    auto found = std::find_if(kKinds.begin(), kKinds.end(),
                              [&](const FindingKind& kind) { return kind.code == code; });
    return found == kKinds.end() ? std::string_view{} : found->number;
}

std::string_view to_string(Finding::Severity severity) noexcept {
    switch (severity) {
        case Finding::Severity::error:
            return "error";
        case Finding::Severity::warning:
            return "warning";
        case Finding::Severity::note:
            return "note";
    }
    return "error";
}

bool has_error(const std::vector<Finding>& findings) noexcept {
    return count(findings, Finding::Severity::error) > 0;
}

std::size_t count(const std::vector<Finding>& findings, Finding::Severity severity) noexcept {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [&](const Finding& finding) { return finding.severity == severity; }));
}

std::vector<Finding> worth_telling(std::vector<Finding> findings) {
    auto is_note = [](const Finding& finding) {
        return finding.severity == Finding::Severity::note;
    };
    if (!std::all_of(findings.begin(), findings.end(), is_note)) {
        std::erase_if(findings, is_note);
    }
    return findings;
}

std::string to_line(const Finding& finding) {
    return fmt::format("{}: {}: {}{}", named_severity(finding), finding.place, finding.message,
                       finding.remedy.empty() ? "" : "; " + finding.remedy);
}

std::string to_block(const std::vector<Finding>& findings) {
    std::vector<std::string_view> places;
    for (const Finding& finding : findings) {
        if (std::find(places.begin(), places.end(), finding.place) == places.end()) {
            places.push_back(finding.place);
        }
    }
    std::string text;
    for (std::string_view place : places) {
        text += fmt::format("{}\n", place);
        for (const Finding& finding : findings) {
            if (finding.place != place) {
                continue;
            }
            text += fmt::format("  {} {}: {}\n", named_severity(finding), finding.code,
                                finding.message);
            if (!finding.remedy.empty()) {
                text += fmt::format("    {}\n", finding.remedy);
            }
        }
    }
    return findings.empty() ? text : text + summary(findings) + "\n";
}

}  // namespace dynamigrate::migrate
