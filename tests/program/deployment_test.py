"""Deployments: what CloudFormation asks of the function, the state machine that looks after the
migrations, and what CloudFormation is told."""

import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

import harness
from differential import Embedded
from lambda_runtime import Function, HostedFunction, LambdaService
from step_functions import StepFunctions

PROGRAM = os.environ.get("MACHINES_PROGRAM") or str(
    pathlib.Path(harness.PROGRAM).parent / "tests" / "machines_program")
PUT = "description: Put {0}\nup:\n  - put: {{ items: [{{ pk: 'v{0}', note: hello }}] }}\ndown: auto\n"
NEEDS_TABLE = "up:\n  - put: { table: other, items: [{ pk: here }] }\ndown: auto\n"
SLOW = "up:\n  - transform: { set: { done: true }, max_wcu: 4 }\ndown: auto\n"
SLOW_ITEMS = 20
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/app/{}"


def definition(*words):
    return subprocess.run([PROGRAM, *words], check=True, capture_output=True, text=True).stdout


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.server.owner.take(self.path, dict(self.headers), body))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(*self.server.owner.describe(self.headers.get("Authorization", ""), body))


class CloudFormation:
    """Takes answers at response URLs, and tells how stacks stand."""

    def __init__(self):
        self.answers = []  # (path, headers, body as JSON)
        self.statuses = []  # of the next answers; 200 when there are none
        self.stack_status = "UPDATE_IN_PROGRESS"  # None: it refuses to say
        self.asked = 0
        self._lock = threading.Lock()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, path, headers, body):
        with self._lock:
            status = self.statuses.pop(0) if self.statuses else 200
            if status == 200:
                self.answers.append((path, headers, json.loads(body)))
            return status

    def describe(self, authorization, body):
        self.asked += 1
        if self.stack_status is None or "/cloudformation/aws4_request" not in authorization:
            return 403, b"<ErrorResponse/>"
        assert "Action=DescribeStacks" in body, body
        return 200, (f"<DescribeStacksResponse><StackStatus>{self.stack_status}</StackStatus>"
                     "</DescribeStacksResponse>").encode()

    def answer(self, request_id, number=1, seconds=120):
        """The answer to the request that came as the `number`th."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [body for _, _, body in self.answers if body["RequestId"] == request_id]
            if len(found) >= number:
                return found[number - 1]
            time.sleep(0.02)
        raise AssertionError(f"no answer to {request_id}: {self.answers}")

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Deployment(unittest.TestCase):
    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Embedded()
        cls.dynamodb = harness.client(cls.server.endpoint)
        cls.cloudformation = CloudFormation()

    @classmethod
    def tearDownClass(cls):
        cls.cloudformation.close()
        cls.server.stop()

    def setUp(self):
        Deployment.numbered += 1
        self.table = f"app{self.numbered:03}"
        self.history = self.table + "-history"
        self.stack = STACK.format(uuid.uuid4())
        harness.create_table(self.dynamodb, self.table)
        self.cloudformation.stack_status = "UPDATE_IN_PROGRESS"
        self.versions = 0
        self.invoke_hook = None
        self.projects = []
        self.functions = []
        self.service = LambdaService()
        self.states = StepFunctions(self.service, wait=50, retry=50)
        self.addCleanup(self.close)

    def close(self):
        for one in (self.states, *self.functions, self.service, *self.projects):
            one.close()

    # A stack's template is a function with migrations and their machines.

    def template(self, migrations, **properties):
        """Deploys functions and machines; returns the custom resource's properties."""
        self.versions += 1
        name = f"migrations{self.versions}"
        project = harness.Project(self.server.endpoint, self.table, self.history)
        self.projects.append(project)
        with open(project.path / "dynamigrate.yaml", "a") as config:
            config.write(f"endpoint: {self.server.endpoint}\nregion: us-east-1\n")
            config.write(properties.pop("config", ""))
        for version, text in migrations.items():
            project.migration(f"{version}.yaml", text)
        function = Function(name, [harness.PROGRAM, "lambda"], project.path, timeout=30, environment={
            "AWS_ENDPOINT_URL_SFN": self.states.endpoint,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": self.cloudformation.endpoint})
        self.functions.append(function)
        self.function = function

        def invoke(body):
            return (self.invoke_hook and self.invoke_hook(function, body)) or function.invoke(body)

        self.service.functions[name] = HostedFunction(name, invoke)
        digest = hashlib.sha256(json.dumps(migrations).encode()).hexdigest()
        machines = {version: f"{self.table}-{version.replace('.', '-')}" for version in migrations}
        template = {
            "function": function, "machines": machines,
            "properties": {
                "ServiceToken": function.arn, "ServiceTimeout": "3600", "Digest": digest,
                "DeploymentMachine": f"arn:aws:states:us-east-1:123456789012:stateMachine:{self.table}-deploy",
                "Machines": {version: f"arn:aws:states:us-east-1:123456789012:stateMachine:{machine}"
                             for version, machine in machines.items()}} | properties}
        return template

    def use(self, template):
        """What CloudFormation does before it asks the custom resource: newer machines stay."""
        self.function = template["function"]
        arn = template["function"].arn
        self.states.create(f"{self.table}-deploy", definition("deployment", arn))
        for version, machine in template["machines"].items():
            self.states.create(machine, definition("migration", arn, version))

    def event(self, kind, template, old=None):
        event = {
            "RequestType": kind, "RequestId": str(uuid.uuid4()), "StackId": self.stack,
            "ServiceToken": template["function"].arn, "LogicalResourceId": "Migrations",
            "ResourceType": "Custom::DynamigrateMigrations",
            "ResponseURL": f"{self.cloudformation.endpoint}/answer?X-Amz-Signature=verysecret",
            "ResourceProperties": template["properties"]}
        if kind != "Create":
            event["PhysicalResourceId"] = "the-one"
        if old:
            event["OldResourceProperties"] = old["properties"]
        return event

    def send(self, event):
        payload, error = self.function.invoke(json.dumps(event).encode())
        self.assertIsNone(error, payload)

    def deploy(self, kind, template, old=None):
        """CloudFormation's answer to a request."""
        self.use(template)
        event = self.event(kind, template, old)
        self.send(event)
        self.last = event
        return self.cloudformation.answer(event["RequestId"])

    def succeed(self, kind, template, old=None):
        answer = self.deploy(kind, template, old)
        self.assertEqual(answer["Status"], "SUCCESS", answer["Reason"] + "\n" + "\n".join(self.function.log))
        return answer

    def fail_to(self, kind, template, old=None):
        answer = self.deploy(kind, template, old)
        self.assertEqual(answer["Status"], "FAILED", answer["Reason"])
        return answer["Reason"]

    def notes(self):
        return sorted(harness.scan(self.dynamodb, self.table))

    def rows(self):
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.history, ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": f"dynamigrate#{self.table}"}, ":sk": {"S": "run#"}})
        rows = [item for page in pages for item in page["Items"]]
        return [{name: list(value.values())[0] for name, value in row.items()} for row in rows]

    def executions(self, version):
        return self.states.executions(
            f"arn:aws:states:us-east-1:123456789012:stateMachine:{self.table}-{version.replace('.', '-')}")

    def execution_of_deployment(self):
        return self.states.executions(
            f"arn:aws:states:us-east-1:123456789012:stateMachine:{self.table}-deploy")[0]["executionArn"]


class Definition(unittest.TestCase):
    def test_is_valid(self):
        validator = pathlib.Path(harness.node_modules("state-machine")) / "asl-validator/dist/bin/asl-validator.js"
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(definition("deployment", "arn:aws:lambda:us-east-1:123456789012:function:f"))
            file.flush()
            done = subprocess.run(["node", str(validator), "--json-path", file.name],
                                  capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Requests(Deployment):
    """What CloudFormation asks, and is told."""

    def hold_looks(self, of):
        """Looks for this request do not come before what is returned is set."""
        is_over = threading.Event()
        self.addCleanup(is_over.set)

        def hold(_, body):
            asked = json.loads(body).get("deployment")
            if asked and asked["do"] == "look" and asked["request"]["RequestId"] == of:
                is_over.wait(600)

        self.invoke_hook = hold
        return is_over

    def test_create_update_and_delete(self):
        first = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": PUT.format("1.1.0")})
        created = self.succeed("Create", first)
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0"])
        self.assertEqual(created["Data"]["CurrentVersion"], "1.1.0")
        self.assertEqual(created["Reason"], "applied: 1.0.0, 1.1.0")
        self.assertEqual(created["StackId"], self.stack)
        self.assertEqual(created["LogicalResourceId"], "Migrations")
        path, headers, _ = self.cloudformation.answers[-1]
        self.assertEqual(path, "/answer?X-Amz-Signature=verysecret")
        self.assertEqual(headers.get("Content-Type", ""), "")
        self.assertIn(":execution:", self.rows()[0]["execution"])
        self.assertEqual(self.states.wait(self.execution_of_deployment())["status"], "SUCCEEDED")

        second = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": PUT.format("1.1.0"), "1.2.0": PUT.format("1.2.0")})
        updated = self.succeed("Update", second, first)
        self.assertEqual(updated["PhysicalResourceId"], "the-one")
        self.assertEqual(updated["Reason"], "applied: 1.2.0")
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0", "v1.2.0"])
        self.assertEqual(self.succeed("Update", second, second)["Reason"], "nothing is outstanding")

        removed = self.succeed("Delete", second)
        self.assertEqual(removed["PhysicalResourceId"], "the-one")
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0", "v1.2.0"])
        for function in self.functions:
            self.assertNotIn("verysecret", "\n".join(function.log))
        self.assertNotIn("verysecret", json.dumps(self.rows()))

    def test_a_failure_fails_the_deployment_and_the_next_one_goes_on(self):
        template = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": NEEDS_TABLE, "1.2.0": PUT.format("1.2.0")})
        reason = self.fail_to("Create", template)
        self.assertIn("1.1.0 failed", reason)
        self.assertIn("other", reason)
        self.assertIn(":execution:", reason)
        self.assertEqual(self.states.wait(self.execution_of_deployment())["status"], "FAILED")
        self.assertEqual(self.notes(), ["v1.0.0"])
        self.addCleanup(self.dynamodb.delete_table, TableName="other")
        harness.create_table(self.dynamodb, "other")
        self.assertEqual(self.succeed("Create", template)["Reason"], "applied: 1.1.0, 1.2.0")
        self.assertEqual(len({row["run"] for row in self.rows() if row["id"] == "1.1.0"}), 1)

    def test_a_run_that_fails_is_named_with_what_its_row_says(self):
        harness.fill(self.dynamodb, self.table, [{"pk": {"S": "k"}}])
        template = self.template({"1.0.0": "up:\n  - transform: { jq: 'error(\"it is odd\")' }\ndown: auto\n"})
        reason = self.fail_to("Create", template)
        row = self.rows()[-1]
        self.assertEqual(row["status"], "failed")
        self.assertEqual(reason, f"1.0.0 failed: {row['error']} (execution {row['execution']}, run {row['run']})")

    def test_a_request_that_comes_again_runs_nothing_twice(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.use(template)
        event = self.event("Create", template)
        self.send(event)
        self.send(event)
        first = self.cloudformation.answer(event["RequestId"])
        self.states.wait(self.execution_of_deployment())
        self.cloudformation.answers.clear()
        self.send(event)
        self.assertEqual(self.cloudformation.answer(event["RequestId"]), first)
        self.assertEqual(len(self.executions("1.0.0")), 1)
        self.assertEqual(len(self.rows()), 1)

    def test_an_answer_that_is_not_taken_is_sent_again(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.cloudformation.statuses = [500, 503, 500, 500, 500]
        self.succeed("Create", template)
        self.assertEqual(self.states.wait(self.execution_of_deployment())["status"], "SUCCEEDED")
        self.assertEqual(len(self.rows()), 1)

    def test_a_function_that_dies_in_a_look_looks_again(self):
        template = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": PUT.format("1.1.0")})
        looks = []

        def die(function, body):
            if b'"deployment"' not in body:
                return None
            looks.append(body)
            if len(looks) % 3 == 1:  # somewhere in it
                threading.Timer(0.03 * len(looks), lambda: [
                    sandbox.process.kill() for sandbox in function.sandboxes
                    if sandbox.running and b'"deployment"' in sandbox.running.event]).start()
            if len(looks) % 3 == 2:  # at its end
                function.invoke(body)
                return b'{"errorType": "Runtime.ExitError", "errorMessage": "exited"}', "Unhandled"
            return None

        self.invoke_hook = die
        self.succeed("Create", template)
        self.assertGreater(len(looks), 2)
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0"])
        self.assertEqual([len(self.executions(version)) for version in ("1.0.0", "1.1.0")], [1, 1])

    def test_what_cannot_begin_is_answered_at_once(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")}, TimeoutMinutes="120")
        self.assertIn("one hour at most", self.fail_to("Create", template))
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        template["properties"]["DeploymentMachine"] += "-gone"
        self.assertIn("gone", self.fail_to("Create", template))
        template = self.template({"1.0.0": "up:\n  - explode: {}\n"})
        self.assertIn("explode", self.fail_to("Create", template))
        self.succeed("Delete", template)
        self.assertEqual(self.notes(), [])

    def test_a_migration_without_a_machine_is_named(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        template["properties"]["Machines"] = {}
        self.assertIn("no state machine for it", self.fail_to("Create", template))

    def test_a_deployment_that_is_stopped_is_answered(self):
        harness.fill(self.dynamodb, self.table, [{"pk": {"S": f"k{i:03}"}} for i in range(SLOW_ITEMS)])
        template = self.template({"1.0.0": SLOW})
        self.use(template)
        event = self.event("Create", template)
        self.send(event)
        deadline = time.monotonic() + 60
        while not self.executions("1.0.0"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        execution = self.execution_of_deployment()
        self.states.stop(execution)
        self.send({"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": {
            "executionArn": execution, "status": "ABORTED", "input": self.states.describe(execution)["input"]}})
        answer = self.cloudformation.answer(event["RequestId"])
        self.assertEqual(answer["Status"], "FAILED")
        self.assertIn("was ended", answer["Reason"])

    def test_looks_that_fail_for_good_are_answered_by_the_last_call(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})

        def throttled(_, body):
            if b'"do":"look"' in body:
                return json.dumps({"errorType": "odd", "errorMessage": "it is odd"}).encode(), "Unhandled"
            return None

        self.invoke_hook = throttled
        self.assertIn("it is odd", self.fail_to("Create", template))

    def test_an_older_request_does_not_end_a_newer_one(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.use(template)
        older, newer = self.event("Create", template), self.event("Update", template, template)
        is_over = self.hold_looks(older["RequestId"])
        self.send(older)
        self.send(newer)
        self.assertEqual(self.cloudformation.answer(newer["RequestId"])["Status"], "SUCCESS")
        is_over.set()
        answer = self.cloudformation.answer(older["RequestId"])
        self.assertIn("went on with the request " + newer["RequestId"], answer["Reason"])
        self.assertEqual(len(self.executions("1.0.0")), 1)

    def test_a_deletion_ends_what_is_under_way_and_what_has_made_no_record(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.use(template)
        event = self.event("Create", template)
        is_over = self.hold_looks(event["RequestId"])
        self.send(event)
        stack, self.stack = self.stack, self.stack + "-other"
        self.succeed("Create", self.template({}))  # which makes the history table
        self.stack = stack
        removed = self.event("Delete", template)
        self.send(removed)
        self.assertEqual(self.cloudformation.answer(removed["RequestId"])["Status"], "SUCCESS")
        is_over.set()
        answer = self.cloudformation.answer(event["RequestId"])
        self.assertIn("went on with the request " + removed["RequestId"], answer["Reason"])
        self.assertEqual(self.executions("1.0.0"), [])

    def test_a_saved_answer_is_the_answer_also_when_looks_fail_for_good(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.use(template)
        event = self.event("Create", template)
        self.send(event)
        first = self.cloudformation.answer(event["RequestId"])
        execution = self.execution_of_deployment()
        self.states.wait(execution)
        for word in ("fail", "tell"):
            self.cloudformation.answers.clear()
            self.send({"deployment": {"do": word, "request": event, "execution": execution,
                                      "started": "2026-01-01T00:00:00Z", "error": {"Error": "a", "Cause": "b"}}})
            self.assertEqual(self.cloudformation.answer(event["RequestId"]), first)

    def test_an_end_that_cannot_be_recorded_is_told_after_all(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})

        def refuse(_, body):
            if b'"do":"look"' in body or b'"do":"fail"' in body:
                return json.dumps({"errorType": "throttled", "errorMessage": "it is throttled"}).encode(), "Unhandled"
            return None

        self.invoke_hook = refuse
        self.assertIn("it is throttled", self.fail_to("Create", template))

    def test_what_may_pass_is_left_to_lambda(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")})
        self.use(template)
        event = self.event("Create", template)
        self.states.refuse("DescribeExecution", "ServiceUnavailable")
        payload, error = self.function.invoke(json.dumps(event).encode())
        self.assertIsNotNone(error, payload)
        told = [body["RequestId"] for _, _, body in self.cloudformation.answers]
        self.assertNotIn(event["RequestId"], told)
        self.states.refuse("DescribeExecution", None)
        self.send(event)
        self.assertEqual(self.cloudformation.answer(event["RequestId"])["Status"], "SUCCESS")


class Times(Deployment):
    """CloudFormation does not wait for ever."""

    def slow(self, **properties):
        harness.fill(self.dynamodb, self.table, [{"pk": {"S": f"k{i:03}"}} for i in range(SLOW_ITEMS)])
        return self.template({"1.0.0": SLOW}, **properties)

    def changed(self):
        return sum("done" in item for item in harness.scan(self.dynamodb, self.table).values())

    def test_a_run_that_takes_too_long_is_paused_and_the_next_deployment_goes_on(self):
        template = self.slow(TimeoutMinutes="0.05")
        reason = self.fail_to("Create", template)
        run = self.rows()[-1]["run"]
        self.assertIn(f"`dynamigrate resume {run} --arn", reason)
        execution = self.executions("1.0.0")[0]["executionArn"]
        self.assertEqual(self.states.describe(execution)["status"], "RUNNING")
        template["properties"]["TimeoutMinutes"] = "55"
        self.use(template)
        event = self.event("Create", template)
        self.send(event)
        answer = self.cloudformation.answer(event["RequestId"])
        self.assertEqual(answer["Status"], "SUCCESS", answer)
        self.assertEqual(self.changed(), SLOW_ITEMS)
        self.assertEqual(len(self.executions("1.0.0")), 1)
        self.assertEqual([row["status"] for row in self.rows()], ["applied"])

    def test_a_detached_run_goes_on_and_the_next_deployment_checks_it(self):
        template = self.slow(TimeoutMinutes="0.05", OnTimeout="detach")
        answer = self.succeed("Create", template)
        self.assertEqual(answer["Data"]["Outcome"], "detached")
        self.assertEqual(self.states.wait(self.execution_of_deployment())["status"], "SUCCEEDED")
        self.assertLess(self.changed(), SLOW_ITEMS)
        template["properties"]["TimeoutMinutes"] = "55"
        self.assertEqual(self.succeed("Update", template, template)["Reason"], "applied: 1.0.0")
        self.assertEqual(self.changed(), SLOW_ITEMS)
        self.assertEqual(len(self.executions("1.0.0")), 1)

    def test_what_has_not_begun_is_stopped(self):
        template = self.template({"1.0.0": PUT.format("1.0.0")}, TimeoutMinutes="0.02")
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.invoke_hook = lambda _, body: gate.wait(60) and None if b'"work"' in body else None
        self.assertIn("has not begun", self.fail_to("Create", template))
        self.assertEqual(self.executions("1.0.0")[0]["status"], "ABORTED")

    def test_an_estimate_that_is_too_long_begins_nothing(self):
        body = "x" * 40_000
        harness.fill(self.dynamodb, self.table,
                     [{"pk": {"S": f"k{i:03}"}, "body": {"S": body}} for i in range(40)])
        text = "up:\n  - transform: { set: { done: true } }\ndown: auto\n"
        template = self.template({"1.0.0": text}, config="max_rcu: 1\n", TimeoutMinutes="0.5")
        reason = self.fail_to("Create", template)
        self.assertIn("1.0.0 takes", reason)
        self.assertIn("start-execution", reason)
        self.assertEqual(self.executions("1.0.0"), [])
        template["properties"]["OnTimeout"] = "detach"
        self.assertEqual(self.succeed("Create", template)["Data"]["Outcome"], "detached")
        self.assertEqual(len(self.executions("1.0.0")), 1)


class Rollbacks(Deployment):
    """A stack that goes back, and one whose files went."""

    def deployed(self, **properties):
        self.first = self.template({"1.0.0": PUT.format("1.0.0")}, **properties)
        self.second = self.template(
            {"1.0.0": PUT.format("1.0.0"), "1.1.0": PUT.format("1.1.0"), "1.2.0": PUT.format("1.2.0")}, **properties)
        self.succeed("Create", self.first)
        self.succeed("Update", self.second, self.first)

    def test_down_undoes_what_the_deployment_applied(self):
        self.deployed(OnRollback="down")
        self.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        answer = self.succeed("Update", self.first, self.second)
        self.assertEqual(answer["Reason"], "rolled back: 1.2.0, 1.1.0")
        self.assertEqual(self.notes(), ["v1.0.0"])
        self.cloudformation.stack_status = "UPDATE_IN_PROGRESS"
        self.assertEqual(self.succeed("Update", self.second, self.first)["Reason"], "applied: 1.1.0, 1.2.0")

    def test_keep_leaves_them(self):
        self.deployed(OnRollback="keep")
        self.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        self.assertIn("stay as they are", self.succeed("Update", self.first, self.second)["Reason"])
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0", "v1.2.0"])

    def test_files_that_went_undo_nothing(self):
        self.deployed(OnRollback="down")
        self.assertEqual(self.succeed("Update", self.first, self.second)["Reason"], "nothing is outstanding")
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0", "v1.2.0"])
        self.assertEqual(self.cloudformation.asked > 0, True)

    def test_a_failed_deployment_is_undone_also_when_cloudformation_cannot_be_asked(self):
        self.cloudformation.stack_status = None
        first = self.template({"1.0.0": PUT.format("1.0.0")}, OnRollback="down")
        second = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": PUT.format("1.1.0"), "1.2.0": NEEDS_TABLE},
                               OnRollback="down")
        self.succeed("Create", first)
        self.fail_to("Update", second, first)
        self.assertEqual(self.notes(), ["v1.0.0", "v1.1.0"])
        self.assertEqual(self.succeed("Update", first, second)["Reason"], "rolled back: 1.1.0")
        self.assertEqual(self.notes(), ["v1.0.0"])

    def test_an_update_that_is_cancelled_goes_no_further(self):
        harness.fill(self.dynamodb, self.table, [{"pk": {"S": f"k{i:03}"}} for i in range(SLOW_ITEMS)])
        first = self.template({"1.0.0": PUT.format("1.0.0")}, OnRollback="down")
        second = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": SLOW, "1.2.0": PUT.format("1.2.0")},
                               OnRollback="down")
        self.succeed("Create", first)
        self.use(second)
        event = self.event("Update", second, first)
        self.send(event)
        deadline = time.monotonic() + 60
        while len(self.rows()) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        self.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        self.assertEqual(self.succeed("Update", first, second)["Reason"], "rolled back: 1.1.0")
        self.assertIn("went on with the request", self.cloudformation.answer(event["RequestId"])["Reason"])
        self.assertEqual(self.executions("1.2.0"), [])

    def test_a_run_that_was_paused_by_a_time_out_is_ended_and_undone(self):
        harness.fill(self.dynamodb, self.table, [{"pk": {"S": f"k{i:03}"}} for i in range(SLOW_ITEMS)])
        first = self.template({"1.0.0": PUT.format("1.0.0")}, OnRollback="down")
        second = self.template({"1.0.0": PUT.format("1.0.0"), "1.1.0": SLOW}, OnRollback="down", TimeoutMinutes="0.05")
        self.succeed("Create", first)
        self.fail_to("Update", second, first)
        self.cloudformation.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        self.assertEqual(self.succeed("Update", first, second)["Reason"], "rolled back: 1.1.0")
        self.assertFalse(any("done" in item for item in harness.scan(self.dynamodb, self.table).values()))


if __name__ == "__main__":
    unittest.main()
