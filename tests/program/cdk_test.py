"""The CDK construct: compiled, synthesised in stacks and in the example's app; nothing is deployed."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from template_test import MODULES, STEP

LOADERS = pathlib.Path(subprocess.run([harness.ROOT / "scripts/peers", "typescript"], check=True, capture_output=True,
                                      text=True).stdout.strip())
SNAPSHOT = pathlib.Path(__file__).resolve().parent / "cdk_snapshot.json"
FUNCTIONLESS = """
import { MigrationFunction, ScanOutput, $AWS } from "@dynobase/dynamodb-migrations";

export const up: MigrationFunction = (scope, migrationName) =>
  new Migration(scope, migrationName, {
    tableArn: "arn:aws:dynamodb:us-east-1:123456789012:table/SubjectTable",
  }).run(async (_table, result: ScanOutput<any, any, any>) => {
    for (const item of result.Items as any[]) {
      await $AWS.DynamoDB.PutItem({ Table: _table, Item: { ...item, migrated: { S: `migrated` } } });
    }
  });
"""


class CdkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.made = {}  # each stack's synthesis takes seconds
        root = cls.root = pathlib.Path(cls.scratch.name)
        modules = root / "node_modules"
        modules.mkdir()
        for module in pathlib.Path(MODULES).iterdir():
            (modules / module.name).symlink_to(module)
        shutil.copytree(harness.ROOT / "cdk", root / "cdk", ignore=shutil.ignore_patterns("lib", "node_modules"))
        shutil.copytree(harness.ROOT / "examples/cdk-app", root / "app", ignore=shutil.ignore_patterns("node_modules"))
        (modules / "dynamigrate-cdk").symlink_to(root / "cdk")
        compiled = subprocess.run(["node", modules / "typescript/bin/tsc", "-p", root / "cdk"], capture_output=True,
                                  text=True)
        if compiled.returncode:
            raise AssertionError(compiled.stdout)
        for name in ("cdk_stacks.ts", "asked.mjs"):
            shutil.copy(pathlib.Path(__file__).with_name(name), root)
        cls.stacks = harness.Asked(LOADERS / "tsx/dist/cli.mjs", "cdk_stacks.ts", cwd=root,
                                   env=os.environ | {"TMPDIR": str(root)})

    @classmethod
    def tearDownClass(cls):
        cls.stacks.close()
        cls.scratch.cleanup()

    def migrations(self, **files):
        directory = pathlib.Path(tempfile.mkdtemp(dir=self.root)) / "migrations"
        directory.mkdir()
        for name, text in (files or {"1.0.0.yaml": "table: app\n" + STEP % "x",
                                     "1.1.0.yaml": "table: orders\n" + STEP % "y"}).items():
            (directory / name).write_text(text)
        return directory

    def stack(self, wanted, directory=None, program=harness.PROGRAM):
        if directory is None and program == harness.PROGRAM and wanted in self.made:
            return json.loads(self.made[wanted])
        template = self.stacks.ask(directory or self.migrations(), wanted, program)
        if directory is None:
            self.made[wanted] = json.dumps(template)
        return template

    def of_type(self, template, kind):
        return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}

    def only(self, template, kind):
        resource, = self.of_type(template, kind).values()
        return resource

    def test_one_line_is_enough(self):
        template = self.stack("plain")
        self.assertEqual(len(self.of_type(template, "AWS::StepFunctions::StateMachine")), 3)
        migrations = self.only(template, "Custom::DynamigrateMigrations")["Properties"]
        self.assertEqual(list(migrations["Machines"]), ["1.0.0", "1.1.0"])
        self.assertEqual(self.only(template, "AWS::DynamoDB::Table")["Properties"]["TableName"], "dynamigrate-history")
        code = self.only(template, "AWS::Lambda::Function")["Properties"]["Code"]
        self.assertRegex(code["S3Key"], r"^[0-9a-f]{64}\.zip$")
        # None of ours is left to be asked for with each deployment.
        self.assertEqual(set(template["Parameters"]), {"BootstrapVersion"})
        self.assertIn("MigrationsTableNameOutput", "".join(template["Outputs"]))

    def normalised(self, template):
        """What stays the same whatever the program's binary is and the machines' definitions say."""
        text = json.dumps(template)
        text = re.sub(r"FunctionVersion[0-9a-f]{8}(?:[0-9A-F]{8})?", "FunctionVersion", text)
        text = re.sub(r"[0-9a-f]{64}\.zip", "PACKAGE.zip", text)
        text = re.sub(r'"Digest": "[0-9a-f]{64}"', '"Digest": "DIGEST"', text)
        template = json.loads(re.sub(r'("(?:Text|DefinitionString)": )"(?:[^"\\]|\\.)*"', r'\1"DEFINITION"', text))
        self.only(template, "AWS::Lambda::Function")["Properties"]["Architectures"] = ["ARCHITECTURE"]
        for role in self.of_type(template, "AWS::IAM::Role").values():
            for policy in role["Properties"].get("Policies", []):
                for statement in policy["PolicyDocument"]["Statement"]:
                    statement["Action"] = "ACTIONS"
        return template

    def test_is_as_it_was(self):
        template = self.normalised(self.stack("everything"))
        text = json.dumps(template, indent=1, sort_keys=True) + "\n"
        if os.environ.get("DYNAMIGRATE_UPDATE_CASES"):
            SNAPSHOT.write_text(text)
        self.maxDiff = None
        self.assertEqual(json.loads(SNAPSHOT.read_text()), template)

    def test_properties_arrive(self):
        template = self.stack("everything")
        function = self.only(template, "AWS::Lambda::Function")["Properties"]
        self.assertEqual(function["MemorySize"], 512)
        variables = function["Environment"]["Variables"]
        self.assertEqual((variables["DYNAMIGRATE_MAX_RCU"], variables["DYNAMIGRATE_MAX_WCU"]), ("100", "40%"))
        names = json.dumps(variables["DYNAMIGRATE_TABLES"])
        self.assertIn("orders=orders-prod", names)
        table, = [name for name in self.of_type(template, "AWS::DynamoDB::Table") if name.startswith("App")]
        self.assertIn(json.dumps({"Ref": table}), names)
        migrations = self.only(template, "Custom::DynamigrateMigrations")
        self.assertEqual([migrations["Properties"][name] for name in ("OnTimeout", "OnRollback", "TimeoutMinutes")],
                         ["detach", "down", 40])
        grants = [name for name, policy in self.of_type(template, "AWS::IAM::Policy").items()
                  if "kms:Decrypt" in json.dumps(policy)]
        self.assertEqual(len(grants), 1)
        self.assertIn(grants[0], migrations["DependsOn"])

    def test_two_in_one_stack(self):
        template = self.stack("twice")
        self.assertEqual(len(self.of_type(template, "AWS::Lambda::Function")), 2)
        self.assertEqual(len(self.of_type(template, "Custom::DynamigrateMigrations")), 2)

    def test_functionless_migrations_run_with_node(self):
        directory = self.migrations(**{"20220801-my-migration.ts": FUNCTIONLESS})
        (directory.parent / "node_modules").symlink_to(LOADERS)  # for Nodes that run no TypeScript
        template = self.stack("plain", directory)
        function = self.only(template, "AWS::Lambda::Function")["Properties"]
        self.assertEqual(function["Runtime"], "nodejs22.x")
        self.assertIn("SubjectTable", json.dumps(self.of_type(template, "AWS::IAM::Role")))

    def test_says_what_is_wrong(self):
        for wanted, message in (("too-long", "CloudFormation waits one hour at most"),
                                ("unknown-table", "named are app, orders")):
            with self.assertRaisesRegex(AssertionError, message):
                self.stack(wanted)
        with self.assertRaisesRegex(AssertionError, "there is no program no-such-program"):
            self.stack("plain", program="no-such-program")

    def test_the_example_synthesises(self):
        out = self.root / "out"
        done = subprocess.run(
            ["node", LOADERS / "tsx/dist/cli.mjs", self.root / "app/app.ts"], cwd=self.root, text=True, capture_output=True,
            env=os.environ | {"DYNAMIGRATE_PROGRAM": harness.PROGRAM, "TMPDIR": str(self.root), "CDK_OUTDIR": str(out)})
        self.assertEqual(done.returncode, 0, done.stderr)
        template = json.loads((out / "Visitors.template.json").read_text())
        self.assertEqual(len(self.of_type(template, "AWS::StepFunctions::StateMachine")), 2)
        assets = json.loads((out / "Visitors.assets.json").read_text())["files"]
        self.assertTrue(any(file["source"]["path"].endswith(".zip") for file in assets.values()))


if __name__ == "__main__":
    unittest.main()
