"""mapbox's scripts, `function(record, dyno, callback)`: scan, stream and filter, by our `dyno` and by theirs."""

import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

import boto3

import harness
from differential import Embedded
from gateway_test import KEY, SECRET, Gateway

ALL_NUMBERS = "1234567890123456789012345678901234567.8"

TOUCH = """
var seen = 0
module.exports = function(record, dyno, callback) {
    seen++
    if (!dyno) return callback()
    record.c += 100
    dyno.putItem({ Item: record }, callback)
}
module.exports.finish = function(dyno, callback) {
    console.log('seen %d, dyno %s', seen, dyno ? 'yes' : 'no')
    callback()
}
"""


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}


class Suite(unittest.TestCase):
    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start_server()
        cls.dynamodb = cls.start_client()

    @classmethod
    def start_server(cls):
        return Embedded()

    @classmethod
    def start_client(cls):
        return harness.client(cls.server.endpoint)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = pathlib.Path(scratch.name)
        Suite.numbered += 1
        self.table = f"mb{Suite.numbered:03}"
        self.environment = clean_environment() | {"TMPDIR": str(self.path / "tmp"), "AWS_REGION": "us-east-1"}
        (self.path / "tmp").mkdir()

    def fill(self, items):
        harness.create_table(self.dynamodb, self.table)
        harness.fill(self.dynamodb, self.table, items)

    def items(self):
        return harness.scan(self.dynamodb, self.table)

    def counts(self):
        return sorted(int(item["c"]["N"]) for item in self.items().values())

    def script(self, text, name="script.js"):
        path = self.path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
        return name

    def command(self, *arguments, program=harness.PROGRAM):
        return [str(program), *map(str, arguments)]

    def run_program(self, *arguments, expect=0, input=None, program=harness.PROGRAM, text=True):
        done = subprocess.run(
            self.command(*arguments, program=program), cwd=self.path, env=self.environment, timeout=300,
            input=input, stdin=subprocess.DEVNULL if input is None else None,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=text)
        if expect is not None and done.returncode != expect:
            self.fail(f"{arguments}: exit {done.returncode}, not {expect}\n{done.stdout}\n{done.stderr}")
        return done

    def place(self):
        return "local/" + self.table

    def scan(self, script, *options, **how):
        return self.run_program("scan", self.place(), script, "--endpoint", self.server.endpoint, *options, **how)

    def stream(self, script, lines, *options, **how):
        return self.run_program("stream", self.place(), script, "--endpoint", self.server.endpoint, *options,
                                input=lines, **how)


class Scan(Suite):
    def test_without_live_nothing_is_written(self):
        self.fill(harness.counters(50))
        before = self.items()
        for options in ([], ["--live=false"], ["--dyno"]):
            out = self.scan(self.script(TOUCH), *options)
            self.assertEqual(out.stdout, "seen 50, dyno no\n")
            self.assertIn("Dry run: 50 records", out.stderr)
        self.assertEqual(self.items(), before)

    def test_live_writes_and_undo_puts_back(self):
        self.fill(harness.counters(50))
        before = self.items()
        out = self.scan(self.script(TOUCH), "--live", "--concurrency", "8")
        self.assertEqual(out.stdout, "seen 50, dyno yes\n")
        self.assertEqual(self.counts(), [i + 100 for i in range(50)])
        log = re.search(r"Log written to (\S+)", out.stderr).group(1)
        self.assertEqual(pathlib.Path(log).read_text(), out.stdout)
        command = re.search(r"put back by\n  dynamigrate (.+)", out.stderr).group(1)
        self.run_program(*command.split(), "--aws-access-key", "a", "--aws-secret-key", "b", "--yes")
        self.assertEqual(self.items(), before)
        runs = json.loads(self.run_program(
            "runs", "--table", self.table, "--endpoint", self.server.endpoint, "--aws-access-key", "a",
            "--aws-secret-key", "b", "--json").stdout)["runs"]
        self.assertIn("script at 20", runs[-1]["id"] + runs[0]["id"])

    def test_live_and_dry_shows_what_would_change(self):
        self.fill(harness.counters(10))
        before = self.items()
        out = self.scan(self.script(TOUCH), "--live", "--dry")
        self.assertEqual(out.stdout, "seen 10, dyno yes\n")
        self.assertIn("10 updates", out.stderr)
        self.assertEqual(self.items(), before)

    def test_json(self):
        self.fill(harness.counters(10))
        out = self.scan(self.script(TOUCH), "--live", "--json")
        events = [json.loads(line) for line in out.stdout.splitlines()]
        self.assertEqual((events[-1]["event"], events[-1]["records"], events[-1]["writes"]), ("result", 10, 10))
        self.assertTrue(pathlib.Path(events[-1]["log"]).exists())
        self.assertIn("seen 10", out.stderr)

    def test_segments_give_each_record_once_to_one_process(self):
        self.fill([{"pk": {"S": f"k{i:05}"}, "c": {"N": str(i)}, "fill": {"S": "x" * 3000}} for i in range(1500)])
        script = self.script("""
const seen = new Map(); let most = 0, active = 0
module.exports = (record, dyno, callback) => {
    seen.set(record.pk, (seen.get(record.pk) || 0) + 1)
    most = Math.max(most, ++active)
    setImmediate(() => { active--; callback() })
}
module.exports.finish = (dyno, callback) => { console.log(seen.size, Math.max(...seen.values()), most); callback() }
""")
        self.assertEqual(self.scan(script, "--segments", "5", "--concurrency", "4").stdout, "1500 1 4\n")

    def test_numbers_sets_and_binary_are_lossless(self):
        self.fill([{"pk": {"S": "a"}, "n": {"N": ALL_NUMBERS}, "ss": {"SS": ["x", "y"]},
                    "ns": {"NS": ["1", "12345678901234567890"]}, "bs": {"BS": [b"\0\xff"]}, "b": {"B": b"\xfe"},
                    "m": {"M": {"l": {"L": [{"NULL": True}, {"N": "0.1"}, {"M": {}}]}, "e": {"S": ""}}}}])
        before = self.items()["a"]
        self.scan(self.script("""
module.exports = (record, dyno, callback) => { record.touched = true; dyno.putItem({ Item: record }, callback) }
"""), "--live")
        after = self.items()["a"]
        self.assertEqual(after.pop("touched"), {"BOOL": True})
        for item in (before, after):
            item["ns"]["NS"].sort()
            item["ss"]["SS"].sort()
        self.assertEqual(after, before)

    def test_error_stops_with_its_stack(self):
        self.fill(harness.counters(2000))
        script = self.script("""
let n = 0
module.exports = (record, dyno, callback) => {
    if (++n === 30) return callback(new Error('enough'))
    dyno.updateItem({ Key: { pk: record.pk }, UpdateExpression: 'SET t = :t', ExpressionAttributeValues: { ':t': 1 } }, callback)
}
""")
        begin = time.monotonic()
        out = self.scan(script, "--live", "--concurrency", "3", expect=1)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertRegex(out.stderr, r"(?m)^Error: enough\n    at .*script\.js:4:")
        written = sum("t" in item for item in self.items().values())
        self.assertTrue(20 <= written <= 29, written)
        command = re.search(r"put back by\n  dynamigrate (.+)", out.stderr).group(1)
        self.run_program(*command.split(), "--aws-access-key", "a", "--aws-secret-key", "b", "--yes")
        self.assertEqual(sum("t" in item for item in self.items().values()), 0)

    def test_failed_run_does_not_hinder_the_next(self):
        self.fill(harness.counters(3))
        self.scan(self.script("module.exports = () => { throw new Error('no') }"), "--live", expect=1)
        self.scan(self.script(TOUCH), "--live")
        self.assertEqual(self.counts(), [100, 101, 102])

    def test_callback_that_never_comes(self):
        self.fill(harness.counters(30))
        out = self.scan(self.script("module.exports = (record, dyno, callback) => { if (record.c !== 7) callback() }"),
                        expect=1)
        self.assertIn("never called its callback", out.stderr)

    def test_script_that_does_not_load(self):
        self.fill(harness.counters(1))
        self.assertIn("script.js:1", self.scan(self.script("module.exports = ("), expect=1).stderr)
        self.assertIn("exports no function", self.scan(self.script("module.exports = {}"), expect=1).stderr)
        self.assertIn("invalid migration script path", self.scan("none.js", expect=2).stderr)

    def test_interrupt_lets_records_at_hand_finish(self):
        self.fill(harness.counters(500))
        script = self.script("""
module.exports = (record, dyno, callback) => {
    require('fs').writeFileSync('begun', '')
    setTimeout(() => dyno.updateItem({ Key: { pk: record.pk }, UpdateExpression: 'SET t = :t',
        ExpressionAttributeValues: { ':t': 1 } }, callback), 20)
}
""")
        process = subprocess.Popen(
            self.command("scan", self.place(), script, "--endpoint", self.server.endpoint, "--live"), cwd=self.path,
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (self.path / "begun").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)

    def test_local_is_port_4567(self):
        out = self.run_program("scan", "local/" + self.table, self.script(TOUCH), expect=None)
        self.assertIn("http://localhost:4567", out.stderr)

    def test_dry_run_of_a_script_that_writes_all_the_same(self):
        self.fill(harness.counters(5))
        before = self.items()
        out = self.scan(self.script("""
const Dyno = require('@mapbox/dyno')
module.exports = (record, dyno, callback) =>
    Dyno({ table: '%s', region: 'us-east-1' }).deleteItem({ Key: { pk: record.pk } }, callback)
""" % self.table))
        self.assertIn("5 removals", out.stderr)
        self.assertEqual(self.items(), before)


class Stream(Suite):
    ECHO = "module.exports = (record, dyno, callback) => { console.log(JSON.stringify(record), Buffer.isBuffer(record.b)); callback() }"

    def setUp(self):
        super().setUp()
        self.fill([])

    def test_lines_in_dynamodb_json_and_plain(self):
        script = self.script(self.ECHO)
        wire = '{"pk":{"S":"a"},"b":{"B":"YQ=="}}\n\n   \n{"pk":{"S":"b"},"n":{"N":"7"}}'
        self.assertEqual(self.stream(script, wire).stdout,
                         '{"pk":"a","b":{"type":"Buffer","data":[97]}} true\n{"pk":"b","n":7} false\n')
        self.assertEqual(self.stream(script, '{"pk":"a","l":[1]}\n', "--dyno").stdout, '{"pk":"a","l":[1]} false\n')
        self.assertEqual(self.stream(script, "").stdout, "")

    def test_live_writes(self):
        script = self.script("module.exports = (record, dyno, callback) => dyno.putItem({ Item: record }, callback)")
        lines = "".join(json.dumps(item) + "\n" for item in harness.counters(3000))
        self.stream(script, lines, "--live", "--concurrency", "10")
        self.assertEqual(self.counts(), list(range(3000)))

    def test_wrong_line_is_named_after_those_before_it(self):
        script = self.script(self.ECHO)
        out = self.stream(script, '{"pk":{"S":"a"}}\n\n{"pk":"b"}\n{"pk":{"S":"c"}}\n', expect=1)
        self.assertEqual(out.stdout, '{"pk":"a"} false\n')
        self.assertIn("line 3", out.stderr)
        self.assertIn("--dyno", out.stderr)
        self.assertIn("line 2", self.stream(script, '{}\n{"a":\n', "--dyno", expect=1).stderr)


class Filter(Suite):
    def test_keeps_lines(self):
        (self.path / "in.gz").write_bytes(gzip.compress(b"a1\nb2\na3\n"))
        self.script("module.exports = function(line) { return line[0] === 'a' }", "filter.js")
        out = self.run_program("filter", "in.gz", "filter.js", text=False)
        self.assertEqual(gzip.decompress(out.stdout), b"a1\na3\n")
        out = self.run_program("filter", "in.gz", "filter.js", "--output", "out.gz")
        self.assertEqual(out.stdout, f"Finished writing to {self.path}/out.gz\n")
        self.assertEqual(gzip.decompress((self.path / "out.gz").read_bytes()), b"a1\na3\n")

    def test_an_output_is_whole_or_not_there(self):
        (self.path / "in.gz").write_bytes(gzip.compress(os.urandom(300000).hex().encode() + b"\nlast\n"))
        before = sorted(os.listdir(self.path))
        for end, code in (("throw new Error('bad line')", 1), ("return new Promise(() => setInterval(() => {}, 99))", 130)):
            self.script("require('fs').writeFileSync('begun', '')\n"
                        f"module.exports = (line) => {{ if (line !== 'last') return true; {end} }}", "filter.js")
            process = subprocess.Popen([harness.PROGRAM, "filter", "in.gz", "filter.js", "--output", "out.gz"],
                                       cwd=self.path, stderr=subprocess.DEVNULL)
            if code == 130:
                while not any(name.startswith("out.gz") for name in os.listdir(self.path)):
                    self.assertIsNone(process.poll())
                    time.sleep(0.02)
                process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), code)
            self.assertEqual(sorted(set(os.listdir(self.path)) - {"begun", "filter.js"}), before)

    def test_says_what_is_wrong(self):
        link = self.path / "dynamodb-filter"
        link.symlink_to(harness.PROGRAM)
        (self.path / "in.gz").write_bytes(gzip.compress(b"a\n"))
        self.script("module.exports = () => { throw new Error('bad line') }", "filter.js")
        for arguments, words in (
                ([], "You must provide an input filepath"), (["none.gz"], f"Input file {self.path}/none.gz does not exist"),
                (["in.gz"], "You must provide the path to a filter function"),
                (["in.gz", "filter.js", "--output", "in.gz"], f"Output file {self.path}/in.gz already exists"),
                (["in.gz", "filter.js"], "Error: bad line")):
            self.assertIn(words, self.run_program(*arguments, program=link, expect=1).stderr)


class Link(Suite):
    """By the name of mapbox's tool, with its usage and exit codes."""

    def setUp(self):
        super().setUp()
        self.link = self.path / "dynamodb-migrate"
        self.link.symlink_to(harness.PROGRAM)

    def test_usage(self):
        out = self.run_program("--help", program=self.link)
        self.assertEqual(out.stdout, "")
        self.assertIn("Usage: dynamodb-migrate <method> <database> <script>", out.stderr)
        for arguments in ([], ["up"], ["scan"], ["scan", "app", "a.js"], ["scan", "eu-west-1/app"],
                          ["scan", "eu-west-1/app", "a.js", "--nonsense"]):
            out = self.run_program(*arguments, program=self.link, expect=1)
            self.assertIn("Error: ", out.stderr)
            self.assertIn("Usage: dynamodb-migrate", out.stderr)
        self.run_program("scan", "local/app", "none.js", program=self.link, expect=1)

    def test_works_as_it_did(self):
        self.fill(harness.counters(20))
        self.script(TOUCH)
        endpoint = ["--endpoint", self.server.endpoint]
        self.environment["K8S_ENV"] = "staging"
        out = self.run_program("--live", "--dyno", "scan", self.place(), "./script.js", *endpoint, program=self.link)
        self.assertEqual(out.stdout, "seen 20, dyno yes\n")
        self.assertEqual(self.counts(), [i + 100 for i in range(20)])
        self.script("module.exports = (r, d, callback) => { callback(new Error(process.env.K8S_ENV)) }")
        out = self.run_program("scan", self.place(), "script.js", *endpoint, program=self.link, expect=1)
        self.assertIn("Error: staging", out.stderr)


class Versions(Suite):
    """Scripts named by ISO date in the directory of migrations."""

    def test_up_dry_down(self):
        self.fill(harness.counters(20))
        before = self.items()
        migrations = self.path / "migrations"
        migrations.mkdir()
        (self.path / "dynamigrate.yaml").write_text(
            f"table: {self.table}\nendpoint: {self.server.endpoint}\nhistory: {{ layout: native, table: {self.table}-h }}\n")
        self.script(TOUCH, "migrations/2017-06-01T12:30:05.000Z-hundred.js")
        self.script(TOUCH.replace("+= 100", "*= 2") + "module.exports.description = 'Double'\n",
                    "migrations/2018-01-01-double.js")
        self.script("module.exports = function() { throw new Error('a helper was run') }", "migrations/helper.js")
        keys = ["--aws-access-key", "a", "--aws-secret-key", "b", "--yes"]
        self.assertEqual(self.run_program("outstanding", *keys).stdout, "20170601123005\n20180101000000\n")
        dry = self.run_program("all", "--dry", *keys)
        self.assertIn("| seen 20, dyno yes", dry.stdout + dry.stderr)
        self.assertEqual(self.items(), before)
        self.run_program("all", *keys)
        self.assertEqual(self.counts(), [2 * (i + 100) for i in range(20)])
        self.assertEqual(self.run_program("status", *keys).stdout, "20180101000000\n")
        self.run_program("down", *keys)
        self.assertEqual(self.counts(), [i + 100 for i in range(20)])
        self.run_program("down", *keys)
        self.assertEqual(self.items(), before)

    def test_failed_one_begins_again(self):
        self.fill(harness.counters(20))
        self.script("""
let n = 0
module.exports = (record, dyno, callback) => {
    if (++n === 10 && require('fs').existsSync('stop')) return callback(new Error('not today'))
    dyno.updateItem({ Key: { pk: record.pk }, UpdateExpression: 'ADD c :c', ExpressionAttributeValues: { ':c': 100 } }, callback)
}
""", "migrations/2017-06-01-add.js")
        (self.path / "dynamigrate.yaml").write_text(
            f"table: {self.table}\nendpoint: {self.server.endpoint}\nhistory: {{ layout: native, table: {self.table}-h }}\n")
        keys = ["--aws-access-key", "a", "--aws-secret-key", "b", "--yes"]
        (self.path / "stop").write_text("")
        self.assertIn("not today", self.run_program("up", *keys, expect=1).stderr)
        (self.path / "stop").unlink()
        self.run_program("up", *keys)
        self.assertEqual(self.counts(), [i + 100 for i in range(20)])


EVERY_METHOD = r"""
const table = '%s'
const calls = []
const plain = (value) => JSON.parse(JSON.stringify(value === undefined ? null : value))
const note = (name, value) => calls.push([name, plain(value)])
const call = (work) => new Promise((resolve, reject) => work((error, data, more) => error ? reject(error) : resolve(data)))

async function all(dyno) {
    const createSet = (list) => require('@mapbox/dyno').createSet(list)
    note('put', await dyno.putItemAsync({ Item: { pk: 'new', n: 1, s: createSet(['a']), b: Buffer.from('x') }, ReturnValues: 'ALL_OLD' }))
    note('get', await call((cb) => dyno.getItem({ Key: { pk: 'new' }, ConsistentRead: true }, cb)))
    note('update', await dyno.updateItemAsync({ Key: { pk: 'new' }, UpdateExpression: 'SET n = n + :n', ExpressionAttributeValues: { ':n': 2 }, ReturnValues: 'ALL_NEW' }))
    note('condition', await dyno.putItemAsync({ Item: { pk: 'new' }, ConditionExpression: 'attribute_not_exists(pk)' })
        .catch((error) => [error.code, error.statusCode, error.name]))
    note('delete', await call((cb) => dyno.deleteItem({ Key: { pk: 'new' }, ReturnValues: 'ALL_OLD' }, cb)))
    note('listTables', (await dyno.listTablesAsync({})).TableNames.includes(table))
    note('describeTable', (await call((cb) => dyno.describeTable({}, cb))).Table.TableName)
    const puts = Array.from({ length: 60 }, (_, i) => ({ PutRequest: { Item: { pk: 'batch' + i, i } } }))
    note('batchWriteItem', await dyno.batchWriteItemAsync({ RequestItems: { [table]: puts.slice(0, 2) } }))
    note('batchGetItem', await dyno.batchGetItemAsync({ RequestItems: { [table]: { Keys: [{ pk: 'batch1' }] } } }))
    const writes = dyno.batchWriteItemRequests({ RequestItems: { [table]: puts } })
    note('requests', writes.length)
    note('batchWriteItemRequests', await new Promise((resolve) => writes.sendAll(2, (...all) => resolve(all))))
    const gets = dyno.batchGetItemRequests({ RequestItems: { [table]: { Keys: puts.slice(0, 3).map((p) => ({ pk: p.PutRequest.Item.pk })) } } })
    note('batchGetItemRequests', await new Promise((resolve) => gets.sendAll(1, (errors, data, left) => resolve([errors, data[0].Responses[table].length, left]))))
    note('batchWriteAll', await call((cb) => dyno.batchWriteAll({ RequestItems: { [table]: puts.map((p) => ({ DeleteRequest: { Key: { pk: p.PutRequest.Item.pk } } })) } }).sendAll(3, cb)))
    const keys = Array.from({ length: 120 }, (_, i) => ({ pk: 'k' + String(i).padStart(4, '0') }))
    const got = await call((cb) => dyno.batchGetAll({ RequestItems: { [table]: { Keys: keys } } }).sendAll(2, cb))
    note('batchGetAll', [Object.keys(got), got.Responses[table].map((item) => item.pk).sort()])
    note('scan', (await dyno.scanAsync({ Limit: 3 })).Items.length)
    const pages = await call((cb) => dyno.scan({ Limit: 50, Pages: 2 }, cb))
    note('scan Pages', [pages.Items.length, pages.Count, pages.ScannedCount, typeof pages.LastEvaluatedKey])
    const every = await call((cb) => dyno.scan({ Limit: 50, Pages: Infinity }, cb))
    note('scan all', [every.Items.length, every.LastEvaluatedKey])
    const query = { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': 'k0003' } }
    note('query', await dyno.queryAsync(query))
    note('query Pages', (await call((cb) => dyno.query({ ...query, Pages: 1 }, cb))).Items)
    const streamed = []
    for await (const item of dyno.scanStream({ Limit: 40 })) streamed.push(item.pk)
    note('scanStream', streamed.sort())
    for await (const item of dyno.queryStream(query)) note('queryStream', item)
    await new Promise((resolve, reject) => {
        const stream = dyno.putStream({ concurrency: 2 })
        stream.on('error', reject).on('finish', resolve)
        for (let i = 0; i < 30; i++) stream.write({ pk: 'streamed' + i })
        stream.end()
    })
    const streamedItems = (await call((cb) => dyno.scan({ Pages: Infinity }, cb))).Items.filter((item) => item.pk.startsWith('streamed'))
    note('putStream', streamedItems.length)
    await call((cb) => dyno.batchWriteAll({ RequestItems: { [table]: streamedItems.map(({ pk }) => ({ DeleteRequest: { Key: { pk } } })) } }).sendAll(1, cb))
    const other = { TableName: table + '-other', KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], BillingMode: 'PAY_PER_REQUEST' }
    note('createTable', (await call((cb) => dyno.createTable(other, cb))).TableDefinition.TableName)
    await call((cb) => dyno.deleteTable({ TableName: other.TableName }, cb))
    note('deleteTable', (await dyno.listTablesAsync({})).TableNames.includes(other.TableName))
    const Dyno = require('@mapbox/dyno')
    const text = Dyno.serialize({ a: createSet([1]), b: Buffer.from('x'), l: [true, null] })
    note('serialize', [text, Dyno.deserialize(text)])
    const multi = Dyno.multi({ table, region: 'us-east-1' }, { table, region: 'us-east-1' })
    note('multi', [multi.config.read.params.TableName, multi.read.putItem === undefined, multi.write.getItem === undefined, typeof multi.putItem])
    note('statics', ['multi', 'createSet', 'serialize', 'deserialize'].filter((name) => typeof Dyno[name] !== 'function'))
    note('methods', Object.keys(dyno).filter((name) => typeof dyno[name] === 'function').sort())
}
module.exports = (record, dyno, callback) => callback()
module.exports.finish = (dyno, callback) => all(dyno).then(() => { console.log(JSON.stringify(calls)); callback() }, callback)
"""


class Dynos(Suite):
    """Each method, by our `dyno` and by the package: the same answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.modules = subprocess.run(
            [str(harness.ROOT / "scripts/peers"), "clients"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def answers(self, folder, *options):
        out = self.scan(self.script(EVERY_METHOD % self.table, f"{folder}/script.js"), "--live", *options)
        return json.loads(out.stdout)

    def test_methods_answer_alike(self):
        self.fill(harness.counters(130))
        (self.path / "theirs").mkdir()
        (self.path / "theirs/node_modules").symlink_to(self.modules)
        ours = self.answers("ours")
        after_ours = self.items()
        theirs = self.answers("theirs")
        for one, other in zip(ours, theirs):
            self.assertEqual(one, other)
        self.assertEqual(len(ours), len(theirs))
        self.assertEqual(self.items(), after_ours)

    def test_methods_work_on_the_overlay(self):
        self.fill(harness.counters(130))
        before = self.items()
        answers = dict(self.answers("dry", "--dry"))
        self.assertEqual(answers["putStream"], 30)
        self.assertEqual(self.items(), before)

    def test_their_dyno_writes_what_is_untouched_without_loss(self):
        self.fill([{"pk": {"S": "a"}, "n": {"N": ALL_NUMBERS}, "ns": {"NS": ["12345678901234567890"]},
                    "bs": {"BS": [b"\0\xff"]}}])
        (self.path / "theirs").mkdir()
        (self.path / "theirs/node_modules").symlink_to(self.modules)
        before = self.items()["a"]
        self.scan(self.script("""
module.exports = (record, dyno, callback) => { record.by = 'them'; dyno.putItem({ Item: record }, callback) }
""", "theirs/script.js"), "--live")
        after = self.items()["a"]
        self.assertEqual(after.pop("by"), {"S": "them"})
        self.assertEqual(after, before)


class Bypass(Suite):
    """Scripts that go past the door: whatever they do, nothing is written that was not asked for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.modules = subprocess.run(
            [str(harness.ROOT / "scripts/peers"), "clients"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    @classmethod
    def start_server(cls):
        return Gateway("--memory", "--access-key", KEY, secret=SECRET)

    @classmethod
    def start_client(cls):
        return boto3.client("dynamodb", endpoint_url=cls.server.endpoint, region_name="eu-west-1",
                            aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    def setUp(self):
        super().setUp()
        self.environment |= {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "NODE_NO_WARNINGS": "1"}
        self.fill(harness.counters(3))
        (self.path / "node_modules").symlink_to(self.modules)

    def place(self):
        return "eu-west-1/" + self.table

    def refused(self, body, words, *options):
        before = self.items()
        out = self.scan(self.script("module.exports = async (record, dyno) => {\n" + body + "\n}"), *options, expect=1)
        self.assertRegex(out.stderr, words)
        self.assertEqual(self.items(), before)

    def put(self, client):
        return f"{client}.put({{ TableName: '{self.table}', Item: {{ pk: 'past the door' }} }}).promise()"

    def test_endpoint_in_the_code(self):
        client = f"new (require('aws-sdk').DynamoDB.DocumentClient)({{ endpoint: '{self.server.endpoint}' }})"
        for options in ([], ["--live"]):
            self.refused("await " + self.put(client), "UnrecognizedClient|security token", *options)
        self.refused(f"""
const {{ DynamoDBClient, PutItemCommand }} = require('@aws-sdk/client-dynamodb')
await new DynamoDBClient({{ endpoint: '{self.server.endpoint}' }}).send(
    new PutItemCommand({{ TableName: '{self.table}', Item: {{ pk: {{ S: 'past' }} }} }}))""",
                     "UnrecognizedClient|security token")
        self.refused(f"""
await require('@mapbox/dyno')({{ table: '{self.table}', region: 'eu-west-1', endpoint: '{self.server.endpoint}' }})
    .putItemAsync({{ Item: {{ pk: 'past' }} }})""", "UnrecognizedClient|security token")

    def test_profile(self):
        home = self.path / "home/.aws"
        home.mkdir(parents=True)
        (home / "credentials").write_text(
            f"[default]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
            f"[prod]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
        self.environment["HOME"] = str(self.path / "home")
        client = (f"new AWS.DynamoDB.DocumentClient({{ endpoint: '{self.server.endpoint}', "
                  "credentials: new AWS.SharedIniFileCredentials({ profile: 'prod' }) })")
        self.refused("const AWS = require('aws-sdk'); await " + self.put(client), "Profile prod not found|CredentialsError|Missing")

    def test_instance_metadata(self):
        client = (f"new AWS.DynamoDB.DocumentClient({{ endpoint: '{self.server.endpoint}', "
                  "credentials: new AWS.EC2MetadataCredentials({ httpOptions: { timeout: 500 }, maxRetries: 0 }) })")
        self.refused("const AWS = require('aws-sdk'); await " + self.put(client), "EC2 Metadata|Missing credentials|metadata")

    def test_real_credentials_are_not_there(self):
        out = self.scan(self.script(f"""
const found = Object.entries(process.env).filter(([name, value]) => value.includes('{KEY}') || value.includes('{SECRET}'))
module.exports = (record, dyno, callback) => callback()
module.exports.finish = (dyno, callback) => {{ console.log(found.length); callback() }}
"""), "--live")
        self.assertEqual(out.stdout, "0\n")

    def test_old_sdk_is_led_to_the_overlay(self):
        before = self.items()
        for load in ("require('aws-sdk').DynamoDB", "require('aws-sdk/clients/dynamodb')"):
            out = self.scan(self.script(
                f"module.exports = async (record, dyno) => {{ await {self.put(f'new ({load}).DocumentClient()')} }}"))
            self.assertIn("1 put", out.stderr)
            self.assertEqual(self.items(), before)


class Local(Dynos):
    """The same on DynamoDB Local."""

    @classmethod
    def start_server(cls):
        return harness.Server()


if __name__ == "__main__":
    unittest.main()
