"""A state machine executed step by step, each call a process of its own: processes killed and called
twice change each item once; a failed execution is gone on with by the next."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness

ITEMS = 600
SEGMENTS = 8
CONCURRENCY = 3
PROGRAM = os.environ.get("FLEET_PROGRAM") or str(
    pathlib.Path(harness.PROGRAM).parent / "tests" / "fleet_program")
RUNNER = str(pathlib.Path(__file__).parent / "state_machine.mjs")


class FleetTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.modules = harness.node_modules("state-machine")

    def setUp(self):
        self.server = harness.Server("engine")
        self.addCleanup(self.server.stop)
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.definition = str(pathlib.Path(scratch.name) / "definition.json")
        made = subprocess.run([PROGRAM, "definition", str(CONCURRENCY)],
                              check=True, capture_output=True, text=True)
        pathlib.Path(self.definition).write_text(made.stdout)
        harness.create_table(self.server.client, "app")
        harness.fill(self.server.client, "app", harness.counters(ITEMS))
        self.executions = 0

    def execute(self, action="up", seconds=600, killed=0, twice=0, seed=1, dry=False,
                endpoint=None):
        self.executions += 1
        execution = f"arn:aws:states:us-east-1:123456789012:execution:count:{action}-{self.executions}"
        environment = os.environ | {
            "ENDPOINT": endpoint or self.server.endpoint, "TABLE": "app", "SEGMENTS": str(SEGMENTS),
            "SECONDS": str(seconds)}
        done = subprocess.run(
            ["node", RUNNER, self.modules, PROGRAM, self.definition, execution,
             json.dumps({"action": action} | ({"dry": dry} if dry else {})), str(killed), str(twice), str(seed)],
            env=environment, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            self.fail(done.stderr)
        return json.loads(done.stdout)

    def history(self, prefix):
        pages = self.server.client.get_paginator("query").paginate(
            TableName="dynamigrate-history", ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": "dynamigrate#default"}, ":sk": {"S": prefix}})
        return [item for page in pages for item in page["Items"]]

    def row(self):
        return self.history("run#")[-1]

    def lock_is_held(self):
        return self.history("lock")[0]["held"]["BOOL"]

    def assert_counted(self, times):
        counted = harness.scan(self.server.client, "app")
        self.assertEqual(len(counted), ITEMS)
        wrong = {key: item["c"]["N"] for i, (key, item) in enumerate(sorted(counted.items()))
                 if item["c"]["N"] != str(i + times)}
        self.assertEqual(wrong, {})

    def test_definition_is_valid(self):
        validator = pathlib.Path(self.modules) / "asl-validator/dist/bin/asl-validator.js"
        done = subprocess.run(["node", str(validator), "--json-path", self.definition],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_up_and_down(self):
        told = self.execute()
        self.assertEqual(told["output"], self.row()["run"]["S"])
        self.assertEqual(told["calls"], 2 + SEGMENTS)
        self.assertEqual(self.row()["status"]["S"], "applied")
        self.assertEqual(self.row()["counts"]["M"]["changed"]["N"], str(ITEMS))
        self.assertFalse(self.lock_is_held())
        self.assert_counted(1)
        self.assertIn("output", self.execute("down"))
        self.assertEqual(self.row()["status"]["S"], "rolled_back")
        self.assert_counted(0)

    def test_repeat(self):
        self.execute()
        self.assertIn("output", self.execute("repeat"))
        self.assertEqual(self.row()["action"]["S"], "repeat")
        self.assertEqual(self.row()["status"]["S"], "applied")
        self.assert_counted(2)
        self.assertEqual(len(self.history("run#")), 2)
        self.assertIn("output", self.execute("down"))
        self.assert_counted(0)

    def test_dry_run_writes_nothing(self):
        writes = []

        def judge(_, operation):
            if re.match("Get|BatchGet|Query|Scan|Describe|List", operation):
                return None
            writes.append(operation)
            return "reset"

        proxy = harness.FaultProxy(self.server.port, judge)
        self.addCleanup(proxy.close)
        told = self.execute(dry=True, endpoint=proxy.endpoint)
        self.assertEqual(told["calls"], 2 + SEGMENTS)
        self.assertEqual(told["output"]["changed"], {"value": ITEMS, "low": ITEMS, "high": ITEMS})
        self.assertEqual(told["output"]["tried"], SEGMENTS)
        self.assertEqual(told["output"]["failed"]["value"], 0)
        self.assertEqual(writes, [])
        self.assert_counted(0)
        self.assertNotIn("dynamigrate-history", self.server.client.list_tables()["TableNames"])

    def test_input_that_it_does_not_understand_runs_nothing(self):
        for wrong in ({"dry": "true"}, {"dry": 1}, {"action": "pu"}, {"action": 5}):
            told = self.execute(**wrong)
            self.assertIn("failure", told)
            self.assertIn("dry" if "dry" in wrong else "action", told["failure"])
            self.assertEqual(told["calls"], 2 if wrong.get("action") == "pu" else 0)
        self.assert_counted(0)

    def call(self, work, execution="arn:aws:states:us-east-1:123456789012:execution:count:watched"):
        done = subprocess.run(
            [PROGRAM], input=json.dumps({"work": work, "execution": execution}),
            env=os.environ | {"ENDPOINT": self.server.endpoint, "TABLE": "app",
                              "SEGMENTS": str(SEGMENTS)},
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def laptop(self):
        """Commands on the same history."""
        project = harness.Project(self.server.endpoint, "app", "dynamigrate-history")
        self.addCleanup(project.close)
        text = (project.path / "dynamigrate.yaml").read_text()
        (project.path / "dynamigrate.yaml").write_text(
            text.replace("layout: native,", "layout: native, scope: default,"))
        return project

    def test_is_watched_from_elsewhere(self):
        project = self.laptop()
        turn = {"do": "turn", "migration": "1.0.0", "action": "up"}
        answer = self.call(turn)
        watch = project.start("status", "--watch", "--json")
        self.addCleanup(watch.wait)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.stderr.close)

        def seen(wanted):
            for line in watch.stdout:
                told = json.loads(line)["run"]
                if wanted(told):
                    return told
            return self.fail("it ended before")

        step = seen(lambda told: True)["step"]
        self.assertEqual((step["segments"], step["done"], step["left"]), (SEGMENTS, 0, SEGMENTS))
        segment = {"do": "segment", "run": answer["run"], "step": answer["step"], "concurrency": 1}
        self.call(segment | {"segment": 0})
        self.assertEqual(seen(lambda told: told["step"]["done"] == 1)["state"], "running")
        status = json.loads(project.run("status", "--json").stdout)
        self.assertTrue(status["run"]["at_work"])
        for number in range(1, SEGMENTS):
            self.call(segment | {"segment": number})
        done = seen(lambda told: told["step"]["done"] == SEGMENTS)
        self.assertEqual(done["step"]["counts"]["read"], ITEMS)
        self.assertEqual(done["used"]["calls"], 1 + SEGMENTS)
        self.assertEqual(self.call(turn)["next"], "done")
        self.assertEqual(seen(lambda told: told["ended"])["state"], "applied")
        self.assertEqual(watch.wait(timeout=30), 0)
        self.assertIn("cloud ", project.run("runs", answer["run"]).stdout)
        self.assertIn("is applied", project.run("status", "--watch").stdout)

    def capacity(self):
        table = self.server.client.describe_table(TableName="app")["Table"]
        units = table["ProvisionedThroughput"]
        return units["ReadCapacityUnits"], units["WriteCapacityUnits"]

    def provision(self):
        self.server.client.update_table(
            TableName="app", BillingMode="PROVISIONED",
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 7})
        os.environ["PREWARM"] = "900"
        self.addCleanup(os.environ.pop, "PREWARM")

    def test_capacity_that_a_run_left_raised_is_told_and_given_back(self):
        self.provision()
        run = self.call({"do": "turn", "migration": "1.0.0", "action": "up"})["run"]
        project = self.laptop()
        self.assertNotIn("raised", json.loads(project.run("status", "--json").stdout))
        project.run("unlock", "--yes")
        told = project.run("status", "--json")
        raised = json.loads(told.stdout)["raised"]
        self.assertEqual([(one["table"], one["run"]) for one in raised], [("app", run)])
        self.assertIn("5", raised[0]["before"])
        self.assertIn("raised: the capacity of table app", told.stderr)
        checks = json.loads(project.run("doctor", "--json", expect=None).stdout)["checks"]
        capacity = [check for check in checks if check["check"] == "capacity"]
        self.assertIn(f"what run {run} raised", json.dumps(capacity))
        self.execute()
        self.assertEqual(self.capacity(), (5, 7))
        self.assertNotIn("raised", json.loads(project.run("status", "--json").stdout))

    def test_capacity_is_raised_for_its_time_whatever_is_killed(self):
        self.provision()
        self.call({"do": "turn", "migration": "1.0.0", "action": "up"})
        self.assertEqual(self.capacity(), (900, 900))
        for attempt in range(20):
            told = self.execute(killed=40, twice=30, seed=attempt + 11)
            if "output" in told:
                break
        self.assertIn("output", told)
        self.assertEqual(self.capacity(), (5, 7))
        self.assert_counted(1)

    def test_tells_what_it_used(self):
        self.execute()
        row = self.row()
        self.assertEqual(row["segments_used"]["M"]["calls"]["N"], str(SEGMENTS))
        self.assertEqual(row["turns_used"]["M"]["calls"]["N"], "2")
        self.assertGreater(int(row["segments_used"]["M"]["journal_bytes"]["N"]), 1000)
        self.assertGreater(float(row["cost"]["N"]), 0)
        parts = [item["parts"]["L"] for item in self.history(f"record#{row['run']['S']}")
                 if "parts" in item]
        self.assertEqual(len(parts), SEGMENTS)

    def test_calls_that_are_killed_and_made_twice(self):
        for attempt in range(20):
            told = self.execute(killed=50, twice=40, seed=attempt + 1)
            if "output" in told:
                break
        self.assertIn("output", told)
        self.assertEqual(self.row()["status"]["S"], "applied")
        self.assert_counted(1)
        self.assertFalse(self.lock_is_held())


if __name__ == "__main__":
    unittest.main()
