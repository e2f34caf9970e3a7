#include "../onetable_survey.hpp"
#include "../project_survey.hpp"

#include <dynamigrate/base/file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace dynamigrate::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kSchema = R"({
    indexes: { primary: { hash: 'pk', sort: 'sk' } },
    models: { User: { pk: { type: String } } },
})";

template <class Survey>
auto survey_of(const std::map<std::string, std::string>& files, Survey survey) {
    base::TemporaryDirectory directory;
    for (const auto& [name, text] : files) {
        base::create_directories((directory.path() / name).parent_path());
        base::write_file_atomically(directory.path() / name, text);
    }
    return survey(directory.path());
}

TEST(OneTableSurvey, FindsTheSchemaAndTheTable) {
    const OneTableSurvey survey = survey_of(
        {{"src/schema.js", std::string("export default ") + kSchema},
         {"src/table.ts", "export const table = new Table({\n  client,\n  name: 'shop',\n})"},
         {"src/other.js", "new Table({ name: process.env.TABLE })"}},
        survey_onetable);
    EXPECT_EQ(survey.schema, "src/schema.js");
    EXPECT_EQ(survey.table, "shop");
}

TEST(OneTableSurvey, TellsSchemasThatHaveNoDefaultExport) {
    const OneTableSurvey survey = survey_of(
        {{"models/schema.ts", std::string("export const Schema = ") + kSchema}}, survey_onetable);
    EXPECT_TRUE(survey.schema.empty());
    EXPECT_EQ(survey.named_schema, "models/schema.ts");
}

TEST(OneTableSurvey, TakesNoMigrationForASchema) {
    const OneTableSurvey survey =
        survey_of({{"migrations/0.0.1.js",
                    std::string("export default { schema: ") + kSchema + ", async up(db) {} }"}},
                  survey_onetable);
    EXPECT_TRUE(survey.schema.empty());
}

TEST(ProjectSurvey, LooksAtOneTablesProjectsMoreClosely) {
    const std::map<std::string, std::string> files{
        {"package.json", R"({"dependencies": {"dynamodb-onetable": "2.7.7"}})"},
        {"schema.mjs", std::string("export default ") + kSchema},
        {"index.mjs", "const table = new Table({ name: \"shop\", client })"}};
    const ProjectSurvey survey = survey_of(files, survey_project);
    EXPECT_EQ(survey.schema, "schema.mjs");
    EXPECT_THAT(survey.tables, ElementsAre("shop"));
    EXPECT_THAT(survey.found, Contains(HasSubstr("schema.mjs: a OneTable schema")));
    auto without = files;
    without["package.json"] = "{}";
    EXPECT_TRUE(survey_of(without, survey_project).schema.empty());
}

}  // namespace
}  // namespace dynamigrate::cli
