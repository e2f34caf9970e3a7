"""Every step, up and down, on DynamoDB Local and on dynalite; and the life of a project's migrations.

dynalite has no PartiQL, no transactions and no expiry: there a run falls back, or is refused by name.
"""

import gzip
import json
import pathlib
import signal
import subprocess
import time
import unittest

import harness

OWN_PROGRAM = pathlib.Path(harness.PROGRAM).resolve().parent / "examples/example_own-binary"


def text(value):
    return {"S": value}


def number(value):
    return {"N": str(value)}


def settled(value):
    """A value with its sets in order, to compare."""
    if isinstance(value, dict):
        return {k: sorted(v) if k in ("SS", "NS", "BS") and isinstance(v, list) else settled(v)
                for k, v in value.items()}
    return [settled(v) for v in value] if isinstance(value, list) else value


def people(count=20):
    return [{"pk": text(f"p{i:03}"), "name": text(f"Name {i}"), "n": number(i)}
            for i in range(count)]


class Suite(unittest.TestCase):
    """A server for all, a table for each."""

    kind = "local"
    compares_documents = True  # in a condition: lists, maps and binary values
    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = harness.Server(cls.kind)
        cls.dynamodb = cls.server.client

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def name(self):
        Suite.numbered += 1
        return f"t{Suite.numbered:03}"

    def project(self, items=(), table=None, sort=False, **settings):
        table = table or self.name()
        if items:
            harness.create_table(self.dynamodb, table, sort)
            harness.fill(self.dynamodb, table, list(items))
        project = harness.Project(self.server.endpoint, table, f"{table}-history", **settings)
        self.addCleanup(project.close)
        return project

    def stepping(self, items, up, down="down: auto", **settings):
        """A project whose only migration has these steps, one a line."""
        project = self.project(items, **settings)
        project.migration("1.0.0_change.yaml", self.steps(up, down))
        return project

    @staticmethod
    def steps(up, down="down: auto"):
        lines = [line.strip() for line in up.strip().splitlines()]
        return "up:\n" + "".join(f"  - {line}\n" for line in lines) + down + "\n"

    def items(self, table):
        found = {}
        for page in self.dynamodb.get_paginator("scan").paginate(
                TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                key = item["pk"]["S"] + (item["sk"]["S"] if "sk" in item else "")
                found[key] = settled(item)
        return found

    def describe(self, table):
        return self.dynamodb.describe_table(TableName=table)["Table"]

    def exists(self, table):
        try:
            self.describe(table)
            return True
        except self.dynamodb.exceptions.ResourceNotFoundException:
            return False

    def there_and_back(self, items, up, down="down: auto", **settings):
        """Runs up and returns what is there then; what `down` leaves must be as before."""
        project = self.stepping(items, up, down, **settings)
        before = self.items(project.table)
        project.run("up")
        after = self.items(project.table)
        project.run("down")
        self.assertEqual(self.items(project.table), before)
        self.assertNotEqual(after, before)
        return after


class Tables:
    def test_create_table_with_all_it_has(self):
        table = self.name()
        project = self.stepping((), f"""
            create_table: {{ name: {table}, hash: pk, sort: sk, billing: {{read: 3, write: 2}}, indexes: [{{name: by_n, hash: "n:N", projection: keys_only}}, {{name: by_a, hash: a, sort: "b:B", projection: [x, y]}}], local_indexes: [{{name: by_l, sort: l}}], tags: {{team: core}} }}
        """, table=table)
        project.run("up")
        found = self.describe(table)
        self.assertEqual([k["AttributeName"] for k in found["KeySchema"]], ["pk", "sk"])
        self.assertEqual(found["ProvisionedThroughput"]["ReadCapacityUnits"], 3)
        self.assertEqual(found["ProvisionedThroughput"]["WriteCapacityUnits"], 2)
        types = {d["AttributeName"]: d["AttributeType"] for d in found["AttributeDefinitions"]}
        self.assertEqual(types, {"pk": "S", "sk": "S", "n": "N", "a": "S", "b": "B", "l": "S"})
        indexes = {i["IndexName"]: i["Projection"] for i in found["GlobalSecondaryIndexes"]}
        self.assertEqual(indexes["by_n"], {"ProjectionType": "KEYS_ONLY"})
        self.assertEqual(indexes["by_a"]["ProjectionType"], "INCLUDE")
        self.assertEqual(sorted(indexes["by_a"]["NonKeyAttributes"]), ["x", "y"])
        self.assertEqual([i["IndexName"] for i in found["LocalSecondaryIndexes"]], ["by_l"])
        project.run("up")
        project.run("down")
        self.assertFalse(self.exists(table))

    def test_create_table_goes_back_only_when_empty_of_others_items(self):
        table = self.name()
        project = self.stepping((), f"""
            create_table: {{ name: {table}, hash: pk }}
            put: {{ items: [{{ pk: a }}, {{ pk: b }}] }}
        """, table=table)
        project.run("up")
        self.dynamodb.put_item(TableName=table, Item={"pk": text("stranger")})
        refused = project.run("down", expect=1)
        self.assertIn("still holds items that no step of this migration wrote", refused.stderr)
        self.assertTrue(self.exists(table))
        self.dynamodb.delete_item(TableName=table, Key={"pk": text("stranger")})
        project.run("down")
        self.assertFalse(self.exists(table))

    def test_create_table_that_is_there_with_another_key_is_refused(self):
        project = self.project(people(1))
        project.migration("1.0.0.yaml", self.steps(
            f"create_table: {{ name: {project.table}, hash: other }}"))
        refused = project.run("up", expect=6)
        self.assertIn("exists with the key pk:S, not other:S", refused.stderr)
        self.assertEqual(project.run("runs").stdout, "none\n")

    def test_delete_table_is_irreversible_by_itself(self):
        project = self.stepping(people(1), "delete_table: {}")
        project.run("up")
        self.assertFalse(self.exists(project.table))
        refused = project.run("down", expect=3)
        self.assertIn("deletes its items", refused.stderr)

    def test_update_table_changes_billing_and_an_explicit_down_changes_it_back(self):
        project = self.stepping(
            people(1), "update_table: { billing: {read: 7, write: 6} }",
            "down:\n  - update_table: { billing: on_demand }")
        project.run("up")
        self.assertEqual(
            self.describe(project.table)["ProvisionedThroughput"]["ReadCapacityUnits"], 7)
        project.run("down")
        mode = self.describe(project.table).get("BillingModeSummary", {}).get("BillingMode")
        self.assertEqual(mode, "PAY_PER_REQUEST")


class Puts:
    def files(self, project):
        directory = project.path / "migrations"
        rows = [{"pk": f"r{i}", "Code": f"C{i}", "n": i} for i in range(30)]
        plain = "".join(json.dumps(row) + "\n" for row in rows)
        (directory / "rows.ndjson").write_text(plain)
        (directory / "rows.json").write_text(json.dumps(rows))
        (directory / "rows.ndjson.gz").write_bytes(gzip.compress(plain.encode()))
        subprocess.run(["zstd", "-q", str(directory / "rows.ndjson")], check=True)
        (directory / "rows.csv").write_text(
            "pk,Code,n\n" + "".join(f'r{i},"C{i}",{i}\n' for i in range(30)))
        wire = [{"Item": {"pk": text(f"r{i}"), "Code": text(f"C{i}"), "n": number(i)}}
                for i in range(30)]
        (directory / "export.json.gz").write_bytes(
            gzip.compress(json.dumps(wire).encode()))

    def test_put_inline_items_of_every_type(self):
        expected = {
            "pk": text("x"), "n": number("12345678901234567890123456789012345678"),
            "t": {"BOOL": True}, "z": {"NULL": True}, "ss": {"SS": ["a", "b"]},
            "ns": {"NS": ["1", "2.5"]}, "b": {"B": b"hi"}, "e": text(""), "w": number(7)}
        documents = ""
        if self.compares_documents:
            documents = ", l: [1, a], m: {a: {b: 1}}, bs: !bs [aGk=]"
            expected |= {"l": {"L": [number(1), text("a")]}, "bs": {"BS": [b"hi"]},
                         "m": {"M": {"a": {"M": {"b": number(1)}}}}}
        after = self.there_and_back(people(1), """
            put: { items: [ { pk: x, n: 12345678901234567890123456789012345678, t: true, z: null, ss: !ss [b, a], ns: !ns [1, 2.5], b: !b aGk=, e: "", w: {$dynamodb: {N: "7"}}%s } ] }
        """ % documents)
        self.assertEqual(after["x"], expected)

    def test_put_files(self):
        for file, fields in (("rows.ndjson", ""), ("rows.json", ""), ("rows.csv", ""),
                             ("rows.ndjson.gz", ""), ("rows.ndjson.zst", ""),
                             ("export.json.gz", ", format: dynamodb")):
            with self.subTest(file):
                project = self.stepping(people(1), (
                    f'put: {{ file: {file}{fields}, rename: {{ Code: code }}, '
                    'set: { pk: "R#${pk}", low: "${Code | lower}" }, default: { kind: row } }'))
                self.files(project)
                before = self.items(project.table)
                project.run("up")
                after = self.items(project.table)
                self.assertEqual(len(after), 31)
                n = text("17") if file == "rows.csv" else number(17)
                self.assertEqual(after["R#r17"], {
                    "pk": text("R#r17"), "code": text("C17"), "low": text("c17"), "n": n,
                    "kind": text("row")})
                project.run("down")
                self.assertEqual(self.items(project.table), before)

    def test_put_onto_items_that_exist(self):
        put = "put: {{ items: [{{ pk: p000, new: 1 }}, {{ pk: p999, new: 1 }}], if_exists: {} }}"
        kept = self.there_and_back(people(2), put.format("keep"))
        self.assertNotIn("new", kept["p000"])
        self.assertIn("new", kept["p999"])
        replaced = self.there_and_back(people(2), put.format("replace"))
        self.assertEqual(replaced["p000"], {"pk": text("p000"), "new": number(1)})
        project = self.stepping(people(2), put.format("fail"))
        failed = project.run("up", expect=1)
        self.assertIn("exists", failed.stderr)
        self.assertNotIn("new", self.items(project.table)["p000"])


class Changes:
    def test_delete_by_condition(self):
        after = self.there_and_back(
            people(20), 'delete: { where: "n >= :n", values: { ":n": 5 } }')
        self.assertEqual(sorted(after), [f"p{i:03}" for i in range(5)])

    def test_delete_by_keys(self):
        after = self.there_and_back(
            people(5), "delete: { keys: [{ pk: p001 }, { pk: p003 }, { pk: nobody }] }")
        self.assertEqual(sorted(after), ["p000", "p002", "p004"])

    def test_update_increments_each_item_once(self):
        after = self.there_and_back(people(60), """
            update: { expression: "SET n = n + :one", values: { ":one": 1 } }
        """)
        self.assertEqual([i["n"]["N"] for _, i in sorted(after.items())],
                         [str(i + 1) for i in range(60)])

    def test_update_with_all_clauses(self):
        items = [{"pk": text("a"), "n": number(1), "former": text("x"), "s": {"SS": ["a", "b"]}},
                 {"pk": text("b"), "n": number(9)}]
        expected = {"pk": text("a"), "n": number(3), "s": {"SS": ["b"]},
                    "made": text("yes please")}
        appended, more = "", ""
        if self.compares_documents:
            items[0]["l"] = {"L": [number(1)]}
            expected["l"] = {"L": [number(1), number(2)]}
            appended, more = "l = list_append(l, :more), ", '":more": [2], '
        after = self.there_and_back(items, """
            update: { where: "n < :max", expression: "SET %s#m = if_not_exists(#m, :m) REMOVE former ADD n :two DELETE s :gone", names: { "#m": made }, values: { ":max": 5, %s":m": yes please, ":two": 2, ":gone": !ss [a] } }
        """ % (appended, more))
        self.assertEqual(after["a"], expected)
        self.assertEqual(after["b"], {"pk": text("b"), "n": number(9)})

    def test_transform_with_everything_it_has(self):
        items = [{"pk": text(f"u{i}"), "type": text("user"), "Email": text(f"A{i}@X.ORG"),
                  "fullName": text(f"F{i}"), "legacy": number(1)} for i in range(30)]
        items += [{"pk": text("order"), "type": text("order"), "Email": text("O@X.ORG")}]
        items += [{"pk": text("swiss"), "type": text("user"), "Email": text("S@X.ORG"),
                   "locale": text("de")}]
        documents = ', deep: { list: ["${pk}", 1] }' if self.compares_documents else ""
        after = self.there_and_back(items, """
            transform: { where: "attribute_exists(Email) AND #t = :user", names: { "#t": type }, values: { ":user": user }, set: { emailLower: "${Email | lower}", gsi: "USER#${pk}", v: 2%s }, rename: { fullName: name }, remove: [legacy], default: { locale: en } }
        """ % documents)
        expected = {
            "pk": text("u7"), "type": text("user"), "Email": text("A7@X.ORG"), "name": text("F7"),
            "emailLower": text("a7@x.org"), "gsi": text("USER#u7"), "v": number(2),
            "locale": text("en")}
        if documents:
            expected["deep"] = {"M": {"list": {"L": [text("u7"), number(1)]}}}
        self.assertEqual(after["u7"], expected)
        self.assertEqual(after["swiss"]["locale"], text("de"))
        self.assertEqual(set(after["order"]), {"pk", "type", "Email"})

    def test_transform_guards_and_options(self):
        items = [dict(p, version=number(3)) for p in people(30)]
        for options in ("guard: all", "guard: { version: version }", "overwrite: true",
                        "passes: 3", "passes: until_clean", "lanes: 2, segments: 5",
                        "failure_budget: 2%"):
            with self.subTest(options):
                after = self.there_and_back(
                    items, f'transform: {{ set: {{ low: "${{name | lower}}" }}, {options} }}')
                self.assertEqual(after["p011"]["low"], text("name 11"))

    def test_the_marker_is_left_on_each_item(self):
        project = self.stepping(people(10), """
            update: { expression: "SET n = n + :one", values: { ":one": 1 }, exactly_once: marker }
        """)
        project.run("up")
        after = self.items(project.table)
        self.assertEqual(after["p004"]["n"], number(5))
        self.assertEqual(len({json.dumps(item["_dm"]) for item in after.values()}), 1)

    def test_rename_and_remove_attributes(self):
        after = self.there_and_back(people(20), """
            rename_attribute: { from: name, to: title }
            remove_attribute: { name: n, where: "n > :five", values: { ":five": 5 } }
        """)
        self.assertEqual(after["p003"], {"pk": text("p003"), "title": text("Name 3"),
                                         "n": number(3)})
        self.assertEqual(after["p013"], {"pk": text("p013"), "title": text("Name 13")})

    def test_renaming_onto_an_attribute_quarantines_the_item(self):
        items = people(5)
        items[2]["title"] = text("taken")
        project = self.stepping(items, "rename_attribute: { from: name, to: title }")
        failed = project.run("up", expect=1)
        self.assertIn("quarantine", failed.stderr)
        self.assertEqual(self.items(project.table)["p002"], settled(items[2]))
        project.run("down")
        self.assertEqual(self.items(project.table), {i["pk"]["S"]: i for i in items})

    def test_all_types_survive_a_change_of_another_attribute(self):
        deep = text("bottom")
        for level in range(30):
            deep = {"L": [deep]} if level % 2 else {"M": {"d": deep}}
        item = {
            "pk": text("all"), "name": text("X"), "empty": text(""),
            "big": number("12345678901234567890123456789012345678"),
            "small": number("-0.00000000000000000012345678901234567890123456789012345678"),
            "exp": number("1.5E+120"), "bin": {"B": bytes(range(256))}, "nobytes": {"B": b""},
            "yes": {"BOOL": True}, "no": {"BOOL": False}, "nil": {"NULL": True},
            "ss": {"SS": ["a", "ä", "\"\\\n"]}, "bs": {"BS": [b"\x00", b"\xff\xfe"]},
            "ns": {"NS": ["1", "-2.5", "99999999999999999999999999999999999999"]},
            "l": {"L": [number(1), text(""), {"L": []}, {"M": {}}]},
            "m": {"M": {"k \"q\"": {"NULL": True}, "日本": text("語")}},
            "deep": deep, "odd name": text("\u2028\U0001F600\u0000")}
        project = self.stepping([item], 'transform: { set: { low: "${name | lower}" } }')
        before = self.items(project.table)
        project.run("up")
        after = self.items(project.table)
        self.assertEqual(after["all"].pop("low"), text("x"))
        self.assertEqual(after, before)
        project.run("down")
        self.assertEqual(self.items(project.table), before)

    def test_all_types_survive_a_delete_and_a_move_and_their_way_back(self):
        item = {"pk": text("all"), "n": number("12345678901234567890123456789012345678"),
                "b": {"B": bytes(range(256))}, "e": text(""), "z": {"NULL": True},
                "ns": {"NS": ["1", "2"]}, "ss": {"SS": ["q"]}}
        if self.compares_documents:
            item |= {"bs": {"BS": [b"a"]}, "l": {"L": [{"M": {"a": {"BOOL": False}}}]}}
        self.there_and_back([item], 'delete: { where: "attribute_exists(pk)" }')
        moved = self.there_and_back([item], 'transform: { set: { pk: "M#${pk}" } }')
        expected = settled(item)
        expected["pk"] = text("M#all")
        self.assertEqual(moved["M#all"], expected)

    def test_a_table_with_a_sort_key(self):
        items = [{"pk": text(f"h{i % 4}"), "sk": text(f"s{i:02}"), "n": number(i)}
                 for i in range(40)]
        after = self.there_and_back(items, """
            update: { expression: "ADD n :one", values: { ":one": 100 } }
            delete: { keys: [{ pk: h1, sk: s01 }] }
        """, sort=True)
        self.assertEqual(len(after), 39)
        self.assertEqual(after["h3s07"]["n"], number(107))


class Moves:
    def test_keys_that_get_a_prefix_get_it_once(self):
        filler = text("x" * 50_000)  # twenty fill a page
        items = [{"pk": text(f"k{i:03}"), "n": number(i), "f": filler} for i in range(200)]
        project = self.stepping(items, 'transform: { set: { pk: "P#${pk}" } }')
        before = self.items(project.table)
        operations = []
        proxy = harness.FaultProxy(self.server.port, lambda _, name: operations.append(name))
        self.addCleanup(proxy.close)
        project.run("up", "--lanes", "1", endpoint=proxy.endpoint)
        self.assertGreaterEqual(operations.count("Scan"), 10)
        after = self.items(project.table)
        self.assertEqual(sorted(after), [f"P#k{i:03}" for i in range(200)])
        self.assertTrue(all(after[f"P#k{i:03}"]["n"] == number(i) for i in range(200)))
        project.run("down")
        self.assertEqual(self.items(project.table), before)

    def test_a_move_onto_an_item_that_exists_is_quarantined(self):
        items = people(4) + [{"pk": text("M#p002"), "own": number(1)}]
        project = self.stepping(
            items, 'transform: { where: "attribute_exists(n)", set: { pk: "M#${pk}" } }')
        failed = project.run("up", expect=1)
        self.assertIn("quarantine", failed.stderr)
        after = self.items(project.table)
        self.assertEqual(after["M#p002"], {"pk": text("M#p002"), "own": number(1)})
        self.assertIn("p002", after)

    def test_copy_to_another_table(self):
        other = self.name()
        harness.create_table(self.dynamodb, other)
        harness.fill(self.dynamodb, other, [{"pk": text("C#p001"), "own": number(1)}])
        there = self.items(other)
        for if_exists, kept in (("keep", True), ("replace", False)):
            project = self.stepping(people(30), (
                f'copy: {{ to: {other}, where: "n < :max", values: {{ ":max": 20 }}, '
                f'set: {{ pk: "C#${{pk}}" }}, remove: [name], if_exists: {if_exists} }}'))
            before = self.items(project.table)
            project.run("up")
            copied = self.items(other)
            self.assertEqual(len(copied), 20)
            self.assertEqual(copied["C#p007"], {"pk": text("C#p007"), "n": number(7)})
            self.assertEqual("own" in copied["C#p001"], kept)
            self.assertEqual(self.items(project.table), before)
            project.run("down")
            self.assertEqual(self.items(other), there)


class Sources:
    def indexed(self, step, down="down: auto"):
        table = self.name()
        self.dynamodb.create_table(
            TableName=table, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"}
                                  for n in ("pk", "team")],
            GlobalSecondaryIndexes=[{
                "IndexName": "by_team", "Projection": {"ProjectionType": "KEYS_ONLY"},
                "KeySchema": [{"AttributeName": "team", "KeyType": "HASH"}]}])
        self.dynamodb.get_waiter("table_exists").wait(
            TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        items = people(20)
        for i, item in enumerate(items[:12]):
            item["team"] = text("red" if i % 2 else "blue")
        harness.fill(self.dynamodb, table, items)
        project = self.project(table=table)
        project.migration("1.0.0.yaml", self.steps(step, down))
        return project

    def changed_by(self, project):
        before = self.items(project.table)
        project.run("up")
        after = self.items(project.table)
        project.run("down")
        self.assertEqual(self.items(project.table), before)
        return sorted(k for k, item in after.items() if item != before[k])

    def test_a_sparse_index_drives_and_the_whole_items_are_changed(self):
        project = self.indexed(
            'transform: { source: { index: by_team }, set: { low: "${name | lower}" } }')
        self.assertEqual(self.changed_by(project), [f"p{i:03}" for i in range(12)])

    def test_an_index_whose_key_is_changed_drives(self):
        project = self.indexed(
            'transform: { source: { index: by_team }, set: { team: "${team}!" } }')
        project.run("up")
        teams = {item["team"]["S"] for item in self.items(project.table).values() if "team" in item}
        self.assertEqual(teams, {"red!", "blue!"})

    def test_a_query_drives(self):
        project = self.indexed("""
            update: { source: { query: { index: by_team, key_condition: "team = :t", values: { ":t": red } } }, expression: "SET n = n + :one", values: { ":one": 1 } }
        """)
        self.assertEqual(self.changed_by(project), [f"p{i:03}" for i in range(1, 12, 2)])

    def test_a_file_of_keys_drives(self):
        project = self.indexed("""
            update: { source: { keys: keys.ndjson }, expression: "ADD n :one", values: { ":one": 1 } }
        """)
        (project.path / "migrations/keys.ndjson").write_text(
            '{"pk": "p004"}\n{"pk": "p015"}\n{"pk": "gone"}\n')
        self.assertEqual(self.changed_by(project), ["p004", "p015"])

    def test_verify(self):
        project = self.indexed("""
            verify: { expect: 20 }
            verify: { where: "attribute_exists(team)", expect: 12 }
            verify: { source: { index: by_team }, expect: 12 }
            verify: { where: "n > :n", values: { ":n": 100 } }
        """)
        project.run("up")
        project.run("down")
        project = self.stepping(people(3), 'verify: { where: "n > :one", values: { ":one": 1 } }')
        failed = project.run("up", expect=1)
        self.assertIn("1 of 3 items match n > :one, 0 expected", failed.stderr)
        self.assertEqual(project.run("status").stdout, "0.0.0\n")


class Sequence:
    """What becomes of several migrations."""

    STEP = 'up:\n  - update: {{ expression: "SET v{0} = :v", values: {{ ":v": {0} }} }}\ndown: auto\n'

    def versions(self, count, **settings):
        project = self.project(people(4), **settings)
        for i in range(1, count + 1):
            project.migration(f"0.{i}.0_step-{i}.yaml", self.STEP.format(i))
        return project

    def marks(self, project):
        return sorted(n for n in self.items(project.table)["p001"] if n.startswith("v"))

    def status(self, project):
        return project.run("status").stdout.strip()

    def test_up_all_down_and_to_versions(self):
        project = self.versions(4)
        self.assertEqual(self.status(project), "0.0.0")
        project.run("up")
        self.assertEqual((self.status(project), self.marks(project)), ("0.1.0", ["v1"]))
        project.run("0.3.0")
        self.assertEqual((self.status(project), self.marks(project)), ("0.3.0", ["v1", "v2", "v3"]))
        self.assertEqual(project.run("outstanding").stdout, "0.4.0\n")
        self.assertEqual(project.run("status", "--exit-code", expect=5).stdout, "0.3.0\n")
        self.assertIn("Migration already applied", project.run("0.3.0").stdout)
        project.run("all")
        self.assertEqual(self.marks(project), ["v1", "v2", "v3", "v4"])
        self.assertEqual(project.run("outstanding").stdout, "none\n")
        self.assertIn("All migrations applied", project.run("up").stdout)
        project.run("status", "--exit-code")
        project.run("0.2.0")
        self.assertEqual((self.status(project), self.marks(project)), ("0.2.0", ["v1", "v2"]))
        project.run("down")
        self.assertEqual((self.status(project), self.marks(project)), ("0.1.0", ["v1"]))
        project.run("0.0.0")
        self.assertEqual((self.status(project), self.marks(project)), ("0.0.0", []))
        self.assertIn("Already at target version: 0.0.0", project.run("down").stdout)
        listed = project.run("list").stdout
        self.assertEqual(listed, "No migrations applied\n")
        self.assertIn("Cannot find migration 0.9.0", project.run("0.9.0", expect=2).stderr)

    def test_the_word_migrate_before_and_options_anywhere(self):
        project = self.versions(1)
        project.run("--verbose", "migrate", "--lanes", "2", "up", "--segments=3")
        self.assertEqual(self.marks(project), ["v1"])
        self.assertEqual(project.run("-q", "list").stdout, "0.1.0\n")

    def test_list_and_json(self):
        project = self.versions(2)
        project.run("up")
        lines = project.run("list").stdout.splitlines()
        self.assertEqual(lines[0], "Date                                Version   Description")
        self.assertRegex(lines[1], r"^\d\d:\d\d:\d\d [A-Z][a-z][a-z] \d+, \d{4} +0\.1\.0   step 1$|"
                                   r"^\d\d:\d\d:\d\d [A-Z][a-z][a-z] \d+, \d{4} +0\.1\.0   $")
        applied = json.loads(project.run("list", "--json").stdout)["applied"]
        self.assertEqual([row["id"] for row in applied], ["0.1.0"])
        status = json.loads(project.run("status", "--json").stdout)
        self.assertEqual((status["version"], status["outstanding"]), ("0.1.0", 1))
        outstanding = json.loads(project.run("outstanding", "--json").stdout)
        self.assertEqual(outstanding, {"outstanding": ["0.2.0"]})
        plan = json.loads(project.run("plan", "--json").stdout)["plan"]
        self.assertEqual([p["id"] for p in plan], ["0.2.0"])
        events = [json.loads(line) for line in project.run("up", "--json").stdout.splitlines()]
        self.assertEqual(events[-1]["event"], "result")
        self.assertEqual(events[-1]["version"], "0.2.0")
        runs = json.loads(project.run("runs", "--json").stdout)["runs"]
        self.assertEqual([r["status"] for r in runs], ["applied", "applied"])

    def test_a_dry_run_writes_nothing(self):
        project = self.versions(2)
        before = self.items(project.table)
        out = project.run("all", "--dry").stdout
        self.assertIn("+ v1: 1", out)
        self.assertIn("8 items would change", out)
        self.assertEqual(self.items(project.table), before)
        self.assertFalse(self.exists(f"{project.table}-history"))
        self.assertEqual(self.status(project), "0.0.0")

    def test_named_migrations_repeat_and_reset(self):
        project = self.versions(2)
        raise_n = 'up:\n  - update: { expression: "ADD n :one", values: { ":one": 1 } }\n'
        project.migration("raise.yaml", raise_n)
        project.migration("reset.yaml", 'up:\n  - update: { expression: "SET n = :z", '
                                        'values: { ":z": 0 } }\n')
        self.assertEqual(project.run("named").stdout, "raise\nreset\n")
        project.run("raise")
        self.assertEqual(self.items(project.table)["p001"]["n"], number(2))
        self.assertEqual(self.status(project), "0.0.0")
        project.run("repeat")
        project.run("raise")
        self.assertEqual(self.items(project.table)["p001"]["n"], number(4))
        project.run("reset")
        self.assertEqual(self.items(project.table)["p001"]["n"], number(0))
        self.assertEqual(self.status(project), "0.2.0")
        self.assertEqual(project.run("outstanding").stdout, "none\n")
        self.assertIn("did you mean raise?", project.run("raize", expect=2).stderr)

    def test_dependencies(self):
        project = self.versions(1)
        project.migration("0.2.0.yaml", "depends_on: [0.3.0]\n" + self.STEP.format(2))
        project.migration("0.3.0.yaml", self.STEP.format(3))
        self.assertEqual(project.run("outstanding").stdout, "0.1.0\n0.3.0\n0.2.0\n")
        project.run("0.2.0")
        self.assertEqual(self.marks(project), ["v1", "v2", "v3"])
        project.migration("0.4.0.yaml", "depends_on: [0.9.0]\n" + self.STEP.format(4))
        missing = project.run("up", expect=6)
        self.assertIn("0.4.0 depends on 0.9.0, which does not exist", missing.stderr)

    def test_out_of_order(self):
        project = self.versions(3)
        (project.path / "migrations/0.2.0_step-2.yaml").rename(project.path / "aside.yaml")
        project.run("all")
        (project.path / "aside.yaml").rename(project.path / "migrations/0.2.0_step-2.yaml")
        refused = project.run("up", expect=3)
        self.assertIn("migration 0.2.0 is outstanding, but the later version 0.3.0 is applied",
                      refused.stderr)
        config = project.path / "dynamigrate.yaml"
        original = config.read_text()
        config.write_text(original + "out_of_order: ignore\n")
        self.assertIn("All migrations applied", project.run("up").stdout)
        config.write_text(original + "out_of_order: allow\n")
        project.run("up")
        self.assertEqual(self.marks(project), ["v1", "v2", "v3"])

    def test_a_changed_applied_migration_blocks(self):
        project = self.versions(2)
        project.run("up")
        file = project.path / "migrations/0.1.0_step-1.yaml"
        original = file.read_text()
        file.write_text(original + "# touched\n")
        refused = project.run("up", expect=3)
        self.assertIn("migration 0.1.0 changed since it was applied", refused.stderr)
        self.assertIn("migration 0.1.0 changed since it was applied",
                      project.run("down", expect=3).stderr)
        file.write_bytes(original.replace("\n", "\r\n").encode())
        project.run("up")
        self.assertEqual(self.marks(project), ["v1", "v2"])

    def test_integers_and_timestamps(self):
        for versions in (["1", "2", "10"], ["20240115120000", "20240115120001", "20250101000000"]):
            project = self.project(people(2))
            for i, version in enumerate(versions):
                project.migration(f"{version}_x.yaml", self.STEP.format(i))
            self.assertEqual(project.run("outstanding").stdout.split(), versions)
            project.run("all")
            self.assertEqual(self.status(project), versions[-1])
            project.run(versions[0])
            self.assertEqual(self.status(project), versions[0])

    def test_json5_migrations(self):
        project = self.project(people(2))
        project.migration("1.0.0_x.json5", "{ // a comment\n  description: 'In JSON5',\n"
                          "  up: [{update: {expression: 'SET v1 = :v', values: {':v': 0x10}}},],\n"
                          "  down: 'auto',\n}\n")
        project.run("up")
        self.assertEqual(self.items(project.table)["p001"]["v1"], number(16))

    def test_a_failed_migration_goes_on_when_the_items_are_mended(self):
        items = people(20)
        for bad in (3, 11):
            del items[bad]["name"]
        project = self.stepping(items, """
            update: { expression: "ADD n :one", values: { ":one": 1 } }
            transform: { set: { low: "${name | lower}" } }
        """)
        failed = project.run("up", expect=1)
        self.assertIn("Migration failed", failed.stderr)
        self.assertIn("quarantine", failed.stderr)
        self.assertEqual(self.status(project), "0.0.0")
        run = json.loads(project.run("runs", "--json").stdout)["runs"][-1]
        self.assertEqual(run["status"], "failed")
        shown = project.run("runs", run["run"]).stdout
        self.assertIn("quarantined", shown)
        for bad in (3, 11):
            self.dynamodb.update_item(
                TableName=project.table, Key={"pk": text(f"p{bad:03}")},
                UpdateExpression="SET #n = :n", ExpressionAttributeNames={"#n": "name"},
                ExpressionAttributeValues={":n": text("Mended")})
        project.run("up")
        after = self.items(project.table)
        self.assertTrue(all("low" in item for item in after.values()))
        self.assertEqual([after[f"p{i:03}"]["n"] for i in range(20)],
                         [number(i + 1) for i in range(20)])
        self.assertEqual(self.status(project), "1.0.0")

    def test_a_failed_migration_can_go_down(self):
        items = people(20)
        del items[3]["name"]
        project = self.stepping(items, """
            update: { expression: "ADD n :one", values: { ":one": 1 } }
            transform: { set: { low: "${name | lower}" } }
        """)
        before = self.items(project.table)
        project.run("up", expect=1)
        project.run("down")
        self.assertEqual(self.items(project.table), before)

    def test_a_failure_budget_lets_the_run_end(self):
        items = people(10)
        del items[3]["name"]
        project = self.stepping(
            items, 'transform: { set: { low: "${name | lower}" }, failure_budget: 1 }')
        project.run("up")
        after = self.items(project.table)
        self.assertEqual(sum("low" in item for item in after.values()), 9)
        row = json.loads(project.run("list", "--json").stdout)["applied"][0]
        self.assertEqual(row["counts"]["quarantined"], 1)

    def test_retry_failed(self):
        items = people(10)
        del items[3]["name"]
        project = self.stepping(items, 'transform: { set: { low: "${name | lower}" } }')
        project.run("up", expect=1)
        harness.fill(self.dynamodb, project.table, people(10)[3:4])
        project.run("--retry-failed", "up")
        self.assertEqual(self.status(project), "1.0.0")
        self.assertTrue(all("low" in i for i in self.items(project.table).values()))

    def test_mended_items_of_a_file_are_put(self):
        rows = [{"code": f"c{i:03}"} for i in range(30)]
        rows[3] = {"kode": "c003"}
        project = self.stepping(people(1), 'put: { file: rows.ndjson, set: { pk: "R#${code}" } }')
        file = project.path / "migrations/rows.ndjson"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        project.run("up", expect=1)
        rows[3] = {"code": "c003"}
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        project.run("--retry-failed", "up")
        self.assertEqual(self.status(project), "1.0.0")
        after = self.items(project.table)
        self.assertEqual(len(after), 31)
        self.assertIn("R#c003", after)

    def interrupt(self, project, *arguments):
        process = project.start("up", *arguments)
        time.sleep(1.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_an_interrupted_run_says_how_to_resume_and_resumes(self):
        filler = text("x" * 3000)
        items = [dict(p, f=filler) for p in people(150)]
        project = self.stepping(items, 'update: { expression: "ADD n :one", values: { ":one": 1 } }')
        code, _, err = self.interrupt(project, "--max-wcu", "60", "--lanes", "1", "--segments", "6")
        self.assertEqual(code, 130, err)
        self.assertIn("dynamigrate resume", err)
        done = sum(i["n"] == number(int(k[1:]) + 1) for k, i in self.items(project.table).items())
        self.assertLess(done, 150)
        self.assertIn("unfinished: up of 1.0.0", project.run("status").stderr)
        project.run("resume")
        after = self.items(project.table)
        self.assertEqual([after[f"p{i:03}"]["n"] for i in range(150)],
                         [number(i + 1) for i in range(150)])
        self.assertEqual(self.status(project), "1.0.0")
        self.assertIn("no unfinished run", project.run("resume", expect=2).stderr)

    def test_an_interrupted_run_is_ended_by_up_and_taken_back_by_down(self):
        filler = text("x" * 3000)
        items = [dict(p, f=filler) for p in people(150)]
        step = 'update: { expression: "ADD n :one", values: { ":one": 1 } }'
        project = self.stepping(items, step)
        before = self.items(project.table)
        self.interrupt(project, "--max-wcu", "60", "--lanes", "1", "--segments", "6")
        project.run("down")
        self.assertEqual(self.items(project.table), before)
        self.assertEqual(self.status(project), "0.0.0")

    def test_sixteen_lanes(self):
        after = self.there_and_back(people(500), """
            update: { expression: "ADD n :one", values: { ":one": 1 }, lanes: 16, segments: 40 }
        """)
        self.assertEqual([after[f"p{i:03}"]["n"] for i in range(500)],
                         [number(i + 1) for i in range(500)])

    def test_without_a_journal_down_is_refused(self):
        project = self.stepping(people(3), 'transform: { set: { v: 1 } }')
        project.run("up", "--journal", "none")
        refused = project.run("down", expect=3)
        self.assertIn("kept none", refused.stderr)

    def test_nothing_to_unlock(self):
        project = self.versions(1)
        project.run("up")
        self.assertEqual(project.run("unlock").stdout, "Not locked\n")


class OwnBinary:
    def test_migrations_in_cpp_built_into_a_program(self):
        for table in ("people", "visits"):
            harness.create_table(self.dynamodb, table)
        items = [{"pk": text(f"p{i:03}"), "first": text(f"F{i}"), "last": text(f"L{i}"),
                  "visits": number(i)} for i in range(40)]
        harness.fill(self.dynamodb, "people", items)
        project = self.project(table="people")
        project.program = str(OWN_PROGRAM)
        self.assertEqual(project.run("outstanding").stdout, "0.1.0\n1.0.0\n2.0.0\n3.0.0\n")
        project.run("up")
        before = self.items("people")
        self.assertEqual(len(before), 42)
        project.run("all")
        after = self.items("people")
        self.assertEqual(after["p007"], {"pk": text("p007"), "name": text("F7 L7"),
                                         "visits": number(8)})
        visits = self.items("visits")
        self.assertEqual(len(visits), 43)
        self.assertEqual(visits["VISIT#p007"]["visits"], number(7))
        self.assertEqual(visits["COUNT"]["people"], number(42))
        project.run("down")
        self.assertNotIn("COUNT", self.items("visits"))
        project.run("down")
        self.assertEqual(self.items("visits"), {})
        project.run("down")
        self.assertEqual(self.items("people"), before)


class LocalTest(Tables, Puts, Changes, Moves, Sources, Sequence, OwnBinary, Suite):
    kind = "local"

    def test_indexes_come_and_go(self):
        table = self.project(people(30)).table
        project = self.project(table=table)
        project.migration("1.0.0.yaml", self.steps("""
            create_index: { name: by_name, hash: name, sort: "n:N", projection: keys_only }
            create_index: { name: by_n, hash: "n:N" }
        """))
        project.migration("2.0.0.yaml", self.steps("delete_index: by_n"))
        project.migration("3.0.0.yaml", self.steps(
            'delete_index: { name: by_name, hash: name, sort: "n:N", projection: keys_only }'))

        def indexes():
            return sorted(i["IndexName"] for i in
                          self.describe(table).get("GlobalSecondaryIndexes", []))

        project.run("up")
        self.assertEqual(indexes(), ["by_n", "by_name"])
        project.run("up")
        self.assertEqual(indexes(), ["by_name"])
        project.run("up")
        self.assertEqual(indexes(), [])
        project.run("down")
        self.assertEqual(indexes(), ["by_name"])
        refused = project.run("down", expect=3)
        self.assertIn("give delete_index its hash, sort and projection too", refused.stderr)

    def test_expiry(self):
        project = self.stepping(people(3), "ttl: { attribute: expires }")
        project.run("up")

        def state():
            return self.dynamodb.describe_time_to_live(
                TableName=project.table)["TimeToLiveDescription"]["TimeToLiveStatus"]

        self.assertIn(state(), ("ENABLED", "ENABLING"))
        project.run("down")
        self.assertIn(state(), ("DISABLED", "DISABLING"))

    def test_create_table_with_expiry_stream_and_protection(self):
        table = self.name()
        project = self.stepping((), f"""
            create_table: {{ name: {table}, hash: "pk:N", stream: NEW_IMAGE, ttl: expires }}
        """, table=table)
        project.run("up")
        self.assertEqual(self.describe(table)["StreamSpecification"]["StreamViewType"], "NEW_IMAGE")
        expiry = self.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        self.assertEqual(expiry["AttributeName"], "expires")
        project.run("down")
        self.assertFalse(self.exists(table))

    def test_moves_by_transaction(self):
        after = self.there_and_back(
            people(60), 'transform: { set: { pk: "T#${pk}" }, atomic: true }')
        self.assertEqual(sorted(after), [f"T#p{i:03}" for i in range(60)])

    def test_statements(self):
        table = self.project(people(3)).table
        project = self.project(table=table)
        project.migration("1.0.0.yaml", self.steps(f"""
            partiql: {{ statement: 'INSERT INTO "{table}" VALUE {{''pk'': ?, ''n'': ?}}', parameters: [q, 5] }}
            partiql: {{ statement: 'UPDATE "{table}" SET n = ? WHERE pk = ?', parameters: [77, p001] }}
            partiql: {{ statement: 'SELECT * FROM "{table}" WHERE pk = ?', parameters: [q] }}
        """, f"""down:
  - partiql: {{ statement: 'DELETE FROM "{table}" WHERE pk = ?', parameters: [q] }}
"""))
        run = project.run("up")
        self.assertIn('"pk":"q"', run.stdout + run.stderr)
        after = self.items(table)
        self.assertEqual(after["q"], {"pk": text("q"), "n": number(5)})
        self.assertEqual(after["p001"]["n"], number(77))
        project.run("down")
        self.assertNotIn("q", self.items(table))

    def test_changes_go_by_statements_in_batches(self):
        operations = []
        proxy = harness.FaultProxy(self.server.port, lambda _, name: operations.append(name))
        self.addCleanup(proxy.close)
        project = self.stepping(people(100), 'transform: { set: { v: 1 }, lanes: 1 }')
        project.run("up", endpoint=proxy.endpoint)
        self.assertLessEqual(operations.count("BatchExecuteStatement"), 5)
        self.assertGreaterEqual(operations.count("BatchExecuteStatement"), 4)


class DynaliteTest(Tables, Puts, Changes, Moves, Sources, Sequence, OwnBinary, Suite):
    kind = "dynalite"
    compares_documents = False

    def test_changes_fall_back_to_single_updates(self):
        operations = []
        proxy = harness.FaultProxy(self.server.port, lambda _, name: operations.append(name))
        self.addCleanup(proxy.close)
        project = self.stepping(people(50), 'transform: { set: { v: 1 }, lanes: 1 }')
        project.run("up", endpoint=proxy.endpoint)
        self.assertEqual(operations.count("BatchExecuteStatement"), 1)
        self.assertGreaterEqual(operations.count("UpdateItem"), 50)
        self.assertTrue(all("v" in i for i in self.items(project.table).values()))

    def refused(self, step, *said, **settings):
        project = self.stepping(people(5), step, **settings)
        before = self.items(project.table)
        failed = project.run("up", expect=1)
        for part in said:
            self.assertIn(part, failed.stderr)
        self.assertEqual(self.items(project.table), before)

    def test_what_it_lacks_is_refused_by_name(self):
        self.refused("ttl: { attribute: expires }", "TimeToLive")
        self.refused('transform: { set: { pk: "T#${pk}" }, atomic: true }', "TransactWriteItems")
        table = self.name()
        self.refused(f"""partiql: {{ statement: "DELETE FROM {table} WHERE pk = 'p'" }}""",
                     "ExecuteStatement", table=table)

    def test_an_index_it_cannot_add_is_refused(self):
        project = self.stepping(people(5), "create_index: { name: by_name, hash: name }")
        failed = project.run("up", expect=1)
        self.assertIn("it cannot add indexes to a table that exists; give them in create_table",
                      failed.stderr)


if __name__ == "__main__":
    unittest.main()
