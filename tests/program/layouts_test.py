"""Histories as dynamo-drift, DynamORM's migrations and the Step Functions tool leave them, made from their
sources: continued, reverted by that tool, adopted in either direction and back; on the embedded engine and
on DynamoDB Local.
"""

import itertools
import json
import unittest

import differential
import harness

names = itertools.count()


def string(value):
    return {"S": value}


class Drift:
    name = "drift"
    versions = ["1", "2", "3"]
    file = "{}_step.yaml"
    keys = [("Number", "N")]

    def item(self, version):
        return {"Number": {"N": version}, "TableName": string("app"), "Description": string(f"Step {version}")}

    def told(self, item):
        """Version and state, and that nothing else is in it."""
        assert set(item) == {"Number", "TableName", "Description"}, item
        return item["Number"]["N"], "applied"

    def reverted(self, item):
        return None


class DynamOrm:
    name = "dynamorm"
    versions = ["20240101000000", "20240102000000", "20240103000000"]
    file = "{}_step.yaml"
    keys = [("PK", "S"), ("SK", "S")]
    at, by = "appliedAt", "appliedBy"

    def item(self, version):
        text = f"{version[:8]}_step"
        return {
            "PK": string("MIGRATION#HISTORY"), "SK": string(text), "id": string(text),
            "version": {"N": version}, "description": string(f"Step {version}"),
            self.at: string("2024-02-01T10:00:00.123456789Z"), self.by: string("local"),
            "checksum": string("0" * 64), "status": string("applied"), "error": string(""),
        }

    def told(self, item):
        assert set(item) == set(self.item("20240101000000")), item
        return item["version"]["N"], item["status"]["S"]

    def reverted(self, item):
        return item | {"status": string("rolled_back")}


class DynamOrmPage(DynamOrm):
    """As the package's page spells it."""

    at, by = "applied_at", "applied_by"


class Functionless:
    name = "functionless"
    versions = ["20220801", "20220802", "20220803"]
    file = "{}-step.yaml"
    keys = [("id", "S")]

    def item(self, version):
        return {
            "id": string(f"{version}-step"), "status": string("SUCCEEDED"),
            "startedAt": string("2022-08-01T10:00:00.000Z"), "endedAt": string("2022-08-01T10:01:00.000Z"),
            "executionArn": string(f"arn:aws:states:eu-west-1:1:execution:m:{version}"),
        }

    def told(self, item):
        assert set(item) == set(self.item("1")), item
        return item["id"]["S"][:8], {"SUCCEEDED": "applied"}[item["status"]["S"]]

    def reverted(self, item):
        return None


LAYOUTS = [Drift(), DynamOrm(), DynamOrmPage(), Functionless()]


class Case:
    """A project of three migrations; another tool has run the first two."""

    def __init__(self, server, layout):
        self.client, self.layout = server.client, layout
        self.table, self.meta = f"app-{next(names)}", f"meta-{next(names)}"
        harness.create_table(self.client, self.table)
        self.client.create_table(
            TableName=self.meta, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind}
                       for (name, _), kind in zip(layout.keys, ["HASH", "RANGE"])],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind}
                                  for name, kind in layout.keys])
        self.project = harness.Project(server.endpoint, table=self.table)
        for version in layout.versions:
            self.project.migration(
                layout.file.format(version),
                f"description: Step {version}\nup:\n  - put: {{ items: [{{ pk: '{version}' }}] }}\n"
                "down:\n  - delete: { keys: [{ pk: '" + version + "' }] }\n")
        for version in layout.versions[:2]:
            self.client.put_item(TableName=self.meta, Item=layout.item(version))
        self.use(layout.name)

    def use(self, layout):
        place = f"layout: {layout}, table: {self.meta}, native_table: native-{self.table}"
        if layout == "native":
            place = f"layout: native, table: native-{self.table}"
        (self.project.path / "dynamigrate.yaml").write_text(
            f"table: {self.table}\nhistory: {{ {place} }}\n")

    def run(self, *arguments, expect=0):
        return self.project.run(*arguments, expect=expect)

    def applied(self):
        shown = json.loads(self.run("list", "--json").stdout)
        return [row["id"] for row in shown["applied"]]

    def outstanding(self):
        found = self.run("outstanding").stdout.split()
        return [] if found == ["none"] else found

    def items(self):
        return self.client.scan(TableName=self.meta, ConsistentRead=True)["Items"]

    def told(self):
        return sorted(self.layout.told(item) for item in self.items())

    def keys(self):
        return sorted(harness.scan(self.client, self.table))

    def delete(self, item):
        key = {name: item[name] for name, _ in self.layout.keys}
        self.client.delete_item(TableName=self.meta, Key=key)


class Server:
    def __init__(self):
        self._served = differential.Embedded()
        self.endpoint = self._served.endpoint
        self.client = harness.client(self.endpoint)

    def stop(self):
        self._served.stop()


class LayoutsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = {"embedded": Server(), "local": harness.Server()}

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()

    def each(self, check):
        for kind, layout in itertools.product(self.servers, LAYOUTS):
            with self.subTest(server=kind, layout=type(layout).__name__):
                case = Case(self.servers[kind], layout)
                try:
                    check(case, layout.versions)
                finally:
                    case.project.close()

    def test_two_tools_in_turn(self):
        self.each(self.in_turn)

    def in_turn(self, case, versions):
        first, second, third = versions
        theirs = case.items()
        self.assertEqual((case.applied(), case.outstanding()), ([first, second], [third]))
        case.run("all")
        self.assertEqual(case.keys(), [third])
        self.assertEqual(case.told(), [(version, "applied") for version in versions])
        for item in theirs:
            self.assertIn(item, case.items())

        last = next(i for i in case.items() if case.layout.told(i)[0] == third)
        reverted = case.layout.reverted(last)
        if reverted:
            case.client.put_item(TableName=case.meta, Item=reverted)
        else:
            case.delete(last)
        self.assertEqual((case.applied(), case.outstanding()), ([first, second], [third]))
        case.run("down")
        self.assertEqual(case.applied(), [first])
        self.assertEqual([t for t in case.told() if t[1] == "applied"], [(first, "applied")])
        case.run("all")
        self.assertEqual(case.told(), [(version, "applied") for version in versions])

    def test_adopting_into_native_and_back(self):
        self.each(self.into_native)

    def into_native(self, case, versions):
        before = case.items()
        place = f"{case.layout.name}:{case.meta}"
        case.use("native")
        self.assertEqual(case.applied(), [])
        self.assertIn(f"Dry Run: {versions[0]}: enter as applied",
                      case.run("adopt", "--from", place, "--dry").stdout)
        self.assertEqual(case.applied(), [])
        case.run("adopt", "--from", place)
        self.assertEqual((case.applied(), case.outstanding()), (versions[:2], versions[2:]))
        case.run("adopt", "--undo")
        self.assertEqual(case.applied(), [])
        self.assertEqual(case.items(), before)

    def test_adopting_from_native_and_back(self):
        self.each(self.from_native)

    def from_native(self, case, versions):
        for item in case.items():
            case.delete(item)
        case.use("native")
        case.run("all")
        place = f"{case.layout.name}:{case.meta}"
        case.run("adopt", "--from", "native", "--to", place, "--dry")
        self.assertEqual(case.items(), [])
        case.run("adopt", "--from", "native", "--to", place)
        if not isinstance(case.layout, DynamOrmPage):  # that spelling is kept where it is, not chosen
            self.assertEqual(case.told(), [(version, "applied") for version in versions])
        case.use(case.layout.name)
        self.assertEqual((case.applied(), case.outstanding()), (versions, []))
        case.run("adopt", "--undo")
        self.assertEqual(case.items(), [])

    def test_a_table_that_is_no_history_is_refused_and_left_alone(self):
        case = Case(self.servers["local"], Drift())
        self.addCleanup(case.project.close)
        for layout, table, said in (("functionless", case.table, "application's table"),
                                    ("functionless", case.meta, "whose key is Number (N)"),
                                    ("dynamorm", case.meta, "whose key is Number (N)")):
            with self.subTest(layout=layout, table=table):
                refused = case.run("adopt", "--from", f"{layout}:{table}", expect=None)
                self.assertIn(said, refused.stderr)
                self.assertNotEqual(refused.returncode, 0)


if __name__ == "__main__":
    unittest.main()
