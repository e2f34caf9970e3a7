#include "confirm.hpp"
#include "far_client.hpp"
#include "local_time.hpp"

#include <dynamigrate/cloud/onetable_request.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::OneTableCommand;
using cloud::OneTableRequest;
using json::Value;
using migrate::Version;

constexpr std::string_view kListHeader =
    "Date                                Version   Description";

/// A migration as such a function tells of it.
struct Past {
    std::string version, description, status;
    std::string date;  ///< ISO 8601
};

/// Functions tell dates as ISO 8601, as milliseconds, or as either in a string.
std::string date_text(const Value* value) {
    if (!value || !(value->is_string() || value->is_number())) {
        return {};
    }
    const std::string& text = value->text();
    std::int64_t ms = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
    const bool is_number =
        failure == std::errc{} && (end == text.data() + text.size() || *end == '.');
    return is_number ? base::to_iso8601(base::WallTime{std::chrono::milliseconds{ms}}) : text;
}

std::string shown_date(const std::string& date) {
    try {
        return local_time(base::to_iso8601(base::parse_iso8601(date)));
    } catch (const Error&) {
        return date;
    }
}

bool is_version(const std::string& text) { return Version::parse(text).has_value(); }

bool comes_before(const std::string& a, const std::string& b) {
    return *Version::parse(a) < *Version::parse(b);
}

/// One change that the function is asked for.
struct Change {
    std::string action, version;
};

/// Sends OneTable's requests, and prints as the command line does with a database of its own.
class OneTableRun {
public:
    OneTableRun(Session& session, FunctionCaller& function)
        : session_(session),
          function_(function),
          verb_(session.arguments.verb) {}

    ExitCode run() {
        session_.phase = Phase::deciding;
        if (verb_ == "status") {
            return show_status();
        }
        if (verb_ == "list") {
            return list();
        }
        if (verb_ == "outstanding") {
            return print_texts("outstanding", outstanding());
        }
        if (verb_ == "named") {
            return print_texts("named", named());
        }
        return change();
    }

private:
    Value ask(const OneTableRequest& request) {
        const Value* config = session_.project.onetable.find("onetable");
        Value block = config && config->is_object() ? *config : Value::object();
        if (!block.find("name") && !session_.project.settings.default_table.empty()) {
            block.set("name", Value::string(session_.project.settings.default_table));
        }
        const Value* crypto = session_.project.onetable.find("crypto");
        if (crypto && !block.find("crypto")) {
            Value keys = *crypto;
            if (!keys.find("primary")) {
                keys = Value::object();
                keys.set("primary", *crypto);
            }
            block.set("crypto", keys);
        }
        return cloud::body_of(
            function_.call(to_event(request, block)),
            request.command == OneTableCommand::apply ? "apply" : to_string(request.command));
    }

    Value ask(OneTableCommand command) {
        OneTableRequest request;
        request.command = command;
        return ask(request);
    }

    std::vector<std::string> texts(const Value& list) {
        std::vector<std::string> texts;
        if (list.is_array()) {
            for (const Value& element : list.elements()) {
                texts.push_back(element.is_object() ? json::text_of(element, "version")
                                                    : element.text());
            }
        }
        return texts;
    }

    std::string current_version() { return ask(OneTableCommand::current_version).text(); }
    std::vector<std::string> outstanding() {
        return texts(ask(OneTableCommand::outstanding_versions));
    }
    std::vector<std::string> named() { return texts(ask(OneTableCommand::named_versions)); }

    std::vector<Past> past() {
        std::vector<Past> all;
        const Value list = ask(OneTableCommand::past_migrations);
        if (list.is_array()) {
            for (const Value& row : list.elements()) {
                all.push_back({json::text_of(row, "version"), json::text_of(row, "description"),
                               json::text_of(row, "status"), date_text(row.find("date"))});
            }
        }
        std::ranges::stable_sort(all, {}, &Past::date);
        return all;
    }

    /// Versions that stand, the lowest first.
    std::vector<std::string> standing() {
        std::vector<std::string> versions;
        for (const Past& row : past()) {
            if (is_version(row.version)) {
                versions.push_back(row.version);
            }
        }
        std::ranges::sort(versions, comes_before);
        versions.erase(std::unique(versions.begin(), versions.end()), versions.end());
        return versions;
    }

    ExitCode show_status() {
        const std::string version = current_version();
        std::size_t count = 0;
        if (session_.arguments.json || session_.arguments.exit_code) {
            count = outstanding().size();
        }
        if (session_.arguments.json) {
            session_.print_json([&](json::Writer& writer) {
                writer.key("version").string(version).key("outstanding").number(count);
                writer.key("table").string(session_.project.settings.default_table);
                writer.key("endpoint").string(session_.project.arn);
                writer.key("profile").string(session_.project.config.profile);
            });
        } else {
            session_.console.print(version);
        }
        return session_.arguments.exit_code && count > 0 ? ExitCode::outstanding : ExitCode::done;
    }

    ExitCode list() {
        const std::vector<Past> rows = past();
        if (session_.arguments.json) {
            session_.print_json([&](json::Writer& writer) {
                writer.key("applied").begin_array();
                for (const Past& row : rows) {
                    writer.begin_object().key("id").string(row.version);
                    writer.key("description").string(row.description);
                    writer.key("status").string(row.status);
                    writer.key("finished_at").string(row.date).end_object();
                }
                writer.end_array();
            });
            return ExitCode::done;
        }
        if (rows.empty()) {
            session_.console.print("No migrations applied");
        } else if (!session_.console.is_quiet()) {
            session_.console.print(kListHeader);
        }
        for (const Past& row : rows) {
            session_.console.print(session_.console.is_quiet()
                                       ? row.version
                                       : fmt::format("{}  {:>20}   {}", shown_date(row.date),
                                                     row.version, row.description));
        }
        return ExitCode::done;
    }

    ExitCode print_texts(std::string_view member, const std::vector<std::string>& texts) {
        if (session_.arguments.json) {
            session_.print_json([&](json::Writer& writer) {
                writer.key(member).begin_array();
                for (const std::string& text : texts) {
                    writer.string(text);
                }
                writer.end_array();
            });
            return ExitCode::done;
        }
        for (const std::string& text : texts) {
            session_.console.print(text);
        }
        if (texts.empty()) {
            session_.console.print("none");
        }
        return ExitCode::done;
    }

    std::vector<Change> ups(const std::string& target) {
        std::vector<Change> changes;
        std::vector<std::string> versions = outstanding();
        std::erase_if(versions, [](const std::string& text) { return !is_version(text); });
        std::ranges::sort(versions, comes_before);
        for (const std::string& version : versions) {
            if (target.empty() || !comes_before(target, version)) {
                changes.push_back({"up", version});
            }
        }
        if (!target.empty() && std::ranges::find(versions, target) == versions.end()) {
            throw Error(ErrorKind::not_found,
                        fmt::format("Cannot find migration {} in outstanding migrations: {}",
                                    target, fmt::join(versions, ", ")));
        }
        return changes;
    }

    /// All above the target, the highest first.
    std::vector<Change> downs(const std::string& target) {
        std::vector<Change> changes;
        std::vector<std::string> versions = standing();
        std::ranges::reverse(versions);
        for (const std::string& version : versions) {
            if (comes_before(target, version)) {
                changes.push_back({"down", version});
            }
        }
        return changes;
    }

    std::vector<Change> to_version(const std::string& target) {
        const std::string current = current_version();
        if (target == current) {
            return {};
        }
        return comes_before(current, target) ? ups(target) : downs(target);
    }

    std::vector<Change> changes() {
        const std::vector<std::string>& words = session_.arguments.words;
        if (verb_ == "up" || verb_ == "all") {
            std::vector<Change> all = ups(words.empty() ? "" : words.front());
            if (verb_ == "up" && words.empty() && all.size() > 1) {
                all.resize(1);
            }
            return all;
        }
        if (verb_ == "down") {
            std::vector<Change> all = downs(words.empty() ? "0.0.0" : words.front());
            if (words.empty() && all.size() > 1) {
                all.resize(1);
            }
            return all;
        }
        if (verb_ == "repeat") {
            const std::vector<Past> rows = past();
            return rows.empty() ? std::vector<Change>{}
                                : std::vector<Change>{{"repeat", rows.back().version}};
        }
        if (verb_ == "reset") {
            const std::vector<std::string> versions = outstanding();
            return {{"reset", versions.empty() ? current_version() : versions.back()}};
        }
        if (verb_.empty()) {
            return is_version(words.front()) ? to_version(words.front())
                                             : std::vector<Change>{{words.front(), ""}};
        }
        throw Error(ErrorKind::unimplemented,
                    fmt::format("the function {} knows OneTable's requests only, and `{}` is none "
                                "of them; deploy dynamigrate's own for it (`dynamigrate deploy "
                                "package`)",
                                session_.project.arn, verb_));
    }

    std::string nothing_to_do() {
        if (verb_ == "up" || verb_ == "all") {
            return "All migrations applied";
        }
        if (verb_ == "down") {
            return "Already at target version: " + current_version();
        }
        return verb_ == "repeat" ? "No migrations applied" : "Migration already applied";
    }

    static std::string action_of(const Change& change) {
        return change.action == "up"     ? "upgrade"
               : change.action == "down" ? "downgrade"
                                         : change.action;
    }

    std::string question(const std::vector<Change>& changes) {
        const bool reverts = changes.front().action == "down";
        const Change& last = changes.back();
        const std::string& target = last.version.empty() ? last.action : last.version;
        std::string text =
            fmt::format("Confirm {} \"{}\" {} {} version \"{}\" for database \"{}\"",
                        changes.size(), action_of(last), changes.size() == 1 ? "change" : "changes",
                        reverts ? "from" : "to", target, session_.project.database());
        text += fmt::format(".\n\nMigrations to {}:\n", reverts ? "revert" : "apply");
        for (const Change& change : changes) {
            text += (change.version.empty() ? change.action : change.version) + "\n";
        }
        return text + "\nEnter [y] to confirm: ";
    }

    void check_dry() {
        if (session_.arguments.dry && !session_.arguments.force) {
            throw Error(
                ErrorKind::failed_precondition,
                "this function is not dynamigrate's: whether it keeps to a dry run is up to "
                "its own code. --force asks it for one all the same");
        }
    }

    static std::string headline(const Change& change, const Value& migration) {
        std::string version = json::text_of(migration, "version");
        const std::string description = json::text_of(migration, "description");
        if (version.empty()) {
            version = change.version.empty() ? change.action : change.version;
        }
        const std::string name =
            description.empty() ? version : fmt::format("{} - {}", version, description);
        if (change.action == "up") {
            return fmt::format("Upgrade database to \"{}\"", name);
        }
        if (change.action == "down") {
            return fmt::format("Downgrade database from \"{}\"", name);
        }
        if (change.action == "reset") {
            return fmt::format("Reset database with \"{}\"", name);
        }
        return change.action == "repeat" ? fmt::format("Repeat migration \"{}\"", name)
                                         : fmt::format("Run named migration \"{}\"", name);
    }

    void apply(const Change& change) {
        OneTableRequest request;
        request.command = OneTableCommand::apply;
        request.action = change.action;
        request.version = change.version;
        request.dry = session_.arguments.dry;
        session_.phase = Phase::running;
        const Value migration = ask(request);
        const std::string line = (request.dry ? "Dry Run: " : "") + headline(change, migration);
        if (session_.arguments.json) {
            session_.print_json([&](json::Writer& writer) {
                writer.key("event").string("line").key("text").string(line);
            });
        } else if (!session_.console.is_quiet()) {
            session_.console.print(line);
        }
    }

    ExitCode conclude(std::size_t count) {
        session_.phase = Phase::deciding;
        const std::string version = current_version();
        if (session_.arguments.json) {
            session_.print_json([&](json::Writer& writer) {
                writer.key("event").string("result").key("migrations").number(count);
                writer.key("interrupted").boolean(false);
                writer.key("dry").boolean(session_.arguments.dry);
                writer.key("version").string(version);
            });
        } else if (!session_.console.is_quiet()) {
            session_.console.print("\nCurrent database version: " + version);
        }
        return ExitCode::done;
    }

    ExitCode change() {
        check_dry();
        const std::vector<Change> all = changes();
        if (all.empty()) {
            if (session_.arguments.json) {
                return conclude(0);
            }
            if (!session_.console.is_quiet()) {
                session_.console.print(nothing_to_do());
            }
            return ExitCode::done;
        }
        if (!confirm(session_, question(all))) {
            return ExitCode::refused;
        }
        for (const Change& change : all) {
            apply(change);
        }
        return conclude(all.size());
    }

    Session& session_;
    FunctionCaller& function_;
    const std::string& verb_;
};

}  // namespace

ExitCode run_by_onetable_function(Session& session, FunctionCaller& function) {
    return OneTableRun(session, function).run();
}

}  // namespace dynamigrate::cli
