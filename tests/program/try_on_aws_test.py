"""scripts/try-on-aws, with commands in PATH that stand in for AWS's and for this program."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness

SCRIPT = str(harness.ROOT / "scripts/try-on-aws")

# Answers as an account does in which all is as the documentation says; FAULTS (words) makes some of it wrong.
AWS = r'''#!/usr/bin/python3 -IS
import base64, os, pathlib, sys, time

words = sys.argv[1:]
text = " ".join(words)
home = pathlib.Path(os.environ["STUB_HOME"])
with open(home / "calls", "a") as calls:
    calls.write(text.replace("\n", " ") + "\n")
faults = os.environ.get("FAULTS", "").split()
deploys = sum("cloudformation deploy" in line and "-stack " in line for line in open(home / "calls"))


def say(*lines):
    print("\t".join(lines))
    sys.exit(0)


if "get-caller-identity" in text:
    say("123456789012")
if words[:2] == ["cloudformation", "deploy"]:
    if "hang" in faults:
        (home / "hangs").touch()
        time.sleep(60)
    sys.exit(255 if "-stack " in text and deploys == 2 else 0)
if "describe-stacks" in text:
    name = words[words.index("--stack-name") + 1]
    before = open(home / "calls").read()
    accepted = home / (name + "-deleted")
    if accepted.exists():
        print("An error occurred (ValidationError): Stack with id " + name + " does not exist", file=sys.stderr)
        sys.exit(254)
    if "busy" in faults and "delete-stack" in before:
        say("UPDATE_IN_PROGRESS" if "cancel-update-stack" not in before else "UPDATE_ROLLBACK_IN_PROGRESS")
    if "StackStatus" in text:
        say({1: "CREATE_COMPLETE", 2: "UPDATE_ROLLBACK_COMPLETE"}.get(deploys, "UPDATE_COMPLETE"))
    say("arn:aws:lambda:eu-west-1:123456789012:function:" + ("odd" if "'Odd'" in text else "f"))
if "delete-stack" in text:
    name = words[words.index("--stack-name") + 1]
    tries = sum("delete-stack --stack-name " + name in line for line in open(home / "calls"))
    if "stuck" in faults or ("busy" in faults and tries < 4):
        print("An error occurred (ValidationError): Stack is in UPDATE_ROLLBACK_IN_PROGRESS", file=sys.stderr)
        sys.exit(254)
    (home / (name + "-deleted")).touch()
    sys.exit(0)
if "describe-stack-events" in text:
    say("1.2.0 failed: there is no table")
if "describe-stack-resources" in text:
    say("arn:aws:states:eu-west-1:123456789012:stateMachine:m")
if "list-objects-v2" in text:
    say("None" if "journal" in faults else "3")
if words[:2] == ["lambda", "invoke"]:
    pathlib.Path(words[-1]).write_text('{"body":"{\\"dynamigrate\\":1}"}')
    say(base64.b64encode(b"REPORT Init Duration: 41.5 ms").decode())
if "get-function-configuration" in text:
    say("arm64" if os.uname().machine == "aarch64" else "x86_64")
if "list-executions" in text or "start-execution" in text:
    name = "e"
    if "--input" in text:
        name = words[words.index("--input") + 1].split('"')[3]
    say("arn:aws:states:eu-west-1:123456789012:execution:m:" + name)
if "describe-map-run" in text or "list-map-runs" in text:
    say("SUCCEEDED")
if "get-execution-history" in text:
    say("40000" if "events" in faults else "47")
if "describe-execution" in text:
    if "never-was" in text:
        print("An error occurred (ExecutionDoesNotExist)", file=sys.stderr)
        sys.exit(254)
    if "--query status" in text:
        say("FAILED")
    for how, error in {"sleep": "Sandbox.Timedout", "exit": "Runtime.ExitError",
                       "memory": "Runtime.OutOfMemory"}.items():
        if text.split(":m:")[1].startswith(how):
            say(error)
    say("Lambda.TooManyRequestsException")
if words[:2] == ["dynamodb", "query"]:
    if "interrupted" in text:
        say("True")
    if '"1.1.0"' in text:
        say("applied" if "rollback" in faults else "applied\trolled_back")
    say("running" if '"1.3.0"' in text else "applied")
if words[:2] == ["dynamodb", "describe-table"]:
    say("12000")
if "s3 rb" in text and "left" in faults:
    sys.exit(1)
'''
PROGRAM = """#!/bin/sh
case "$1" in
    list) echo '1.0.0  applied' ;;
    deploy) echo made >"$5"; [ "$4" = --output ] && echo made >"$5"; echo made >package.zip; echo '{}' >template.json ;;
esac
"""


class TryOnAws(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.home = pathlib.Path(scratch.name)
        for name, text in {"aws": AWS, "dynamigrate": PROGRAM}.items():
            (self.home / name).write_text(text)
            (self.home / name).chmod(0o755)
        (self.home / "tmp").mkdir()
        (self.home / "calls").touch()

    def environment(self, **more):
        return {"PATH": f"{self.home}:{os.environ['PATH']}", "STUB_HOME": str(self.home), "TRY_PAUSE": "0",
                "TRY_LOOKS": "2", "TRY_CLEAN_LOOKS": "8", "TMPDIR": str(self.home / "tmp"), "AWS_REGION": "eu-west-1",
                "DYNAMIGRATE": str(self.home / "dynamigrate")} | more

    def run_script(self, *arguments, given="", **environment):
        return subprocess.run(["sh", SCRIPT, *arguments], input=given, capture_output=True, text=True, timeout=120,
                              env=self.environment(**environment))

    def calls(self):
        return (self.home / "calls").read_text().splitlines()

    def outcomes(self, output):
        return {line.split()[1]: line.split()[0] for line in output.splitlines()
                if re.match("(ok|failed|skipped) ", line)}

    def assert_cleaned(self):
        calls = "\n".join(self.calls())
        for call in ("cloudformation delete-stack --stack-name try-1-stack",
                     "cloudformation delete-stack --stack-name try-1-odd",
                     "dynamodb delete-table --table-name try-1-items",
                     "dynamodb delete-table --table-name try-1-history",
                     "s3 rb s3://try-1-123456789012 --force"):
            self.assertIn(call, calls)
        self.assertEqual(list((self.home / "tmp").iterdir()), [])

    def test_is_a_shell_script(self):
        subprocess.run(["sh", "-n", SCRIPT], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", SCRIPT], check=True)

    def test_tells_how_it_is_called(self):
        done = self.run_script("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("--region", "--prefix", "--yes", "--keep", "--list"):
            self.assertIn(option, done.stdout)
        self.assertNotIn("#", done.stdout)
        self.assertIn("--help", self.run_script("--nonsense").stderr)
        self.assertFalse(self.calls())

    def test_every_check_is_run_and_documented(self):
        done = self.run_script("--yes", "--prefix", "try-1")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        names = self.run_script("--list").stdout.split()
        outcomes = self.outcomes(done.stdout)
        self.assertEqual(sorted(outcomes), sorted(names))
        self.assertEqual(set(outcomes.values()) - {"skipped"}, {"ok"}, done.stdout)
        documented = (harness.ROOT / "docs/cloud.md").read_text()
        self.assertEqual([name for name in names if f"`{name}`" not in documented], [])
        self.assert_cleaned()
        for call in self.calls():
            for name in re.findall("--(?:stack-name|table-name|bucket) (\\S+)", call):
                self.assertTrue(name.startswith("try-1-"), call)

    def test_what_is_otherwise_fails(self):
        done = self.run_script("--yes", "--prefix", "try-1", FAULTS="journal events rollback")
        self.assertEqual(done.returncode, 1)
        outcomes = self.outcomes(done.stdout)
        self.assertEqual([name for name in outcomes if outcomes[name] == "failed"],
                         ["journal-in-s3", "events", "rollback"], done.stdout)
        self.assert_cleaned()

    def test_says_what_may_be_left(self):
        done = self.run_script("--yes", "--prefix", "try-1", FAULTS="left")
        self.assertIn("look for it: bucket try-1-123456789012", done.stderr)
        log = re.search("What the commands said is in (\\S+)", done.stderr).group(1)
        self.assertTrue(pathlib.Path(log).is_file())

    def test_deletes_a_stack_that_is_busy_as_soon_as_it_may(self):
        done = self.run_script("--yes", "--prefix", "try-1", FAULTS="busy")
        self.assert_cleaned()
        calls = self.calls()
        deletions = [i for i, call in enumerate(calls) if "delete-stack" in call and "try-1-stack" in call]
        self.assertGreaterEqual(len(deletions), 4)
        self.assertTrue(any("cancel-update-stack" in call for call in calls))
        self.assertGreater(min(i for i, call in enumerate(calls) if "delete-table" in call), max(deletions))
        self.assertNotIn("look for it", done.stderr)

    def test_leaves_tables_and_bucket_to_a_stack_that_stays(self):
        done = self.run_script("--yes", "--prefix", "try-1", FAULTS="stuck")
        self.assertIn("look for it: stack try-1-stack", done.stderr)
        self.assertIn("look for it: bucket", done.stderr)
        self.assertFalse(any("delete-table" in call for call in self.calls()))

    def test_creates_nothing_unless_it_may(self):
        for given in ("", "n\n"):
            done = self.run_script(given=given)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Nothing was created", done.stdout)
        self.assertEqual({call.split()[0] for call in self.calls()}, {"sts"})

    def test_keeps_on_demand(self):
        done = self.run_script("--yes", "--keep", "--prefix", "try-1")
        self.assertIn("Kept: what begins with try-1", done.stdout)
        self.assertFalse(any("delete-table" in call for call in self.calls()))

    def test_cleans_up_when_it_is_interrupted(self):
        process = subprocess.Popen(["sh", SCRIPT, "--yes", "--prefix", "try-1"], start_new_session=True, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment(FAULTS="hang"))
        deadline = time.monotonic() + 60
        while not (self.home / "hangs").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, out + err)
        self.assert_cleaned()


if __name__ == "__main__":
    unittest.main()
