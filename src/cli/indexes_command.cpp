#include "commands.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/migrate/indexes.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace dynamigrate::cli {

namespace {

using migrate::IndexState;
using migrate::IndexWork;

/// What the command looks at.
struct Picture {
    std::vector<IndexState> indexes;
    std::vector<migrate::RaisedCapacity> raised;
    std::map<std::string, std::optional<dynamodb::TableDescription>> tables;
};

/// The named table, else all that migrations name, and the default one.
std::set<std::string> tables_of(Session& session, const std::vector<IndexWork>& work) {
    const migrate::Settings& settings = session.project.settings;
    auto real = [&](const std::string& name) {
        auto mapped = settings.tables.find(name);
        return mapped == settings.tables.end() ? name : mapped->second;
    };
    if (!session.arguments.words.empty()) {
        return {real(session.arguments.words.front())};
    }
    std::set<std::string> tables;
    for (const IndexWork& one : work) {
        tables.insert(one.table);
    }
    for (const migrate::Migration& migration : session.registry.all()) {
        for (const migrate::StepPtr& step : migration.up_steps()) {
            for (const std::string& name : session.tables().names_of(migration, *step)) {
                tables.insert(name);
            }
        }
    }
    tables.insert(real(settings.default_table));
    tables.erase("");
    return tables;
}

Picture look(Session& session) {
    std::vector<IndexWork> work =
        migrate::index_work(session.registry, session.project.settings,
                            session.migrator().applied(), session.migrator().outstanding());
    Picture picture;
    for (const std::string& table : tables_of(session, work)) {
        auto actual = dynamodb::describe_table(session.wiring().service(), table);
        for (IndexState& index : migrate::compare_indexes(table, work, actual)) {
            picture.indexes.push_back(std::move(index));
        }
        picture.tables[table] = std::move(actual);
    }
    picture.raised = session.migrator().raised_capacities();
    return picture;
}

std::string key_of(const IndexState& index) {
    return index.actual ? migrate::key_text(index.actual->key.hash, index.actual->key.sort)
                        : migrate::key_text(index.declared->hash, index.declared->sort);
}

std::string projection_of(const IndexState& index) {
    return index.actual
               ? migrate::projection_text(index.actual->projection,
                                          index.actual->non_key_attributes)
               : migrate::projection_text(index.declared->projection, index.declared->attributes);
}

std::string state_of(const IndexState& index) {
    std::string text(migrate::to_string(index.state));
    return index.percent ? fmt::format("{} {} %", text, *index.percent) : text;
}

std::string line_of(const IndexState& index) {
    std::string line = fmt::format("  {:<24} {:<14} {}; {}", index.name, state_of(index),
                                   key_of(index), projection_of(index));
    if (index.is_local) {
        line += "; local";
    }
    if (index.actual) {
        line += fmt::format("; about {} items", index.actual->item_count);
    }
    if (!index.migration.empty()) {
        line += fmt::format("; declared by {}", index.migration);
    }
    if (!index.next.empty()) {
        line += fmt::format("; {} changes it", index.next);
    }
    for (const std::string& difference : index.differences) {
        line += fmt::format("\n    {}", difference);
    }
    return line;
}

void print(Session& session, const Picture& picture) {
    for (const auto& [table, actual] : picture.tables) {
        session.console.print(actual ? table : table + " (there is no such table)");
        bool is_any = false;
        for (const IndexState& index : picture.indexes) {
            if (index.table == table) {
                session.console.print(line_of(index));
                is_any = true;
            }
        }
        if (!is_any) {
            session.console.print("  none");
        }
    }
    for (const migrate::RaisedCapacity& raised : picture.raised) {
        session.console.print(fmt::format(
            "raised for a build: capacity of an index, by the unfinished run {} of {}; "
            "`dynamigrate resume {}` brings it back to {:.0f} RCU {:.0f} WCU",
            raised.run, raised.migration, raised.run, raised.after.read, raised.after.write));
    }
}

void write_throughput(json::Writer& writer, const dynamodb::Throughput& throughput) {
    writer.begin_object().key("read").number(throughput.read);
    writer.key("write").number(throughput.write).end_object();
}

void write(json::Writer& writer, const IndexState& index, const Picture& picture) {
    auto text_or_null = [&](const char* name, const std::string& text) {
        writer.key(name);
        text.empty() ? writer.null() : writer.string(text);
    };
    writer.begin_object().key("table").string(index.table).key("name").string(index.name);
    writer.key("state").string(migrate::to_string(index.state));
    text_or_null("migration", index.migration);
    text_or_null("next", index.next);
    writer.key("local").boolean(index.is_local).key("key").string(key_of(index));
    writer.key("projection").string(projection_of(index));
    text_or_null("status", index.actual ? index.actual->status : "");
    writer.key("backfilling").boolean(index.actual && index.actual->is_backfilling);
    writer.key("percent");
    index.percent ? writer.number(*index.percent) : writer.null();
    writer.key("items");
    index.actual ? writer.number(index.actual->item_count) : writer.null();
    writer.key("capacity");
    if (index.actual && index.actual->provisioned.write > 0) {
        write_throughput(writer, index.actual->provisioned);
    } else {
        writer.null();
    }
    writer.key("differences").begin_array();
    for (const std::string& difference : index.differences) {
        writer.string(difference);
    }
    writer.end_array().key("snippets");
    const auto& table = picture.tables.at(index.table);
    if (index.declared && !index.is_local) {
        bool is_provisioned = table && !table->is_on_demand;
        writer.string(migrate::index_snippets(
            *index.declared, is_provisioned ? std::optional(table->provisioned) : std::nullopt));
    } else {
        writer.null();
    }
    writer.end_object();
}

void print_json(Session& session, const Picture& picture) {
    session.print_json([&](json::Writer& writer) {
        writer.key("indexes").begin_array();
        for (const IndexState& index : picture.indexes) {
            write(writer, index, picture);
        }
        writer.end_array().key("raised").begin_array();
        for (const migrate::RaisedCapacity& raised : picture.raised) {
            writer.begin_object().key("run").string(raised.run);
            writer.key("migration").string(raised.migration).key("after");
            write_throughput(writer, raised.after);
            writer.end_object();
        }
        writer.end_array();
    });
}

}  // namespace

ExitCode show_indexes(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    Picture picture = look(session);
    session.arguments.json ? print_json(session, picture) : print(session, picture);
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
