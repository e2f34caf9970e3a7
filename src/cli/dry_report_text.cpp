#include "dry_report_text.hpp"

#include "progress.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dynamigrate::cli {

namespace {

using migrate::Estimate;

constexpr std::size_t kLongestValue = 120;
constexpr double kSmallestPrice = 0.01;

/// Up to one digit behind the point.
std::string number(double value) {
    double rounded = std::round(value * 10) / 10;
    return rounded == std::round(rounded) ? fmt::format("{:.0f}", rounded)
                                          : fmt::format("{:.1f}", rounded);
}

std::string amount(const Estimate& estimate) {
    if (estimate.is_exact()) {
        return number(estimate.value);
    }
    return fmt::format("about {:.0f} ({:.0f} to {:.0f})", estimate.value, estimate.low,
                       estimate.high);
}

std::string plural(std::uint64_t count, std::string_view one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

/// Cut where no UTF-8 character is.
std::string shortened(const std::string& text) {
    if (text.size() <= kLongestValue) {
        return text;
    }
    std::size_t end = kLongestValue;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        --end;
    }
    return text.substr(0, end) + "...";
}

class Lines {
public:
    explicit Lines(bool has_colour) : has_colour_(has_colour) {}

    void add(int indent, std::string text) {
        lines_.push_back(std::string(static_cast<std::size_t>(indent), ' ') + std::move(text));
    }
    std::string red(const std::string& text) const { return coloured("31", text); }
    std::string green(const std::string& text) const { return coloured("32", text); }
    std::vector<std::string> take() { return std::move(lines_); }

private:
    std::string coloured(std::string_view code, const std::string& text) const {
        return has_colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text;
    }

    bool has_colour_;
    std::vector<std::string> lines_;
};

void add_attribute(Lines& lines, const migrate::AttributeDifference& difference) {
    std::string name = shortened(difference.name);
    if (difference.before) {
        lines.add(7, lines.red(fmt::format("- {}: {}", name, shortened(*difference.before))));
    }
    if (difference.after) {
        lines.add(7, lines.green(fmt::format("+ {}: {}", name, shortened(*difference.after))));
    }
}

void add_examples(Lines& lines, const migrate::DryStep& step) {
    std::uint64_t writes = 0;
    for (const migrate::DryTable& table : step.tables) {
        writes += table.puts + table.updates + table.removes;
    }
    for (const migrate::ItemDifference& example : step.examples) {
        lines.add(5, fmt::format("{} {} {}", to_string(example.kind), example.table,
                                 shortened(example.key)));
        for (const migrate::AttributeDifference& difference : example.attributes) {
            add_attribute(lines, difference);
        }
    }
    if (writes > step.examples.size() && !step.examples.empty()) {
        lines.add(5, fmt::format("and {} more", writes - step.examples.size()));
    }
}

void add_writes(Lines& lines, const migrate::DryStep& step) {
    for (const migrate::DryTable& table : step.tables) {
        if (table.puts + table.updates + table.removes == 0) {
            continue;
        }
        std::string text = fmt::format("{}: {}, {}, {}: {} WCU", table.name,
                                       plural(table.puts, "put"), plural(table.updates, "update"),
                                       plural(table.removes, "removal"), number(table.table_units));
        if (table.index_units > 0) {
            text += fmt::format(" and {} on its indexes", number(table.index_units));
        }
        lines.add(5, text);
    }
    for (const migrate::DryIndex& index : step.indexes) {
        lines.add(5, fmt::format("index {} of {}: {} entries: {} WCU", index.index, index.table,
                                 index.entries, number(index.write_units)));
    }
}

void add_failures(Lines& lines, const migrate::DryStep& step) {
    for (const auto& [reason, count] : step.failures) {
        lines.add(
            5, lines.red(fmt::format("{} cannot be migrated: {}", plural(count, "item"), reason)));
        for (const backfill::QuarantinedItem& item : step.failed_items) {
            if (item.reason == reason) {
                lines.add(7, fmt::format("{} {}: {}", item.table, shortened(item.key),
                                         shortened(item.message)));
            }
        }
    }
    if (step.expired.value > 0) {
        lines.add(5, lines.red(fmt::format("{} would expire at once", amount(step.expired))));
    }
}

void add_counts(Lines& lines, const migrate::DryStep& step) {
    const backfill::Counts& counts = step.counts;
    if (step.kind == "undo") {
        lines.add(5,
                  fmt::format("{} restored, {} as before already, {} left alone",
                              plural(counts.changed, "item"), counts.unchanged, counts.conflicts));
    } else if (counts.read > 0 || counts.changed > 0) {
        std::string kept = counts.kept > 0 ? fmt::format(", {} kept", counts.kept) : "";
        lines.add(5, fmt::format("{} read, {} changed, {} unchanged{}", plural(counts.read, "item"),
                                 counts.changed, counts.unchanged, kept));
    }
}

void add_step(Lines& lines, std::size_t number_of_step, const migrate::DryStep& step) {
    lines.add(2, fmt::format("{}. {}{}", number_of_step, step.summary,
                             step.is_done ? "" : " (not finished)"));
    if (!step.note.empty()) {
        lines.add(5, "note: " + step.note);
    }
    add_counts(lines, step);
    if (step.sampled > 0) {
        lines.add(5, fmt::format("a sample of {} of {} items: {} would change", step.sampled,
                                 step.population, amount(step.changed)));
        if (step.failed.high > 0) {
            lines.add(5, fmt::format("of all, {} cannot be migrated", amount(step.failed)));
        }
    }
    add_writes(lines, step);
    add_failures(lines, step);
    add_examples(lines, step);
}

std::string money(const migrate::DryReport& report) {
    const Estimate& money = report.money;
    if (money.high < kSmallestPrice) {
        return fmt::format("less than {} {}", kSmallestPrice, report.prices.currency);
    }
    if (money.is_exact()) {
        return fmt::format("{:.2f} {}", money.value, report.prices.currency);
    }
    return fmt::format("about {:.2f} ({:.2f} to {:.2f}) {}", money.value, money.low, money.high,
                       report.prices.currency);
}

std::string pace(const migrate::DryReport& report) {
    std::string text;
    if (report.reads_per_second > 0) {
        text = fmt::format("{} RCU/s", number(report.reads_per_second));
    }
    if (report.writes_per_second > 0) {
        text += fmt::format("{}{} WCU/s", text.empty() ? "" : " and ",
                            number(report.writes_per_second));
    }
    return text;
}

void add_total(Lines& lines, const migrate::DryReport& report) {
    lines.add(0,
              fmt::format("Dry Run: {} items would change; {} RCU, {} WCU", amount(report.changed),
                          amount(report.read_units), amount(report.write_units)));
    lines.add(0, fmt::format("Dry Run: {} ({}: {} a million reads, {} a million writes)",
                             money(report), report.prices.name, report.prices.read_per_million,
                             report.prices.write_per_million));
    if (report.seconds.high > 0) {
        lines.add(0, fmt::format("Dry Run: at least {} at {}", format_seconds(report.seconds.value),
                                 pace(report)));
    }
}

}  // namespace

std::vector<std::string> dry_report_lines(const migrate::DryReport& report, bool has_colour) {
    Lines lines(has_colour);
    for (const migrate::DryMigration& migration : report.migrations) {
        lines.add(0, fmt::format("{}{}{}", migration.id,
                                 migration.description.empty() ? "" : " - " + migration.description,
                                 migration.is_done ? "" : " (not finished)"));
        std::size_t number_of_step = 0;
        for (const migrate::DryStep& step : migration.steps) {
            add_step(lines, ++number_of_step, step);
        }
    }
    add_total(lines, report);
    return lines.take();
}

}  // namespace dynamigrate::cli
