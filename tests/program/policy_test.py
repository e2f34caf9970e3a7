"""What runs really ask DynamoDB for is what `iam-policy` grants: a proxy records the operations."""

import json
import threading
import unittest

import harness

# Which IAM action allows an operation; PartiQL and transactions are allowed by what they do.
BY_WHAT_THEY_DO = {
    "BatchExecuteStatement": {"PartiQLUpdate", "PartiQLInsert", "PartiQLDelete"},
    "ExecuteStatement": {"PartiQLUpdate", "PartiQLInsert", "PartiQLDelete", "PartiQLSelect"},
    "TransactWriteItems": {"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"},
}
MIGRATIONS = {
    "create_table": "create_table: { name: app, hash: pk, billing: on_demand, ttl: gone }",
    "put": "put: { items: [{ pk: a, n: 1 }, { pk: b, n: 2, old: x }] }",
    "transform": 'transform: { set: { name: "user ${pk}" } }',
    "transform_key": 'transform: { where: "n = :n", values: { ":n": 2 }, set: { pk: "z${pk}" } }',
    "update": 'update: { where: "n > :z", values: { ":z": 0, ":one": 1 }, '
              'expression: "SET n = n + :one" }',
    "rename_attribute": "rename_attribute: { from: old, to: fresh }",
    "remove_attribute": "remove_attribute: { name: fresh }",
    "verify": 'verify: { where: "attribute_exists(fresh)", expect: 0 }',
    "copy": "copy: { to: other }",
    "create_index": "create_index: { name: by_name, hash: name }",
    "indexed": 'transform: { source: { index: by_name }, set: { seen: true } }',
    "delete_index": "delete_index: { name: by_name, hash: name }",
    "partiql": "partiql: { statement: \"UPDATE app SET m = 1 WHERE pk = 'a'\" }",
    "delete": 'delete: { where: "n > :n", values: { ":n": 100 } }',
    "update_table": "update_table: { deletion_protection: false }",
    "ttl": "ttl: { attribute: gone, enabled: false }",
}
OTHER = "create_table: { name: other, hash: pk, billing: on_demand }"


class PolicyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server("local")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        self.operations = set()
        self.lock = threading.Lock()
        self.proxy = harness.FaultProxy(self.server.port, self.record)
        self.addCleanup(self.proxy.close)

    def record(self, _, operation):
        with self.lock:
            self.operations.add(operation)

    def granted(self, project):
        policy = json.loads(project.run("iam-policy", "--json").stdout)
        return {action.split(":")[1] for statement in policy["Statement"]
                for action in statement["Action"] if action.startswith("dynamodb:")}

    def assert_granted(self, granted):
        self.assertTrue(self.operations)
        for operation in self.operations:
            some = BY_WHAT_THEY_DO.get(operation, {operation})
            self.assertTrue(some & granted, f"{operation} is not among {sorted(granted)}")

    def test_a_run_of_every_step_asks_only_for_what_is_granted(self):
        project = harness.Project(self.proxy.endpoint, "app", "policy-history")
        self.addCleanup(project.close)
        for number, (name, step) in enumerate(MIGRATIONS.items(), 1):
            down = "" if name == "update_table" else "down: auto\n"
            first = f"  - {OTHER}\n" if name == "create_table" else ""
            project.migration(f"{number}_{name}.yaml", f"up:\n{first}  - {step}\n{down}")
        granted = self.granted(project)
        project.run("plan")
        project.run("all")
        self.assertEqual(project.run("status").stdout.strip(), str(len(MIGRATIONS)))
        self.assert_granted(granted)
        self.operations.clear()
        for _ in range(1, 3):
            project.run("down", expect=None)
        self.assert_granted(granted)

    def test_the_policy_of_less_is_less(self):
        project = harness.Project(self.server.endpoint, "app", "policy-history")
        self.addCleanup(project.close)
        project.migration("1_index.yaml", f"up:\n  - {MIGRATIONS['create_index']}\ndown: auto\n")
        policy = json.loads(project.run("iam-policy", "--json").stdout)
        tables = next(s for s in policy["Statement"] if s["Sid"] == "Tables1")
        self.assertIn("dynamodb:UpdateTable", tables["Action"])
        self.assertNotIn("dynamodb:DeleteItem", tables["Action"])
        self.assertEqual(tables["Resource"], ["arn:aws:dynamodb:*:*:table/app"])


if __name__ == "__main__":
    unittest.main()
