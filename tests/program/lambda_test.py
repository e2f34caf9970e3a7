"""The program as a Lambda function, and as the command line that sends its verbs to one."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

import harness
from differential import Embedded
from lambda_runtime import SANITIZED, Function, LambdaService

COLD_START_MS = 5000 if SANITIZED else 50
COUNT = "up:\n  - transform: { jq: '.c += 1000' }\ndown: auto\n"
STEP = "description: Step {0}\nup:\n  - put: {{ items: [{{ pk: 'v{0}', note: hello }}] }}\ndown: auto\n"
VERSIONS = ["0.0.1", "0.0.2", "0.0.3"]


class Suite(unittest.TestCase):
    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Embedded()
        cls.dynamodb = harness.client(cls.server.endpoint)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, migrations=None, **settings):
        Suite.numbered += 1
        table = f"far{Suite.numbered:03}"
        harness.create_table(self.dynamodb, table)
        project = harness.Project(self.server.endpoint, table, table + "-history", **settings)
        self.addCleanup(project.close)
        with open(project.path / "dynamigrate.yaml", "a") as config:
            config.write(f"endpoint: {self.server.endpoint}\nregion: us-east-1\n")
        for version in migrations if migrations is not None else VERSIONS:
            project.migration(f"{version}.yaml", STEP.format(version))
        return project

    def function(self, project, **options):
        function = Function("migrations", [harness.PROGRAM, "lambda"], project.path, **options)
        self.addCleanup(function.close)
        return function

    def service(self, *functions, fault=None):
        service = LambdaService(*functions, fault=fault)
        self.addCleanup(service.close)
        return service

    def start(self, service, *arguments, directory="/", name="migrations"):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL_LAMBDA": service.endpoint}
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        return subprocess.Popen(
            [harness.PROGRAM, *arguments, "--arn", arn], cwd=directory, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def far(self, service, *arguments, expect=0, answers="", **options):
        process = self.start(service, *arguments, **options)
        out, err = process.communicate(answers, timeout=200)
        self.assertEqual(process.returncode, expect, f"{arguments}\n{out}\n{err}")
        return out, err

    def notes(self, project):
        return sorted(key[1:] for key in harness.scan(self.dynamodb, project.table))


class Runtime(Suite):
    def test_cold_start_is_short(self):
        # Lambda's own API is not reached by way of a proxy.
        function = self.function(self.project(), environment={"http_proxy": "http://127.0.0.1:1"})
        for _ in range(3):
            function.call({"cmd": "hello"})
            function.sandboxes[-1].kill()
        times = [sandbox.cpu_to_first_request for sandbox in function.sandboxes]
        self.assertEqual(len(times), 3)
        self.assertLess(min(times), COLD_START_MS, times)

    def test_logs_are_json_with_the_request_and_metrics(self):
        project = self.project()
        function = self.function(project)
        function.call({"cmd": "apply", "args": {"action": "up", "version": "0.0.2"}})
        last = function.logged(lambda line: line.get("Action") == "up")
        self.assertTrue(all(json.loads(line)["requestId"] for line in function.log), function.log)
        self.assertEqual(last["Failures"], 0)
        self.assertGreater(last["WriteUnits"], 0)
        for metric in last["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            self.assertIn(metric["Name"], last)
        function.call({"cmd": "apply", "args": {"action": "up", "version": "7.0.0"}})
        error = function.logged(lambda line: "ERROR" in line.values())
        self.assertIn("7.0.0", error["message"])

    def test_a_wrong_project_fails_when_the_function_starts(self):
        project = self.project()
        project.migration("0.0.4.yaml", "up:\n  - explode: {}\n")
        function = self.function(project)
        payload, error = function.invoke(b'{"cmd":"hello"}')
        self.assertEqual(error, "Unhandled")
        self.assertIn("explode", json.loads(payload)["errorMessage"])

    def test_journals_in_directories_are_refused(self):
        project = self.project(journal="journals")
        payload, error = self.function(project).invoke(b'{"cmd":"hello"}')
        self.assertEqual(error, "Unhandled")
        self.assertIn("s3://BUCKET/PREFIX", json.loads(payload)["errorMessage"])

    @unittest.skipIf(SANITIZED, "sanitizers take memory of their own")
    def test_the_emulator_ends_what_takes_too_much_memory(self):
        hog = """
import http.client, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2018-06-01/runtime/invocation/next")
api.getresponse().read()
taken = b"x" * 100_000_000
time.sleep(60)
"""
        function = Function("hog", [sys.executable, "-c", hog], "/tmp", memory_mb=64)
        self.addCleanup(function.close)
        payload, error = function.invoke(b"{}")
        self.assertEqual(error, "Unhandled")
        self.assertIn("killed", json.loads(payload)["errorMessage"])
        self.assertEqual(json.loads(payload)["errorType"], "Runtime.ExitError")

    def test_works_in_the_least_memory_that_the_template_allows(self):
        project = self.project([], segments=4)
        project.migration("0.0.1.yaml", COUNT)
        harness.fill(self.dynamodb, project.table, harness.counters(2500))
        function = self.function(project, memory_mb=256, timeout=120)
        up = function.call({"cmd": "start", "run": "r1", "args": {"words": ["all", "--yes"]}})
        self.assertEqual(up["body"]["exitCode"], 0, up)
        self.assertEqual(len(function.sandboxes), 1)

    def test_unknown_events_fail_and_say_what_is_known(self):
        function = self.function(self.project())
        for event in ({"Records": []}, "text", {"RequestType": "Create", "ResponseURL": "u", "StackId": "s"}, {"deployment": {}}):
            payload, error = function.invoke(json.dumps(event).encode())
            self.assertEqual(error, "Unhandled")
            self.assertIn("event", json.loads(payload)["errorMessage"])
        self.assertEqual(len(function.sandboxes), 1)


class OwnFunction(Suite):
    def test_the_library_in_a_handler_of_ones_own(self):
        program = str(pathlib.Path(harness.PROGRAM).parent / "examples/example_lambda-handler")
        function = Function("own", [program], "/tmp", environment={
            "AWS_ENDPOINT_URL_DYNAMODB": self.server.endpoint})
        self.addCleanup(function.close)
        self.assertEqual(function.call({}), {"version": "2.0.0", "applied": 2, "done": True})
        self.assertEqual(function.call({}), {"version": "2.0.0", "applied": 0, "done": True})
        self.assertLess(function.sandboxes[0].cpu_to_first_request, COLD_START_MS)
        self.assertEqual(len(function.sandboxes), 1)


class OneTableFunction(Suite):
    """What OneTable's command line sends, and what onetable-controller and its kin expect."""

    def setUp(self):
        self.made = self.project()
        self.lambda_function = self.function(self.made)

    def call(self, command, args=None, key="cmd", **more):
        event = {key: command, "config": {"name": self.made.table, "partial": True}} | more
        if args is not None:
            event["args"] = args
        return self.lambda_function.call(event)

    def body(self, *args, **more):
        answer = self.call(*args, **more)
        self.assertEqual(answer["statusCode"], 200, answer)
        self.assertNotIn("error", answer)
        return answer["body"]

    def test_lp1_cmd_and_action(self):
        for key in ("cmd", "action"):
            self.assertEqual(self.body("getCurrentVersion", key=key), "0.0.0")
        answer = self.call("explode", key="action")
        self.assertIn("known are apply", answer["error"])

    def test_lp2_named_migrations_under_both_names(self):
        self.made.migration("cleanup.yaml", STEP.format("cleanup"))
        for name in ("getNamedMigrations", "getNamedVersions"):
            self.assertEqual(self.body(name), ["cleanup"])
        self.assertEqual(self.body("apply", {"action": "cleanup"})["version"], "cleanup")
        self.assertIn("cleanup", self.notes(self.made))

    def test_lp3_dry_in_any_of_three_places(self):
        up = {"action": "up", "version": "0.0.1"}
        for event in ({"args": up, "dry": True}, {"args": up | {"dry": 1}},
                      {"args": up | {"params": {"dry": "Dry Run: "}}}):
            args = event.pop("args")
            self.assertEqual(self.body("apply", args, **event)["version"], "0.0.1")
            self.assertEqual(self.notes(self.made), [])
            self.assertEqual(self.body("getCurrentVersion"), "0.0.0")
        self.body("apply", up | {"params": {"dry": ""}}, dry=False)
        self.assertEqual(self.notes(self.made), ["0.0.1"])

    def test_lp4_errors_for_both_generations(self):
        answer = self.call("apply", {"action": "up", "version": "7.0.0"})
        self.assertEqual(answer["error"], answer["errorMessage"])
        self.assertIn("7.0.0", answer["error"])
        self.assertEqual(answer["statusCode"], 404)
        self.assertIn("No migrations defined for Other",
                      self.lambda_function.call({"cmd": "getCurrentVersion", "config": {"name": "Other"}})["error"])

    def test_lp5_directions_and_the_old_names(self):
        up = self.body("apply", {"direction": 1, "version": "0.0.1"}, key="action")
        self.assertEqual(up, {"version": "0.0.1", "description": "Step 0.0.1", "path": up["path"]})
        self.body("apply", {"direction": 1, "version": "0.0.2"}, key="action")
        for name in ("findPastMigrations", "getPastMigrations"):
            self.assertEqual([row["version"] for row in self.body(name, key="action")], ["0.0.1", "0.0.2"])
        self.assertEqual(self.body("apply", {"direction": -1, "version": "0.0.2"}, key="action")["version"], "0.0.2")
        self.assertEqual(self.body("getPastVersions"), ["0.0.1"])
        self.assertEqual(self.body("getOutstandingVersions"), ["0.0.2", "0.0.3"])
        self.assertEqual(self.body("getOutstandingVersions", {"limit": 1}), ["0.0.2"])
        self.assertEqual([m["version"] for m in self.body("getOutstandingMigrations")], ["0.0.2", "0.0.3"])
        self.assertEqual(self.notes(self.made), ["0.0.1"])

    def test_lp6_dates_are_iso_8601(self):
        self.body("apply", {"action": "up", "version": "0.0.1"})
        row = self.body("getPastMigrations")[0]
        self.assertRegex(row["date"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(row["status"], "success")

    def test_lp8_the_same_request_twice_runs_once(self):
        for _ in range(2):
            self.assertEqual(self.body("apply", {"action": "up", "version": "0.0.1"})["version"], "0.0.1")
        self.assertEqual(self.notes(self.made), ["0.0.1"])
        for _ in range(2):
            self.body("apply", {"action": "down", "version": "0.0.1"})
        self.assertEqual(self.body("getCurrentVersion"), "0.0.0")
        runs = json.loads(self.made.run("runs", "--json").stdout)["runs"]
        self.assertEqual(len(runs), 2)

    def test_down_takes_the_version_itself_along(self):
        self.body("apply", {"action": "up", "version": "0.0.3"})
        self.assertEqual(self.notes(self.made), VERSIONS)
        self.body("apply", {"action": "down", "version": "0.0.2"})
        self.assertEqual(self.notes(self.made), ["0.0.1"])

    def test_repeat(self):
        self.made.migration("0.0.4.yaml", COUNT)
        harness.fill(self.dynamodb, self.made.table, harness.counters(3))
        self.body("apply", {"action": "up", "version": "0.0.4"})
        self.body("apply", {"direction": 2, "version": "0.0.4"})
        counts = [int(item["c"]["N"]) for key, item in harness.scan(self.dynamodb, self.made.table).items()
                  if key.startswith("k")]
        self.assertEqual(sorted(counts), [2000, 2001, 2002])
        self.assertIn("0.0.4", self.call("apply", {"action": "repeat", "version": "0.0.1"})["error"])


class FarCommandLine(Suite):
    def test_verbs_print_what_they_print_here(self):
        project = self.project()
        service = self.service(self.function(project))
        self.assertEqual(self.far(service, "status")[0], "0.0.0\n")
        self.assertEqual(self.far(service, "outstanding")[0], "0.0.1\n0.0.2\n0.0.3\n")
        out, _ = self.far(service, "up", "--yes")
        self.assertEqual(out, 'Upgrade database to "0.0.1 - Step 0.0.1"\n\nCurrent database version: 0.0.1\n')
        self.far(service, "all", "--yes")
        for verb in (["list"], ["status", "--json"], ["runs"], ["plan", "down"], ["history", "--json"]):
            here = project.run(*verb).stdout
            self.assertEqual(self.far(service, *verb)[0], here, verb)
        self.far(service, "down", "0.0.1", "--yes")
        self.assertEqual(self.notes(project), ["0.0.1"])
        self.assertEqual(self.far(service, "status", "--exit-code", expect=5)[0], "0.0.1\n")

    def test_a_function_that_cannot_begin_is_not_taken_for_another_tools(self):
        project = self.project()
        project.migration("0.0.4.yaml", "up:\n  - explode: {}\n")
        service = self.service(self.function(project))
        _, err = self.far(service, "up", "--yes", expect=2)
        self.assertIn("explode", err)
        self.assertEqual([event["cmd"] for event in service.events()], ["hello"])

    def test_asks_here_and_obeys(self):
        project = self.project()
        service = self.service(self.function(project))
        _, err = self.far(service, "all", answers="n\n", expect=3)
        self.assertIn('Confirm 3 "upgrade" changes to version "0.0.3"', err)
        self.assertIn("Exiting", err)
        self.far(service, "all", expect=3)
        self.assertEqual(self.notes(project), [])
        out, _ = self.far(service, "all", answers="y\n")
        self.assertIn("Current database version: 0.0.3", out)

    def test_asks_twice_in_production(self):
        project = self.project(profiles="{ prod: { require_pitr: false } }")
        service = self.service(self.function(project, environment={"PROFILE": "prod"}))
        _, err = self.far(service, "up", answers="y\nn\n", expect=3)
        self.assertIn("DANGEROUS", err)
        self.assertEqual(err.count(f"table {project.table}"), 1, err)
        self.far(service, "up", "--profile=prod", answers="y\ny\n")
        self.assertEqual(self.notes(project), ["0.0.1"])

    def test_an_answer_counts_for_its_question_only(self):
        project = self.project()
        service = self.service(self.function(project))
        process = self.start(service, "all")
        asked = ""
        while not asked.endswith("[y] to confirm: "):
            asked += process.stderr.read(1)
        self.assertIn("Confirm 3 ", asked)
        project.run("up", "--yes")  # meanwhile
        out, err = process.communicate("y\n", timeout=60)
        self.assertIn("Confirm 2 ", err)
        self.assertEqual(process.returncode, 3, out + err)
        self.assertEqual(self.notes(project), ["0.0.1"])

    def test_the_function_decides_what_it_works_on(self):
        project = self.project()
        service = self.service(self.function(project))
        _, err = self.far(service, "status", "--journal=s3://mine", expect=2)
        self.assertIn("--journal", err)
        self.assertEqual(service.requests[1:], [])
        self.assertEqual(self.far(service, "status", "--table", project.table)[0], "0.0.0\n")
        _, err = self.far(service, "up", "--yes", "--table=other", expect=2)
        self.assertIn(f"the table of this function is {project.table}", err)
        _, err = self.far(service, "up", "--yes", "--profile=prod", expect=2)
        self.assertIn("the profile of this function is none", err)
        self.assertEqual(self.notes(project), [])
        for words in (["up", "--yes", "--journal=none"], ["status", "--endpoint=http://localhost:1"]):
            answer = self.start_event(service, *words)
            self.assertEqual(answer["exitCode"], 2, answer)
            self.assertIn("is of no use", answer["printed"][0]["err"])
        self.assertEqual(self.notes(project), [])

    def start_event(self, service, *words, run="r1", answers=()):
        function = service.functions["migrations"]
        return function.call({"cmd": "start", "run": run, "args": {"words": words, "answers": answers}})["body"]

    def test_arn_in_the_configuration_and_dry_runs(self):
        project = self.project()
        service = self.service(self.function(project))
        here = self.project([], arn="arn:aws:lambda:us-east-1:123456789012:function:migrations")
        self.far(service, "all", "--dry", directory=here.path)
        self.assertEqual(self.notes(project), [])
        self.assertEqual(self.far(service, "outstanding", directory=here.path)[0].split(), VERSIONS)

    def test_errors_have_their_exit_codes(self):
        project = self.project()
        service = self.service(self.function(project))
        _, err = self.far(service, "9.9.9", "--yes", expect=2)
        self.assertIn("9.9.9", err)
        _, err = self.far(service, "status", name="nobody", expect=2)
        self.assertIn("Function not found", err)
        _, err = self.far(service, "up", "--endpoint", "http://localhost:1", expect=2)
        self.assertIn("--lambda-endpoint", err)
        _, err = self.far(service, "up", "--keys", "x", expect=2)
        self.assertIn("--keys", err)
        project.migration("0.0.4.yaml", "up:\n  - verify: { where: 'attribute_exists(note)', expect: 0 }\n")
        _, err = self.far(service, "all", "--yes", expect=1)
        self.assertIn("Migration failed", err)
        self.assertEqual(json.loads(self.far(service, "status", "--json")[0])["version"], "0.0.3")

    def test_what_only_here_makes_sense_stays_here(self):
        service = self.service()
        self.assertIn("dynamigrate 0.1", self.far(service, "version")[0])
        self.assertEqual(service.requests, [])

    def test_a_lost_answer_runs_nothing_twice(self):
        project = self.project()
        lost = []

        def fault(_, body):
            if b'"start"' in body and not lost:
                lost.append(body)
                return "lose"
            return None

        service = self.service(self.function(project), fault=fault)
        out, err = self.far(service, "up", "--yes")
        self.assertIn("asking again", err)
        self.assertIn("Current database version: 0.0.1", out)
        self.assertEqual(self.notes(project), ["0.0.1"])
        starts = [event for event in service.events() if event["cmd"] == "start"]
        self.assertEqual(len(starts), 2)
        self.assertEqual(starts[0]["run"], starts[1]["run"])

    def test_a_call_that_is_left_is_waited_for(self):
        project = self.project([])
        project.migration("0.0.1.yaml", "up:\n  - run: { program: [sleep, '5'] }\n")
        left = []

        def fault(_, body):
            if b'"start"' in body and not left:
                left.append(body)
                return "hang up"
            return None

        service = self.service(self.function(project), fault=fault)
        out, err = self.far(service, "up", "--yes", "--json")
        self.assertEqual([line for line in out.splitlines() if "error" in json.loads(line)], [])
        self.assertEqual(err.count("another call of the function works on it"), 1, err)
        self.assertNotIn("locked", err)
        self.assertEqual(len(json.loads(project.run("runs", "--json").stdout)["runs"]), 1)

    def test_what_goes_on_with_no_run_is_not_sent_again(self):
        project = self.project()
        service = self.service(self.function(project),
                               fault=lambda _, body: "lose" if b'"start"' in body else None)
        for words, look in ((["unlock", "--yes"], "doctor"), (["mark", "applied", "0.0.1", "--yes"], "history"),
                            (["journal", "purge", "--older-than=1d"], "journal show")):
            before = len(service.requests)
            _, err = self.far(service, *words, expect=1)
            self.assertIn(f"`dynamigrate {look} --arn", err)
            self.assertEqual(len(service.requests), before + 2, err)  # with hello
        service.fault = None
        self.assertEqual(self.far(service, "status")[0], "0.0.1\n")

    def test_what_only_reads_is_sent_again(self):
        lost = []

        def fault(_, body):
            if b'"start"' in body and not lost:
                lost.append(body)
                return "lose"
            return None

        service = self.service(self.function(self.project()), fault=fault)
        self.assertEqual(self.far(service, "status")[0], "0.0.0\n")
        self.assertTrue(lost)

    def test_throttled_calls_are_sent_again(self):
        project = self.project()
        service = self.service(self.function(project), fault=lambda number, _: "throttle" if number == 2 else None)
        self.far(service, "up", "--yes")
        self.assertEqual(self.notes(project), ["0.0.1"])

    def test_more_output_than_lambda_hands_over(self):
        project = self.project(["0.0.1"])
        service = self.service(self.function(project, timeout=120))
        big = "x" * 3000
        project.migration("0.0.2.yaml", "up:\n  - transform: { set: { note: '%s' } }\ndown: auto\n" % big)
        harness.fill(self.dynamodb, project.table, harness.counters(2500))
        self.far(service, "all", "--yes")
        run = json.loads(self.far(service, "runs", "--json")[0])["runs"][-1]["run"]
        here = project.run("journal", "show", run, "--json").stdout
        self.assertGreater(len(here), 7 * 1024 * 1024)
        self.assertEqual(self.far(service, "journal", "show", run, "--json")[0], here)


def counts(dynamodb, table):
    return {key: int(item["c"]["N"]) for key, item in harness.scan(dynamodb, table).items()}


class BeyondTheDeadline(Suite):
    ITEMS = 500

    def counting(self, max_wcu=40):
        project = self.project([], max_wcu=max_wcu)
        project.migration("0.0.1.yaml", COUNT)
        project.migration("0.0.2.yaml", STEP.format("k0000"))
        harness.fill(self.dynamodb, project.table, harness.counters(self.ITEMS))
        return project

    def check(self, project):
        self.assertEqual(counts(self.dynamodb, project.table),
                         {f"k{i:04}": i + 1000 for i in range(self.ITEMS)})

    def test_goes_on_in_further_calls(self):
        project = self.counting()
        service = self.service(self.function(project, timeout=12))
        out, _ = self.far(service, "up", "--yes")
        starts = [event for event in service.events() if event["cmd"] == "start"]
        self.assertGreater(len(starts), 1)
        self.assertEqual(len({event["run"] for event in starts}), 1)
        self.check(project)
        self.assertTrue(out.endswith("\nCurrent database version: 0.0.1\n"), out)
        row = json.loads(project.run("runs", "--json").stdout)["runs"][-1]
        self.assertEqual((row["status"], row["counts"]["changed"]), ("applied", self.ITEMS))

    def test_onetables_own_request_says_once_more(self):
        project = self.counting()
        function = self.function(project, timeout=12)
        event = {"cmd": "apply", "args": {"action": "up", "version": "0.0.1"}}
        answer = function.call(event)
        self.assertEqual(answer["statusCode"], 202)
        self.assertIn("once more", answer["error"])
        for _ in range(10):
            answer = function.call(event)
            if answer["statusCode"] == 200:
                break
        self.assertEqual(answer["body"]["version"], "0.0.1")
        self.check(project)

    def test_interrupted_here_it_stops_there(self):
        project = self.counting(max_wcu=20)
        service = self.service(self.function(project, timeout=60))
        process = self.start(service, "up", "--yes")
        deadline = time.monotonic() + 30
        while not any(1000 <= n for n in counts(self.dynamodb, project.table).values()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.far(service, "resume")
        self.check(project)

    def test_interrupted_twice_it_is_not_waited_for(self):
        project = self.counting(max_wcu=20)
        service = self.service(self.function(project, timeout=60),
                               fault=lambda _, body: "stall" if b'"cancel"' in body else None)
        process = self.start(service, "up", "--yes")
        deadline = time.monotonic() + 30
        while not any(1000 <= n for n in counts(self.dynamodb, project.table).values()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        while not any(event["cmd"] == "cancel" for event in service.events()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=5)
        self.assertEqual(process.returncode, 130, err)

    def test_agreed_to_once_for_all_calls(self):
        project = self.counting()
        service = self.service(self.function(project, timeout=12))
        out, err = self.far(service, "all", answers="y\n")
        self.assertGreater(len([event for event in service.events() if event["cmd"] == "start"]), 2)
        self.assertEqual(err.count("Confirm"), 1, err)
        self.assertTrue(out.endswith("\nCurrent database version: 0.0.2\n"), out)

    def test_retries_all_runs_in_however_many_calls(self):
        project = self.project([])
        for name in "abc":
            flag = project.path / name
            hangs = f"test -e {flag} || {{ touch {flag}; sleep 100; }}" if name == "b" else "true"
            project.migration(f"{name}.yaml", f"""
up:
  - verify: {{ where: 'attribute_exists(bad)', expect: 0 }}
  - run: {{ program: [sh, -c, "{hangs}"] }}
  - put: {{ items: [{{ pk: 'v{name}', note: hello }}] }}
""")
        self.dynamodb.put_item(TableName=project.table, Item={"pk": {"S": "x"}, "bad": {"S": "x"}})
        for name in "abc":
            project.run(name, "--yes", expect=1)
        self.dynamodb.delete_item(TableName=project.table, Key={"pk": {"S": "x"}})
        service = self.service(self.function(project, timeout=9))
        out, err = self.far(service, "retry-failed", "--yes")
        self.assertEqual(self.notes(project), ["a", "b", "c"], out + err)
        self.assertGreater(len([event for event in service.events() if event["cmd"] == "start"]), 1)
        self.assertEqual(self.far(service, "retry-failed", "--yes")[0], "Nothing to retry\n")

    def test_killed_in_the_middle_it_is_resumed_exactly(self):
        project = self.counting()
        function = self.function(project, timeout=120)
        service = self.service(function)
        process = self.start(service, "up", "--yes")
        deadline = time.monotonic() + 30
        while sum(1000 <= n for n in counts(self.dynamodb, project.table).values()) < 40:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        function.sandboxes[0].process.kill()
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("Runtime exited", err)
        self.far(service, "resume")
        self.check(project)

    def test_the_same_start_twice_at_once_runs_once(self):
        project = self.counting()
        function = self.function(project, timeout=60)
        event = json.dumps({"cmd": "start", "run": "r1", "args": {"words": ["up", "--yes"]}}).encode()
        first = []
        thread = threading.Thread(target=lambda: first.append(function.invoke(event)))
        thread.start()
        deadline = time.monotonic() + 30
        while not any(1000 <= n for n in counts(self.dynamodb, project.table).values()):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.2)
        self.assertEqual(function.call({"cmd": "poll", "run": "r1"})["body"]["state"], "running")
        self.assertEqual(function.call({"cmd": "poll", "run": "r2"})["body"]["state"], "idle")
        second = json.loads(function.invoke(event)[0])["body"]
        self.assertIn(second["state"], ("running", "done"), second)
        thread.join()
        self.assertEqual(json.loads(first[0][0])["body"]["exitCode"], 0)
        again = json.loads(function.invoke(event)[0])["body"]
        self.assertEqual((again["state"], again["exitCode"]), ("done", 0))
        self.check(project)
        self.assertEqual(project.run("status").stdout, "0.0.1\n")


if __name__ == "__main__":
    unittest.main()
