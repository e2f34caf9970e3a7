"""Indexes, settings, backups and restoring, on the embedded engine and on DynamoDB Local; with kills."""

import json
import unittest

import differential
import harness
from matrix_test import Suite, number, people, text


class Engine:
    """The embedded engine served, in memory."""

    def __init__(self):
        self._served = differential.Embedded()
        self.port, self.endpoint = self._served.port, self._served.endpoint
        self.client = harness.client(self.endpoint)

    def stop(self):
        self._served.stop()


class Shared(Suite):
    """What holds on both."""

    def provisioned(self, items, sort=None):
        table = self.name()
        self.dynamodb.create_table(
            TableName=table, KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 6})
        self.dynamodb.get_waiter("table_exists").wait(
            TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        harness.fill(self.dynamodb, table, list(items))
        return self.project(table=table)

    def index(self, table, name):
        for index in self.describe(table).get("GlobalSecondaryIndexes", []):
            if index["IndexName"] == name:
                return index
        return None

    def capacity(self, table, name):
        found = self.index(table, name)["ProvisionedThroughput"]
        return found["ReadCapacityUnits"], found["WriteCapacityUnits"]

    def shown(self, project):
        shown = json.loads(project.run("indexes", "--json").stdout)
        return {i["name"]: i for i in shown["indexes"]}, shown["raised"]

    def killed_at(self, project, operation, occurrence):
        """Runs `up` and kills it when it sends that operation for the n-th time, before it arrives."""
        seen = []
        process = None

        def fault(_, name):
            if name == operation:
                seen.append(name)
                if len(seen) == occurrence:
                    process.kill()
                    process.wait()
                    return "reset"
            return None

        proxy = harness.FaultProxy(self.server.port, fault)
        self.addCleanup(proxy.close)
        process = project.start("up", endpoint=proxy.endpoint)
        process.communicate(timeout=120)
        self.assertEqual(len(seen), occurrence)

    def test_key_attributes_are_set_first_and_all_goes_back(self):
        items = people(30)
        project = self.stepping(items, """
            create_index: { name: by_low, hash: low, sort: "n:N", projection: [name], where: "n < :m", values: { ":m": 20 }, set: { low: "${name | lower}" } }
        """)
        before = self.items(project.table)
        project.run("up")
        page = self.dynamodb.query(
            TableName=project.table, IndexName="by_low", KeyConditionExpression="low = :l",
            ExpressionAttributeValues={":l": text("name 7")})
        self.assertEqual([i["pk"]["S"] for i in page["Items"]], ["p007"])
        self.assertEqual(sum("low" in i for i in self.items(project.table).values()), 20)
        states, _ = self.shown(project)
        self.assertEqual(states["by_low"]["state"], "ok")
        self.assertEqual(states["by_low"]["key"], "low (S), n (N)")
        project.run("down")
        self.assertIsNone(self.index(project.table, "by_low"))
        self.assertEqual(self.items(project.table), before)

    def test_violations_stop_the_build_and_are_listed(self):
        items = people(10)
        items[3]["name"] = number(3)
        items[4]["name"] = text("x" * 2049)
        project = self.stepping(items, "create_index: { name: by_name, hash: name }")
        failed = project.run("up", expect=1)
        self.assertIn("2 of 10 items violate the key of index by_name", failed.stderr)
        self.assertIn("name is N, not S", failed.stderr)
        self.assertIn("name has 2049 bytes, more than 2048", failed.stderr)
        self.assertNotIn("p003", failed.stderr)
        self.assertIsNone(self.index(project.table, "by_name"))
        self.assertIn('"p003"', project.run("resume", "--verbose", expect=1).stderr)
        harness.fill(self.dynamodb, project.table, people(10)[3:5])
        project.run("resume")
        self.assertEqual(self.index(project.table, "by_name")["IndexStatus"], "ACTIVE")

    def test_violations_may_be_allowed(self):
        items = people(3)
        items[1]["name"] = number(3)
        project = self.stepping(
            items, "create_index: { name: by_name, hash: name, violations: allow }")
        self.assertIn("1 of 3 items violate", project.run("up").stderr)
        self.assertEqual(self.index(project.table, "by_name")["IndexStatus"], "ACTIVE")

    def test_capacity_for_the_build_is_taken_back(self):
        project = self.provisioned(people(20))
        project.migration("1.0.0.yaml", self.steps(
            "create_index: { name: by_name, hash: name, build: { read: 7, write: 50 } }"))
        project.run("up")
        self.assertEqual(self.capacity(project.table, "by_name"), (5, 6))

    def test_a_kill_between_raising_and_restoring_is_made_good_by_resume(self):
        project = self.provisioned(people(20))
        project.migration("1.0.0.yaml", self.steps(
            "create_index: { name: by_name, hash: name, build: { read: 7, write: 50 } }"))
        self.killed_at(project, "UpdateTable", 2)
        self.assertEqual(self.capacity(project.table, "by_name"), (7, 50))
        _, raised = self.shown(project)
        self.assertEqual([r["after"] for r in raised], [{"read": 5, "write": 6}])
        self.assertIn("raised for a build", project.run("indexes").stdout)
        project.run("resume")
        self.assertEqual(self.capacity(project.table, "by_name"), (5, 6))
        self.assertEqual(self.shown(project)[1], [])

    def test_a_kill_during_the_build_is_made_good_by_down(self):
        project = self.provisioned(people(20))
        project.migration("1.0.0.yaml", self.steps(
            "create_index: { name: by_name, hash: name, build: { read: 7, write: 50 } }"))
        self.killed_at(project, "UpdateTable", 2)
        project.run("down")
        self.assertIsNone(self.index(project.table, "by_name"))
        self.assertEqual(project.run("status").stdout, "0.0.0\n")

    def test_down_leaves_an_index_that_the_run_did_not_ask_for(self):
        project = self.stepping(people(2), "create_index: { name: by_name, hash: name }")
        self.killed_at(project, "UpdateTable", 1)
        self.dynamodb.update_table(
            TableName=project.table,
            AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
            GlobalSecondaryIndexUpdates=[{"Create": {
                "IndexName": "by_n", "Projection": {"ProjectionType": "ALL"},
                "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}]}}])
        project.run("down")
        self.assertIsNotNone(self.index(project.table, "by_n"))

    def test_capacity_of_an_index_changes_and_goes_back(self):
        project = self.provisioned(people(3))
        project.migration("1.0.0.yaml", self.steps("create_index: { name: by_name, hash: name }"))
        project.migration("1.1.0.yaml", self.steps(
            "update_index: { name: by_name, billing: { read: 9, write: 8 } }"))
        project.run("all")
        self.assertEqual(self.capacity(project.table, "by_name"), (9, 8))
        project.run("down")
        self.assertEqual(self.capacity(project.table, "by_name"), (5, 6))

    def test_an_index_that_somebody_else_owns_is_verified_only(self):
        project = self.project(people(5), manage="verify")
        project.migration("1.0.0.yaml", self.steps(
            "create_index: { name: by_name, hash: name, projection: keys_only }"))
        failed = project.run("up", expect=1)
        self.assertIn("is not as declared: it is not there", failed.stderr)
        for part in ('GlobalSecondaryIndexes:\n  - IndexName: "by_name"',
                     "table.addGlobalSecondaryIndex({", "global_secondary_index {"):
            self.assertIn(part, failed.stdout + failed.stderr)
        self.assertIsNone(self.index(project.table, "by_name"))
        states, _ = self.shown(project)
        self.assertEqual(states["by_name"]["state"], "outstanding")
        self.assertIn("projection_type = \"KEYS_ONLY\"", states["by_name"]["snippets"])
        self.dynamodb.update_table(
            TableName=project.table,
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": {
                "IndexName": "by_name", "Projection": {"ProjectionType": "KEYS_ONLY"},
                "KeySchema": [{"AttributeName": "name", "KeyType": "HASH"}]}}])
        project.run("resume")
        self.assertEqual(self.shown(project)[0]["by_name"]["state"], "ok")
        self.assertIn("is still there", project.run("down", expect=1).stderr)

    def test_indexes_shows_what_nobody_declared_and_what_is_missing(self):
        project = self.project(people(2))
        project.migration("1.0.0.yaml", self.steps("create_index: { name: by_name, hash: name }"))
        project.migration("1.1.0.yaml", self.steps("delete_index: by_name"))
        project.run("up", "1.0.0")
        self.assertIn("1.1.0 changes it", project.run("indexes", project.table).stdout)
        self.dynamodb.update_table(
            TableName=project.table,
            GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_name"}}])
        while self.index(project.table, "by_name"):
            pass
        self.assertEqual(self.shown(project)[0]["by_name"]["state"], "missing")

    def test_a_dry_run_builds_no_index(self):
        project = self.stepping(people(5), """
            create_index: { name: by_low, hash: low, set: { low: "${name | lower}" } }
            update_index: { name: by_low, maximum: { read: 10, write: 10 } }
        """)
        before = self.items(project.table)
        project.run("up", "--dry")
        self.assertIsNone(self.index(project.table, "by_low"))
        self.assertEqual(self.items(project.table), before)


class LocalIndexes(Shared):
    kind = "local"

    def test_what_it_lacks_is_refused_by_name(self):
        for step, said in (("pitr: {}", "has no point-in-time recovery"),
                           ("backup: { name: before }", "has no backups"),
                           ("tag: { tags: { team: core } }", "has no tags")):
            with self.subTest(step):
                project = self.stepping(people(1), step)
                self.assertIn(said, project.run("up", expect=1).stderr)
                project.run("down")

    def test_a_backup_that_cannot_be_made_stops_the_run_unless_forced(self):
        project = self.project(people(2), backup="before-up")
        project.migration("1.0.0.yaml", self.steps("transform: { set: { v: 1 } }"))
        failed = project.run("up", expect=1)
        self.assertIn("cannot be backed up before the run", failed.stderr)
        self.assertNotIn("v", self.items(project.table)["p001"])
        self.assertIn("is not backed up", project.run("up", "--force").stderr)
        self.assertEqual(self.items(project.table)["p001"]["v"], number(1))
        guide = json.loads(project.run("restore", "--json").stdout)["tables"][0]
        self.assertFalse(guide["possible"])
        self.assertIn("neither a backup", guide["remarks"][0])


class EngineIndexes(Shared):
    @classmethod
    def setUpClass(cls):
        cls.server = Engine()
        cls.dynamodb = cls.server.client

    def recovery(self, table):
        found = self.dynamodb.describe_continuous_backups(TableName=table)
        return found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"][
            "PointInTimeRecoveryStatus"]

    def tags(self, table):
        arn = self.describe(table)["TableArn"]
        return {t["Key"]: t["Value"]
                for t in self.dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]}

    def backups(self, table):
        return self.dynamodb.list_backups(TableName=table)["BackupSummaries"]

    def test_settings_go_there_and_back(self):
        project = self.stepping(people(2), """
            pitr: { enabled: true }
            tag: { tags: { team: shop, stage: prod, old: null } }
            backup: { name: before-2.0 }
        """)
        self.dynamodb.tag_resource(
            ResourceArn=self.describe(project.table)["TableArn"],
            Tags=[{"Key": "team", "Value": "core"}, {"Key": "old", "Value": "1"}])
        project.run("up", "--dry")
        self.assertEqual(self.recovery(project.table), "DISABLED")
        self.assertEqual(self.tags(project.table), {"team": "core", "old": "1"})
        self.assertEqual(self.backups(project.table), [])
        project.run("up")
        self.assertEqual(self.recovery(project.table), "ENABLED")
        self.assertEqual(self.tags(project.table), {"team": "shop", "stage": "prod"})
        self.assertEqual([b["BackupName"] for b in self.backups(project.table)], ["before-2.0"])
        project.run("down")
        self.assertEqual(self.recovery(project.table), "DISABLED")
        self.assertEqual(self.tags(project.table), {"team": "core", "old": "1"})
        self.assertEqual(len(self.backups(project.table)), 1)

    def test_recovery_that_was_on_stays_on(self):
        project = self.stepping(people(1), "pitr: {}")
        self.dynamodb.update_continuous_backups(
            TableName=project.table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        project.run("up")
        project.run("down")
        self.assertEqual(self.recovery(project.table), "ENABLED")

    def test_settings_are_put_back_after_a_kill(self):
        project = self.stepping(people(1), """
            pitr: {}
            tag: { tags: { team: shop } }
        """)
        self.killed_at(project, "TagResource", 1)
        project.run("down")
        self.assertEqual(self.recovery(project.table), "DISABLED")
        self.assertEqual(self.tags(project.table), {})

    def test_a_backup_is_made_once_whenever_it_dies(self):
        for operation, occurrence in (("CreateBackup", 1), ("DescribeBackup", 1)):
            with self.subTest(operation):
                project = self.stepping(people(2), "backup: { name: before-2.0 }")
                self.killed_at(project, operation, occurrence)
                project.run("resume")
                self.assertEqual(len(self.backups(project.table)), 1)

    def test_backups_before_up_and_the_way_back(self):
        project = self.project(people(5), backup="before-up")
        project.migration("1.0.0.yaml", self.steps("transform: { set: { v: 1 } }"))
        project.migration("1.1.0.yaml", self.steps("transform: { set: { w: 1 } }"))
        project.run("all")
        backups = self.backups(project.table)
        self.assertEqual(len(backups), 1)
        self.assertTrue(backups[0]["BackupName"].startswith("dynamigrate-1.0.0-"))
        guide = json.loads(project.run("restore", "--json").stdout)["tables"][0]
        self.assertTrue(guide["possible"])
        arn = backups[0]["BackupArn"]
        self.assertIn(f"--backup-arn {arn}", guide["commands"][0]["command"])
        self.assertIn(f"--endpoint-url {self.server.endpoint}", guide["commands"][0]["command"])
        self.assertIn("restore-table-from-backup", project.run("restore").stdout)
        self.dynamodb.restore_table_from_backup(
            TargetTableName=guide["target"], BackupArn=arn)
        self.dynamodb.get_waiter("table_exists").wait(
            TableName=guide["target"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        self.assertEqual(self.items(guide["target"]), {i["pk"]["S"]: i for i in people(5)})

    def test_required_recovery(self):
        project = self.project(people(2), require_pitr="true")
        project.migration("1.0.0.yaml", self.steps("transform: { set: { v: 1 } }"))
        refused = project.run("up", expect=3)
        self.assertIn(f"point-in-time recovery of table {project.table} is off", refused.stderr)
        self.dynamodb.update_continuous_backups(
            TableName=project.table,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
        project.run("up")
        guide = json.loads(project.run("restore", "--json").stdout)["tables"][0]
        self.assertIn("restore-table-to-point-in-time", guide["commands"][0]["command"])


del Shared, Suite

if __name__ == "__main__":
    unittest.main()
