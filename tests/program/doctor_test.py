"""`doctor` against real servers: what it asks changes nothing, and it names the next command.

A server of this machine is not asked for permissions. So the program is given the address 0.0.0.0,
which it takes for another machine's.
"""

import http.server
import json
import threading
import time
import unittest

import harness

ITEMS = [{"pk": {"S": f"p{i:03}"}, "n": {"N": str(i)}} for i in range(60)]
ACCOUNT = "123456789012"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:index-people"
EVERY_CHANGE = """
description: Every kind of change
up:
  - transform: { set: { a: 1 } }
  - delete: { where: "n > :n", values: { ":n": 1000 } }
  - partiql: { statement: "SELECT * FROM app" }
  - transform: { set: { kind: person },
                 source: { query: { key_condition: "pk = :k", values: { ":k": p001 } } } }
down: auto
"""
SLOW = """
description: Slow
up:
  - transform: { set: { a: 1 }, lanes: 1 }
down: auto
"""


def elsewhere(endpoint):
    return endpoint.replace("127.0.0.1", "0.0.0.0")


class OtherServices(http.server.BaseHTTPRequestHandler):
    """STS, which knows the account, and Lambda, whose function reads every stream."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(f"<R><Account>{ACCOUNT}</Account></R>")

    def do_GET(self):
        mapping = {"FunctionArn": FUNCTION, "State": "Enabled"}
        self.answer(json.dumps({"EventSourceMappings": [mapping]}))

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class DoctorTest(unittest.TestCase):
    def project(self, kind, migration, fault=lambda *_: None):
        server = harness.Server(kind)
        self.addCleanup(server.stop)
        self.dynamodb = server.client
        harness.create_table(server.client, "app")
        harness.fill(server.client, "app", ITEMS)
        proxy = harness.FaultProxy(server.port, fault)
        self.addCleanup(proxy.close)
        project = harness.Project(proxy.endpoint, "app", "app-history")
        self.addCleanup(project.close)
        others = http.server.ThreadingHTTPServer(("127.0.0.1", 0), OtherServices)
        threading.Thread(target=others.serve_forever, daemon=True).start()
        self.addCleanup(others.server_close)
        self.addCleanup(others.shutdown)
        address = f"http://127.0.0.1:{others.server_address[1]}"
        project.environment = {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL_STS": address, "AWS_ENDPOINT_URL_LAMBDA": address}
        project.migration("1.0.0_change.yaml", migration)
        self.place = elsewhere(proxy.endpoint)
        return project

    def items(self):
        found = self.dynamodb.scan(TableName="app")["Items"]
        return sorted(found, key=lambda item: item["pk"]["S"])

    def look(self, project, expect=0):
        told = json.loads(project.run("doctor", "--json", endpoint=self.place, expect=expect).stdout)
        return told, {c["check"]: c for c in told["checks"]}

    def test_permissions_are_asked_for_without_a_change(self):
        project = self.project("local", EVERY_CHANGE)
        before = self.items()
        told, checks = self.look(project)
        self.assertTrue(told["healthy"])
        self.assertEqual(checks["permissions"]["state"], "ok")
        allowed, unchecked = checks["permissions"]["text"].split("; ")
        self.assertEqual(allowed, "allowed: BatchGetItem, ConditionCheckItem, DeleteItem, "
                         "DescribeTable, DescribeTimeToLive, GetItem, PartiQLSelect, PartiQLUpdate, "
                         "PutItem, Query, Scan, UpdateItem")
        self.assertTrue(unchecked.startswith("not checked: "))
        self.assertEqual(self.items(), before)
        self.assertEqual(checks["account"]["text"], ACCOUNT)
        self.assertTrue(checks["stream"]["text"].startswith("off; "))
        self.dynamodb.update_table(TableName="app", StreamSpecification={
            "StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
        told, checks = self.look(project)
        self.assertTrue(checks["stream"]["text"].startswith(
            "on, NEW_IMAGE; Lambda: index-people (Enabled); "), checks["stream"]["text"])
        self.assertIn("stream_consumers", [f["code"] for f in told["findings"]])
        self.assertEqual(told["next"], "dynamigrate all --dry")

    def test_what_is_denied_is_named_and_the_policy_is_next(self):
        denied = {"PutItem", "DescribeTimeToLive"}
        project = self.project("dynalite", EVERY_CHANGE,
                               lambda _, operation: "deny" if operation in denied else None)
        told, checks = self.look(project, expect=6)
        self.assertEqual(checks["permissions"]["code"], "missing_permission")
        self.assertTrue(checks["permissions"]["text"].startswith(
            "denied: DescribeTimeToLive, PutItem; allowed: "), checks["permissions"]["text"])
        self.assertEqual(checks["time to live"]["text"], "not allowed to ask")
        self.assertEqual(told["next"], "dynamigrate iam-policy")

    def test_who_holds_the_lock_and_what_can_be_resumed(self):
        project = self.project("local", SLOW)
        process = project.start("up", "--max-wcu", "5")
        deadline = time.monotonic() + 60
        while not any("a" in item for item in self.items()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        told, checks = self.look(project)
        self.assertEqual(checks["lock"]["code"], "locked")
        self.assertIn(f"pid {process.pid}", checks["lock"]["text"])
        self.assertEqual(told["next"], "dynamigrate status")
        process.kill()
        process.communicate()
        told, checks = self.look(project)
        self.assertEqual(checks["lock"]["code"], "stale_lock")
        self.assertEqual(checks["runs"]["code"], "unfinished_run")
        self.assertTrue(told["next"].startswith("dynamigrate resume "))
        project.run(*told["next"].split()[1:])
        told, checks = self.look(project)
        self.assertEqual([checks[c]["state"] for c in ("lock", "runs")], ["ok", "ok"])
        self.assertTrue(all("a" in item for item in self.items()))
        self.assertEqual(told["next"], "dynamigrate generate DESCRIPTION")


if __name__ == "__main__":
    unittest.main()
