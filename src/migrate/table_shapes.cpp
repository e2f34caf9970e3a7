#include "table_shapes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using dynamodb::KeySchema;

constexpr std::size_t kMostGlobalIndexes = 20;
constexpr std::size_t kMostLocalIndexes = 5;
constexpr std::size_t kMostProjected = 100;

std::string to_text(const KeySchema& key) {
    auto attribute = [](const dynamodb::KeyAttribute& part) {
        return fmt::format("{}:{}", part.name, dynamodb::to_string(part.type));
    };
    return key.sort ? attribute(key.hash) + ", " + attribute(*key.sort) : attribute(key.hash);
}

}  // namespace

/// Where findings about one step go.
struct TableShapes::Report {
    const std::string& table;
    const std::string& place;
    std::vector<Finding>& findings;

    void error(std::string code, std::string message, std::string remedy) const {
        findings.push_back({Finding::Severity::error, std::move(code), place, std::move(message),
                            std::move(remedy)});
    }
};

void TableShapes::know(const dynamodb::TableDescription& table) {
    Shape& shape = shapes_[table.name];
    shape.key = table.key;
    for (const dynamodb::IndexDescription& index : table.indexes) {
        if (index.status != "DELETING") {
            shape.indexes[index.name] = {index.key, index.projection,
                                         index.non_key_attributes.size(), index.is_local};
        }
    }
    for (const dynamodb::KeyAttribute& attribute : table.attribute_definitions) {
        shape.types[attribute.name] = attribute.type;
    }
}

void TableShapes::apply(const std::string& table, const ShapeChange& change,
                        const std::string& place, std::vector<Finding>& findings) {
    Report report{table, place, findings};
    if (change.deletes_table) {
        shapes_.erase(table);
    }
    if (change.created) {
        create(shapes_[table], *change.created, report);
    }
    if (change.created_index) {
        add(shapes_[table], *change.created_index, false, report);
    }
    if (!change.deleted_index.empty()) {
        shapes_[table].indexes.erase(change.deleted_index);
    }
}

void TableShapes::create(Shape& shape, const CreateTable& definition, const Report& report) {
    KeySchema key{definition.hash, definition.sort};
    if (!shape.key.hash.name.empty()) {
        if (shape.key != key) {
            report.error("different_table",
                         fmt::format("table {} exists with the key {}, not {}", report.table,
                                     to_text(shape.key), to_text(key)),
                         "give the table another name, or copy the items: a key cannot be changed");
        }
        return;
    }
    shape.key = key;
    note_types(shape, key, report);
    for (const IndexDefinition& index : definition.indexes) {
        add(shape, index, false, report);
    }
    for (const IndexDefinition& index : definition.local_indexes) {
        add(shape, index, true, report);
    }
}

void TableShapes::add(Shape& shape, const IndexDefinition& definition, bool is_local,
                      const Report& report) {
    KeySchema key{definition.hash, definition.sort};
    auto [known, is_new] = shape.indexes.try_emplace(
        definition.name, Index{key, definition.projection, definition.attributes.size(), is_local});
    if (!is_new) {
        const Index& other = known->second;
        if (other.key != key || other.projection != definition.projection ||
            other.projected != definition.attributes.size()) {
            report.error("different_index",
                         fmt::format("table {} has another index {} already, with the key {}",
                                     report.table, definition.name, to_text(other.key)),
                         "give the index another name, or delete the old one before");
        }
        return;
    }
    note_types(shape, key, report);
    check_limits(shape, report);
}

void TableShapes::check_limits(const Shape& shape, const Report& report) {
    std::size_t local = 0;
    std::size_t projected = 0;
    for (const auto& [name, index] : shape.indexes) {
        local += index.is_local ? 1 : 0;
        projected += index.projected;
    }
    std::size_t global = shape.indexes.size() - local;
    if (global > kMostGlobalIndexes || local > kMostLocalIndexes) {
        report.error(
            "too_many_indexes",
            fmt::format("table {} would have {} global and {} local indexes; at most {} "
                        "and {} are possible",
                        report.table, global, local, kMostGlobalIndexes, kMostLocalIndexes),
            "delete an index that is not queried before");
    }
    if (projected > kMostProjected) {
        report.error("too_many_projected",
                     fmt::format("the indexes of table {} would project {} listed attributes; at "
                                 "most {} are possible in all",
                                 report.table, projected, kMostProjected),
                     "list fewer, or project `all` or `keys_only`");
    }
}

void TableShapes::note_types(Shape& shape, const KeySchema& key, const Report& report) {
    auto note = [&](const dynamodb::KeyAttribute& attribute) {
        auto [known, is_new] = shape.types.try_emplace(attribute.name, attribute.type);
        if (!is_new && known->second != attribute.type) {
            report.error(
                "conflicting_types",
                fmt::format("key attribute {} of table {} is {} already, not {}", attribute.name,
                            report.table, dynamodb::to_string(known->second),
                            dynamodb::to_string(attribute.type)),
                "use one type for it in all keys, or another attribute");
        }
    };
    note(key.hash);
    if (key.sort) {
        note(*key.sort);
    }
}

namespace {

/// Findings that the step's own checks make too are left to them.
bool is_own_affair(const ShapeChange& change, const Finding& finding) {
    return change.created &&
           (finding.code == "conflicting_types" || finding.code == "too_many_indexes");
}

std::string place_of(const Migration& migration) {
    return migration.path() == "memory" ? "migration " + migration.id() : migration.path();
}

void check_description(const Migration& migration, std::vector<Finding>& findings) {
    if (migration.description().empty() && migration.path() != "memory") {
        findings.push_back({Finding::Severity::note, "no_description", place_of(migration),
                            "the migration has no description",
                            "write `description:`; `list` and plans show it"});
    }
}

void check_later(const Registry& registry, const Migration& migration,
                 std::vector<Finding>& findings) {
    for (const std::string& id : migration.dependencies()) {
        const Migration* needed = registry.find(id);
        if (needed && needed->version() && *needed->version() > *migration.version()) {
            findings.push_back(
                {Finding::Severity::warning, "depends_on_later", place_of(migration),
                 fmt::format("{} depends on the later version {}, and so is applied after it",
                             migration.id(), needed->id()),
                 "renumber one of them, so that versions tell the order"});
        }
    }
}

}  // namespace

std::vector<Finding> check_project(const Registry& registry, const std::string& default_table) {
    std::vector<Finding> findings;
    TableShapes shapes;
    for (const Migration& migration : registry.all()) {
        if (migration.is_named()) {
            continue;
        }
        check_description(migration, findings);
        check_later(registry, migration, findings);
        for (const StepPtr& step : migration.up_steps()) {
            std::vector<std::string> tables = step->tables();
            std::string named = tables.empty() ? "" : tables.front();
            std::string usual = migration.table().empty() ? default_table : migration.table();
            ShapeChange change = step->shape_change();
            std::vector<Finding> found;
            shapes.apply(named.empty() ? usual : named, change, migration.place_of(step), found);
            std::copy_if(found.begin(), found.end(), std::back_inserter(findings),
                         [&](const Finding& finding) { return !is_own_affair(change, finding); });
        }
    }
    return findings;
}

}  // namespace dynamigrate::migrate
