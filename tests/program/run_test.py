"""The step `run`: scripts of any language behind the gateway."""

import json
import os
import pathlib
import signal
import tempfile
import time
import unittest

import boto3
import botocore.config

import harness
from gateway_test import KEY, SECRET, Gateway

CLIENT = '''
import os, boto3
dynamodb = boto3.client("dynamodb", endpoint_url=os.environ["AWS_ENDPOINT_URL_DYNAMODB"])
table = os.environ["DYNAMIGRATE_TABLE"]
def add(key, count=1):
    dynamodb.update_item(TableName=table, Key={"pk": {"S": key}}, UpdateExpression="ADD c :n",
                         ExpressionAttributeValues={":n": {"N": str(count)}})
'''


class Suite(unittest.TestCase):
    """A table of counters behind a server that checks signatures."""

    numbered = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Gateway("--memory", "--access-key", KEY, secret=SECRET)
        cls.dynamodb = boto3.client(
            "dynamodb", endpoint_url=cls.server.endpoint, region_name="eu-west-1",
            aws_access_key_id=KEY, aws_secret_access_key=SECRET)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def project(self, script, step="run: script.py", down="auto", count=20):
        Suite.numbered += 1
        table = f"run{Suite.numbered:03}"
        harness.create_table(self.dynamodb, table)
        harness.fill(self.dynamodb, table, harness.counters(count))
        project = harness.Project(self.server.endpoint, table=table, history=table + "-history")
        self.addCleanup(project.close)
        project.environment = {
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}
        project.migration("1.0.0_script.yaml", f"up:\n  - {step}\ndown: {down}\n")
        self.script(project, "script.py", script)
        return project

    @staticmethod
    def script(project, name, text):
        path = project.path / "migrations" / name
        path.write_text(CLIENT + text if name.endswith(".py") else text)

    def items(self, project):
        return harness.scan(self.dynamodb, project.table)

    def counts(self, project):
        return [int(item["c"]["N"]) for item in self.items(project).values()]


class Run(Suite):
    def test_script_goes_up_and_is_taken_back(self):
        project = self.project("for i in range(20): add(f'k{i:04}', 100)\nprint('all', 'added')")
        before = self.items(project)
        out = project.run("up")
        self.assertIn("| all added", out.stdout + out.stderr)
        self.assertEqual(sorted(self.counts(project)), [i + 100 for i in range(20)])
        project.run("down")
        self.assertEqual(self.items(project), before)

    def test_dry_run_writes_nothing_and_shows_it(self):
        project = self.project("""
add('k0001'); add('k0001')
print("sees", dynamodb.get_item(TableName=table, Key={"pk": {"S": "k0001"}})["Item"]["c"]["N"],
      os.environ["DYNAMIGRATE_DRY"])
dynamodb.delete_item(TableName=table, Key={"pk": {"S": "k0002"}})
""")
        before = self.items(project)
        out = project.run("up", "--dry")
        text = out.stdout + out.stderr
        self.assertIn("| sees 3 yes", text)
        self.assertIn("0 puts, 2 updates, 1 removal", text)
        self.assertIn("has really been done", text)
        self.assertEqual(self.items(project), before)
        self.assertIn("has really been done", project.run("up", "--dry", "--json").stdout)

    def test_own_way_down_and_variables(self):
        project = self.project(
            "print(*(os.environ['DYNAMIGRATE_' + n] for n in "
            "('VERSION', 'DIRECTION', 'TABLE', 'DRY')), os.environ['MODE'])\nadd('k0003')",
            step="run: { program: [python3, script.py], environment: { MODE: fast } }",
            down="\n  - run: back.py")
        self.script(project, "back.py", "print('going', os.environ['DYNAMIGRATE_DIRECTION'])\n"
                                        "add('k0003', -1)")
        before = self.items(project)
        out = project.run("up")
        self.assertIn(f"| 1.0.0 up {project.table} no fast", out.stdout + out.stderr)
        out = project.run("down")
        self.assertIn("| going down", out.stdout + out.stderr)
        self.assertEqual(self.items(project), before)

    def test_failure_shows_the_last_errors_and_can_be_resumed(self):
        flag = tempfile.NamedTemporaryFile()
        self.addCleanup(flag.close)
        project = self.project(f"""
for i in range(10): add(f'k{{i:04}}', 100)
if os.path.exists({flag.name!r}): raise SystemExit("no more today")
for i in range(10, 20): add(f'k{{i:04}}', 100)
""")
        out = project.run("up", expect=1)
        self.assertIn("ended with exit code 1", out.stderr)
        self.assertIn("no more today", out.stderr)
        os.rename(flag.name, flag.name + ".gone")
        try:
            project.run("resume")
        finally:
            os.rename(flag.name + ".gone", flag.name)
        self.assertEqual(sorted(self.counts(project)), [i + 100 for i in range(20)])

    def test_kill_in_the_middle_and_again(self):
        project = self.project("""
import pathlib, time
for i in range(20):
    add(f'k{i:04}', 100)
    if i == 9 and not pathlib.Path("killed").exists():
        pathlib.Path("half").write_text("")
        time.sleep(100)
""")
        process = project.start("up")
        half = project.path / "migrations/half"
        deadline = time.monotonic() + 60
        while not half.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (project.path / "migrations/killed").write_text("")
        self.assertEqual(sum(count >= 100 for count in self.counts(project)), 10)
        project.run("resume")
        self.assertEqual(sorted(self.counts(project)), [i + 100 for i in range(20)])
        project.run("down")
        self.assertEqual(sorted(self.counts(project)), list(range(20)))

    def test_interrupt_ends_the_script_and_its_children(self):
        project = self.project("", step="run: [sh, wait.sh]")
        self.script(project, "wait.sh", "sleep 1000 &\necho $! > child\nwait\n")
        process = project.start("up")
        child = project.path / "migrations/child"
        deadline = time.monotonic() + 60
        while not (child.exists() and child.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertFalse(self.is_alive(int(child.read_text())))

    @staticmethod
    def is_alive(pid):
        try:
            return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return False

    def test_timeout_kills(self):
        project = self.project("", step="run: { program: [sleep, 1000], timeout: 0.2 }")
        out = project.run("up", expect=1)
        self.assertIn("timeout", out.stderr)

    def test_idleness_kills_and_work_does_not(self):
        project = self.project("", step="run: { program: [sleep, 1000], idle_timeout: 0.3 }")
        self.assertIn("did nothing for 0.3 s", project.run("up", expect=1).stderr)
        project = self.project("", step="run: { program: [sh, work.sh], idle_timeout: 2 }")
        self.script(project, "work.sh", "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done\n")
        project.run("up")

    def test_greed_kills(self):
        project = self.project("add('k0001')\nkept = bytearray(400 << 20)\n"
                               "import time; time.sleep(100)",
                               step="run: { program: [python3, script.py], memory: 200 }")
        self.assertIn("more than 200 MB", project.run("up", expect=1).stderr)
        project = self.project("", step="run: { program: [true], memory: 1 }")
        self.assertIn("64 or more", project.run("up", expect=None).stderr)

    def test_errors_of_the_file_have_their_place(self):
        project = self.project("", step="run: no-such-script.py")
        out = project.run("up", expect=None)
        self.assertIn("1.0.0_script.yaml:2:10", out.stderr)
        project = self.project("", step="run: [no-such-program]")
        self.assertIn("no-such-program", project.run("up", expect=1).stderr)
        project = self.project("", step="run: { program: [true], tiemout: 3 }")
        self.assertIn("timeout", project.run("up", expect=None).stderr)

    def test_inheriting_program_is_not_started_dry(self):
        project = self.project("add('k0001')", step="run: { program: script.py, aws: inherit }")
        out = project.run("up", "--dry", expect=None)
        self.assertIn("aws: inherit", out.stdout + out.stderr)
        self.assertEqual(sorted(self.counts(project)), list(range(20)))
        project.run("up")
        self.assertEqual(sum(self.counts(project)), sum(range(20)) + 1)
        project.run("down")
        self.assertEqual(sorted(self.counts(project)), list(range(20)))


class Bypass(Suite):
    """Scripts that go past the door: they fail, and nothing is written."""

    def refused(self, script, words, dry=False, home=None):
        project = self.project(script)
        if home:
            project.environment |= {"HOME": home}
        before = self.items(project)
        out = project.run("up", *(["--dry"] if dry else []), expect=1)
        self.assertRegex(out.stdout + out.stderr, words)
        self.assertEqual(self.items(project), before)

    WRITE = """
client.put_item(TableName=table, Item={"pk": {"S": "past the door"}})
"""

    def test_endpoint_in_the_code(self):
        code = f'client = boto3.client("dynamodb", endpoint_url={self.server.endpoint!r})'
        self.refused(code + self.WRITE, "UnrecognizedClient|security token")
        self.refused(code + self.WRITE, "UnrecognizedClient|security token", dry=True)

    def test_profile(self):
        with tempfile.TemporaryDirectory() as home:
            aws = pathlib.Path(home) / ".aws"
            aws.mkdir()
            keys = f"aws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n"
            (aws / "credentials").write_text(f"[default]\n{keys}[prod]\n{keys}")
            (aws / "config").write_text("[default]\n[profile prod]\nregion=eu-west-1\n")
            at = f'"dynamodb", endpoint_url={self.server.endpoint!r}'
            self.refused(f'client = boto3.Session(profile_name="prod").client({at})' + self.WRITE,
                         "could not be found", home=home)
            self.refused(f"""
for name in list(os.environ):
    if name.startswith("AWS_") and "KEY" in name: del os.environ[name]
client = boto3.Session().client({at})""" + self.WRITE, "NoCredentials|locate credentials", home=home)

    def test_credentials_of_this_process(self):
        self.refused(f"""
import botocore.session
found = [n for n, v in os.environ.items() if {SECRET!r} in v or {KEY!r} in v]
raise SystemExit("none of them" if not found else "found " + str(found))""", "none of them")


class Examples(unittest.TestCase):
    def test_scripts_up_dry_and_down(self):
        with harness.example("scripts") as run:
            run("up")
            dry = run("all", "--dry")
            self.assertIn("| joined 3 names", dry)
            self.assertIn("| 16 visits", dry)
            self.assertIn("1.0.0", run("status"))
            run("all")
            self.assertIn("3.0.0", run("status"))
            run("down")
            run("down")
            again = run("all")
            self.assertIn("| joined 3 names", again)


if __name__ == "__main__":
    unittest.main()
