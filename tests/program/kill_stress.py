"""Kill -9 at random moments, and a failure at every request: every counter ends exactly right.

    kill_stress.py [KILLS]
"""

import random
import sys
import threading
import time
import unittest

import harness
from wire_test import WireTest

KILLS = 200
INCREMENT = """
up:
  - update: { expression: "SET c = c + :one", values: { ":one": 1 } }
"""
MARKED = """
up:
  - update: { expression: "SET c = c + :one", values: { ":one": 1 }, exactly_once: marker }
"""
MOVE = """
up:
  - transform: { set: { pk: "P#${pk}" } }
"""


class KillTest(WireTest):
    """Reuses the server and the verbs; its own tests only."""

    def kill_until_done(self, project, chance, longest=0.5):
        kills = 0
        for _ in range(500):
            process = project.start("up", "--lanes", "2", "--max-wcu", "400")
            time.sleep(chance.random() * longest)
            process.kill()
            process.communicate()
            if process.returncode == 0:
                return kills
            if process.returncode != -9:
                project.run("up")
                return kills
            kills += 1
        self.fail("the migration does not come to an end")

    def test_counters_after_many_kills(self):
        chance = random.Random(11)
        kills = rounds = 0
        while kills < KILLS:
            project = self.project(harness.counters(150))
            kills += self.kill_until_done(project, chance)
            self.assert_raised_once(project, 150)
            rounds += 1
        print(f"{kills} kills in {rounds} rounds", flush=True)

    def test_marked_counters_with_a_concurrent_application(self):
        chance = random.Random(12)
        kills = 0
        while kills < KILLS // 4:
            project = self.project(harness.counters(100), MARKED)
            raised, stop = [0] * 100, threading.Event()

            def application(table=project.table, raised=raised, stop=stop):
                while not stop.is_set():
                    i = chance.randrange(100)
                    self.dynamodb.update_item(
                        TableName=table,
                        Key={"pk": {"S": f"k{i:04}"}},
                        UpdateExpression="ADD c :one",
                        ExpressionAttributeValues={":one": {"N": "1"}},
                    )
                    raised[i] += 1

            writer = threading.Thread(target=application)
            writer.start()
            try:
                kills += self.kill_until_done(project, random.Random(kills))
            finally:
                stop.set()
                writer.join()
            items = harness.scan(self.dynamodb, project.table)
            for i in range(100):
                self.assertEqual(items[f"k{i:04}"]["c"]["N"], str(i + 1 + raised[i]))

    def test_moved_keys_after_many_kills(self):
        chance = random.Random(13)
        kills = 0
        while kills < KILLS // 4:
            project = self.project(harness.counters(60), MOVE)
            kills += self.kill_until_done(project, chance)
            items = harness.scan(self.dynamodb, project.table)
            self.assertEqual(sorted(items), [f"P#k{i:04}" for i in range(60)])
            for i in range(60):
                self.assertEqual(items[f"P#k{i:04}"]["c"]["N"], str(i))

    def test_a_failure_at_every_request(self):
        for fault in ("throttle", "internal", "lost", "reset", "truncate"):
            number, fired = 1, True
            while fired:
                project = self.project(harness.counters(30))
                proxy = self.proxy(lambda n, op, at=number: fault if n == at else None)
                self.until_done(project, proxy.endpoint)
                self.assert_raised_once(project, 30)
                fired = proxy.faults > 0
                number += 1
            print(f"{fault}: {number - 1} requests", flush=True)


for name in list(vars(WireTest)):
    if name.startswith("test_"):
        setattr(KillTest, name, None)
del WireTest

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].isdigit():
        KILLS = int(sys.argv.pop(1))
    unittest.main()
