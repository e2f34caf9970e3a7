#include "../project_survey.hpp"

#include <dynamigrate/base/file.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace dynamigrate::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProjectSurvey survey_of(const std::map<std::string, std::string>& files) {
    base::TemporaryDirectory directory;
    for (const auto& [name, text] : files) {
        base::create_directories((directory.path() / name).parent_path());
        base::write_file_atomically(directory.path() / name, text);
    }
    return survey_project(directory.path());
}

TEST(ProjectSurvey, FindsNothingInAnEmptyDirectory) {
    const ProjectSurvey survey = survey_of({});
    EXPECT_THAT(survey.tables, IsEmpty());
    EXPECT_TRUE(survey.migrations.empty());
    EXPECT_THAT(survey.found, IsEmpty());
}

TEST(ProjectSurvey, KnowsOneTablesHistoryByItsPackage) {
    EXPECT_EQ(survey_of({{"package.json", R"({"dependencies": {"onetable-migrate": "1.2.1"}})"}})
                  .history_layout,
              "onetable");
    EXPECT_EQ(survey_of({{"package.json", R"({"dependencies": {"dynamodb-onetable": "2.7.7"}})"}})
                  .history_layout,
              "");
}

TEST(ProjectSurvey, ReadsTablesAndRegionOfServerless) {
    const ProjectSurvey survey = survey_of({{"serverless.yml", R"(service: shop
provider:
  name: aws
  region: eu-central-1
resources:
  Resources:
    Orders:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: orders
        BillingMode: PAY_PER_REQUEST
    Users:
      Type: 'AWS::DynamoDB::Table'
      Properties:
        TableName: !Ref Name
    Queue:
      Type: AWS::SQS::Queue
      Properties:
        TableName: none
)"}});
    EXPECT_THAT(survey.tables, ElementsAre("orders"));
    EXPECT_EQ(survey.region, "eu-central-1");
    EXPECT_EQ(survey.tables_owner, "the Serverless Framework");
}

TEST(ProjectSurvey, ReadsTablesOfCdkSamAndTerraform) {
    const ProjectSurvey cdk = survey_of(
        {{"cdk.json", "{}"},
         {"cdk.out/Shop.template.json",
          R"({"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": "t"}}}})"}});
    EXPECT_THAT(cdk.tables, ElementsAre("t"));
    EXPECT_EQ(cdk.tables_owner, "CDK");
    EXPECT_THAT(survey_of({{"template.yaml",
                            "Resources:\n  T:\n    Type: AWS::DynamoDB::Table\n    Properties:\n"
                            "      TableName: !Sub \"${Stage}-t\"\n"}})
                    .found,
                Contains("template.yaml: tables without fixed names"));
    const ProjectSurvey terraform =
        survey_of({{"main.tf", "resource \"aws_dynamodb_table\" \"t\" {\n  name = \"shop\"\n}\n"}});
    EXPECT_THAT(terraform.tables, ElementsAre("shop"));
    EXPECT_EQ(terraform.tables_owner, "Terraform");
}

TEST(ProjectSurvey, FindsMigrationsAndScripts) {
    const ProjectSurvey survey = survey_of({{"db/migrations/0.0.1.js", ""},
                                            {"db/migrations/0.0.2_more.yaml", ""},
                                            {"scripts/2023-05-01-fix.js", ""},
                                            {"scripts/tool.js", ""}});
    EXPECT_EQ(survey.migrations, "db/migrations");
    EXPECT_THAT(survey.found, ElementsAre("db/migrations: 2 migrations",
                                          "scripts: 1 script named by date, such as "
                                          "2023-05-01-fix.js"));
}

TEST(ProjectSurvey, PassesOverWhatItCannotRead) {
    EXPECT_THAT(survey_of({{"package.json", "{"}, {"cdk.out/a.template.json", "["}}).found,
                IsEmpty());
}

}  // namespace
}  // namespace dynamigrate::cli
