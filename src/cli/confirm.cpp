#include "confirm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace dynamigrate::cli {

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string trimmed_lower(std::string text) {
    std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string::npos) {
        return {};
    }
    text = text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string action_name(const migrate::PlannedMigration& planned) {
    if (planned.action == "repeat" || planned.action == "reset") {
        return planned.action;
    }
    if (planned.migration->is_named()) {
        return planned.migration->id();
    }
    return planned.rolls_back ? "downgrade" : "upgrade";
}

std::string question(const Session& session, const std::vector<migrate::PlannedMigration>& plan) {
    bool reverts = plan.back().rolls_back;
    const migrate::PlannedMigration& target = reverts ? plan.front() : plan.back();
    std::string text =
        fmt::format("Confirm {} \"{}\" {} {} version \"{}\" for database \"{}\"", plan.size(),
                    action_name(plan.back()), plan.size() == 1 ? "change" : "changes",
                    reverts ? "from" : "to", target.migration->id(), session.project.database());
    if (!session.project.config.profile.empty()) {
        text += fmt::format(" using profile \"{}\"", session.project.config.profile);
    }
    text += fmt::format(".\n\nMigrations to {}:\n", reverts ? "revert" : "apply");
    for (const migrate::PlannedMigration& planned : plan) {
        text += planned.migration->id() + "\n";
    }
    return text + "\nEnter [y] to confirm: ";
}

bool is_yes(const std::string& answer) {
    const std::string text = trimmed_lower(answer);
    return text == "y" || text == "yes";
}

/// Whether it is the rest of a plan that was agreed to before a request from afar began: the
/// function's time was over in between.
bool was_agreed_to(Session& session, const std::vector<migrate::PlannedMigration>& plan) {
    const auto names_all = [&](const cloud::GivenAnswer& given) {
        return is_yes(given.text) && std::ranges::all_of(plan, [&](const auto& planned) {
                   return given.question.find("\n" + planned.migration->id() + "\n") !=
                          std::string::npos;
               });
    };
    return std::ranges::any_of(session.far.answers, names_all) &&
           !session.rows_of_request().empty();
}

}  // namespace

bool ask_yes(Console& console, const std::string& question) {
    std::optional<std::string> answer = console.ask(question);
    return answer && is_yes(*answer);
}

bool confirm(Session& session, const std::vector<migrate::PlannedMigration>& plan) {
    return was_agreed_to(session, plan) || confirm(session, question(session, plan));
}

bool confirm(Session& session, const std::string& question) {
    const Arguments& arguments = session.arguments;
    if (arguments.dry || arguments.yes || arguments.force) {
        return true;
    }
    bool agreed = (!session.project.is_production() ||
                   ask_yes(session.console,
                           "WARNING: DANGEROUS: You are working on a production database! "
                           "Enter [y] to confirm: ")) &&
                  ask_yes(session.console, question);
    if (!agreed) {
        session.console.report("Exiting");
    }
    return agreed;
}

}  // namespace dynamigrate::cli
