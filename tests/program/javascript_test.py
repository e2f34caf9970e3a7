"""Migrations in JavaScript: `export default { ..., transform(item) }`, run by the machine's Node."""

import json
import pathlib
import signal
import stat
import time
import unittest

import harness
from differential import Embedded

ADD = """
import fs from 'node:fs'
export default {
    description: 'Add a hundred',
    transform(item) {
        item.c += 100
        return item
    },
}
"""


class Suite(unittest.TestCase):
    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Embedded()
        cls.dynamodb = harness.client(cls.server.endpoint)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, script=None, name="1.0.0_script.mjs", count=20, items=None, **settings):
        Suite.numbered += 1
        table = f"js{Suite.numbered:03}"
        harness.create_table(self.dynamodb, table)
        harness.fill(self.dynamodb, table, items or harness.counters(count))
        project = harness.Project(self.server.endpoint, table, table + "-history", **settings)
        self.addCleanup(project.close)
        if script:
            project.migration(name, script)
        return project

    def items(self, project):
        return harness.scan(self.dynamodb, project.table)

    def counts(self, project):
        return sorted(int(item["c"]["N"]) for item in self.items(project).values())

    def said(self, out):
        return out.stdout + out.stderr


class Transform(Suite):
    def test_goes_up_and_is_taken_back_from_the_journal(self):
        project = self.project("""
export default {
    version: '1.0.0',
    description: 'Name the even ones',
    where: { expression: '#c < :most', names: { '#c': 'c' }, values: { ':most': 10 } },
    transform(item, { run }) {
        if (item.c % 2 === 1) return
        if (item.c === 4) return null
        console.log('sees', item.pk)
        item.name = `number ${item.c}`
        item.run = run.id
        delete item.c
        return item
    },
}
""")
        before = self.items(project)
        plan = project.run("plan")
        self.assertIn("transform of 1.0.0_script.mjs", plan.stdout)
        out = project.run("up")
        self.assertIn("| sees k0002", self.said(out))
        after = self.items(project)
        self.assertEqual(after["k0002"]["name"], {"S": "number 2"})
        self.assertNotIn("c", after["k0002"])
        self.assertNotIn("k0004", after)
        self.assertEqual(after["k0003"], before["k0003"])
        self.assertEqual(after["k0012"], before["k0012"])
        self.assertEqual(len({i["run"]["S"] for i in after.values() if "run" in i}), 1)
        self.assertEqual(project.run("status").stdout.strip(), "1.0.0")
        project.run("down")
        self.assertEqual(self.items(project), before)

    def test_dry_run_writes_nothing(self):
        project = self.project(ADD)
        before = self.items(project)
        out = project.run("up", "--dry")
        self.assertIn("20 updates", self.said(out))
        self.assertEqual(self.items(project), before)

    def test_own_way_back_as_commonjs_and_typescript_in_javascript(self):
        project = self.project("""
module.exports = {
    transform: (item) => ({ ...item, c: item.c + 1 }),
    transformDown: (item) => ({ ...item, c: item.c - 1 }),
}
""", name="1.0.0_common.cjs")
        before = self.items(project)
        project.migration("2.0.0_index.js", "unused")
        (project.path / "migrations/2.0.0_index.js").unlink()
        directory = project.path / "migrations/2.0.0_index"
        directory.mkdir()
        (directory / "index.js").write_text(
            "import { add } from './add.mjs'\n"
            "export default { down: false, async transform(item) { item.c = await add(item.c); return item } }")
        (directory / "add.mjs").write_text("export const add = async (c) => c + 100\n")
        project.run("all")
        self.assertEqual(self.counts(project), [i + 101 for i in range(20)])
        project.run("down", expect=None)
        self.assertEqual(project.run("status").stdout.strip(), "2.0.0")
        (directory / "index.js").write_text(
            (directory / "index.js").read_text().replace("down: false", "down: 'auto'"))
        project.run("down", "--force")
        project.run("down")
        self.assertEqual(self.items(project), before)

    def test_typescript(self):
        project = self.project("""
import { add, bad } from './add'
interface Counter { pk: string; c: number }
export default {
    description: 'In TypeScript' as string,
    transform(item: Counter): Counter {
        if (item.c === bad) throw new RangeError('seven')
        item.c = add(item.c, 100)
        return item
    },
}
""", name="1.0.0_typed.ts")
        helper = "export const add = (a: number, b: number): number => a + b\nexport const bad: number = %d\n"
        project.migration("add.ts", helper % 7)
        out = project.run("up", expect=None)
        if "cannot run TypeScript" in out.stderr:  # this Node needs help
            self.assertIn("npm install --save-dev esbuild", out.stderr)
            (project.path / "node_modules").symlink_to(harness.node_modules("typescript"))
            out = project.run("up", expect=1)
        self.assertIn("RangeError: seven", self.said(out))
        self.assertRegex(self.said(out), r"1.0.0_typed.ts:7:\d+")
        project.migration("add.ts", helper % -1)
        project.run("resume")
        self.assertEqual(self.counts(project), [i + 100 for i in range(20)])

    def test_guards_what_it_read_and_nothing_else(self):
        project = self.project(ADD, count=1)
        state = {"writes": 0}

        def meanwhile(_, operation):
            if operation == "BatchExecuteStatement":
                state["writes"] += 1
                what = {1: "c = :n", 2: "extra = :n"}.get(state["writes"])
                if what:
                    self.dynamodb.update_item(
                        TableName=project.table, Key={"pk": {"S": "k0000"}},
                        UpdateExpression=f"SET {what}", ExpressionAttributeValues={":n": {"N": "7"}})

        proxy = harness.FaultProxy(self.server.port, meanwhile)
        self.addCleanup(proxy.close)
        project.run("up", "--json", endpoint=proxy.endpoint)
        self.assertEqual(self.items(project)["k0000"],
                         {"pk": {"S": "k0000"}, "c": {"N": "107"}, "extra": {"N": "7"}})
        self.assertEqual(state["writes"], 2)

    def test_values_keep_their_digits_kinds_and_order(self):
        item = {
            "pk": {"S": "odd"}, "c": {"N": "12345678901234567890123456789012345678"},
            "set": {"NS": ["1", "12345678901234567890"]}, "blob": {"B": b"\x00\x01"},
            "map": {"M": {"__proto__": {"S": "x"}, "list": {"L": [{"NULL": True}, {"BOOL": False}]}}},
        }
        project = self.project(
            "export default { transform(item) { return { ...item, copy: item.map, n: item.c } } }", items=[item])
        project.run("up")
        after = self.items(project)["odd"]
        self.assertEqual(after.pop("n"), item["c"])
        self.assertEqual(after.pop("copy"), item["map"])
        after["set"]["NS"].sort()
        self.assertEqual(after, item)

    def test_key_changes_are_declared(self):
        script = "export default { %s transform(item) { item.pk = 'x' + item.pk; return item } }"
        project = self.project(script % "")
        out = project.run("up", expect=1)
        self.assertIn("changesKey: true", self.said(out))
        self.assertEqual(self.counts(project), list(range(20)))
        project = self.project(script % "changesKey: true,")
        project.run("up")
        self.assertEqual(sorted(self.items(project)), [f"xk{i:04}" for i in range(20)])
        project.run("down")
        self.assertEqual(sorted(self.items(project)), [f"k{i:04}" for i in range(20)])


class Failures(Suite):
    def wait_for(self, path, process):
        deadline = time.monotonic() + 60
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(path.exists())

    def test_a_throwing_transform_has_its_place_and_can_be_corrected(self):
        project = self.project("""
import { check } from './checks.mjs'
export default {
    transform(item) {
        check(item.c)
        item.c += 100
        return item
    },
}
""")
        project.migration("checks.mjs", "export function check(count) {\n"
                          "    if (count === 11) throw new RangeError('eleven is enough')\n}\n")
        out = project.run("up", expect=1)
        self.assertIn("RangeError: eleven is enough", self.said(out))
        self.assertIn(f"{project.path}/migrations/checks.mjs:2:29", self.said(out))
        self.assertIn("1.0.0_script.mjs:5:9", self.said(out))
        project.migration("checks.mjs", "export function check() {}\n")
        project.run("resume")
        self.assertEqual(self.counts(project), [i + 100 for i in range(20)])

    def test_kill_in_the_middle_and_again(self):
        project = self.project("""
import fs from 'node:fs'
const file = new URL('./half', import.meta.url)
let seen = 0
export default {
    segments: 4, lanes: 1,
    async transform(item) {
        if (++seen === 40 && !fs.existsSync(file)) {
            fs.writeFileSync(file, '')
            await new Promise(() => setTimeout(() => {}, 100000))
        }
        item.c += 1000
        return item
    },
}
""", count=100)
        process = project.start("up")
        self.wait_for(project.path / "migrations/half", process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        project.run("resume")
        self.assertEqual(self.counts(project), [i + 1000 for i in range(100)])
        project.run("down")
        self.assertEqual(self.counts(project), list(range(100)))

    def broken(self, body, *words, settings=""):
        """The script ends as `body` makes it; nothing of it is left, and it can be corrected."""
        script = """
import fs from 'node:fs'
export default {
    segments: 1, lanes: 1, %s
    transform(item) {
        fs.writeFileSync(new URL('./pid', import.meta.url), String(process.pid))
        %s
        item.c += 100
        return item
    },
}
"""
        project = self.project(script % (settings, body))
        started = time.monotonic()
        out = project.run("up", expect=1)
        self.assertLess(time.monotonic() - started, 60)
        for word in words:
            self.assertIn(word, self.said(out))
        self.assertIn("transform of ", self.said(out))
        pid = int((project.path / "migrations/pid").read_text())
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        self.assertEqual(self.counts(project), list(range(20)))
        self.assertIn("resume", self.said(out))
        project.migration("1.0.0_script.mjs", script % ("", ""))
        project.run("resume", "--force")
        self.assertEqual(self.counts(project), [i + 100 for i in range(20)])

    def test_a_hanging_script_is_killed(self):
        self.broken("while (item.c === 7) {}", "took longer than 0.5 s", settings="timeout: 0.5,")

    def test_a_promise_that_never_settles_is_killed(self):
        self.broken("if (item.c === 7) return new Promise(() => setTimeout(() => {}, 1e6))",
                    "took longer than 0.5 s", settings="timeout: 0.5,")

    def test_a_crashing_script_fails_the_run(self):
        self.broken("if (item.c === 7) { console.error('good-bye'); process.exit(3) }",
                    "ended with exit code 3", "good-bye")
        self.broken("if (item.c === 7) process.kill(process.pid, 'SIGSEGV')", "killed by signal 11")
        self.broken("if (item.c === 7) return new Promise(() => { setTimeout(() => { throw new Error('late') }) })",
                    "late", "1.0.0_script.mjs:")

    def test_a_greedy_script_is_killed(self):
        self.broken("globalThis.kept ??= []\n"
                    "for (; item.c === 7; ) kept.push(Buffer.alloc(1 << 20, 1))",
                    "more than 150 MB of memory", settings="memory: 150,")
        self.broken("globalThis.kept ??= []\n"
                    "for (; item.c === 7; ) kept.push(new Array(1000).fill(0).map(() => ({})))",
                    "memory", settings="memory: 100,")

    def test_interrupt_ends_node(self):
        project = self.project("""
import fs from 'node:fs'
export default {
    transform(item) {
        fs.writeFileSync(new URL('./pid', import.meta.url), String(process.pid))
        for (;;) ;
    },
}
""")
        process = project.start("up")
        pid = project.path / "migrations/pid"
        self.wait_for(pid, process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.assertFalse(pathlib.Path(f"/proc/{pid.read_text()}").exists())

    def test_what_is_wrong_with_a_file_has_its_place(self):
        for script, words in [
            ("export default {\n    transform(item { }\n}\n", ["SyntaxError", "1.0.0_script.mjs:2"]),
            ("\nthrow new Error('not today')\n", ["not today", "1.0.0_script.mjs:2:7"]),
            ("export default 5\n", ["exports no migration"]),
            ("export default { description: 'x' }\n", ["transform(item)"]),
            ("export default { tabel: 'x', transform() {} }\n", ["tabel", "table"]),
            ("export default { where: 'a ==== b', transform() {} }\n", ["where"]),
            ("export default { version: '2.0.0', transform() {} }\n", ["1.0.0"]),
            ("import './no-such.mjs'\nexport default {}\n", ["no-such.mjs"]),
        ]:
            with self.subTest(script=script):
                project = self.project(script, count=1)
                out = project.run("up", expect=None)
                self.assertNotEqual(out.returncode, 0)
                self.assertIn("1.0.0_script.mjs", self.said(out))
                for word in words:
                    self.assertIn(word, self.said(out))
        project.migration("2.0.0_good.mjs", ADD)
        project.migration("3.0.0_bad.mjs", "export default 6")
        found = json.dumps(json.loads(project.run("validate", "--json", expect=None).stdout))
        self.assertIn("1.0.0_script.mjs", found)
        self.assertIn("3.0.0_bad.mjs", found)
        self.assertNotIn("2.0.0_good.mjs\": cannot", found)


class Node(Suite):
    def test_absent_or_old(self):
        project = self.project(ADD, node="no-such-node")
        out = project.run("up", expect=None)
        self.assertIn("need Node.js, and no-such-node cannot be started", self.said(out))
        self.assertIn("`node: PATH`", self.said(out))
        project = self.project(ADD, node="./old/node")
        old = project.path / "old/node"
        old.parent.mkdir()
        old.write_text("#!/bin/sh\necho v16.20.2\n")
        old.chmod(old.stat().st_mode | stat.S_IXUSR)
        out = project.run("up", expect=None)
        self.assertIn("need Node.js 18 or later", self.said(out))
        self.assertIn("v16.20.2", self.said(out))

    def test_is_not_needed_without_scripts(self):
        project = self.project(node="no-such-node")
        project.migration("1.0.0_set.yaml", "up:\n  - transform: { set: { a: b } }\ndown: auto\n")
        project.run("up")

    def test_does_not_load_what_is_no_migration(self):
        project = self.project(ADD, count=2)
        for name in ("backfill.js", "tool.mjs"):
            project.migration(name, "import fs from 'node:fs'\n"
                              "fs.writeFileSync(new URL('./was-run', import.meta.url), '')\n")
        project.migration("helpers.js", "export default { double: (n) => 2 * n, up: 'no function' }\n")
        project.migration("cleanup.js", ADD.replace("100", "1000"))
        project.run("all")
        self.assertEqual(self.counts(project), [100, 101])
        self.assertFalse((project.path / "migrations/was-run").exists())
        project.run("cleanup")
        self.assertEqual(self.counts(project), [1100, 1101])
        out = project.run("helpers", expect=None)
        self.assertIn("helpers", self.said(out))
        self.assertNotEqual(out.returncode, 0)

    def test_has_no_credentials(self):
        project = self.project("""
for (const [name, value] of Object.entries(process.env)) {
    if (value.includes('very-secret')) throw new Error(`there is ${name}`)
}
export default { transform(item) { item.config = process.env.AWS_CONFIG_FILE; return item } }
""", count=1)
        project.environment = {"AWS_ACCESS_KEY_ID": "very-secret-id", "AWS_SECRET_ACCESS_KEY": "very-secret",
                               "AWS_SESSION_TOKEN": "very-secret-token", "AWS_PROFILE": "very-secret-profile"}
        project.environment.pop("AWS_PROFILE")
        project.run("up")
        self.assertEqual(self.items(project)["k0000"]["config"], {"S": "/dev/null"})


class Examples(unittest.TestCase):
    def test_javascript_up_dry_and_down(self):
        with harness.example("javascript") as run:
            run("up")
            self.assertIn("3 updates", run("all", "--dry"))
            run("all")
            self.assertIn("2.0.0", run("status"))
            run("down")
            run("all")
            self.assertIn("2.0.0", run("status"))


if __name__ == "__main__":
    unittest.main()
