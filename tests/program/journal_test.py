"""Journals in tables and buckets, resumed on another machine; undo, and runs that are talked to."""

import contextlib
import datetime
import http.server
import json
import pathlib
import re
import socket
import threading
import time
import unittest
import urllib.parse
import xml.sax.saxutils

import botocore.auth
import botocore.awsrequest
import botocore.credentials

import harness

ITEMS = 240
RAISE = """
description: Raise the counters
up:
  - update: { expression: "SET c = c + :one", values: { ":one": 1 } }
down: auto
"""


class S3(http.server.ThreadingHTTPServer):
    """The part of S3 that journals need. Signatures are checked with botocore."""

    daemon_threads = True

    def __init__(self):
        self.objects, self.lock, self.refused = {}, threading.Lock(), []
        super().__init__(("127.0.0.1", 0), S3Handler)
        self.endpoint = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class S3Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def is_signed(self, body):
        given = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=bucket-key/(\d+)/([^/]+)/s3/aws4_request, ?"
            r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})", self.headers["authorization"])
        if not given:
            return False
        request = botocore.awsrequest.AWSRequest(
            method=self.command, url=f"http://{self.headers['host']}{self.path}", data=body,
            headers={n: self.headers[n] for n in given[3].split(";") if n != "host"})
        request.context["timestamp"] = self.headers["x-amz-date"]
        request.context["payload_signing_enabled"] = True
        signer = botocore.auth.S3SigV4Auth(
            botocore.credentials.Credentials("bucket-key", "bucket-secret"), "s3", given[2])
        request = request.prepare()
        wanted = botocore.awsrequest.AWSRequest(
            method=self.command, url=request.url, data=body,
            headers={n: self.headers[n] for n in given[3].split(";") if n != "host"})
        wanted.context.update({"timestamp": self.headers["x-amz-date"],
                               "payload_signing_enabled": True})
        text = signer.string_to_sign(wanted, signer.canonical_request(wanted))
        return signer.signature(text, wanted) == given[4]

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        url = urllib.parse.urlsplit(self.path)
        key = urllib.parse.unquote(url.path)
        if not self.is_signed(body):
            self.server.refused.append(self.path)
            self.answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return
        with self.server.lock:
            objects = self.server.objects
            if self.command == "PUT":
                if self.headers.get("if-none-match") == "*" and key in objects:
                    self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                else:
                    objects[key] = body
                    self.answer(200)
            elif self.command == "DELETE":
                objects.pop(key, None)
                self.answer(204)
            elif url.query:
                prefix = key + "/" + urllib.parse.parse_qs(url.query)["prefix"][0]
                names = [xml.sax.saxutils.escape(n[len(key) + 1:])
                         for n in sorted(objects) if n.startswith(prefix)]
                keys = "".join(f"<Contents><Key>{n}</Key></Contents>" for n in names)
                self.answer(200, f"<R><IsTruncated>false</IsTruncated>{keys}</R>".encode())
            elif key in objects:
                self.answer(200, objects[key])
            else:
                self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_GET = do_PUT = do_DELETE = do_any


class JournalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.engine = harness.Server("engine")
        cls.addClassCleanup(cls.engine.stop)
        cls.dynamodb = cls.engine.client

    def setUp(self):
        harness.create_table(self.dynamodb, "app")
        self.addCleanup(self.drop_all)
        harness.fill(self.dynamodb, "app", harness.counters(ITEMS))

    def drop_all(self):
        for table in self.dynamodb.list_tables()["TableNames"]:
            self.dynamodb.delete_table(TableName=table)

    def machine(self, **settings):
        project = harness.Project(self.engine.endpoint, **settings)
        self.addCleanup(project.close)
        project.migration("1.0.0.yaml", RAISE)
        return project

    def values(self):
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="app")
        return {i["pk"]["S"]: int(i["c"]["N"]) for page in pages for i in page["Items"]}

    def assert_raised(self, by):
        self.assertEqual(self.values(), {f"k{i:04}": i + by for i in range(ITEMS)})

    def wait_for(self, holds, what):
        deadline = time.monotonic() + 60
        while not holds():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def raised(self):
        return sum(value != int(key[1:]) for key, value in self.values().items())

    def is_still(self):
        at = self.raised()
        time.sleep(2)
        return self.raised() == at

    def start_slowly(self, machine, rate="60"):
        process = machine.start("up", "--lanes", "2", "--max-wcu", rate)
        self.wait_for(lambda: self.raised() > 20 or process.poll() is not None, "nothing happens")
        self.assertIsNone(process.poll(), "it ended too soon")
        return process

    def kill_and_resume_elsewhere(self, **settings):
        first, second = self.machine(**settings), self.machine(**settings)
        process = self.start_slowly(first)
        process.kill()
        process.communicate()
        self.assertLess(self.raised(), ITEMS)
        second.run("resume")
        self.assert_raised(1)
        checked = json.loads(second.run("journal", "verify", "--json").stdout)["journals"][0]
        self.assertEqual(checked["damages"], [])
        self.assertFalse(any((second.path / ".dynamigrate/journal").glob("*/part-*")))
        self.machine(**settings).run("down")
        self.assert_raised(0)
        return second

    def test_a_table_carries_the_journal_to_another_machine(self):
        second = self.kill_and_resume_elsewhere(journal="{ store: 'table:journals' }")
        run = json.loads(second.run("runs", "--json").stdout)["runs"][0]
        self.assertEqual(run["journal"], "table:journals/" + run["run"])
        second.run("journal", "purge", run["run"])
        left = self.dynamodb.scan(TableName="journals")["Items"]
        self.assertFalse([i for i in left if i["pk"]["S"] == "journal#" + run["run"]])

    def test_a_bucket_carries_the_journal_to_another_machine(self):
        bucket = S3()
        self.addCleanup(bucket.shutdown)
        with self.bucket_keys():
            second = self.kill_and_resume_elsewhere(
                journal=f"{{ store: 's3://journals/team/x', endpoint: '{bucket.endpoint}', "
                        "region: eu-west-1 }")
            self.assertEqual(bucket.refused, [])
            self.assertTrue(all(key.startswith("/journals/team/x/") for key in bucket.objects))
            run = json.loads(second.run("runs", "--json").stdout)["runs"][0]["run"]
            before = dict(bucket.objects)
            second.run("undo", run, "--dry")
            self.assertEqual(bucket.objects, before)
            second.run("journal", "purge", run)
            self.assertFalse(any(run in key for key in bucket.objects))

    @contextlib.contextmanager
    def bucket_keys(self):
        keys = {"AWS_ACCESS_KEY_ID": "bucket-key", "AWS_SECRET_ACCESS_KEY": "bucket-secret",
                "AWS_REGION": "us-east-1"}
        made = self.machine

        def machine(**settings):
            project = made(**settings)
            project.environment |= keys
            return project

        self.machine = machine
        yield
        self.machine = made

    def test_a_directory_does_not_and_says_where_it_lies(self):
        first, second = self.machine(), self.machine()
        process = self.start_slowly(first)
        process.kill()
        process.communicate()
        refused = second.run("resume", expect=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(str(first.path / ".dynamigrate/journal"), refused.stderr)
        first.run("resume")
        self.assert_raised(1)

    def applied(self, **settings):
        project = self.machine(**settings)
        project.run("up")
        return project, json.loads(project.run("runs", "--json").stdout)["runs"][-1]["run"]

    def test_undo_of_a_run_lists_conflicts_and_undoes_the_rest(self):
        project, run = self.applied()
        self.dynamodb.put_item(TableName="app", Item={"pk": {"S": "k0007"}, "c": {"N": "700"}})
        dry = project.run("undo", run, "--dry", expect=None)
        self.assertIn("Dry Run", dry.stdout)
        self.assertEqual(self.values()["k0003"], 4)
        undone = project.run("undo", run[:8], expect=3)
        self.assertIn("not restored: table app, key ", undone.stderr)
        self.assertNotIn("k0007", undone.stderr + undone.stdout)
        self.assertEqual(self.values()["k0007"], 700)
        self.assertEqual(self.values()["k0003"], 3)
        self.assertIn("undone partly", project.run("runs").stdout)
        self.assertEqual(project.run("status").stdout.split()[-1], "1.0.0")
        told = project.run("undo", run, "--json", expect=3).stdout
        conflict = next(e for e in map(json.loads, told.splitlines())
                        if e.get("event") == "undo_conflict")
        self.assertEqual(conflict["key"], {"pk": {"S": "k0007"}})
        self.assertEqual(conflict["before"], {"c": {"N": "7"}})
        self.assertEqual(conflict["now"]["c"], {"N": "700"})
        self.dynamodb.put_item(TableName="app", Item={"pk": {"S": "k0007"}, "c": {"N": "7"}})
        project.run("undo", run)
        self.assert_raised(0)
        self.assertEqual(project.run("status").stdout.split()[-1], "0.0.0")
        project.run("up")
        self.assert_raised(1)

    def test_undo_by_key_and_by_time(self):
        project, run = self.applied()
        project.run("undo", run, "--key", '{"pk":{"S":"k0001"}}')
        (project.path / "keys").write_text('{"pk":{"S":"k0002"}}\n\n{"pk":{"S":"k0003"}}\n')
        project.run("undo", run, "--keys", "keys")
        self.assertEqual(self.raised(), ITEMS - 3)
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        project.run("undo", run, "--since", later.strftime("%Y-%m-%dT%H:%M:%SZ"), expect=1)
        project.run("undo", run, "--key", "k0001", expect=None)
        self.assertEqual(self.raised(), ITEMS - 3)
        project.run("undo", run, "--until", later.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assert_raised(0)
        project.run("undo", "nothing", expect=2)
        project.run("undo", expect=2)

    def test_journals_are_shown_checked_and_purged(self):
        project, run = self.applied()
        shown = project.run("journal", "show", run, "--limit", "3").stdout.splitlines()
        self.assertEqual(len(shown), 3)
        self.assertIn("applied", shown[0])
        self.assertNotIn("k0", shown[0])
        entries = [json.loads(line) for line in
                   project.run("journal", "show", run, "--json").stdout.splitlines()]
        self.assertEqual(len(entries), ITEMS)
        self.assertEqual(set(entries[0]), {"time", "step", "table", "digest", "key", "kind",
                                           "outcome", "before", "after"})
        self.assertIn(run, project.run("journal", "show").stdout)
        self.assertIn("sound", project.run("journal", "verify").stdout)
        part = sorted((project.path / ".dynamigrate/journal" / run).glob("part-*"))[0]
        whole = part.read_bytes()
        with part.open("ab") as file:
            file.write(b"torn")
        self.assertIn("cut off", project.run("journal", "verify", run).stdout)
        part.write_bytes(whole[:-5])
        self.assertIn("shortened", project.run("journal", "verify", run, expect=6).stdout)
        part.write_bytes(whole)
        project.run("journal", "purge", expect=None)
        project.run("journal", "purge", "--older-than", "30d")
        self.assertTrue(part.exists())
        project.run("journal", "purge", run, "--dry")
        self.assertTrue(part.exists())
        project.run("journal", "purge", run)
        self.assertFalse(part.exists())
        self.assertIn("was removed at", project.run("undo", run, expect=3).stderr)

    def test_a_run_stops_when_journals_are_full_and_goes_on_with_more_room(self):
        pad = {"S": "x" * 20_000}  # several pages
        harness.fill(self.dynamodb, "app", [i | {"pad": pad} for i in harness.counters(ITEMS)])
        project = self.machine(journal="{ max_bytes: 200B }")
        self.assertIn("max_bytes", project.run("up", "--lanes", "1", expect=1).stderr)
        self.assertLess(self.raised(), ITEMS)
        config = project.path / "dynamigrate.yaml"
        config.write_text(config.read_text().replace("200B", "10MB"))
        project.run("resume")
        self.assert_raised(1)

    def test_a_run_is_paused_slowed_and_stopped_from_another_process(self):
        project = self.machine()
        process = self.start_slowly(project, "20")
        told = json.loads(project.run("pause", "--json").stdout)
        self.assertTrue(told["seen"])
        self.wait_for(self.is_still, "it goes on")  # what was under way comes first
        at = self.raised()
        self.assertLess(at, ITEMS)
        project.run("rate", "--max-wcu", "6")
        self.assertEqual(self.raised(), at)
        project.run("resume")
        self.wait_for(lambda: self.raised() > at, "it does not go on")
        project.run("abort")
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn("asked by", err)
        self.assertLess(self.raised(), ITEMS)
        project.run("pause", expect=2)
        project.run("rate", "--max-wcu", "40%", expect=None)
        project.run("resume")
        self.assert_raised(1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
