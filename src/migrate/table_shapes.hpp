#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <map>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// Tables as steps will have left them one after another: finds what DynamoDB would refuse when it
/// comes to it. A value.
class TableShapes {
public:
    void know(const dynamodb::TableDescription& table);
    bool is_known(const std::string& table) const { return shapes_.contains(table); }
    /// Codes: `different_table`, `different_index`, `too_many_indexes`, `too_many_projected`,
    /// `conflicting_types`, all errors.
    void apply(const std::string& table, const ShapeChange& change, const std::string& place,
               std::vector<Finding>& findings);

private:
    struct Index {
        dynamodb::KeySchema key;
        dynamodb::ProjectionType projection = dynamodb::ProjectionType::all;
        std::size_t projected = 0;
        bool is_local = false;
    };
    struct Shape {
        dynamodb::KeySchema key;  ///< of no name where the table was not seen being created
        std::map<std::string, Index> indexes;
        std::map<std::string, dynamodb::AttributeType> types;
    };
    struct Report;

    void create(Shape& shape, const CreateTable& definition, const Report& report);
    void add(Shape& shape, const IndexDefinition& definition, bool is_local, const Report& report);
    static void check_limits(const Shape& shape, const Report& report);
    static void note_types(Shape& shape, const dynamodb::KeySchema& key, const Report& report);

    std::map<std::string, Shape> shapes_;
};

/// Checks of all versions together, in their order: what they make of tables, and dependencies on
/// later versions. Codes: those of TableShapes; `depends_on_later`, a warning; `no_description`, a
/// note. `default_table`: as in check_migration.
std::vector<Finding> check_project(const Registry& registry, const std::string& default_table = {});

}  // namespace dynamigrate::migrate
