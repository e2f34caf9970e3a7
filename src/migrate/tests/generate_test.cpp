#include "fixtures.hpp"

#include <dynamigrate/migrate/generate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

namespace dynamigrate::migrate {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::simple;

GeneratedMigration generated(const std::vector<std::string>& ids, const std::string& bump,
                             const std::string& current = "", const std::string& text = "") {
    Registry registry;
    for (const std::string& id : ids) {
        registry.add(simple(id).from("migrations/" + id + ".yaml", "x"));
    }
    GenerateRequest request;
    request.bump = bump;
    request.current = current;
    request.description = text;
    request.now = base::parse_iso8601("2024-01-15T12:30:45.678Z");
    return generate_migration(registry, request);
}

TEST(Generate, FollowsTheHighestVersion) {
    EXPECT_EQ(generated({}, "patch").version, "0.0.1");
    EXPECT_EQ(generated({"1.2.3", "1.10.0", "cleanup"}, "patch").version, "1.10.1");
    EXPECT_EQ(generated({"1.2.3"}, "minor").version, "1.3.0");
    EXPECT_EQ(generated({"1.2.3"}, "major").version, "2.0.0");
    EXPECT_EQ(generated({}, "patch", "2.0.0").version, "2.0.1");
    EXPECT_EQ(generated({"1.2.3"}, "2.4.3").version, "2.4.3");
    EXPECT_EQ(generated({"0007"}, "patch", "0").version, "0008");
    EXPECT_EQ(generated({"20230101000000"}, "patch").version, "20240115123045");
}

TEST(Generate, FollowsDatesByTheDay) {
    EXPECT_EQ(generated({"20231231"}, "patch").version, "20240115");
    EXPECT_EQ(generated({"20240115"}, "patch").version, "20240116");
    EXPECT_EQ(generated({"20240229"}, "patch").version, "20240301");
}

TEST(Generate, NamesFunctionlessMigrationsByTheirDate) {
    Registry registry;
    GenerateRequest request;
    request.language = "functionless";
    request.description = "my-migration";
    request.now = base::parse_iso8601("2024-01-15T12:30:45.678Z");
    const GeneratedMigration script = generate_migration(registry, request);
    EXPECT_EQ(script.file_name, "20240115-my-migration.js");
    EXPECT_THAT(script.text, HasSubstr("table/SubjectTable'"));
    request.is_typescript = true;
    request.table = "app";
    const GeneratedMigration typed = generate_migration(registry, request);
    EXPECT_EQ(typed.file_name, "20240115-my-migration.ts");
    EXPECT_THAT(typed.text, HasSubstr("export const up: MigrationFunction = (scope, "));
    EXPECT_THAT(typed.text, HasSubstr("table/app'"));

    registry.add(simple("1.2.3").from("migrations/1.2.3.yaml", "x"));
    EXPECT_EQ(generate_migration(registry, request).file_name, "1.2.4_my-migration.ts");
}

TEST(Generate, NamesTheFileAfterTheDescription) {
    EXPECT_EQ(generated({}, "patch", "", "Lower-case  E-mails!").file_name,
              "0.0.1_lower-case-e-mails.yaml");
    EXPECT_EQ(generated({}, "patch").file_name, "0.0.1.yaml");
    EXPECT_THAT(generated({}, "patch", "", "say \"hi\"").text,
                HasSubstr("description: \"say \\\"hi\\\"\"\n"));
}

TEST(Generate, RefusesWhatExistsAndWhatIsNoBump) {
    auto exists = error_of([] { generated({"1.2.3"}, "1.2.3"); });
    EXPECT_EQ(exists.kind(), base::ErrorKind::already_exists);
    EXPECT_EQ(exists.message(), "Migration migrations/1.2.3.yaml already exists");
    EXPECT_EQ(error_of([] { generated({}, "huge"); }).kind(), base::ErrorKind::invalid_argument);
    EXPECT_EQ(error_of([] { generated({"1.2.3"}, "7"); }).kind(),
              base::ErrorKind::invalid_argument);
}

TEST(Generate, WritesTheFileOnce) {
    base::TemporaryDirectory directory;
    GeneratedMigration migration = generated({}, "patch");
    auto path = write_migration(directory.path() / "migrations", migration);
    EXPECT_EQ(base::read_file(path), migration.text);
    auto error = error_of([&] { write_migration(directory.path() / "migrations", migration); });
    EXPECT_EQ(error.message(), "Migration " + path.string() + " already exists");
}

GeneratedMigration in_language(const std::string& language) {
    GenerateRequest request;
    request.description = "Say \"hi\"";
    request.table = "app";
    request.language = language;
    return generate_migration(Registry(), request);
}

TEST(Generate, WritesEachLanguage) {
    for (const auto& [language, name] :
         std::map<std::string, std::string>{{"yaml", "0.0.1_say-hi.yaml"},
                                            {"json5", "0.0.1_say-hi.json5"},
                                            {"js", "0.0.1_say-hi.js"},
                                            {"mjs", "0.0.1_say-hi.mjs"},
                                            {"ts", "0.0.1_say-hi.ts"},
                                            {"cpp", "0.0.1_say-hi.cpp"},
                                            {"python", "0.0.1_say-hi.yaml"},
                                            {"shell", "0.0.1_say-hi.yaml"}}) {
        const GeneratedMigration migration = in_language(language);
        EXPECT_EQ(migration.file_name, name);
        EXPECT_THAT(migration.text, HasSubstr("\"Say \\\"hi\\\"\"")) << language;
        EXPECT_THAT(migration.text, HasSubstr("0.0.1")) << language;
        EXPECT_THAT(migration.text, HasSubstr("\"app\"")) << language;
    }
    EXPECT_THAT(error_of([] { in_language("cobol"); }).message(),
                HasSubstr("known are yaml, json5, js, mjs, ts, onetable, functionless, cpp, "
                          "python, shell"));
}

TEST(Generate, NamesOneTablesMigrationsByTheirVersion) {
    const GeneratedMigration migration = in_language("onetable");
    EXPECT_EQ(migration.file_name, "0.0.1.js");
    EXPECT_THAT(migration.text, HasSubstr("async down(db, migrate, params)"));
    EXPECT_THAT(migration.text, HasSubstr("description: \"Say \\\"hi\\\"\""));
    GenerateRequest nameless;
    nameless.language = "onetable";
    EXPECT_THAT(generate_migration(Registry{}, nameless).text,
                HasSubstr("description: \"Purpose of this migration\""));
}

TEST(Generate, PutsAScriptBesideTheMigrationThatRunsIt) {
    const GeneratedMigration migration = in_language("python");
    ASSERT_EQ(migration.others.size(), 1U);
    EXPECT_EQ(migration.others[0].name, "0.0.1_say-hi.py");
    EXPECT_THAT(migration.text, HasSubstr("- run: [python3, \"0.0.1_say-hi.py\"]"));
}

TEST(Generate, CountsVersionsThatOnlyFilesHave) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "1.0.0_a.cpp", "");
    base::write_file_atomically(directory.path() / "1.1.0.cpp", "");
    base::write_file_atomically(directory.path() / "9_notes.txt", "");
    GenerateRequest request;
    request.directory = directory.path();
    Registry registry;
    registry.add(simple("0.9.0"));
    EXPECT_EQ(generate_migration(registry, request).version, "1.1.1");
    request.bump = "1.0.0";
    EXPECT_EQ(error_of([&] { generate_migration(registry, request); }).message(),
              "Migration " + (directory.path() / "1.0.0_a.cpp").string() + " already exists");
}

TEST(Generate, WritesNothingWhereOneOfItsFilesExists) {
    base::TemporaryDirectory directory;
    base::write_file_atomically(directory.path() / "0.0.1_say-hi.py", "mine");
    EXPECT_THROW(write_migration(directory.path(), in_language("python")), base::Error);
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "0.0.1_say-hi.yaml"));
    EXPECT_EQ(base::read_file(directory.path() / "0.0.1_say-hi.py"), "mine");
}

}  // namespace
}  // namespace dynamigrate::migrate
