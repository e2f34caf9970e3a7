"""One history, two tools in turn: npm's onetable-migrate and dynamigrate (layout `onetable`), against
DynamoDB Local and against `dynamigrate serve`; adopting it into other layouts and back.
"""

import json
import os
import shutil
import subprocess
import unittest

import harness

PEER = harness.ROOT / "tests/peers/onetable-migrate"
MIGRATION = """
description: Step {version}
table: {table}
up:
  - put: {{ items: [{{ {key}, note: "{version}" }}] }}
down: auto
"""


class TwoTools:
    """A table with a history that both tools keep."""

    def __init__(self, server, table, keys):
        self.server, self.table, self.keys = server, table, keys
        server.client.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ["HASH", "RANGE"])
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
        )
        self.project = harness.Project(server.endpoint, table=table)
        self.layout("onetable")
        for version in ["0.0.1", "0.0.2", "0.0.3", "0.0.4"]:
            key = ", ".join(f"{name}: 'note#{version}'" for name in keys)
            self.project.migration(
                f"{version}.yaml", MIGRATION.format(version=version, table=table, key=key)
            )

    def layout(self, layout, table=""):
        place = f", table: {table}" if table else ""
        native = f", native_table: history-{self.table}" if layout != "native" else ""
        place = place or (f", table: history-{self.table}" if layout == "native" else "")
        (self.project.path / "dynamigrate.yaml").write_text(
            f"table: {self.table}\nhistory: {{ layout: {layout}{place}{native} }}\n"
        )

    def theirs(self, *orders, **environment):
        done = subprocess.run(
            ["node", "migrate.cjs", self.table, *self.keys, "--", *orders],
            cwd=self.scripts,
            env={
                "PATH": os.environ["PATH"],
                "NODE_NO_WARNINGS": "1",
                "AWS_ENDPOINT_URL_DYNAMODB": self.server.endpoint,
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                **environment,
            },
            capture_output=True, text=True, timeout=120,
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return json.loads(done.stdout)

    def ours(self, *arguments, expect=0):
        return self.project.run(*arguments, expect=expect).stdout

    def list(self):
        return self.ours("list", "-q").split()

    def state(self):
        return (self.ours("status").strip(), self.ours("outstanding").split())

    def rows(self, table=None):
        items = self.server.client.scan(TableName=table or self.table, ConsistentRead=True)["Items"]
        return [i for i in items if i.get(self.keys[0], {}).get("S", "").startswith("_migration")]

    def notes(self):
        items = self.server.client.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return sorted(i["note"]["S"] for i in items if "note" in i)

    def close(self):
        self.project.close()


class HistoryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = {"embedded": harness.Server("engine")}
        cls.servers["local"] = harness.Server()
        modules = harness.node_modules("onetable-migrate")
        cls.scripts = os.path.dirname(modules)
        shutil.copy(PEER / "migrate.cjs", cls.scripts)
        TwoTools.scripts = cls.scripts

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()

    def tools(self, kind, table, keys=("pk", "sk")):
        tools = TwoTools(self.servers[kind], table, keys)
        self.addCleanup(tools.close)
        return tools

    def test_one_history_in_turn(self):
        for kind in self.servers:
            for iso in ["0", "1"]:
                with self.subTest(server=kind, iso_dates=iso):
                    self.in_turn(self.tools(kind, f"turn-{kind}-{iso}", ("id", "rg")), iso)

    def in_turn(self, tools, iso):
        theirs = tools.theirs("up", "0.0.2", ISO_DATES=iso)
        self.assertEqual(theirs["current"], "0.0.2")
        self.assertEqual(tools.state(), ("0.0.2", ["0.0.3", "0.0.4"]))
        self.assertEqual(tools.list(), ["0.0.1", "0.0.2"])

        tools.ours("all")
        self.assertEqual(tools.state(), ("0.0.4", ["none"]))
        self.assertEqual(tools.notes(), ["0.0.3", "0.0.4"])
        theirs = tools.theirs(ISO_DATES=iso)
        self.assertEqual((theirs["current"], theirs["outstanding"]), ("0.0.4", []))
        self.assertEqual([m["version"] for m in theirs["past"]], tools.list())
        self.assertEqual({m["status"] for m in theirs["past"]}, {"success"})
        self.assertEqual(theirs["past"][2]["description"], "Step 0.0.3")
        # Ours are written as theirs, to the last attribute.
        forms = {
            json.dumps({name: list(value) for name, value in sorted(row.items())})
            for row in tools.rows()
        }
        self.assertEqual(len(forms), 1, forms)

        theirs = tools.theirs("down", "0.0.4", "run", "cleanup", ISO_DATES=iso)
        self.assertEqual(theirs["current"], "0.0.3")
        self.assertEqual(tools.state(), ("0.0.3", ["0.0.4"]))
        self.assertEqual(tools.list(), ["0.0.1", "0.0.2", "0.0.3", "cleanup"])

        # What we ran is undone from its journal; what they ran has none, and that is said.
        tools.ours("down")
        self.assertEqual(tools.notes(), ["0.0.4"])
        self.assertEqual(tools.state(), ("0.0.2", ["0.0.3", "0.0.4"]))
        self.assertEqual(tools.theirs(ISO_DATES=iso)["outstanding"], ["0.0.3", "0.0.4"])
        refused = tools.project.run("down", expect=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("kept none", refused.stderr)
        tools.theirs("down", "0.0.1", ISO_DATES=iso)
        self.assertEqual(tools.state()[0], "0.0.0")

        history = json.loads(tools.ours("history", "--json"))["history"]
        self.assertEqual(
            [(row["id"], row["action"], row["status"]) for row in history if row["id"] == "0.0.4"],
            [("0.0.4", "up", "applied"), ("0.0.4", "elsewhere", "rolled_back")],
        )

    def test_a_failure_of_theirs_is_not_current_and_is_run_again(self):
        tools = self.tools("embedded", "failing")
        theirs = tools.theirs("up", "0.0.1", "up", "0.0.2", FAIL="0.0.2")
        self.assertEqual(theirs["failure"], "asked to fail")
        self.assertEqual(theirs["current"], "0.0.2")
        self.assertEqual(tools.state(), ("0.0.1", ["0.0.2", "0.0.3", "0.0.4"]))
        tools.ours("up")
        self.assertEqual(tools.state()[0], "0.0.2")

    def test_a_table_without_sort_key_loses_nothing_natively(self):
        tools = self.tools("local", "hash-only", ("id",))
        tools.ours("0.0.3")
        self.assertEqual(len(tools.rows()), 1)
        self.assertEqual(tools.theirs()["current"], "0.0.3")
        self.assertEqual(tools.list(), ["0.0.1", "0.0.2", "0.0.3"])
        tools.ours("down")
        self.assertEqual(tools.state(), ("0.0.2", ["0.0.3", "0.0.4"]))

    def test_a_history_in_a_table_of_its_own(self):
        tools = self.tools("local", "app-apart")
        tools.layout("onetable", "migrations-apart")
        tools.ours("0.0.2")
        self.assertEqual(tools.rows(), [])
        self.assertEqual(len(tools.rows("migrations-apart")), 2)
        self.assertEqual(tools.list(), ["0.0.1", "0.0.2"])

    def test_adopting_in_either_direction_and_back(self):
        tools = self.tools("local", "adopted")
        tools.theirs("up", "0.0.2")
        before = tools.rows()
        tools.layout("native")
        self.assertEqual(tools.state()[0], "0.0.0")
        dry = tools.ours("adopt", "--from", "onetable", "--dry")
        self.assertIn("Dry Run: 0.0.1: enter as applied", dry)
        self.assertEqual(tools.state()[0], "0.0.0")
        tools.ours("adopt", "--from", "onetable")
        self.assertEqual(tools.state(), ("0.0.2", ["0.0.3", "0.0.4"]))
        self.assertEqual(tools.rows(), before)
        tools.ours("up")
        self.assertEqual(tools.theirs()["current"], "0.0.2")

        tools.layout("onetable")
        refused = tools.project.run("up", expect=None)
        self.assertIn("adopt --from native --to onetable", refused.stderr)
        tools.ours("adopt", "--from", "native", "--to", "onetable")
        self.assertEqual(tools.theirs()["current"], "0.0.3")
        self.assertEqual(tools.theirs()["outstanding"], ["0.0.4"])
        tools.ours("adopt", "--undo")
        self.assertEqual(tools.rows(), before)
        self.assertEqual(tools.theirs()["current"], "0.0.2")
        tools.layout("native")
        self.assertEqual(tools.state()[0], "0.0.3")

    def test_without_transactions_the_lock_is_checked_before(self):
        server = harness.Server("dynalite")
        self.addCleanup(server.stop)
        tools = TwoTools(server, "app-dynalite", ("pk", "sk"))
        self.addCleanup(tools.close)
        tools.theirs("up", "0.0.1")
        tools.ours("all")
        self.assertEqual(tools.theirs()["current"], "0.0.4")
        tools.ours("down", "0.0.1")
        self.assertEqual(tools.theirs()["outstanding"], ["0.0.2", "0.0.3", "0.0.4"])


if __name__ == "__main__":
    unittest.main()
