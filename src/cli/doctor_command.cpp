#include "commands.hpp"
#include "diagnosis.hpp"
#include "output_text.hpp"
#include "script_advice.hpp"

#include <dynamigrate/migrate/iam_policy.hpp>
#include <dynamigrate/migrate/owed_capacity.hpp>
#include <dynamigrate/migrate/runner.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

namespace dynamigrate::cli {

namespace {

using base::Error;
using migrate::Finding;
using State = Diagnosis::State;

/// What was looked at, in the order in which it is told.
struct Group {
    std::string subject;  ///< "surroundings", "table app" ...
    std::vector<Diagnosis> checks;
};

std::string in_one_line(std::string text) {
    for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
        text.replace(at, 1, ": ");
    }
    return text;
}

/// Looks at everything once; what fails is a diagnosis.
class Doctor {
public:
    explicit Doctor(Session& session) : session_(session) {}

    void examine() {
        unreadable_ = session_.try_load_migrations();
        if (!connect()) {
            return;
        }
        look_around();
        look_at_tables();
        look_at_migrations();
    }

    const std::vector<Group>& groups() const { return groups_; }
    const std::vector<Finding>& findings() const { return findings_; }

    bool is_healthy() const {
        bool has_bad_check = std::any_of(groups_.begin(), groups_.end(), [](const Group& group) {
            return std::any_of(group.checks.begin(), group.checks.end(),
                               [](const Diagnosis& it) { return it.state == State::error; });
        });
        return !has_bad_check && !migrate::has_error(findings_);
    }

    /// The one command to type.
    std::string next() const {
        if (!is_connected_) {
            return "dynamigrate doctor";
        }
        if (migrate::has_error(unreadable_)) {
            return "dynamigrate validate";
        }
        if (has("missing_permission")) {
            return "dynamigrate iam-policy";
        }
        if (has("locked")) {
            return "dynamigrate status";
        }
        if (!command_for_run_.empty()) {
            return command_for_run_;
        }
        if (!is_healthy()) {
            return migrate::has_error(findings_) ? "dynamigrate plan" : "dynamigrate doctor";
        }
        return outstanding_ > 0 ? "dynamigrate all --dry" : "dynamigrate generate DESCRIPTION";
    }

private:
    bool has(std::string_view code) const {
        return std::any_of(groups_.begin(), groups_.end(), [&](const Group& group) {
            return std::any_of(group.checks.begin(), group.checks.end(),
                               [&](const Diagnosis& it) { return it.code == code; });
        });
    }

    /// The check, or why it could not be made.
    Diagnosis guarded(const std::string& check, const std::function<Diagnosis()>& make) {
        try {
            return make();
        } catch (const Error& error) {
            if (error.kind() == base::ErrorKind::cancelled) {
                throw;
            }
            return unavailable(check, fmt::format("not checked: {}", error.what()));
        }
    }

    bool connect() {
        std::vector<Diagnosis>& checks = groups_.emplace_back(Group{"surroundings", {}}).checks;
        bool is_embedded = session_.project.is_embedded();
        if (is_embedded) {
            checks.push_back(diagnose_store(embedded_directory(session_.project)));
        }
        try {
            session_.connect();
            is_connected_ = true;
            checks.push_back(good("connection", session_.wiring().database().location()));
        } catch (const Error& error) {
            bool is_other_account = error.message().find("AWS account") != std::string::npos;
            checks.push_back({State::error, "connection", in_one_line(error.what()),
                              is_other_account ? "wrong_account" : "unreachable",
                              "correct the endpoint, the profile or the credentials, then look "
                              "again"});
        }
        return is_connected_;
    }

    void look_around() {
        Database& database = session_.wiring().database();
        base::WallTime now = session_.wiring().world().clock->now();
        std::vector<Diagnosis>& checks = groups_.front().checks;
        checks.push_back(guarded("credentials", [&] {
            auto credentials = database.credentials();
            return credentials ? diagnose_credentials(*credentials, now)
                               : unavailable("credentials", "none needed here");
        }));
        checks.push_back(guarded("account", [&] {
            std::string account = database.account();
            return account.empty() ? unavailable("account") : good("account", account);
        }));
        checks.push_back(
            guarded("clock", [&] { return diagnose_clock(database.server_date(), now); }));
        checks.push_back(
            guarded("lock", [&] { return diagnose_lock(session_.migrator().lock_owner()); }));
        checks.push_back(guarded("runs", [&] { return look_at_runs(); }));
        look_at_capacity(checks);
    }

    void look_at_capacity(std::vector<Diagnosis>& checks) {
        try {
            for (const migrate::OwedCapacity& owed :
                 migrate::owed_capacities(session_.wiring().world(), session_.project.settings)) {
                checks.push_back({State::warning, "capacity",
                                  fmt::format("table {} still has what run {} raised; it had {}",
                                              owed.table, owed.run, owed.before),
                                  "", "the next run gives it back; or set it with UpdateTable"});
            }
        } catch (const Error& error) {
            checks.push_back(unavailable("capacity", fmt::format("not checked: {}", error.what())));
        }
    }

    Diagnosis look_at_runs() {
        std::vector<migrate::UnfinishedRun> runs = session_.migrator().unfinished();
        const auto left = std::ranges::find(runs, true, &migrate::UnfinishedRun::owner_is_dead);
        if (left != runs.end()) {
            command_for_run_ = command_for(*left, session_.registry);
        }
        return diagnose_runs(runs, session_.registry);
    }

    /// The actions that steps need, by real table name.
    std::map<std::string, std::set<std::string>> needed_actions() {
        std::map<std::string, std::set<std::string>> needed;
        const std::string& usual = session_.project.settings.default_table;
        if (!usual.empty()) {
            auto mapped = session_.project.settings.tables.find(usual);
            needed[mapped == session_.project.settings.tables.end() ? usual : mapped->second];
        }
        for (const migrate::Migration& migration : session_.registry.all()) {
            for (const migrate::StepPtr& step : migration.up_steps()) {
                std::vector<std::string> names = session_.tables().names_of(migration, *step);
                migrate::StepActions actions = migrate::actions_of(*step);
                for (std::size_t i = 0; i < names.size(); ++i) {
                    const auto& own = i == 0 ? actions.on_table : actions.on_target;
                    needed[names[i]].insert(own.begin(), own.end());
                }
            }
        }
        return needed;
    }

    void look_at_tables() {
        std::uint64_t bytes = 0;
        for (const auto& [name, actions] : needed_actions()) {
            const dynamodb::TableDescription* table = session_.tables().find(name);
            if (table == nullptr) {
                groups_.push_back({"table " + name, {good("state", "not there yet")}});
                continue;
            }
            bytes += static_cast<std::uint64_t>(table->size_bytes);
            Group group{
                "table " + name,
                diagnose_table(session_.wiring().service(), *table, session_.project.settings,
                               [this](const std::string& stream) {
                                   return session_.wiring().database().stream_functions(stream);
                               })};
            group.checks.push_back(
                session_.wiring().database().is_local()
                    ? unavailable("permissions")
                    : diagnose_permissions(session_.wiring().service(), *table, actions));
            groups_.push_back(std::move(group));
        }
        groups_.front().checks.push_back(
            diagnose_journal(session_.project.settings, bytes, session_.project.journal_store));
    }

    void look_at_migrations() {
        std::vector<Diagnosis> advice = advise_on_scripts(session_.project.config.migrations);
        if (!advice.empty()) {
            groups_.push_back({"scripts", std::move(advice)});
        }
        migrate::Runner runner(session_.registry, session_.project.settings,
                               session_.wiring().world());
        findings_ = unreadable_;
        append(runner.validate().findings);
        if (migrate::has_error(unreadable_)) {
            std::erase_if(findings_, [](const Finding& it) { return it.code == "no_migrations"; });
        }
        try {
            outstanding_ = session_.migrator().outstanding().size();
        } catch (const Error& error) {
            if (error.kind() == base::ErrorKind::cancelled) {
                throw;
            }
            append({{Finding::Severity::error, "refused",
                     error.where().empty() ? "the plan" : error.where(), error.message(), ""}});
        }
    }

    /// Each once, and not what the sequence itself settles.
    void append(const std::vector<Finding>& more) {
        for (const Finding& finding : more) {
            bool is_known =
                std::any_of(findings_.begin(), findings_.end(), [&](const Finding& known) {
                    return known.code == finding.code && known.place == finding.place &&
                           known.message == finding.message;
                });
            bool is_repeated = finding.code == "refused" && known_as_finding(finding.message);
            if (!is_known && !is_repeated) {
                findings_.push_back(finding);
            }
        }
    }

    bool known_as_finding(const std::string& message) const {
        return std::any_of(findings_.begin(), findings_.end(), [&](const Finding& known) {
            return message.find(known.message) != std::string::npos;
        });
    }

    Session& session_;
    bool is_connected_ = false;
    std::vector<Group> groups_;
    std::vector<Finding> unreadable_;
    std::vector<Finding> findings_;
    std::string command_for_run_;  ///< that is unfinished
    std::size_t outstanding_ = 0;
};

std::string check_line(const Diagnosis& it) {
    std::string_view number = migrate::finding_number(it.code);
    return fmt::format("  {:<11} {}: {}{}", to_string(it.state), it.check, it.text,
                       number.empty() ? "" : fmt::format(" [{}]", number));
}

void print(Session& session, const Doctor& doctor) {
    for (const Group& group : doctor.groups()) {
        session.console.print(group.subject);
        for (const Diagnosis& it : group.checks) {
            session.console.print(check_line(it));
            if (!it.remedy.empty()) {
                session.console.print(fmt::format("  {:<11} {}", "", it.remedy));
            }
        }
    }
    session.console.print_text(migrate::to_block(
        session.arguments.verbose ? doctor.findings() : migrate::worth_telling(doctor.findings())));
    session.console.print("next: " + doctor.next());
}

void write(json::Writer& writer, const Group& group) {
    for (const Diagnosis& it : group.checks) {
        writer.begin_object();
        writer.key("subject").string(group.subject);
        writer.key("check").string(it.check);
        writer.key("state").string(to_string(it.state));
        writer.key("text").string(it.text);
        writer.key("number").string(migrate::finding_number(it.code));
        writer.key("code").string(it.code);
        writer.key("remedy").string(it.remedy).end_object();
    }
}

}  // namespace

ExitCode doctor(Session& session) {
    session.open_project();
    Doctor doctor(session);
    doctor.examine();
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("healthy").boolean(doctor.is_healthy());
            writer.key("checks").begin_array();
            for (const Group& group : doctor.groups()) {
                write(writer, group);
            }
            writer.end_array().key("findings").begin_array();
            for (const Finding& finding : doctor.findings()) {
                write(writer, finding);
            }
            writer.end_array().key("next").string(doctor.next());
        });
    } else {
        print(session, doctor);
    }
    return doctor.is_healthy() ? ExitCode::done : ExitCode::invalid;
}

}  // namespace dynamigrate::cli
