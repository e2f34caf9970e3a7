"""OneTable's own code on either side: a function that hosts npm's onetable-migrate, driven by our
command line; and our function, driven as OneTable's command line drives one."""

import json
import os
import subprocess
import unittest

import harness
from lambda_runtime import HostedFunction
from lambda_test import VERSIONS, Suite

# A handler as the current onetable-controller has it, and as the README of onetable-migrate shows it:
# they read other members, and know other names.
CONTROLLER = """
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb')
const { Table } = require('dynamodb-onetable')
const { Dynamo } = require('dynamodb-onetable/Dynamo')
const { Migrate } = require('onetable-migrate')
const schema = {
    format: 'onetable:1.1.0', version: '0.0.1',
    indexes: { primary: { hash: 'pk', sort: 'sk' } },
    models: { Note: { pk: { type: String, value: 'note#${id}' }, sk: { type: String, value: 'note#' },
                      id: { type: String, required: true } } },
    params: { isoDates: process.env.DATES === 'iso', timestamps: false },
}
const make = (version) => ({
    version, description: `Step ${version}`, schema, path: `${version}.js`,
    async up(db, migrate, params) { if (!params.dry) await db.create('Note', { id: version }) },
    async down(db, migrate, params) { if (!params.dry) await db.remove('Note', { id: version }) },
})
const migrations = ['0.0.1', '0.0.2', '0.0.3', 'cleanup'].map(make)
let text = ''
for await (const chunk of process.stdin) text += chunk
const event = JSON.parse(text)
const generation = process.argv[2]
const action = generation === 'controller' ? event.cmd : event.action
const args = event.args || {}
const dry = generation === 'controller' ? event.dry : (args.params || {}).dry
const client = new Dynamo({ client: new DynamoDBClient({}) })
const table = new Table({ ...event.config, client, schema, logger: false })
const migrate = new Migrate(table, { migrations, dry, log: { info() {}, error() {}, trace() {} } })
await migrate.init()
let body
if (action === 'apply') body = await migrate.apply(args.action ?? args.direction, args.version, { dry })
else if (action === 'getCurrentVersion') body = await migrate.getCurrentVersion()
else if (action === 'getPastMigrations') body = await migrate.getPastMigrations()
else if (action === 'getOutstandingVersions') body = await migrate.getOutstandingVersions()
else if (action === 'getNamedVersions') body = await migrate.getNamedVersions()
else throw new Error(`Unknown action ${action}`)
const answer = { statusCode: 200, body: generation === 'gateway' ? JSON.stringify(body) : body }
console.log('\\nANSWER' + JSON.stringify(answer))
"""


def call_as_the_cli(function, method, config, args=None, generation=2):
    """What OneTable's command line sends, laid out as it lays it out, and what it makes of the answer."""
    event = {"cmd" if generation == 2 else "action": method, "config": config}
    if args:
        event["args"] = args
    payload, _ = function.invoke(json.dumps(event, indent=2).encode())
    if not payload:
        raise RuntimeError(f"Cannot invoke {method}: no result")
    result = json.loads(payload)
    complaint = result.get("error" if generation == 2 else "errorMessage")
    if complaint:
        raise RuntimeError(f"Cannot invoke {method}: {complaint}")
    return result["body"]


class TheirFunction(Suite):
    def hosted(self, generation="controller", **environment):
        Suite.numbered += 1
        table = f"their{Suite.numbered:03}"
        harness.create_table(self.dynamodb, table, sort=True)
        project = harness.Project(self.server.endpoint, table)
        self.addCleanup(project.close)
        (project.path / "node_modules").symlink_to(harness.node_modules("onetable-migrate"))
        (project.path / "handler.mjs").write_text(CONTROLLER)
        here = harness.Project(self.server.endpoint, table)
        self.addCleanup(here.close)
        (here.path / "dynamigrate.yaml").unlink()
        (here.path / "migrate.json5").write_text(
            "{ onetable: { name: '%s', partial: true }, arn: 'migrations' }" % table)

        def handler(event):
            done = subprocess.run(
                ["node", "handler.mjs", generation], cwd=project.path, input=event, capture_output=True,
                timeout=120, env={"PATH": os.environ["PATH"], "NODE_NO_WARNINGS": "1",
                                  "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local",
                                  "AWS_ENDPOINT_URL_DYNAMODB": self.server.endpoint,
                                  "AWS_SECRET_ACCESS_KEY": "local"} | environment)
            if done.returncode or b"ANSWER" not in done.stdout:
                message = done.stderr.decode(errors="replace")
                return json.dumps({"errorMessage": message, "errorType": "Error", "trace": []}).encode(), "Unhandled"
            return done.stdout.split(b"ANSWER", 1)[1].strip(), None

        self.items = lambda: sorted(
            item["id"]["S"] for item in self.dynamodb.scan(TableName=table)["Items"]
            if item["pk"]["S"].startswith("note"))
        return self.service(HostedFunction("migrations", handler)), here.path

    def ours(self, service, directory, *arguments, **options):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1", "TZ": "UTC"}
        done = subprocess.run(
            [harness.PROGRAM, *arguments, "--lambda-endpoint", service.endpoint], cwd=directory,
            env=environment, input=options.get("answers", ""), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, options.get("expect", 0), done.stdout + done.stderr)
        return done

    def test_all_verbs(self):
        service, path = self.hosted()
        self.assertEqual(self.ours(service, path, "status").stdout, "0.0.0\n")
        self.assertEqual(self.ours(service, path, "outstanding").stdout.split(), VERSIONS)
        self.assertEqual(self.ours(service, path, "list").stdout, "No migrations applied\n")
        up = self.ours(service, path, "up", answers="y\n")
        self.assertIn('Confirm 1 "upgrade" change to version "0.0.1"', up.stderr)
        self.assertEqual(up.stdout, 'Upgrade database to "0.0.1 - Step 0.0.1"\n\nCurrent database version: 0.0.1\n')
        self.assertEqual(self.items(), ["0.0.1"])
        self.ours(service, path, "all", "--yes")
        self.assertEqual(self.items(), VERSIONS)
        self.assertEqual(self.ours(service, path, "all").stdout, "All migrations applied\n")
        self.assertEqual(self.ours(service, path, "list", "-q").stdout.split(), VERSIONS)
        listed = self.ours(service, path, "list").stdout.splitlines()
        self.assertRegex(listed[1], r"^\d\d:\d\d:\d\d \w{3} \d+, \d{4} +0\.0\.1   Step 0\.0\.1$")
        self.ours(service, path, "0.0.1", "--yes")
        self.assertEqual(self.items(), ["0.0.1"])
        self.ours(service, path, "0.0.2", "--yes")
        self.ours(service, path, "down", "--yes")
        self.assertEqual(self.items(), ["0.0.1"])
        self.assertEqual(self.ours(service, path, "named").stdout, "cleanup\n")
        self.ours(service, path, "cleanup", "--yes")
        self.assertEqual(self.items(), ["0.0.1", "cleanup"])
        self.assertIn("OneTable's requests only", self.ours(service, path, "runs", expect=1).stderr)

    def test_the_samples_generation_and_text_bodies(self):
        for generation in ("sample", "gateway"):
            service, path = self.hosted(generation)
            self.ours(service, path, "all", "--yes")
            self.assertEqual(self.items(), VERSIONS)
            self.assertEqual(self.ours(service, path, "status").stdout, "0.0.3\n")
            self.assertIn("Step 0.0.2", self.ours(service, path, "list").stdout)

    def test_lp3_no_dry_run_that_nobody_can_vouch_for(self):
        for generation in ("controller", "sample"):
            service, path = self.hosted(generation)
            refused = self.ours(service, path, "up", "--dry", expect=3)
            self.assertIn("is up to its own code", refused.stderr)
            self.ours(service, path, "up", "--dry", "--force")
            self.assertEqual(self.items(), [])

    def test_lp4_lp7_errors_arrive(self):
        service, path = self.hosted()
        failing = HostedFunction("migrations", lambda _: (b'{"errorMessage":"out of order"}', "Unhandled"))
        service.functions["migrations"] = failing
        self.assertIn("Cannot invoke getCurrentVersion: out of order",
                      self.ours(service, path, "status", expect=1).stderr)
        service.functions["migrations"] = HostedFunction("migrations", lambda _: (b'{"error":"no"}', None))
        self.assertIn("Cannot invoke getCurrentVersion: no", self.ours(service, path, "status", expect=1).stderr)
        service.functions["migrations"] = HostedFunction("migrations", lambda _: (b"", None))
        self.assertIn("no result", self.ours(service, path, "status", expect=1).stderr)

    def test_lp6_dates_in_whatever_form(self):
        service, path = self.hosted()
        for date in ('1700000000000', '"1700000000000"', '"2023-11-14T22:13:20.000Z"'):
            body = '{"statusCode":200,"body":[{"version":"0.0.1","description":"d","date":%s}]}' % date
            service.functions["migrations"] = HostedFunction("migrations", lambda _, b=body: (b.encode(), None))
            self.assertIn("22:13:20 Nov 14, 2023", self.ours(service, path, "list").stdout)

    def test_lp8_what_may_have_run_is_not_sent_again(self):
        service, path = self.hosted()
        service.fault = lambda _, body: "lose" if b'"apply"' in body else None
        self.ours(service, path, "up", "--yes", expect=1)
        self.assertEqual(sum(event.get("cmd") == "apply" for event in service.events()), 1)


class TheirCommandLine(Suite):
    def test_drives_our_function(self):
        for generation in (1, 2):
            project = self.project()
            function = self.function(project)
            config = {"name": project.table, "partial": True,
                      "crypto": {"primary": {"cipher": "aes-256-gcm", "password": "in the payload"}}}
            past = "getPastMigrations" if generation == 2 else "findPastMigrations"

            def call(method, args=None):
                return call_as_the_cli(function, method, config, args, generation)

            def apply(action, number, version):
                if generation == 1:
                    return call("apply", {"direction": number, "version": version})
                return call("apply", {"action": action, "version": version, "params": {"dry": ""}})

            self.assertEqual(call("getCurrentVersion"), "0.0.0")
            self.assertEqual(call("getOutstandingVersions"), VERSIONS)
            for version in VERSIONS:
                migration = apply("up", 1, version)
                self.assertEqual(f"{migration['version']} - {migration['description']}",
                                 f"{version} - Step {version}")
            self.assertEqual([row["version"] for row in call(past)], VERSIONS)
            apply("down", -1, "0.0.3")
            self.assertEqual(call("getCurrentVersion"), "0.0.2")
            self.assertEqual(self.notes(project), VERSIONS[:2])
            with self.assertRaisesRegex(RuntimeError, "Cannot invoke apply: .*9.9.9"):
                apply("up", 1, "9.9.9")
            self.assertNotIn("in the payload", "\n".join(function.log))


if __name__ == "__main__":
    unittest.main()
