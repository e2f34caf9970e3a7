"""Migrations for functionless (`@dynobase/dynamodb-migrations`), unchanged: both forms of file, their history."""

import pathlib
import re
import signal
import subprocess
import time
import unittest

import harness

# As the tool's page has it, without its types.
README = """
import {
  MigrationFunction,
  ScanOutput,
  $AWS,
} from "@dynobase/dynamodb-migrations";

export const up%(types)s = (scope, migrationName) =>
  new Migration(scope, migrationName, {
    tableArn: "arn:aws:dynamodb:us-east-1:123456789012:table/SubjectTable", // can be also read from StackOutputs
  }).run(async (_table, result%(scan)s) => {
    for (const item of result.Items%(any)s) {
      await $AWS.DynamoDB.PutItem({
        Table: _table,
        Item: {
          ...item,
          migrated: {
            S: `migrated`,
          },
        },
      });
    }
  });
"""
PLAIN = README % {"types": "", "scan": "", "any": ""}
TYPED = README % {"types": ": MigrationFunction", "scan": ": ScanOutput<any, any, any>", "any": " as any[]"}

# As it is implemented; `%s`: what is done with each item, the options.
IMPLEMENTED = """
import fs from 'node:fs'
import { Migration } from '@dynobase/dynamodb-migrations'
import { $AWS } from 'functionless'
export const migration = (scope, migrationName) =>
    new Migration(scope, migrationName, { tableArn: 'SubjectTable', migrationName, description: 'As implemented' }).scan(
        async ({ result }) => {
            console.log('page of', result.Items.length)
            for (const item of result.Items) {
                %s
            }
        },
        { %s })
"""
ADD = """await $AWS.DynamoDB.UpdateItem({ Table: 'SubjectTable', Key: { pk: item.pk },
    UpdateExpression: 'SET c = c + :n', ExpressionAttributeValues: { ':n': { N: '1000' } } })"""


def node_modules():
    found = subprocess.run([str(harness.ROOT / "scripts/peers"), "typescript"],
                           check=True, capture_output=True, text=True)
    return pathlib.Path(found.stdout.strip())


class Cases:
    """Against one kind of server."""

    numbered = 0

    def project(self, count=100, **files):
        Cases.numbered += 1
        table = f"fl{Cases.numbered:03}"
        harness.create_table(self.dynamodb, table)
        harness.fill(self.dynamodb, table, harness.counters(count))
        project = harness.Project(self.server.endpoint, table, tables=f"{{ SubjectTable: {table} }}")
        self.addCleanup(project.close)
        self.native, self.meta = f"{table}-native", f"{table}-meta"
        config = project.path / "dynamigrate.yaml"
        config.write_text(re.sub(
            "history: .*", f"history: {{ layout: functionless, table: {self.meta}, native_table: {self.native} }}",
            config.read_text()))
        self.dynamodb.create_table(
            TableName=self.meta, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        return project

    def items(self, project):
        return harness.scan(self.dynamodb, project.table)

    def counts(self, project):
        return sorted(int(item["c"]["N"]) for item in self.items(project).values())

    def told(self):
        """The history as the tool reads it."""
        return {item["id"]["S"]: item for item in
                self.dynamodb.scan(TableName=self.meta, ConsistentRead=True)["Items"]}

    def said(self, out):
        return out.stdout + out.stderr

    def test_the_form_of_their_page_goes_up_and_down(self):
        project = self.project()
        project.migration("20220101-add-attribute.mjs", PLAIN)
        before = self.items(project)
        self.assertIn("20220101", project.run("outstanding").stdout)
        out = project.run("up", "--dry")
        self.assertIn("100 updates", self.said(out))
        self.assertEqual(self.items(project), before)
        self.assertEqual(self.told(), {})
        project.run("up")
        self.assertEqual(self.items(project),
                         {k: v | {"migrated": {"S": "migrated"}} for k, v in before.items()})
        row = self.told()["20220101-add-attribute"]
        self.assertEqual(row["status"], {"S": "SUCCEEDED"})
        self.assertEqual(set(row), {"id", "status", "startedAt", "endedAt", "executionArn"})
        self.assertEqual(project.run("status").stdout.strip(), "20220101")
        project.run("down")
        self.assertEqual(self.items(project), before)
        self.assertEqual(self.told(), {})

    def test_the_implemented_form_gets_many_pages_of_each_segment(self):
        project = self.project()
        project.migration("20220102-add.mjs", IMPLEMENTED % (ADD, "TotalSegments: 3, Limit: 7"))
        out = project.run("up")
        pages = [int(size) for size in re.findall(r"\| page of (\d+)", self.said(out))]
        self.assertEqual(sum(pages), 100)
        self.assertGreater(len(pages), 14)
        self.assertLessEqual(max(pages), 7)
        self.assertEqual(self.counts(project), [i + 1000 for i in range(100)])
        segments = [item for item in self.dynamodb.scan(TableName=self.native)["Items"]
                    if "segment" in str(item.get("sk", "")).lower()]
        self.assertEqual(len({str(item["sk"]) for item in segments}), 3, segments)
        project.run("down")
        self.assertEqual(self.counts(project), list(range(100)))

    def test_goes_on_where_the_tool_was_in_the_order_of_dates(self):
        project = self.project(count=3)
        for day in (1, 2, 3):
            project.migration(f"2022010{day}-step.mjs", PLAIN.replace("migrated", f"m{day}"))
        self.dynamodb.put_item(TableName=self.meta, Item={
            "id": {"S": "20220101-step"}, "status": {"S": "SUCCEEDED"},
            "startedAt": {"S": "2022-08-01T10:00:00.000Z"}, "endedAt": {"S": "2022-08-01T10:01:00.000Z"},
            "executionArn": {"S": "arn:aws:states:eu-west-1:1:execution:m:1"}})
        self.assertEqual(project.run("status").stdout.strip(), "20220101")
        out = project.run("all")
        self.assertLess(out.stdout.index('to "20220102'), out.stdout.index('to "20220103'))
        self.assertEqual(set(self.items(project)["k0001"]), {"pk", "c", "m2", "m3"})
        self.assertEqual({name: row["status"]["S"] for name, row in self.told().items()},
                         {f"2022010{day}-step": "SUCCEEDED" for day in (1, 2, 3)})
        project.run("down")
        self.assertEqual(set(self.told()), {"20220101-step", "20220102-step"})

    def test_killed_in_the_middle_each_item_is_updated_once(self):
        project = self.project()
        stop = """
                if (item.pk.S === 'k0060' && !fs.existsSync('killed')) {
                    fs.writeFileSync(new URL('./half', import.meta.url), '')
                    await new Promise(() => setTimeout(() => {}, 100000))
                }
        """
        project.migration("20220103-count.mjs", IMPLEMENTED % (
            stop.replace("'killed'", "new URL('./half', import.meta.url)") + ADD, "TotalSegments: 4, Limit: 5"))
        process = project.start("up", "--lanes", "1")
        half = project.path / "migrations/half"
        deadline = time.monotonic() + 60
        while not half.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(half.exists())
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertEqual(self.told()["20220103-count"]["status"], {"S": "RUNNING"})
        project.run("resume")
        self.assertEqual(self.counts(project), [i + 1000 for i in range(100)])
        self.assertEqual(self.told()["20220103-count"]["status"], {"S": "SUCCEEDED"})
        project.run("down")
        self.assertEqual(self.counts(project), list(range(100)))

    def test_a_put_of_the_whole_item_loses_nobodys_update(self):
        project = self.project(count=1)
        project.migration("20220104-put.mjs", PLAIN)
        state = {"writes": 0}

        def meanwhile(_, operation):
            if operation == "BatchExecuteStatement":
                state["writes"] += 1
                if state["writes"] == 1:
                    self.dynamodb.update_item(
                        TableName=project.table, Key={"pk": {"S": "k0000"}},
                        UpdateExpression="SET c = :n", ExpressionAttributeValues={":n": {"N": "7"}})

        proxy = harness.FaultProxy(self.server.port, meanwhile)
        self.addCleanup(proxy.close)
        project.run("up", endpoint=proxy.endpoint)
        self.assertEqual(self.items(project)["k0000"],
                         {"pk": {"S": "k0000"}, "c": {"N": "7"}, "migrated": {"S": "migrated"}})

    def test_writes_elsewhere_are_journalled_too_and_dry_runs_keep_them(self):
        project = self.project(count=30)
        other = project.table + "-other"
        harness.create_table(self.dynamodb, other)
        harness.fill(self.dynamodb, other, [{"pk": {"S": "kept"}, "n": {"N": "1"}}])
        project.migration("20220105-copy.mjs", IMPLEMENTED % ("""
                const Table = 'arn:aws:dynamodb:us-east-1:123456789012:table/%s'
                await $AWS.DynamoDB.PutItem({ Table, Item: { ...item, copied: { BOOL: true } } })
                const { Item } = await $AWS.DynamoDB.GetItem({ Table, Key: { pk: item.pk }, ConsistentRead: true })
                if (!Item.copied.BOOL) throw new Error('not there')
                if (item.pk.S === 'k0007') {
                    await $AWS.DynamoDB.DeleteItem({ Table: 'SubjectTable', Key: { pk: item.pk } })
                    await $AWS.DynamoDB.UpdateItem({ Table, Key: { pk: { S: 'kept' } }, UpdateExpression: 'SET n = :n',
                        ConditionExpression: 'attribute_exists(n)', ExpressionAttributeValues: { ':n': { N: '9' } } })
                }""" % other, ""))
        before, elsewhere = self.items(project), harness.scan(self.dynamodb, other)
        project.run("up", "--dry")
        self.assertEqual(self.items(project), before)
        self.assertEqual(harness.scan(self.dynamodb, other), elsewhere)
        project.run("up")
        self.assertNotIn("k0007", self.items(project))
        after = harness.scan(self.dynamodb, other)
        self.assertEqual(len(after), 31)
        self.assertEqual(after["kept"]["n"], {"N": "9"})
        project.run("down")
        self.assertEqual(self.items(project), before)
        self.assertEqual(harness.scan(self.dynamodb, other), elsewhere)


class OnTheEngine(Cases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("engine")
        cls.dynamodb = cls.server.client

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_a_function_that_throws_is_named_and_can_be_corrected(self):
        project = self.project(count=20)
        project.migration("20220106-fail.mjs", IMPLEMENTED % (
            "if (item.c.N === '11') throw new RangeError('eleven is enough')\n" + ADD, ""))
        out = project.run("up", expect=1)
        self.assertIn("RangeError: eleven is enough", self.said(out))
        self.assertRegex(self.said(out), r"20220106-fail.mjs:\d+:\d+")
        self.assertEqual(self.told()["20220106-fail"]["status"], {"S": "FAILED"})
        self.assertEqual(project.run("status").stdout.strip(), "0")
        project.migration("20220106-fail.mjs", IMPLEMENTED % (ADD, ""))
        project.run("resume", "--force")
        self.assertEqual(self.counts(project), [i + 1000 for i in range(20)])

    def test_down_and_query_are_theirs_to_write(self):
        project = self.project(count=10)
        project.migration("20220107-query.mjs", """
import { Migration, $AWS } from '@dynobase/dynamodb-migrations'
const set = (value) => async ({ result }) => {
    for (const { pk } of result.Items) {
        await $AWS.DynamoDB.UpdateItem({ Table: 'SubjectTable', Key: { pk },
            UpdateExpression: 'SET marked = :v', ExpressionAttributeValues: { ':v': { BOOL: value } } })
    }
}
const options = { KeyConditionExpression: 'pk = :k', ExpressionAttributeValues: { ':k': { S: 'k0003' } } }
export const migration = (scope, name) => new Migration(scope, name, { tableArn: 'SubjectTable' }).query(set(true), options)
export const down = (scope, name) => new Migration(scope, name, { tableArn: 'SubjectTable' }).query(set(false), options)
""")
        project.run("up")
        marked = {k: v["marked"] for k, v in self.items(project).items() if "marked" in v}
        self.assertEqual(marked, {"k0003": {"BOOL": True}})
        project.run("down")
        self.assertEqual(self.items(project)["k0003"]["marked"], {"BOOL": False})

    def test_typescript_by_esbuild_and_by_what_tsx_brings(self):
        for loader in ("esbuild", "tsx"):
            with self.subTest(loader):
                project = self.project(count=5)
                (project.path / "node_modules").mkdir()
                (project.path / "node_modules" / loader).symlink_to(node_modules() / loader)
                project.migration("20220108-typed.ts", TYPED.replace("`migrated`", "label(`x`)").replace(
                    "export const", "import { label } from './label'\nexport const", 1))
                project.migration("label.ts", "export function label(text: string): string {\n"
                                  "    if (text === 'y') throw new Error('no' as string)\n    return text + '!'\n}\n")
                project.run("up")
                self.assertEqual({str(i["migrated"]) for i in self.items(project).values()}, {"{'S': 'x!'}"})
                project.run("down")
                project.migration("label.ts", "type Text = string\n\nexport function label(text: Text): Text {\n"
                                  "    throw new Error('no ' + text)\n}\n")
                out = project.run("up", expect=1)
                self.assertIn("Error: no x", self.said(out))
                self.assertIn("migrations/label.ts:4:11", self.said(out))

    def test_init_writes_a_dated_stub_that_runs(self):
        project = self.project(count=3)
        today = time.strftime("%Y%m%d", time.gmtime())
        out = subprocess.run([harness.PROGRAM, "init", "--dir", "./migrations", "--name", "my-migration"],
                             cwd=project.path, capture_output=True, text=True, check=True)
        self.assertEqual(out.stdout, f"Generated ./migrations/{today}-my-migration.js\n")
        self.assertIn("Migration", (project.path / f"migrations/{today}-my-migration.js").read_text())
        plan = project.run("plan")
        self.assertIn(f"{today}-my-migration.js", plan.stdout)
        project.run("up")
        self.assertEqual(project.run("status").stdout.strip(), today)
        out = project.run("generate", "--lang", "functionless", "Second thoughts")
        self.assertRegex(out.stdout, r"Generated .*migrations/\d{8}-second-thoughts.js")
        self.assertEqual(len(project.run("outstanding").stdout.split()), 1)
        again = subprocess.run(
            [harness.PROGRAM, "generate", "--lang", "functionless", "--bump", today, "x"], cwd=project.path,
            capture_output=True, text=True)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("already exists", again.stderr)


class OnDynamoDbLocal(Cases, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("local")
        cls.dynamodb = cls.server.client

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


if __name__ == "__main__":
    unittest.main()
