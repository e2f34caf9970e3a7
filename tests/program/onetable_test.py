"""OneTable's migrations, unchanged: beside npm's onetable-migrate, and by the commands of its CLI."""

import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

import boto3

import harness
from differential import Embedded
from gateway_test import KEY, SECRET, Gateway

SCHEMA = """
export default {
    format: 'onetable:1.1.0',
    version: '0.0.%d',
    indexes: { primary: { hash: 'pk', sort: 'sk' } },
    models: {
        User: {
            pk: { type: String, value: 'user#${email}' },
            sk: { type: String, value: 'user#' },
            email: { type: String, required: true },
            name: { type: String },
            visits: { type: Number, default: 0 },
        },
    },
    params: { isoDates: true, timestamps: false },
}
"""

# What each version does to users, and back.
STEPS = {
    "0.0.1": ("for (const n of [1, 2, 3]) await db.create('User', { email: `u${n}@x.org`, name: `User ${n}` })",
              "for (const n of [1, 2, 3]) await db.remove('User', { email: `u${n}@x.org` })"),
    "0.0.2": ("await add(db, 10)", "await add(db, -10)"),
    "0.0.3": ("await db.create('User', { email: 'late@x.org', name: 'Late' }); await add(db, 100)",
              "await add(db, -100); await db.remove('User', { email: 'late@x.org' })"),
    "0.0.4": ("await db.update('User', { email: 'u1@x.org', name: 'First' })",
              "await db.update('User', { email: 'u1@x.org', name: 'User 1' })"),
}

MIGRATION = """
import { add } from './helpers.js'
import schema from './schema%(number)s.js'
export default {
    version: '%(version)s',
    description: 'Step %(version)s',
    schema,
    async up(db, migrate, params) {
        %(up)s
    },
    async down(db, migrate, params) {
        %(down)s
    },
}
"""

HELPERS = """
export async function add(db, count) {
    for (const user of await db.scan('User', {})) {
        await db.update('User', { email: user.email, visits: user.visits + count })
    }
}
"""

THEIRS = """
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')
const { Table } = require('dynamodb-onetable')
const { Dynamo } = require('dynamodb-onetable/Dynamo')
const { Migrate } = require('onetable-migrate')
const [name, ...orders] = process.argv.slice(2)
const migrations = []
for (const version of ['0.0.1', '0.0.2', '0.0.3', '0.0.4']) {
    migrations.push((await import(`./migrations/${version}.js`)).default)
}
const client = new Dynamo({ client: new DynamoDBClient({}) })
const table = new Table({ name, client, schema: migrations[0].schema, partial: true, logger: false })
const migrate = new Migrate(table, { migrations, log: { info() {}, error() {} } })
await migrate.init()
for (let at = 0; at < orders.length; at += 2) {
    await migrate.apply(orders[at], orders[at + 1])
}
console.log(JSON.stringify({
    current: await migrate.getCurrentVersion(),
    past: await migrate.getPastVersions(),
    outstanding: await migrate.getOutstandingVersions(),
}))
"""


class Suite(unittest.TestCase):
    numbered = 0
    peer = "onetable-migrate"

    @classmethod
    def setUpClass(cls):
        cls.server = Embedded()
        cls.dynamodb = harness.client(cls.server.endpoint)
        cls.modules = harness.node_modules(cls.peer)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, config=None, versions=STEPS):
        Suite.numbered += 1
        table = f"ot{Suite.numbered:03}"
        harness.create_table(self.dynamodb, table, sort=True)
        project = harness.Project(self.server.endpoint, table, table + "-history")
        self.addCleanup(project.close)
        (project.path / "dynamigrate.yaml").unlink()
        config = config or "{ onetable: { name: '%s', partial: true }, dir: 'migrations'," \
                           " history: { layout: 'onetable', native_table: '%s-history' } }"
        (project.path / "migrate.json5").write_text(config.replace("%s", table))
        (project.path / "package.json").write_text('{"type": "module"}')
        (project.path / "node_modules").symlink_to(self.modules)
        (project.path / "theirs.mjs").write_text(THEIRS)
        project.migration("helpers.js", HELPERS)
        for number, (version, (up, down)) in enumerate(versions.items(), 1):
            project.migration(f"schema{number}.js", SCHEMA % number)
            project.migration(f"{version}.js", MIGRATION % {
                "number": number, "version": version, "up": up, "down": down})
        return project

    def theirs(self, project, *orders):
        done = subprocess.run(
            ["node", "theirs.mjs", project.table, *orders], cwd=project.path,
            env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1", "AWS_REGION": "us-east-1",
                 "AWS_ENDPOINT_URL_DYNAMODB": self.server.endpoint,
                 "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"},
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def items(self, project):
        """All items; of the history what does not depend on the hour or the tool."""
        items = {}
        for item in self.dynamodb.scan(TableName=project.table, ConsistentRead=True)["Items"]:
            key = (item["pk"]["S"], item["sk"]["S"])
            if item["pk"]["S"] == "_migration":
                key = (item["pk"]["S"], item["version"]["S"])
                item = {name: item[name] for name in ("pk", "description", "version", "status", "_type")} | {
                    "date": list(item["date"])}
            items[key] = item
        return items

    def users(self, project):
        return {key[0]: item for key, item in self.items(project).items() if key[0].startswith("user")}


class SideBySide(Suite):
    def test_begun_by_theirs_continued_by_us_and_back(self):
        alone, both = self.project(), self.project()
        self.theirs(alone, "up", "0.0.2")
        half = self.items(alone)
        self.theirs(alone, "up", "0.0.4")
        full = self.items(alone)

        self.theirs(both, "up", "0.0.2")
        self.assertEqual(both.run("status").stdout.strip(), "0.0.2")
        both.run("all")
        self.assertEqual(self.items(both), full)
        self.assertEqual(self.theirs(both), {
            "current": "0.0.4", "past": list(STEPS), "outstanding": []})
        self.theirs(both, "down", "0.0.4")
        self.assertEqual(both.run("outstanding").stdout.split(), ["0.0.4"])
        both.run("down")
        self.assertEqual(self.items(both), half)
        both.run("down", "0.0.1", expect=None)
        self.assertEqual(both.run("status").stdout.strip(), "0.0.1")

    def test_we_alone_do_as_they_do(self):
        ours, theirs = self.project(), self.project()
        ours.run("all")
        self.theirs(theirs, "up", "0.0.4")
        self.assertEqual(self.items(ours), self.items(theirs))
        ours.run("0.0.2")
        self.theirs(theirs, "down", "0.0.4", "down", "0.0.3")
        left, kept = self.items(theirs), self.items(ours)
        # They leave the schema of the version that they left; we that of the one that is reached.
        schema = ("_schema", "_schema:Current")
        self.assertEqual(left.pop(schema)["version"], {"S": "0.0.3"})
        self.assertEqual(kept.pop(schema)["version"], {"S": "0.0.2"})
        self.assertEqual(kept, left)

    def test_dry_run_of_a_script_that_does_not_know_of_it(self):
        project = self.project()
        project.run("up")
        before = self.items(project)
        out = project.run("all", "--dry")
        self.assertIn("0.0.4", out.stdout)
        self.assertEqual(self.items(project), before)

    def test_without_down_from_the_journal(self):
        project = self.project()
        path = project.path / "migrations/0.0.2.js"
        path.write_text(path.read_text().replace("async down(", "async unused("))
        project.run("up")
        before = self.users(project)
        project.run("up")
        self.assertNotEqual(self.users(project), before)
        project.run("down")
        self.assertEqual(self.users(project), before)

    def test_a_failure_has_the_users_line(self):
        project = self.project()
        path = project.path / "migrations/0.0.2.js"
        path.write_text(path.read_text().replace("await add(db, 10)", "throw new RangeError('not ten')"))
        project.run("up")
        out = project.run("up", expect=1)
        self.assertIn("RangeError: not ten", out.stderr)
        self.assertIn("migrations/0.0.2.js:9:", out.stderr)
        self.assertEqual(project.run("status").stdout.strip(), "0.0.1")


class Api(Suite):
    def test_migrate_and_params(self):
        project = self.project()
        project.migration("look.js", """
import schema from './schema1.js'
export default {
    version: 'look', description: 'Look', schema,
    async up(db, migrate, params) {
        console.log(JSON.stringify({
            current: await migrate.getCurrentVersion(),
            past: await migrate.getPastVersions(),
            rows: (await migrate.getPastMigrations()).map((row) => [row.version, row.status, row.date instanceof Date]),
            old: (await migrate.findPastMigrations()).length,
            outstanding: await migrate.getOutstandingVersions(),
            next: (await migrate.getOutstandingMigrations(1)).map((row) => row.version),
            named: await migrate.getNamedVersions(),
            dry: params.dry, profile: migrate.params.profile ?? null, table: db.name,
            keys: (await db.getKeys()).primary,
        }))
    },
}
""")
        project.run("0.0.2")
        out = project.run("look", "--dry")
        line = next(line for line in (out.stdout + out.stderr).splitlines() if '"current"' in line)
        self.assertEqual(json.loads(line.strip().lstrip("| ")), {
            "current": "0.0.2", "past": ["0.0.1", "0.0.2"],
            "rows": [["0.0.1", "success", True], ["0.0.2", "success", True]], "old": 2,
            "outstanding": ["0.0.3", "0.0.4"], "next": ["0.0.3"], "named": ["look"],
            "dry": "Dry Run: ", "profile": None, "table": project.table,
            "keys": {"hash": "pk", "sort": "sk"}})

    def test_a_list_of_migrations(self):
        project = self.project(versions={})
        project.migration("index.js", """
import schema from './schema.js'
export default ['0.0.1', '0.0.2'].map((version) => ({
    version, description: `Step ${version}`, schema,
    async up(db) { await db.create('User', { email: version }) },
    async down(db) { await db.remove('User', { email: version }) },
}))
// [a list]
""")
        project.migration("schema.js", SCHEMA % 1)
        project.run("all")
        self.assertEqual(list(self.users(project)), ["user#0.0.1", "user#0.0.2"])
        project.run("down")
        self.assertEqual(list(self.users(project)), ["user#0.0.1"])

    def test_a_list_in_a_file_of_its_own(self):
        project = self.project("{ name: '%s', migrations: './all.mjs' }", versions={})
        (project.path / "all.mjs").write_text("""
import schema from './migrations/schema.js'
export default ['0.0.2', '0.0.1', 'extra'].map((version) => ({
    version, description: `Step ${version}`, schema,
    async up(db) { await db.create('User', { email: version }) },
    async down(db) { await db.remove('User', { email: version }) },
}))
""")
        project.migration("schema.js", SCHEMA % 1)
        self.assertEqual(project.run("outstanding").stdout.split(), ["0.0.1", "0.0.2"])
        self.assertEqual(project.run("named").stdout.split(), ["extra"])
        project.run("all")
        project.run("extra")
        project.run("down")
        self.assertEqual(sorted(self.users(project)), ["user#0.0.1", "user#extra"])
        self.assertIn("0.0.3.js", project.run("generate").stdout)
        (project.path / "all.mjs").write_text("export default [{ async up() {} }]")
        self.assertIn("has no `version`", project.run("status", expect=6).stderr)
        (project.path / "migrate.json5").write_text("{ name: 'x', migrations: './package.json' }")
        self.assertIn("`migrations:`", project.run("status", expect=None).stderr)

    def test_settings_reach_the_table(self):
        project = self.project(
            "{ onetable: { name: '%s' }, dir: 'migrations', typeField: 'kind', nulls: true, delimiter: '/' }",
            versions={"0.0.1": ("await db.create('User', { email: 'x@x.org', name: null })\n"
                                "        console.log('separator', db.separator ?? db.delimiter)", "")})
        out = project.run("up")
        self.assertIn("separator /", out.stdout + out.stderr)
        self.assertEqual(self.users(project)["user#x@x.org"], {
            "pk": {"S": "user#x@x.org"}, "sk": {"S": "user#"}, "email": {"S": "x@x.org"},
            "name": {"NULL": True}, "visits": {"N": "0"}, "kind": {"S": "User"}})

    def test_what_failed_is_run_again_before_the_next(self):
        project = self.project()
        path = project.path / "migrations/0.0.2.js"
        good = path.read_text()
        path.write_text(good.replace("await add(db, 10)", "await add(db, 1); throw new Error('not yet')"))
        project.run("up")
        project.run("up", expect=1)
        path.write_text(good)
        project.run("--retry-failed", "up", "--force")
        self.assertEqual(project.run("status").stdout.strip(), "0.0.3")
        self.assertEqual({int(user["visits"]["N"]) for user in self.users(project).values()}, {110, 100})

    def test_encrypted_attributes(self):
        project = self.project()
        schema = (SCHEMA % 1).replace("name: { type: String }", "name: { type: String, crypt: true }")
        project.migration("schema1.js", schema)
        project.run("up", "--crypto", "aes-256-gcm:dandelion-is-long-enough-for-it")
        name = next(iter(self.users(project).values()))["name"]["S"]
        self.assertTrue(name.startswith("primary:"), name)

    def test_without_their_library(self):
        project = self.project()
        (project.path / "node_modules").unlink()
        out = project.run("up", expect=1)
        self.assertIn("npm install dynamodb-onetable", out.stderr)


class Bypass(Suite):
    """Scripts that go past the door: they fail, and nothing is written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        cls.server = Gateway("--memory", "--access-key", KEY, secret=SECRET)
        cls.dynamodb = boto3.client(
            "dynamodb", endpoint_url=cls.server.endpoint, region_name="eu-west-1",
            aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    def refused(self, code, words, **environment):
        """What the code makes a `client` of writes nothing, also with these in the user's environment."""
        project = self.project(versions={"0.0.1": (code + """
        await write(client, db.name)
""", "")})
        project.migration("helpers.js", """
import { createRequire } from 'node:module'
export const require = createRequire(import.meta.url)
export async function add() {}
export const endpoint = '%s'
export async function write(client, TableName) {
    const { PutItemCommand } = require('@aws-sdk/client-dynamodb')
    const put = { TableName, Item: { pk: { S: 'past' }, sk: { S: 'x' } } }
    await (client.send ? client.send(new PutItemCommand(put)) : client.putItem(put).promise())
}
""" % self.server.endpoint)
        path = project.path / "migrations/0.0.1.js"
        path.write_text(path.read_text().replace("{ add }", "{ require, endpoint, write }"))
        project.environment = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                               "AWS_REGION": "eu-west-1"} | environment
        for dry in [], ["--dry"]:
            out = project.run("up", *dry, expect=1)
            self.assertRegex(out.stdout + out.stderr, words)
            self.assertNotIn(("past", "x"), self.items(project))

    CLIENT = "const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')\n        "

    def test_endpoint_in_the_code(self):
        self.refused(self.CLIENT + "const client = new DynamoDBClient({ endpoint, region: 'eu-west-1' })",
                     "UnrecognizedClient|security token")

    def test_old_sdk(self):
        modules = harness.node_modules("onetable-1")
        self.refused(f"const AWS = require('{modules}/aws-sdk')\n        "
                     "const client = new AWS.DynamoDB({ endpoint, region: 'eu-west-1', maxRetries: 0 })",
                     "UnrecognizedClient|security token")

    def test_profile(self):
        with tempfile.TemporaryDirectory() as home:
            aws = pathlib.Path(home) / ".aws"
            aws.mkdir()
            keys = f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
            (aws / "credentials").write_text(f"[default]\n{keys}[prod]\n{keys}")
            self.refused(self.CLIENT + "const { fromIni } = require('@aws-sdk/credential-provider-ini')\n        "
                         "const client = new DynamoDBClient({ endpoint, region: 'eu-west-1',"
                         " credentials: fromIni({ profile: 'prod' }) })",
                         "Could not resolve credentials|CredentialsProviderError", HOME=home)

    def test_instance_metadata(self):
        asked = []

        class Instance(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                body = json.dumps({"Code": "Success", "AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": "t",
                                   "Expiration": "2099-01-01T00:00:00Z"}) if self.path.endswith("/role") else "role"
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body.encode())
            do_PUT = do_GET

            def log_message(self, *_):
                pass

        instance = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Instance)
        threading.Thread(target=instance.serve_forever, daemon=True).start()
        self.addCleanup(instance.server_close)
        self.addCleanup(instance.shutdown)
        self.refused(self.CLIENT + "const { fromInstanceMetadata } = require('@smithy/credential-provider-imds')\n        "
                     "const client = new DynamoDBClient({ endpoint, region: 'eu-west-1',"
                     " credentials: fromInstanceMetadata({ maxRetries: 0 }) })",
                     "ECONNREFUSED|CredentialsProviderError|ProviderError",
                     AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{instance.server_port}")
        self.assertEqual(asked, [])


class Limits(Suite):
    """A migration that hangs, crashes or takes all memory: nothing of it stays, and it can be resumed."""

    def broken(self, body, *words, limits="{}"):
        project = self.project()
        path, config = project.path / "migrations/0.0.2.js", project.path / "migrate.json5"
        good, usual = path.read_text(), config.read_text()
        project.run("up")
        path.write_text(good.replace("await add(db, 10)", "await add(db, 1)\n        " + body))
        config.write_text(usual.rstrip("}") + ", scripts: " + limits + " }")
        out = project.run("up", expect=1)
        for word in words:
            self.assertIn(word, out.stderr)
        self.assertIn("dynamigrate resume", out.stderr)
        self.assertEqual(project.run("status").stdout.strip(), "0.0.1")
        path.write_text(good)
        config.write_text(usual)
        project.run("resume", "--force")
        self.assertEqual({int(user["visits"]["N"]) for user in self.users(project).values()}, {10})

    def test_hanging(self):
        self.broken("for (;;) ;", "did nothing for 1.5 s", "idle_timeout", limits="{ idle_timeout: 1.5 }")
        self.broken("await new Promise(() => setInterval(() => {}, 1000))", "did nothing for 1.5 s",
                    limits="{ idle_timeout: 1.5 }")

    def test_too_long_as_a_whole(self):
        self.broken("for (;;) await add(db, 0)", "within 4 s", "`timeout`", limits="{ timeout: 4 }")

    def test_greedy(self):
        self.broken("const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1))",
                    "more than 300 MB of memory", limits="{ memory: 300 }")

    def test_crashing(self):
        self.broken("console.error('good-bye'); process.exit(3)", "ended with exit code 3", "good-bye")
        self.broken("process.kill(process.pid, 'SIGSEGV')", "killed by signal 11")

    def test_its_own_limits(self):
        project = self.project(versions={"0.0.1": ("await new Promise(() => setInterval(() => {}, 1000))", "")})
        path = project.path / "migrations/0.0.1.js"
        path.write_text(path.read_text().replace("    schema,", "    schema, idleTimeout: 1, memory: 500,"))
        self.assertIn("did nothing for 1 s", project.run("up", expect=1).stderr)
        path.write_text(path.read_text().replace("memory: 500", "memory: 5"))
        self.assertIn("64 or more", project.run("up", expect=6).stderr)


class Sample(Suite):
    """The sample of OneTable's first CLI: a schema beside the configuration, no `schema` in migrations."""

    peer = "onetable-1"  # dynamodb-onetable 1 on aws-sdk v2

    SCHEMA = """
export default {
    indexes: {
        primary: { hash: 'pk', sort: 'sk' },
    },
    models: {
        user: {
            pk: { type: String, value: 'user:${email}' },
            sk: { type: String, value: 'user:' },
            email: { type: String },
        }
    }
}
"""

    STUB = """
export default {
    version: '%s',
    description: 'Add %s',
    async up(db, migrate) {
        await db.create('user', { email: '%s' })
    },
    async down(db, migrate) {
        await db.remove('user', { email: '%s' })
    },
}
"""

    def setUp(self):
        self.sample = self.project(versions={})
        (self.sample.path / "migrate.json5").unlink()
        migrations = self.sample.path / "migrations"
        (migrations / "migrate.json").write_text(
            "{\n    // The table\n    name: '%s',\n    schema: 'schema.js',\n"
            "    aws: {\n        endpoint: '%s'\n    }\n}\n"
            % (self.sample.table, self.server.endpoint))
        self.sample.migration("schema.js", self.SCHEMA)
        for version in ("0.0.1", "0.0.2", "0.1.3"):
            self.sample.migration(f"{version}.js", self.STUB.replace("%s", version))
        self.sample.migration("helpers.js", """
export async function removeAll(db) {
    for (const item of await db.scanItems({}, { parse: false, hidden: true })) {
        const text = (value) => value.S ?? value
        if (text(item.pk).startsWith('user')) await db.deleteItem({ pk: text(item.pk), sk: text(item.sk) })
    }
}
""")
        self.sample.migration("index.js", """
import first from './0.0.1.js'
import latest from './latest.js'
export default [first, latest]
""")
        self.sample.migration("latest.js", """
import { removeAll } from './helpers.js'
export default {
    version: 'latest', description: 'All at once',
    async up(db, migrate, params) {
        if (params.profile === 'prod') throw new Error('not in production')
        await removeAll(db)
        for (const email of ['0.0.1', '0.0.2', '0.1.3']) await db.create('user', { email })
    },
    async down() {},
}
""")
        links = self.sample.path / "bin"
        links.mkdir()
        (links / "onetable").symlink_to(harness.PROGRAM)
        self.links = links

    def onetable(self, line, confirm="y\n", expect=0, **environment):
        done = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.sample.path / "migrations", input=confirm, text=True,
            env={"PATH": f"{self.links}:{os.environ['PATH']}", "HOME": str(self.sample.path)}
            | environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout if expect == 0 else done.stderr

    def emails(self):
        return [key.removeprefix("user:") for key in sorted(self.users(self.sample))]


class FirstGeneration(Sample):
    def test_every_command_of_its_page(self):
        self.assertEqual(self.onetable("onetable migrate status").strip(), "0.0.0")
        self.assertEqual(self.onetable("onetable migrate list").strip(), "No migrations applied")
        self.assertEqual(self.onetable("onetable migrate outstanding").split(), ["0.0.1", "0.0.2", "0.1.3"])
        self.onetable("onetable migrate --dry up")
        self.assertEqual(self.emails(), [])
        self.onetable("onetable migrate up")
        self.assertEqual(self.emails(), ["0.0.1"])
        self.assertIn("0.0.1", self.onetable("onetable migrate list"))
        self.onetable("onetable migrate 0.1.3")
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2", "0.1.3"])
        self.onetable("onetable migrate down")
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2"])
        self.onetable("onetable migrate all")
        self.assertEqual(self.onetable("onetable migrate status").strip(), "0.1.3")
        self.onetable("onetable migrate 0.0.1")
        self.assertEqual(self.emails(), ["0.0.1"])
        self.onetable("onetable migrate reset")
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2", "0.1.3"])
        self.assertEqual(self.onetable("onetable migrate status").strip(), "0.1.3")
        self.assertRegex(self.onetable("onetable migrate --bump 2.4.3 generate"), "Generated .*2.4.3.js\n")
        self.assertRegex(self.onetable("onetable generate migration"), "Generated .*2.4.4.js\n")
        self.onetable("onetable migrate all")
        self.assertEqual(self.onetable("onetable migrate status").strip(), "2.4.4")
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2", "0.1.3"])

    def test_every_option_of_its_page(self):
        migrations = self.sample.path / "migrations"
        config = (migrations / "migrate.json").read_text()
        self.assertRegex(self.onetable("onetable --version"), r"^\d+\.\d+\.\d+\n$")
        self.assertIn("usage", self.onetable(
            "onetable migrate --aws-access-key key --aws-secret-key secret --aws-region us-east-1", expect=2))
        self.assertEqual(self.onetable(
            "onetable migrate --aws-access-key key --aws-secret-key secret --aws-region us-east-1 status"), "0.0.0\n")
        self.assertEqual(self.onetable("onetable migrate up", confirm="n\n"), "")
        self.assertEqual(self.emails(), [])
        self.onetable("onetable migrate up --force", confirm="")
        self.assertEqual(self.onetable("onetable migrate list --quiet"), "0.0.1\n")
        self.assertEqual(self.onetable("onetable --dir .. --config ./migrations/migrate.json migrate status"), "0.0.1\n")
        self.assertEqual(self.onetable("cd .. && onetable --dir migrations migrate status"), "0.0.1\n")
        self.assertIn("Cannot locate migrate.json5", self.onetable("cd .. && onetable migrate status", expect=2))
        self.assertIn("cannot change to the directory", self.onetable("onetable --dir nowhere status", expect=2))
        self.assertIn("unknown option", self.onetable("onetable --dryrun up", expect=2))
        nobody = f"http://127.0.0.1:{harness.free_port()}"
        (migrations / "migrate.json").write_text(config.replace(self.server.endpoint, nobody))
        self.assertEqual(self.onetable(f"onetable migrate --endpoint {self.server.endpoint} status"), "0.0.1\n")
        (migrations / "migrate.json").write_text("{ name: '%s', schema: 'no.js' }" % self.sample.table)
        self.assertEqual(self.onetable("onetable migrate status", DB_ENDPOINT=self.server.endpoint), "0.0.1\n")
        self.onetable("onetable migrate up --force --schema ./schema.js", DB_ENDPOINT=self.server.endpoint)
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2"])

    def test_profiles(self):
        path = self.sample.path / "migrations/migrate.json"
        path.write_text(path.read_text().rstrip("}\n") + "},\n    profiles: { prod: {}, qa: {} } }\n")
        self.onetable("onetable migrate up --profile qa", confirm="y\n")
        self.onetable("onetable migrate up --profile prod", confirm="y\n")
        self.assertEqual(self.emails(), ["0.0.1"])
        self.onetable("onetable migrate up --profile prod", confirm="y\ny\n")
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2"])
        self.assertIn("not in production", self.onetable(
            "onetable migrate reset --force --profile prod", expect=1))
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2"])
        self.onetable("onetable migrate reset --force", PROFILE="qa", expect=0)
        self.assertEqual(self.emails(), ["0.0.1", "0.0.2", "0.1.3"])

    def test_a_lambda_function_is_called_by_name(self):
        arn = "arn:aws:lambda:us-east-1:123456789012:function:migrate-prod-invoke"
        nowhere = "--lambda-endpoint http://127.0.0.1:1"
        self.assertIn(arn, self.onetable(f"onetable --arn {arn} {nowhere} migrate up", expect=2))
        path = self.sample.path / "migrations/migrate.json"
        path.write_text("{ name: 'app', arn: '%s' }" % arn)
        self.assertIn(arn, self.onetable(f"onetable {nowhere} migrate up", expect=2))
        self.assertIn("2.0.0.js", self.onetable("onetable --bump 2.0.0 generate"))

    def test_a_project_that_begins(self):
        empty = self.sample.path / "empty"
        empty.mkdir()
        (empty / "migrate.json").write_text("{ name: 'your-dynamo-table', schema: 'schema.js' }")
        self.assertEqual(self.onetable("cd ../empty && onetable generate migration"), "Generated ./0.0.1.js\n")
        text = (empty / "0.0.1.js").read_text()
        for part in ("version: '0.0.1'", "Purpose of this migration", "async up(db, migrate", "async down(db, migrate"):
            self.assertIn(part, text)


class FirstGenerationOnTheSecondLibrary(FirstGeneration):
    peer = "onetable-migrate"


class Access(Sample):
    """The ways of its page to give credentials, to a server that checks them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.stop()
        cls.server = Gateway("--memory", "--access-key", KEY, secret=SECRET)
        cls.dynamodb = boto3.client(
            "dynamodb", endpoint_url=cls.server.endpoint, region_name="us-east-1",
            aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    def up(self, options="", **environment):
        """Applies and reverts, so that both ways have been there."""
        self.onetable(f"onetable migrate up {options}", **environment)
        self.assertEqual(self.emails(), ["0.0.1"])
        self.onetable(f"onetable migrate {options} down", **environment)
        self.assertEqual(self.emails(), [])

    def test_options(self):
        self.up(f"--aws-access-key {KEY} --aws-secret-key {SECRET} --aws-region us-east-1")

    def test_configuration(self):
        path = self.sample.path / "migrations/migrate.json"
        path.write_text(path.read_text().replace("aws: {", f"""aws: {{
        accessKeyId: '{KEY}',
        secretAccessKey: '{SECRET}',
        region: 'us-east-1',"""))
        self.up()

    def test_environment(self):
        self.up(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=SECRET, AWS_DEFAULT_REGION="us-east-1")

    def test_profile_of_the_aws_tools(self):
        (self.sample.path / ".aws").mkdir()
        (self.sample.path / ".aws/credentials").write_text(
            f"[aws-profile-name]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
        self.up(AWS_PROFILE="aws-profile-name", AWS_REGION="us-east-1")
        self.up("--aws-profile aws-profile-name --aws-region us-east-1")

    def test_none(self):
        for options in "", "--aws-access-key WRONG --aws-secret-key wrong --aws-region us-east-1":
            self.assertIn("Cannot communicate with DynamoDB", self.onetable(f"onetable migrate {options} up", expect=1))
        self.assertEqual(self.emails(), [])


class Init(unittest.TestCase):
    def test_a_project_with_a_schema(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch)
            (path / "src").mkdir()
            (path / "migrations").mkdir()
            (path / "package.json").write_text(
                '{"type": "module", "dependencies": {"dynamodb-onetable": "2.7.7"}}')
            (path / "src/schema.js").write_text(SCHEMA % 1)
            (path / "src/table.js").write_text("export const table = new Table({ name: 'shop', client })")
            (path / "node_modules").symlink_to(harness.node_modules("onetable-migrate"))
            (path / "migrations/0.0.1.yaml").write_text(
                "up:\n  - create_table: { name: shop, hash: pk, sort: sk }\n")
            (path / "migrations/0.0.2.js").write_text("""
export default {
    version: '0.0.2', description: 'The first user',
    async up(db) { await db.create('User', { email: 'a@x.org' }) },
}
""")

            def run(*arguments):
                done = subprocess.run(
                    [harness.PROGRAM, *arguments], cwd=path, text=True, stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    env={k: v for k, v in os.environ.items() if not k.startswith("AWS_")})
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            told = run("init")
            self.assertIn("src/schema.js: a OneTable schema", told)
            self.assertIn("Table of the name shop", told)
            config = (path / "dynamigrate.yaml").read_text()
            self.assertIn('schema: "./src/schema.js"', config)
            self.assertIn("table: shop", config)
            run("all", "--yes")
            self.assertEqual(run("status").strip(), "0.0.2")
            run("down", "--yes")


if __name__ == "__main__":
    unittest.main()
