"""Deferred actions: killed anywhere, each is done exactly once; many take no memory; a dry run
writes nothing; `down` takes them back."""

import pathlib
import random
import re
import sys
import threading
import time
import unittest

import harness
from memory_test import peak_memory

ITEMS = 60
KEYS = 7
SANITIZED = bool(re.search("/(asan|tsan)/", harness.PROGRAM))


class Project(harness.Project):
    program = str(pathlib.Path(harness.PROGRAM).parent / "tests" / "deferred_program")


class DeferredTest(unittest.TestCase):
    kills = 6  # random ones; beside one in each phase

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        cls.dynamodb = cls.server.client
        cls.made = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, items=ITEMS, actions=2, keys=KEYS):
        type(self).made += 1
        table = f"deferred{self.made}"
        for name in (table, f"{table}-totals"):
            harness.create_table(self.dynamodb, name)
        harness.fill(self.dynamodb, table, harness.counters(items))
        project = Project(self.server.endpoint, table, f"{table}-history")
        self.addCleanup(project.close)
        project.totals = f"{table}-totals"
        project.environment = {"TOTALS": project.totals, "ACTIONS": str(actions), "KEYS": str(keys)}
        return project

    def assert_done_once(self, project, items=ITEMS, actions=2, keys=KEYS):
        counted = harness.scan(self.dynamodb, project.table)
        for i in range(items):
            self.assertEqual(counted[f"k{i:04}"]["c"]["N"], str(i + 1))
        totals = harness.scan(self.dynamodb, project.totals)
        expected = {}
        for n in range(items * actions):
            expected[f"t{n % keys}"] = expected.get(f"t{n % keys}", 0) + 1
        self.assertEqual({k: int(v["n"]["N"]) for k, v in totals.items()}, expected)

    def kill_when(self, project, is_time, *options):
        """Kills the program at that time; whether it was still running."""
        process = project.start("up", "--lanes", "2", *options)
        deadline = time.monotonic() + 60
        while process.poll() is None and not is_time() and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
        out, err = process.communicate()
        if process.returncode not in (0, -9):
            self.fail(out + err)
        return process.returncode == -9

    def files(self, project, name):
        return list(project.path.glob(f"**/deferred-0/{name}"))

    def test_killed_in_each_phase(self):
        for name, is_time in {
            "collecting": lambda p: any(f.stat().st_size for f in self.files(p, "collecting/*")),
            "between": lambda p: self.files(p, "complete"),
            "executing": lambda p: "n" in str(harness.scan(self.dynamodb, p.totals)),
        }.items():
            with self.subTest(name):
                project = self.project()

                def due(project=project, is_time=is_time):
                    try:
                        return is_time(project)
                    except OSError:
                        return False

                self.assertTrue(self.kill_when(project, due, "--max-wcu", "200"), name)
                project.run("up")
                self.assert_done_once(project)

    def test_killed_at_random_moments(self):
        chance = random.Random(21)
        kills = rounds = 0
        while kills < self.kills:
            project = self.project()
            for _ in range(300):
                end = time.monotonic() + chance.random() * 0.8
                if not self.kill_when(project, lambda end=end: time.monotonic() > end,
                                      "--max-wcu", "300"):
                    break
                kills += 1
            rounds += 1
            self.assert_done_once(project)
        print(f"{kills} kills in {rounds} rounds", flush=True)

    def test_many_take_no_memory(self):
        peaks = []
        for actions in (1, 100):
            project = self.project(items=2000, actions=actions, keys=500)
            process = project.start("up", "--lanes", "4", "--quiet",
                                    "--max-wcu", "100000", "--max-rcu", "100000")
            peaks.append(peak_memory(process))
            out, err = process.communicate()
            self.assertEqual(process.returncode, 0, out + err)
            self.assert_done_once(project, 2000, actions, 500)
        print(f"2000 actions: {peaks[0]:.1f} MB, 200000: {peaks[1]:.1f} MB", flush=True)
        if not SANITIZED:
            self.assertLess(peaks[1] - peaks[0], 16)

    def test_dry_run_writes_nothing_and_tells(self):
        project = self.project(items=10)
        before = harness.scan(self.dynamodb, project.table)
        out = project.run("up", "--dry").stdout
        self.assertIn(project.totals, out)
        self.assertEqual(harness.scan(self.dynamodb, project.table), before)
        self.assertEqual(harness.scan(self.dynamodb, project.totals), {})
        self.assertEqual(self.files(project, "*"), [])

    def test_down_takes_them_back(self):
        project = self.project(items=20)
        self.dynamodb.put_item(TableName=project.totals,
                               Item={"pk": {"S": "t1"}, "n": {"N": "100"}})
        before = [harness.scan(self.dynamodb, name) for name in (project.table, project.totals)]
        project.run("up")
        self.assertEqual(harness.scan(self.dynamodb, project.totals)["t1"]["n"]["N"], "106")
        project.run("down")
        after = [harness.scan(self.dynamodb, name) for name in (project.table, project.totals)]
        self.assertEqual(after, before)

    def test_a_concurrent_application_loses_nothing(self):
        project = self.project()
        raised, stop = [0] * KEYS, threading.Event()
        chance = random.Random(5)

        def application():
            while not stop.is_set():
                i = chance.randrange(KEYS)
                self.dynamodb.update_item(
                    TableName=project.totals, Key={"pk": {"S": f"t{i}"}},
                    UpdateExpression="ADD n :one", ExpressionAttributeValues={":one": {"N": "1"}})
                raised[i] += 1

        writer = threading.Thread(target=application)
        writer.start()
        try:
            project.run("up")
        finally:
            stop.set()
            writer.join()
        totals = harness.scan(self.dynamodb, project.totals)
        for i in range(KEYS):
            expected = len(range(i, 2 * ITEMS, KEYS)) + raised[i]
            self.assertEqual(int(totals[f"t{i}"]["n"]["N"]), expected)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        DeferredTest.kills = int(sys.argv.pop(1))
    unittest.main()
