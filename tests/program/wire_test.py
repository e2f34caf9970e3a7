"""Faults on the wire, two runners, a concurrent application: nothing lost, nothing twice."""

import random
import threading
import time
import unittest

import harness

INCREMENT = """
up:
  - update: { expression: "SET c = c + :one", values: { ":one": 1 } }
down: auto
"""
COPY_NAME = """
up:
  - transform: { set: { low: "${name | lower}" } }
"""


class WireTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server()
        cls.dynamodb = cls.server.client
        cls.tables = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, items, migration=INCREMENT, **settings):
        type(self).tables += 1
        table = f"{type(self).__name__}{self.tables}"
        harness.create_table(self.dynamodb, table)
        harness.fill(self.dynamodb, table, items)
        project = harness.Project(self.server.endpoint, table, f"{table}-history", **settings)
        self.addCleanup(project.close)
        project.migration("1.0.0_change.yaml", migration)
        return project

    def proxy(self, fault):
        proxy = harness.FaultProxy(self.server.port, fault)
        self.addCleanup(proxy.close)
        return proxy

    def assert_raised_once(self, project, count):
        items = harness.scan(self.dynamodb, project.table)
        for i in range(count):
            self.assertEqual(items[f"k{i:04}"]["c"]["N"], str(i + 1))

    def until_done(self, project, endpoint=None):
        for _ in range(20):
            if project.run("up", endpoint=endpoint, expect=None).returncode == 0:
                return
        self.fail("the migration does not come to an end")

    def test_lost_answers_on_reused_connections_apply_nothing_twice(self):
        project = self.project(harness.counters(200))
        lost = {"BatchExecuteStatement"}
        proxy = self.proxy(lambda n, op: "lost" if op in lost and n % 2 else None)
        self.until_done(project, proxy.endpoint)
        self.assertGreater(proxy.faults, 2)
        self.assert_raised_once(project, 200)

    def test_throttling_of_a_fifth_of_all_answers_loses_nothing(self):
        project = self.project(harness.counters(200))
        chance = random.Random(1)
        proxy = self.proxy(lambda n, op: "throttle" if chance.random() < 0.2 else None)
        project.run("up", endpoint=proxy.endpoint)
        self.assertGreater(proxy.faults, 2)
        self.assert_raised_once(project, 200)

    def test_dropped_truncated_and_delayed_answers(self):
        project = self.project(harness.counters(200))
        chance = random.Random(2)
        kinds = ["lost", "truncate", "delay", "reset", "internal"]
        proxy = self.proxy(lambda n, op: chance.choice(kinds) if chance.random() < 0.35 else None)
        self.until_done(project, proxy.endpoint)
        self.assertGreater(proxy.faults, 2)
        self.assert_raised_once(project, 200)

    def test_two_runners_one_wins_the_other_is_locked_out(self):
        project = self.project(harness.counters(300))
        proxy = self.proxy(lambda n, op: "delay" if op == "BatchExecuteStatement" else None)
        first = project.start("up", "--lanes", "1", endpoint=proxy.endpoint)
        deadline = time.monotonic() + 60
        while proxy.requests < 12 and time.monotonic() < deadline:
            time.sleep(0.02)
        second = project.run("up", expect=4)
        self.assertIn("lock", second.stderr)
        first.communicate(timeout=120)
        self.assertEqual(first.returncode, 0)
        self.assert_raised_once(project, 300)

    def test_a_killed_owner_is_taken_over(self):
        project = self.project(harness.counters(300))
        proxy = self.proxy(lambda n, op: "delay" if op == "BatchExecuteStatement" else None)
        first = project.start("up", "--lanes", "1", endpoint=proxy.endpoint)
        deadline = time.monotonic() + 60
        while proxy.requests < 14 and time.monotonic() < deadline:
            time.sleep(0.02)
        first.kill()
        first.communicate()
        project.run("up")
        self.assert_raised_once(project, 300)

    def test_a_concurrent_application_loses_no_update_and_sees_no_item_resurrected(self):
        count = 300
        items = [{"pk": {"S": f"k{i:04}"}, "name": {"S": f"Name {i}"}, "c": {"N": "0"}}
                 for i in range(count)]
        project = self.project(items, COPY_NAME)
        renamed, deleted, stop = {}, set(), threading.Event()

        def application():
            chance = random.Random(3)
            while not stop.is_set():
                key = f"k{chance.randrange(count):04}"
                if key in deleted:
                    continue
                if chance.random() < 0.2:
                    self.dynamodb.delete_item(TableName=project.table, Key={"pk": {"S": key}})
                    deleted.add(key)
                else:
                    name = f"New {chance.randrange(10**6)}"
                    self.dynamodb.update_item(
                        TableName=project.table,
                        Key={"pk": {"S": key}},
                        UpdateExpression="SET #n = :n ADD c :one",
                        ExpressionAttributeNames={"#n": "name"},
                        ExpressionAttributeValues={":n": {"S": name}, ":one": {"N": "1"}},
                    )
                    renamed[key] = (name, renamed.get(key, ("", 0))[1] + 1)

        writer = threading.Thread(target=application)
        writer.start()
        try:
            proxy = self.proxy(lambda n, op: "delay" if op == "BatchExecuteStatement" else None)
            project.run("up", "--lanes", "2", endpoint=proxy.endpoint)
        finally:
            stop.set()
            writer.join()
        found = harness.scan(self.dynamodb, project.table)
        self.assertGreater(len(renamed), 10)
        self.assertGreater(len(deleted), 5)
        self.assertEqual(set(found), {f"k{i:04}" for i in range(count)} - deleted)
        for key, (name, times) in renamed.items():
            if key not in deleted:
                self.assertEqual(found[key]["name"]["S"], name)
                self.assertEqual(found[key]["c"]["N"], str(times))
        for key, item in found.items():
            self.assertIn("low", item)
            if key not in renamed:
                self.assertEqual(item["low"]["S"], item["name"]["S"].lower())

    def test_down_puts_the_counters_back(self):
        project = self.project(harness.counters(60))
        before = harness.scan(self.dynamodb, project.table)
        project.run("up")
        project.run("down")
        self.assertEqual(harness.scan(self.dynamodb, project.table), before)


if __name__ == "__main__":
    unittest.main()
