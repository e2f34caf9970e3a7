"""A dry run of every step, up and down: the server before it receives not one write."""

import json
import os
import re
import subprocess
import threading
import time
import unittest
import unittest.mock

import harness
from memory_test import peak_memory

# Sanitizers keep memory of their own: there only that it runs is tested.
LIMIT_MB = 100 if not re.search("/(asan|tsan)/", harness.PROGRAM) else 4096
READS = re.compile(r"^(Get|BatchGet|TransactGet|Query|Scan|Describe|List)")
# Each on a table with the items of `people`; with what the report must say.
STEPS = {
    "create_table": ("create_table: { name: T-new, hash: pk }", "create_table T-new"),
    "delete_table": ("delete_table: { name: T }", "delete_table T"),
    "update_table": ("update_table: { deletion_protection: true }", "update_table T"),
    "create_index": ("create_index: { name: by_city, hash: city }", "index by_city of T: 15 entries"),
    "update_index": ("update_index: { name: by_n, maximum: { read: 20, write: 10 } }",
                     "update_index by_n"),
    "delete_index": ("delete_index: { name: by_n }", "delete_index by_n"),
    "pitr": ("pitr: { enabled: true }", "pitr T"),
    "backup": ("backup: { name: T-before }", "backup"),
    "tag": ("tag: { tags: { team: core } }", "tag T"),
    "ttl": ("ttl: { attribute: until, enabled: true }", "ttl T: until on"),
    "put": ("put: { items: [{ pk: new, n: 1 }, { pk: p001, n: 7 }], if_exists: replace }",
            "T: 1 put, 1 update, 0 removals"),
    "delete": ('delete: { where: "n < :n", values: { ":n": 5 } }', "T: 0 puts, 0 updates, 5 removals"),
    "update": ('update: { expression: "ADD n :one", values: { ":one": 100 } }',
               "T: 0 puts, 20 updates"),
    "transform": ('transform: { set: { upper: "${name | upper}" } }', '+ upper: "NAME'),
    "transform of keys": ('transform: { set: { pk: "P#${pk}" } }', "T: 20 puts, 0 updates, 20 removals"),
    "copy": ('copy: { to: T-copy, set: { copied: "yes" } }', "T-copy: 20 puts"),
    "rename_attribute": ("rename_attribute: { from: name, to: title }", "+ title: "),
    "remove_attribute": ("remove_attribute: { name: name }", "- name: "),
    "verify": ('verify: { where: "attribute_exists(n)", expect: 20 }', "verify"),
    "partiql": ("""partiql: { statement: "UPDATE T SET n = ? WHERE pk = 'p001'", parameters: [9] }""",
                "T: 0 puts, 1 update"),
    "run": ("""run: [python3, -c, "import boto3, os; boto3.client('dynamodb', endpoint_url=os.environ["""
            """'AWS_ENDPOINT_URL_DYNAMODB']).delete_item(TableName='T', Key={'pk': {'S': 'p001'}})"]""",
            "T: 0 puts, 0 updates, 1 removal"),
    "transform by jq": ("transform: { jq: '.upper = (.name | ascii_upcase)' }", '+ upper: "NAME'),
}


def people(count=20):
    items = []
    for i in range(count):
        item = {"pk": {"S": f"p{i:03}"}, "name": {"S": f"Name {i}"}, "n": {"N": str(i)}}
        if i % 4:
            item["city"] = {"S": f"City {i % 3}"}
        items.append(item)
    return items


class Suite(unittest.TestCase):
    numbered = 0
    kind_of_server = "local"

    servers = {}  # by kind; each table has a name of its own

    @classmethod
    def setUpClass(cls):
        if cls.kind_of_server not in cls.servers:
            cls.servers[cls.kind_of_server] = harness.Server(cls.kind_of_server)
            unittest.addModuleCleanup(cls.servers[cls.kind_of_server].stop)
        cls.server = cls.servers[cls.kind_of_server]
        cls.dynamodb = cls.server.client

    def setUp(self):
        self.writes = []
        self.proxy = harness.FaultProxy(self.server.port, self.judge)
        self.addCleanup(self.proxy.close)

    def judge(self, _, operation):
        """Lets reads through; a write does not arrive."""
        if READS.match(operation):
            return None
        self.writes.append(operation)
        return "reset"

    def table(self):
        Suite.numbered += 1
        name = f"dry{Suite.numbered:03}"
        self.dynamodb.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                                  {"AttributeName": "n", "AttributeType": "N"}],
            GlobalSecondaryIndexes=[{
                "IndexName": "by_n", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}])
        harness.create_table(self.dynamodb, f"{name}-copy")
        harness.fill(self.dynamodb, name, people())
        return name

    def project(self, table=None):
        table = table or self.table()
        project = harness.Project(self.server.endpoint, table, f"{table}-history")
        self.addCleanup(project.close)
        return project

    def dry(self, project, *arguments, expect=0):
        """Runs it against the server behind the proxy; what it left behind is what was there."""
        before = self.state(project)
        done = project.run(*arguments, "--dry", endpoint=self.proxy.endpoint, expect=expect)
        self.assertEqual(self.writes, [], done.stdout + done.stderr)
        self.assertEqual(self.state(project), before)
        return done

    @staticmethod
    def report(done):
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return next(e["report"] for e in events if e.get("event") == "dry_run")

    def state(self, project):
        """All that a dry run must leave alone: tables, their items, the project's files."""
        tables = {}
        for name in self.dynamodb.list_tables()["TableNames"]:
            if name.startswith(project.table):
                described = self.dynamodb.describe_table(TableName=name)["Table"]
                described.pop("TableSizeBytes", None)
                tables[name] = (json.dumps(described, default=str, sort_keys=True),
                                self.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"],
                                json.dumps(self.dynamodb.scan(TableName=name)["Items"], default=str))
        files = {str(p): p.read_bytes() for p in sorted(project.path.rglob("*")) if p.is_file()}
        return tables, files


class EveryStep(Suite):
    kind_of_server = "engine"
    unknown = ()

    def test_no_kind_of_step_is_left_out(self):
        project = self.project()
        project.migration("1.0.0.yaml", "up:\n  - teleport: {}\n")
        known = set(re.search("known are (.*)", project.run("validate", expect=6).stdout)[1].split(", "))
        self.assertEqual(known - set(STEPS), set())
        self.assertEqual(known, {page.stem for page in (harness.ROOT / "docs/steps").glob("*.md")})

    def test_up_and_down_write_nothing(self):
        for kind, (step, said) in STEPS.items():
            if kind in self.unknown:
                continue
            with self.subTest(kind):
                project = self.project()
                text = re.sub(r"\bT\b", project.table, step)
                project.migration("1.0.0_change.yaml", f"up:\n  - {text}\ndown: auto\n")
                out = self.dry(project, "up").stdout
                self.assertIn(re.sub(r"\bT\b", project.table, said).lower(), out.lower())
                self.assertIn("Current database version: 0.0.0", out)

    def test_down_of_what_was_done_writes_nothing(self):
        for kind, (step, _) in STEPS.items():
            if kind in ("delete_table", "delete_index", "update_table", "partiql", *self.unknown):
                continue  # no inverse
            with self.subTest(kind):
                project = self.project()
                text = re.sub(r"\bT\b", project.table, step)
                project.migration("1.0.0_change.yaml", f"up:\n  - {text}\ndown: auto\n")
                project.run("up")
                out = self.dry(project, "down").stdout
                self.assertIn("Current database version: 1.0.0", out)
                project.run("down")


class EveryStepOnDynamoDBLocal(EveryStep):
    kind_of_server = "local"
    unknown = ("update_index", "pitr", "backup", "tag")  # what it cannot do


class Expiry(Suite):
    def test_what_stands_there_and_would_expire_is_counted(self):
        project = self.project()
        now = int(time.time())
        for number, until in enumerate([now - 60, now - 3600, now + 86400, 1000]):
            self.dynamodb.put_item(TableName=project.table, Item={
                "pk": {"S": f"e{number}"}, "until": {"N": str(until)}})
        project.migration("1.0.0.yaml", f"""
up:
  - put: {{ items: [{{ pk: written, until: {now - 5} }}] }}
  - ttl: {{ attribute: until, enabled: true }}
  - put: {{ items: [{{ pk: later, until: {now - 5} }}] }}
down: auto
""")
        done = self.dry(project, "up", "--json")
        report = self.report(done)
        steps = report["migrations"][0]["steps"]
        self.assertEqual([s["expired"]["value"] for s in steps], [0, 3, 1])
        self.assertEqual(steps[1]["tables"][0]["expired"], 3)
        done = self.dry(project, "up")
        self.assertIn("3 would expire at once", done.stdout)
        self.assertIn(f"to count what would expire by until, table {project.table} is read",
                      done.stdout + done.stderr)


class Chains(Suite):
    def test_later_migrations_see_what_earlier_ones_wrote(self):
        project = self.project()
        table = project.table
        project.migration("1.0.0.yaml", f"""
up:
  - create_table: {{ name: {table}-new, hash: pk }}
  - copy: {{ to: {table}-new }}
down: auto
""")
        project.migration("1.1.0.yaml", f"""
up:
  - create_index: {{ table: {table}-new, name: by_city, hash: city }}
  - update: {{ table: {table}-new, expression: "SET seen = :y", values: {{ ":y": true }},
      source: {{ index: by_city }} }}
  - verify: {{ table: {table}-new, where: "attribute_exists(seen)", expect: 15 }}
down: auto
""")
        report = self.report(self.dry(project, "all", "--json"))
        steps = report["migrations"][1]["steps"]
        self.assertEqual(steps[0]["indexes"][0]["entries"], 15)
        self.assertEqual(steps[1]["counts"]["changed"], 15)
        self.assertTrue(report["migrations"][1]["done"])

    def test_down_over_several_steps_on_the_same_items(self):
        project = self.project()
        project.migration("1.0.0.yaml", """
up:
  - update: { expression: "SET n = n + :one", values: { ":one": 1 } }
  - update: { expression: "SET n = n + :two", values: { ":two": 2 } }
  - rename_attribute: { from: n, to: m }
down: auto
""")
        project.run("up")
        report = self.report(self.dry(project, "down", "--json"))
        steps = report["migrations"][0]["steps"]
        self.assertEqual([s["counts"]["changed"] for s in steps], [20, 20, 20])
        self.assertEqual([s["counts"]["conflicts"] for s in steps], [0, 0, 0])
        project.run("down")
        self.assertEqual(harness.scan(self.dynamodb, project.table)["p007"]["n"], {"N": "7"})

    def test_down_tells_what_was_changed_since(self):
        project = self.project()
        project.migration("1.0.0.yaml", 'up:\n  - update: { expression: "ADD n :o", values: { ":o": 1 } }\n'
                                        "down: auto\n")
        project.run("up")
        self.dynamodb.update_item(TableName=project.table, Key={"pk": {"S": "p003"}},
                                  UpdateExpression="SET n = :n",
                                  ExpressionAttributeValues={":n": {"N": "99"}})
        step = self.report(self.dry(project, "down", "--json"))["migrations"][0]["steps"][0]
        self.assertEqual(step["counts"]["changed"], 19)
        self.assertEqual(step["counts"]["conflicts"], 1)

    def test_an_interrupted_run_is_looked_at_as_the_real_one_would(self):
        project = self.project()
        project.migration("1.0.0.yaml", 'up:\n  - update: { expression: "ADD n :o", values: { ":o": 100 } }\n'
                                        "down: auto\n")
        running = []
        sent = []

        def kill_at_the_third_batch(_, operation):
            if operation == "BatchExecuteStatement":
                sent.append(operation)
                if len(sent) == 3:
                    running[0].kill()
                    return "reset"
            return None

        deadly = harness.FaultProxy(self.server.port, kill_at_the_third_batch)
        self.addCleanup(deadly.close)
        running.append(project.start("up", "--lanes", "1", "--segments", "4",
                                     endpoint=deadly.endpoint))
        running[0].communicate()
        changed = sum(int(i["n"]["N"]) >= 100
                      for i in harness.scan(self.dynamodb, project.table).values())
        self.assertGreater(changed, 0)
        self.assertLess(changed, 20)
        report = self.report(self.dry(project, "up", "--json"))
        step = report["migrations"][0]["steps"][0]
        self.assertEqual(report["migrations"][0]["action"], "resume")
        self.assertEqual(step["tables"][0]["updates"], 20 - changed)
        project.run("up")
        values = [int(i["n"]["N"]) for i in harness.scan(self.dynamodb, project.table).values()]
        self.assertEqual(sorted(values), list(range(100, 120)))


class Reports(Suite):
    def test_quarantine_does_not_end_it_and_is_told(self):
        project = self.project()
        self.dynamodb.put_item(TableName=project.table, Item={
            "pk": {"S": "big"}, "name": {"S": "x" * 250_000}, "n": {"N": "1"}})
        project.migration("1.0.0.yaml", 'up:\n  - transform: { set: { again: "${name}" } }\ndown: auto\n')
        out = self.dry(project, "up").stdout
        self.assertIn("1 item cannot be migrated: too_large", out)
        self.assertIn("T: 0 puts, 20 updates".replace("T", project.table), out)

    def test_a_failing_step_fails_it_with_what_was_found(self):
        project = self.project()
        project.migration("1.0.0.yaml", """
up:
  - update: { expression: "ADD n :o", values: { ":o": 1 } }
  - verify: { where: "attribute_exists(n)", expect: 0 }
down: auto
""")
        done = self.dry(project, "up", expect=1)
        self.assertIn("20 items read, 20 changed", done.stdout)
        self.assertIn("(not finished)", done.stdout)
        self.assertIn("Migration failed", done.stderr)

    def test_costs_and_prices(self):
        project = self.project()
        with open(project.path / "dynamigrate.yaml", "a") as config:
            config.write("prices: { name: ours, currency: EUR, read_per_million: 1, "
                         "write_per_million: 1000000 }\n")
        project.migration("1.0.0.yaml", 'up:\n  - update: { expression: "ADD n :o", values: { ":o": 1 } }\n'
                                        "down: auto\n")
        report = self.report(self.dry(project, "up", "--json", "--max-wcu", "10"))
        table = report["migrations"][0]["steps"][0]["tables"][0]
        self.assertEqual(table["table_units"], 20)
        self.assertEqual(table["index_units"], 40)  # each moves to another partition
        self.assertEqual(report["write_units"]["value"], 60)
        self.assertAlmostEqual(report["money"]["value"], 60, delta=1)
        self.assertEqual(report["seconds"]["value"], 6)
        self.assertEqual(report["prices"]["currency"], "EUR")

    def test_a_sample_estimates_the_whole(self):
        project = self.project()
        harness.fill(self.dynamodb, project.table, [
            {"pk": {"S": f"s{i:05}"}, "n": {"N": str(i)}, "odd": {"BOOL": i % 2 == 1}}
            for i in range(3000)])
        project.migration("1.0.0.yaml", 'up:\n  - update: { where: "odd = :t", '
                                        'expression: "SET seen = :t", values: { ":t": true } }\n'
                                        "down: auto\n")
        report = self.report(self.dry(project, "up", "--json", "--sample", "400"))
        step = report["migrations"][0]["steps"][0]
        self.assertEqual(step["population"], 3020)
        self.assertLessEqual(step["sampled"], 420)
        self.assertGreater(step["sampled"], 200)
        self.assertLess(step["changed"]["low"], step["changed"]["high"])
        self.assertLess(abs(step["changed"]["value"] - 1500), 500)


class Killed(Suite):
    def test_what_it_left_is_removed_by_the_next(self):
        project = self.project()
        project.migration("1.0.0.yaml", 'up:\n  - transform: { set: { a: "${name}" } }\ndown: auto\n')
        temporary = project.path / "tmp"
        temporary.mkdir()
        environment = unittest.mock.patch.dict(os.environ, {"TMPDIR": str(temporary)})
        environment.start()
        self.addCleanup(environment.stop)
        reading, killed = threading.Event(), threading.Event()

        def hang(_, operation):
            if operation == "Scan":
                reading.set()
                killed.wait(60)

        proxy = harness.FaultProxy(self.server.port, hang)
        self.addCleanup(proxy.close)
        process = project.start("up", "--dry", endpoint=proxy.endpoint)
        self.assertTrue(reading.wait(60))
        process.kill()
        process.communicate()
        killed.set()
        left = list(temporary.glob("dynamigrate-dry-*"))
        self.assertEqual(len(left), 1)
        self.assertTrue((left[0] / "overlay" / "CURRENT").exists())
        project.run("up", "--dry")
        self.assertEqual(list(temporary.iterdir()), [])


class Memory(unittest.TestCase):
    """What a dry run changes lies on disk."""

    ITEMS = 50_000

    def test_many_changed_items(self):
        engine = harness.Server("engine")
        self.addCleanup(engine.stop)
        project = harness.Project(engine.endpoint, "many", "many-history")
        self.addCleanup(project.close)
        with open(project.path / "items.jsonl", "w") as file:
            for i in range(self.ITEMS):
                file.write(json.dumps({"pk": f"k{i:06}", "name": f"Name {i} " + "x" * 500}) + "\n")
        project.migration("1.0.0.yaml", "up:\n  - create_table: { name: many, hash: pk }\n"
                                        "  - put: { file: ../items.jsonl }\n")
        project.run("up", "--quiet")
        project.migration("1.1.0.yaml", 'up:\n  - transform: { set: { upper: "${name | upper}" } }\n'
                                        '  - update: { expression: "SET seen = :y", '
                                        'values: { ":y": true } }\n')
        process = project.start("up", "--dry", "--json")
        peak = []
        watch = threading.Thread(target=lambda: peak.append(peak_memory(process)))
        watch.start()
        out, error = process.communicate()
        watch.join()
        self.assertEqual(process.returncode, 0, out + error)
        steps = Suite.report(subprocess.CompletedProcess([], 0, out))["migrations"][0]["steps"]
        self.assertEqual([s["counts"]["changed"] for s in steps], [self.ITEMS, self.ITEMS])
        print(f"dry run over {self.ITEMS} items: peak {peak[0]:.1f} MB", flush=True)
        self.assertLess(peak[0], LIMIT_MB)


if __name__ == "__main__":
    unittest.main()
