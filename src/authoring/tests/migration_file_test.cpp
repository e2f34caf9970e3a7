#include <dynamigrate/authoring/migration_file.hpp>
#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

migrate::Migration read(std::string_view text, const std::string& id = "1.0.0") {
    return read_migration(parse_yaml(text, "m.yaml"), id, "m.yaml");
}

std::string error_of(std::string_view text, const std::string& id = "1.0.0") {
    try {
        read(text, id);
    } catch (const base::Error& error) {
        return error.what();
    }
    return "no error";
}

/// A migration of one step in flow form, at line 3.
std::string step_error(const std::string& step) {
    return error_of("table: app\nup:\n  - " + step + "\n");
}

TEST(FileName, TellsVersionsNamesAndHelpers) {
    EXPECT_EQ(parse_file_name("1.2.0_lower-case.yaml")->id, "1.2.0");
    EXPECT_EQ(parse_file_name("1.2.0_lower-case.yaml")->slug, "lower-case");
    EXPECT_EQ(parse_file_name("7.json5")->id, "7");
    EXPECT_EQ(parse_file_name("20240115120000_x.yml")->id, "20240115120000");
    EXPECT_EQ(parse_file_name("0.0.1.js")->id, "0.0.1");
    EXPECT_EQ(parse_file_name("20220101-add-attribute.ts")->id, "20220101");
    EXPECT_EQ(parse_file_name("20220101-add-attribute.ts")->slug, "add-attribute");
    EXPECT_EQ(parse_file_name("20220101093000-step_two.yaml")->id, "20220101093000");
    EXPECT_FALSE(parse_file_name("20221301-no-month.yaml")->is_version);
    EXPECT_FALSE(parse_file_name("7-days.yaml")->is_version);
    EXPECT_FALSE(parse_file_name("cleanup-orphans.yaml")->is_version);
    EXPECT_FALSE(parse_file_name("cleanup.mjs")->is_version);
    EXPECT_FALSE(parse_file_name("types.d.ts"));
    EXPECT_FALSE(parse_file_name("plugin.so"));
    EXPECT_FALSE(parse_file_name("index.js"));
    EXPECT_FALSE(parse_file_name("README.md"));
    EXPECT_FALSE(parse_file_name("migrate.json"));
    EXPECT_FALSE(parse_file_name(".hidden.yaml"));
}

TEST(FileChecksum, IgnoresLineEnds) {
    EXPECT_EQ(file_checksum("a\r\nb\r"), file_checksum("a\nb\n"));
    EXPECT_NE(file_checksum("a\nb"), file_checksum("a\nc"));
}

TEST(MigrationFile, ReadsTheExampleOfTheFormat) {
    const auto migration = read(R"(
version: 1.2.0
description: Lower-case e-mails and index them
depends_on: [1.1.0]
table: app
up:
  - transform:
      where: "attribute_exists(email) AND #t = :user"
      names:  { "#t": type }
      values: { ":user": user }
      set:
        emailLower: "${email | lower}"
        gsi1pk: "USER#${id}"
        schemaVersion: 2
      rename:  { fullName: name }
      remove:  [legacy]
      default: { locale: en }
  - create_index: { name: by_email, hash: emailLower, sort: "createdAt:N", projection: keys_only }
down: auto
)",
                                "1.2.0");

    EXPECT_EQ(migration.id(), "1.2.0");
    EXPECT_EQ(migration.dependencies(), std::vector<std::string>{"1.1.0"});
    ASSERT_EQ(migration.up_steps().size(), 2U);
    EXPECT_EQ(migration.up_steps()[0]->kind(), "transform");
    EXPECT_EQ(migration.up_steps()[1]->kind(), "create_index");
    EXPECT_EQ(migration.down_mode(), migrate::Migration::Down::automatic);
}

TEST(MigrationFile, ReadsEveryStep) {
    const char* const steps[] = {
        "create_table: {name: t, hash: pk, sort: 'sk:N', billing: {read: 5, write: 5}, stream: "
        "NEW_IMAGE, "
        "indexes: [{name: i, hash: a}], local_indexes: [{name: l, hash: pk, sort: b}], ttl: "
        "expires, "
        "tags: {a: b}, deletion_protection: true, point_in_time_recovery: true}",
        "delete_table: {name: t}",
        "update_table: {billing: on_demand, deletion_protection: false}",
        "create_index: {name: i, hash: {name: 'a:b', type: N}, projection: [x, y]}",
        "delete_index: {name: i}",
        "ttl: {attribute: expires}",
        "put: {items: [{pk: a, n: 1, s: !ss [x]}], if_exists: replace}",
        "delete: {where: 'c = :c', values: {':c': 1}}",
        "delete: {keys: [{pk: a}]}",
        ("update: {where: '#c > :z', expression: 'SET #c = #c + :one', names: {'#c': c}, "
         "values: {':one': 1, ':z': 0}}"),
        ("transform: {set: {a: 1}, guard: {version: v}, lanes: 2, failure_budget: 1%, "
         "passes: until_clean}"),
        "copy: {to: other, set: {pk: 'X#${pk}'}}",
        "rename_attribute: {from: a, to: b}",
        "remove_attribute: {name: a}",
        "verify: {where: 'attribute_not_exists(a)', expect: 0}",
        "partiql: {statement: 'DELETE FROM app WHERE pk = ?', parameters: [a]}",
    };
    for (const char* step : steps) {
        EXPECT_EQ(step_error(step), "no error") << step;
    }
}

struct WrongFile {
    const char* step;
    const char* message;
};

class WrongStep : public ::testing::TestWithParam<WrongFile> {};

TEST_P(WrongStep, NamesPlaceReasonAndRemedy) {
    EXPECT_EQ(step_error(GetParam().step), std::string("m.yaml:") + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    MigrationFile, WrongStep,
    ::testing::Values(
        WrongFile{"transfrom: {set: {a: 1}}",
                  "3:5: unknown step `transfrom`; did you mean `transform`?"},
        WrongFile{"{}", "3:5: a step is a map with one key, its kind, such as `transform: {...}`"},
        WrongFile{"text",
                  "3:5: a step is a map with one key, its kind, such as `transform: {...}`"},
        WrongFile{"{put: {items: [{pk: a}]}, ttl: {attribute: x}}",
                  "3:5: a step is a map with one key, its kind, such as `transform: {...}`"},
        WrongFile{"run: []",
                  "3:10: the program must be a list of at least one text, or the path of a script"},
        WrongFile{"run: {program: [a], aws: mine}",
                  "3:30: `aws` must be inherit (the real credentials), or left out"},
        WrongFile{"run: no-such.sh",
                  "3:10: `run: no-such.sh` names no script beside the migration; for a program "
                  "with arguments write a list: `run: [program, argument]`"},
        WrongFile{"backup: {}", "3:13: backup needs `name`"},
        WrongFile{"pitr: {enable: true}",
                  "3:12: unknown key `enable` in pitr; did you mean `enabled`?"},
        WrongFile{"tag: {tags: [a]}",
                  "3:17: `tags` must be a map of names and values; null removes a tag"},
        WrongFile{"update_index: {name: i, hash: a}",
                  "3:35: DynamoDB cannot change key and projection of an index: create another "
                  "one, then delete this one"},
        WrongFile{"create_index: {name: i, hash: a, violations: skip}",
                  "3:50: `violations` must be fail, allow or ignore"},
        WrongFile{"create_index: {name: i, hash: a, where: b = c}",
                  "3:45: `where` says which items get key attributes: give set or default too; an "
                  "index holds all items that have its key attributes"},
        WrongFile{"delete_index: {name: i, manage: never}",
                  "3:37: `manage` must be apply or verify"},
        WrongFile{"transform: {sett: {a: 1}, remove: b}",
                  "3:17: unknown key `sett` in transform; did you mean `set`?"},
        WrongFile{"transform: {where: 'a = b'}",
                  "3:16: a transform needs set, rename, remove or default, or jq"},
        WrongFile{"transform: 7", "3:16: transform must be a map of fields, not number"},
        WrongFile{"transform: {set: [a]}", "3:22: `set` must be a map of attributes"},
        WrongFile{"transform: {set: {a: 1}, values: {v: 1}}",
                  "3:39: a placeholder in `values` begins with `:`, not `v`"},
        WrongFile{"transform: {set: {a: 1}, values: {':v': 1}}",
                  "3:45: `:v` is used in no expression"},
        WrongFile{"transform: {set: {a: 1}, guard: some}",
                  "3:37: `guard` must be read, all or {version: ATTRIBUTE}"},
        WrongFile{"transform: {set: {a: 1}, lanes: -1}",
                  "3:37: `lanes` must be a whole number, 0 or more"},
        WrongFile{"transform: {set: {a: 1}, passes: 0}",
                  "3:38: `passes` must be 1 or more, or until_clean"},
        WrongFile{"transform: {set: {a: 1}, exactly_once: maybe}",
                  "3:44: `exactly_once` must be journal or marker"},
        WrongFile{"transform: {set: {a: 1}, failure_budget: lots}",
                  "3:46: `failure_budget` must be a count or a share such as \"0.5%\""},
        WrongFile{"transform: {set: {a: 1}, overwrite: 1}",
                  "3:41: `overwrite` must be true or false"},
        WrongFile{"transform: {jq: '.a', set: {a: 1}}",
                  "3:21: `jq` stands alone: it cannot be together with set, rename, remove and "
                  "default"},
        WrongFile{"transform: {jq: [1]}", "3:21: `jq` must be a text, a jq program"},
        WrongFile{"transform: {set: {a: 1}, changes_key: true}",
                  "3:43: `changes_key` is for `jq` only"},
        WrongFile{"create_table: {name: t}", "3:19: create_table needs `hash`"},
        WrongFile{"create_table: {name: t, hash: 'a:Q'}",
                  "3:35: a key's type must be S, N or B, not `Q`"},
        WrongFile{"create_table: {name: t, hash: ':N'}",
                  "3:35: a key needs an attribute name before the `:`"},
        WrongFile{"create_table: {name: t, hash: a, billing: cheap}",
                  "3:47: `billing` must be on_demand or {read: N, write: N}"},
        WrongFile{"create_table: {name: t, hash: a, billing: {read: 5}}",
                  "3:47: `billing` needs `read` and `write` of 1 or more"},
        WrongFile{"create_index: {hash: a}", "3:19: create_index needs `name`"},
        WrongFile{"create_index: {name: i, hash: a, projection: some}",
                  "3:50: `projection` must be all, keys_only or a list of attributes"},
        WrongFile{"put: {}", "3:10: put needs either `items` or `file`"},
        WrongFile{"put: {items: []}", "3:18: `items` must be a list of at least one item"},
        WrongFile{"put: {items: [{a: 1}], if_exists: ask}",
                  "3:39: `if_exists` must be keep, replace or fail"},
        WrongFile{"put: {items: [{a: 1}], format: xml}",
                  "3:36: `format` must be plain or dynamodb"},
        WrongFile{"delete: {}", "3:13: delete needs either `where` or `keys`"},
        WrongFile{"update: {where: 'a = a'}", "3:13: update needs `expression`"},
        WrongFile{"copy: {set: {a: 1}}", "3:11: copy needs `to`"},
        WrongFile{"rename_attribute: {from: a}", "3:23: rename_attribute needs `to`"},
        WrongFile{"ttl: {enabled: true}", "3:10: ttl needs `attribute`"},
        WrongFile{"partiql: {parameters: [1]}", "3:14: partiql needs `statement`"},
        WrongFile{"verify: {where: 'a = a', expect: none}",
                  "3:38: `expect` must be a whole number, 0 or more"}));

TEST(MigrationFile, ChecksTheFrame) {
    EXPECT_EQ(error_of("description: x\n"), "m.yaml:1:1: a migration needs `up`");
    EXPECT_EQ(error_of("up: 1\n"), "m.yaml:1:5: `up` must be a list of steps");
    EXPECT_EQ(error_of("version: 2.0.0\nup: []\n"),
              "m.yaml:1:10: `version` is 2.0.0, but the file's name says 1.0.0");
    EXPECT_EQ(error_of("up: []\ndown: maybe\n"),
              "m.yaml:2:7: `down` must be auto or a list of steps");
    EXPECT_EQ(error_of("up: []\nuo: 1\n"),
              "m.yaml:2:1: unknown key `uo` in a migration; did you mean `up`?");
    EXPECT_EQ(
        error_of("up:\n  - transform: {set: {a: 1}}\n"),
        "m.yaml:2:16: no table: give `table:` in the step, the migration or the configuration");
}

TEST(DirectorySource, LoadsMigrationsAndLeavesHelpers) {
    base::TemporaryDirectory directory;
    const auto write = [&](const char* name, std::string_view text) {
        base::write_file_atomically(directory.path() / name, text);
    };
    write("1.0.0_a.yaml", "up:\n  - transform: {set: {a: 1}}\n");
    write("1.1.0.json5", "{up: [{transform: {set: {b: 2}}}], down: 'auto'}");
    write("cleanup.yaml", "up:\n  - remove_attribute: {name: old}\n");
    write("helpers.js", "export default 1");
    write("data.json", "[1, 2]");
    migrate::Registry registry;

    DirectorySource(directory.path(), "app").load(registry);

    ASSERT_EQ(registry.all().size(), 3U);
    EXPECT_EQ(registry.all()[0].id(), "1.0.0");
    EXPECT_EQ(registry.all()[1].id(), "1.1.0");
    EXPECT_EQ(registry.all()[2].id(), "cleanup");
    EXPECT_EQ(registry.all()[0].table(), "app");
    EXPECT_EQ(registry.all()[0].checksum().size(), 64U);
}

TEST(DirectorySource, NamesAMissingDirectory) {
    migrate::Registry registry;
    EXPECT_THROW(DirectorySource("/no/such/place").load(registry), base::Error);
}

}  // namespace
}  // namespace dynamigrate::authoring
