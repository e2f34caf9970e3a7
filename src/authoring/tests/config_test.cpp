#include <dynamigrate/authoring/config.hpp>
#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

class ConfigTest : public ::testing::Test {
protected:
    void write(const std::string& name, std::string_view text) {
        base::write_file_atomically(directory.path() / name, text);
    }
    Config load(const std::string& profile = {}, const std::string& file = {}) {
        return load_config({file, profile, directory.path()}, environment);
    }
    std::string error(const std::string& profile = {}, const std::string& file = {}) {
        try {
            load(profile, file);
        } catch (const base::Error& error) {
            std::string text = error.what();
            const std::string prefix = directory.path().string() + "/";
            const std::size_t at = text.find(prefix);
            return at == std::string::npos ? text : text.erase(at, prefix.size());
        }
        return "no error";
    }

    base::TemporaryDirectory directory;
    base::Environment environment;
};

TEST_F(ConfigTest, ReadsTheProjectsOwnFile) {
    write("dynamigrate.yaml", R"(
table: app
migrations: ./db
history: { layout: native, table: h, scope: shop }
lanes: 8
max_wcu: 40%
max_rcu: 500
profile: dev
profiles:
  dev:  { endpoint: "http://localhost:8000" }
  prod: { region: eu-west-1, account: "123456789012", tables: { app: shop-prod } }
)");

    const Config dev = load();
    const Config prod = load("prod");

    EXPECT_EQ(dev.table, "app");
    EXPECT_EQ(dev.migrations, directory.path() / "db");
    EXPECT_EQ(dev.history_table, "h");
    EXPECT_EQ(dev.scope, "shop");
    EXPECT_EQ(dev.profile, "dev");
    EXPECT_EQ(dev.endpoint, "http://localhost:8000");
    EXPECT_EQ(dev.max_wcu->percent, 40);
    EXPECT_EQ(dev.max_rcu->units, 500);
    EXPECT_EQ(dev.lanes, 8U);
    EXPECT_EQ(prod.region, "eu-west-1");
    EXPECT_EQ(prod.account, "123456789012");
    EXPECT_EQ(prod.tables.at("app"), "shop-prod");
    EXPECT_EQ(prod.endpoint, "");
}

TEST_F(ConfigTest, ReadsOneTablesFirstGeneration) {
    write("migrate.json", R"({
        name: 'old-table', // a comment
        schema: 'schema.js', crypto: {cipher: 'aes-256-gcm', password: 'secret'},
        delimiter: '#', nulls: false, typeField: 'type',
        aws: {accessKeyId: 'AK', secretAccessKey: 'SK', region: 'eu-central-1', endpoint: 'http://h:1'},
    })");

    const Config config = load();

    EXPECT_EQ(config.table, "old-table");
    EXPECT_TRUE(std::filesystem::equivalent(config.migrations, directory.path()));
    EXPECT_EQ(config.access_key, "AK");
    EXPECT_EQ(config.secret_key, "SK");
    EXPECT_EQ(config.region, "eu-central-1");
    EXPECT_EQ(config.endpoint, "http://h:1");
    EXPECT_EQ(config.crypto.find("cipher")->text(), "aes-256-gcm");
    EXPECT_EQ(config.schema.text(), "schema.js");
}

TEST_F(ConfigTest, ReadsOneTablesSecondGenerationWithProfilesAndFiles) {
    write("migrate.json5", R"({
        onetable: {name: 'new-table', partial: true, crypto: {primary: {cipher: 'c', password: 'p'}}},
        dir: './steps', profile: 'dev', config: ['more.json5'],
        profiles: {dev: {aws: {region: 'r1'}}, prod: {onetable: {name: 'prod-table'}}},
    })");
    write("more.json5", "{aws: {region: 'r2', endpoint: 'http://x:1'}}");

    EXPECT_EQ(load().table, "new-table");
    EXPECT_EQ(load().region, "r1");
    EXPECT_EQ(load().endpoint, "http://x:1");
    EXPECT_EQ(load("prod").table, "prod-table");
    EXPECT_EQ(load("prod").region, "r2");
    EXPECT_EQ(load().migrations, directory.path() / "steps");
}

TEST_F(ConfigTest, PrefersOptionThenFileThenEnvironmentForTheProfile) {
    environment = base::Environment(std::map<std::string, std::string>{{"PROFILE", "qa"}});
    write("dynamigrate.yaml", "table: t\nprofiles: {qa: {region: q}, dev: {region: d}}\n");
    EXPECT_EQ(load().region, "q");
    EXPECT_EQ(load("dev").region, "d");

    write("dynamigrate.yaml",
          "table: t\nprofile: dev\nprofiles: {qa: {region: q}, dev: {region: d}}\n");
    EXPECT_EQ(load().profile, "dev");
}

TEST_F(ConfigTest, TakesTheEndpointFromTheEnvironmentLast) {
    environment =
        base::Environment(std::map<std::string, std::string>{{"DB_ENDPOINT", "http://e:1"}});
    write("dynamigrate.yaml", "table: t\n");
    EXPECT_EQ(load().endpoint, "http://e:1");

    write("dynamigrate.yaml", "table: t\nendpoint: http://f:1\n");
    EXPECT_EQ(load().endpoint, "http://f:1");
}

TEST_F(ConfigTest, FindsAProfileInABlendedFile) {
    write("dynamigrate.yaml", "table: t\nconfig: [more.yaml]\n");
    write("more.yaml", "profiles: {dev: {region: d}}\n");
    EXPECT_EQ(load("dev").region, "d");
}

TEST_F(ConfigTest, RefusesAProfileWithoutAFile) {
    EXPECT_EQ(
        error("dev"),
        "--profile dev names a profile of the configuration, and there is no dynamigrate.yaml; "
        "for a profile of the AWS tools write `aws_profile` or set AWS_PROFILE");
}

TEST_F(ConfigTest, IsEmptyWithoutAFile) {
    const Config config = load();
    EXPECT_EQ(config.path, "");
    EXPECT_EQ(config.migrations, directory.path() / "migrations");
}

TEST_F(ConfigTest, RefusesWhatItDoesNotKnow) {
    write("dynamigrate.yaml", "table: t\nmigration: ./m\n");
    EXPECT_EQ(error(),
              "dynamigrate.yaml:2:1: unknown key `migration` in the configuration; did you mean "
              "`migrations`?");
    write("dynamigrate.yaml", "table: t\nhistory: {layout: natve}\n");
    EXPECT_EQ(error(),
              "dynamigrate.yaml:2:19: `layout` must be native, onetable, drift, dynamorm or "
              "functionless");
    write("dynamigrate.yaml", "table: t\nlanes: many\n");
    EXPECT_EQ(error(), "dynamigrate.yaml:2:8: `lanes` must be a whole number, 0 or more");
    write("dynamigrate.yaml", "table: t\nmax_wcu: 140%\n");
    EXPECT_EQ(error(),
              "dynamigrate.yaml:2:10: `max_wcu` must be units per second, or a share of "
              "the table's capacity such as 40%");
    write("dynamigrate.yaml", "table: t\nprofiles: {dev: {}, prod: {}}\n");
    EXPECT_EQ(error("qa"), "dynamigrate.yaml:2:11: no profile `qa`; known are dev, prod");
    write("dynamigrate.yaml", "table: t\nprofile: dev\n");
    EXPECT_EQ(
        error("qa"),
        "dynamigrate.yaml:1:1: no profile `qa`: there are no `profiles` here; for a profile of "
        "the AWS tools write `aws_profile` or set AWS_PROFILE");
    EXPECT_EQ(load().profile, "dev");
    write("dynamigrate.yaml", "- a\n");
    EXPECT_EQ(error(), "dynamigrate.yaml:1:1: a configuration must be a map of settings");
    write("dynamigrate.yaml", "table: t\nout_of_order: maybe\n");
    EXPECT_EQ(error(), "dynamigrate.yaml:2:15: `out_of_order` must be error, allow or ignore");
    write("dynamigrate.yaml", "table: t\nconfig: [gone.yaml]\n");
    EXPECT_EQ(error().find("dynamigrate.yaml:2:10: Cannot read "), 0U);
    EXPECT_EQ(error("", "gone.yaml"),
              "configuration: Cannot read gone.yaml: give an existing file with --config");
}

TEST_F(ConfigTest, SaysWhatOneTableConfigurationsMiss) {
    write("migrate.json5", "{profile: 'dev'}");
    EXPECT_EQ(error().find("migrate.json5:1:1: Missing database configuration"), 0U);
    write("migrate.json5", "{onetable: {partial: true}}");
    EXPECT_EQ(error().find("migrate.json5:1:12: Missing DynamoDB table name"), 0U);
    write("migrate.json5", "{onetable: {name: 'x'}");
    EXPECT_EQ(error().find("migrate.json5:1:23:"), 0U) << error();
}

TEST_F(ConfigTest, LimitsScriptsUnlessToldOtherwise) {
    write("dynamigrate.yaml", "table: app\n");
    EXPECT_EQ(load().scripts.idle, std::chrono::minutes(10));
    EXPECT_EQ(load().scripts.time, std::chrono::milliseconds::max());
    EXPECT_EQ(load().scripts.memory_mb, 4096U);
    write("dynamigrate.yaml", "scripts: { timeout: 2.5, idle_timeout: 30, memory: 512 }\n");
    EXPECT_EQ(load().scripts.time, std::chrono::milliseconds(2500));
    EXPECT_EQ(load().scripts.idle, std::chrono::seconds(30));
    EXPECT_EQ(load().scripts.memory_mb, 512U);
    write("dynamigrate.yaml", "scripts: { idle_timeout: 0 }\n");
    EXPECT_NE(error().find("`idle_timeout` must be a number of seconds"), std::string::npos);
    write("dynamigrate.yaml", "scripts: { memory: 1 }\n");
    EXPECT_NE(error().find("64 or more"), std::string::npos);
    write("dynamigrate.yaml", "scripts: { idletimeout: 1 }\n");
    EXPECT_NE(error().find("idle_timeout"), std::string::npos);
}

TEST_F(ConfigTest, ReadsHowStateMachinesRunMigrations) {
    write("dynamigrate.yaml", "table: app\n");
    EXPECT_EQ(load().cloud.concurrency, 16U);
    EXPECT_FALSE(load().cloud.prewarm);
    write("dynamigrate.yaml",
          "cloud: { concurrency: 40, memory: 2048, timeout: 300, prewarm: { wcu: 4000 } }\n"
          "prices: { name: ours, write_per_million: 2, transition: 0.5 }\n");
    const migrate::CloudSettings cloud = load().cloud;
    EXPECT_EQ(cloud.concurrency, 40U);
    EXPECT_EQ(cloud.memory_mb, 2048U);
    EXPECT_EQ(cloud.call_timeout, std::chrono::seconds(300));
    EXPECT_EQ(cloud.prewarm->read, 0);
    EXPECT_EQ(cloud.prewarm->write, 4000);
    EXPECT_EQ(cloud.prices.name, "ours");
    EXPECT_EQ(cloud.prices.transition, 0.5);
    EXPECT_EQ(cloud.prices.capacity.write_per_million, 2);
    write("dynamigrate.yaml", "cloud: { prewarm: { rcu: -1 } }\n");
    EXPECT_NE(error().find("`rcu` must be a number, 0 or more"), std::string::npos);
    write("dynamigrate.yaml", "cloud: { segments: 4 }\n");
    EXPECT_NE(error().find("segments"), std::string::npos);
}

TEST_F(ConfigTest, TakesOneTablesEndpointFromTheEnvironmentWhereNoneIsSaid) {
    environment = base::Environment(
        std::map<std::string, std::string>{{"DB_ENDPOINT", "http://localhost:8000"}});
    write("migrate.json", "{ name: 'app', aws: { region: 'eu-west-1' } }");
    EXPECT_EQ(load().endpoint, "http://localhost:8000");
    EXPECT_TRUE(load().is_onetable);
    write("migrate.json", "{ name: 'app', aws: { endpoint: 'http://localhost:9' } }");
    EXPECT_EQ(load().endpoint, "http://localhost:9");
    write(
        "migrate.json",
        "{ name: 'app', endpoint: 'http://localhost:7', aws: { endpoint: 'http://localhost:9' } }");
    EXPECT_EQ(load().endpoint, "http://localhost:7");
}

}  // namespace
}  // namespace dynamigrate::authoring
