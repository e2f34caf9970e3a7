"""`deploy template`: what CloudFormation gets, looked at by tools from npm, and what changes when migrations do."""

import atexit
import json
import pathlib
import re
import subprocess
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent
MODULES = subprocess.run([harness.ROOT / "scripts/peers", "deploy"], check=True, capture_output=True,
                         text=True).stdout.strip()
STEP = 'up:\n  - transform: { set: { note: "%s" } }\ndown: auto\n'
# Actions that AWS documents as ones without resources.
ON_EVERYTHING = {"sts:GetCallerIdentity", "dynamodb:ListBackups", "logs:CreateLogDelivery", "logs:GetLogDelivery",
                 "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
                 "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups"}


STARTED = {}  # by script


def node(script, *arguments):
    """What the script answers to the arguments; it runs until this program ends."""
    if script not in STARTED:
        STARTED[script] = harness.Asked(HERE / script, MODULES)
        atexit.register(STARTED[script].close)
    return STARTED[script].ask(*arguments)


class TemplateTest(unittest.TestCase):
    def project(self, migrations=("1.0.0", "1.1.0"), **settings):
        project = harness.Project("http://127.0.0.1:1", "app", "history", **settings)
        self.addCleanup(project.close)
        for name in migrations:
            project.migration(f"{name}.yaml", STEP % "x")
        return project

    def made(self, project, *arguments):
        """The template as JSON, and what the program says of it."""
        said = json.loads(project.run("deploy", "template", "--json", *arguments).stdout)
        return json.loads((project.path / said["template"]).read_text()), said

    def assert_sound(self, *files):
        answers = node("template_check.mjs", *files)
        for file, answer in zip(files, answers):
            for tool in ("lint", "types", "references"):
                self.assertEqual(answer[tool], [], f"{file}: {tool}")
            for name, machine in answer["definitions"].items():
                self.assertEqual(machine["complaint"], "", f"{file}: {name}")
        return answers

    def test_tools_find_nothing_wrong_and_both_formats_say_the_same(self):
        project = self.project(("1.0.0", "1.1.0", "cleanup-orphans"), max_wcu="50%",
                               tables="{ app: app-dev }")
        project.migration("2.0.0.yaml", "table: orders\nup:\n  - create_index: { name: by_name, hash: name }\n")
        self.made(project)
        project.run("deploy", "template", "--format", "yaml")
        as_json, as_yaml = self.assert_sound(project.path / "dynamigrate-template.json",
                                             project.path / "dynamigrate-template.yaml")
        self.assertEqual(as_json["tree"], as_yaml["tree"])
        self.assertEqual(len(as_json["definitions"]), 5)
        parameters = as_json["tree"]["Parameters"]
        self.assertEqual(parameters["Tableapp"]["Default"], "app-dev")
        self.assertEqual(parameters["Tableorders"]["Default"], "orders")
        self.assertEqual(parameters["MaxWcu"]["Default"], "50%")
        function = as_json["resolved"]["Function"]["Properties"]
        self.assertEqual(function["Environment"]["Variables"]["DYNAMIGRATE_TABLES"], "app=app-dev,orders=orders")
        for machine in as_json["definitions"].values():
            self.assertIn(":Function", json.dumps(machine["definition"]))
            self.assertNotIn("${", json.dumps(machine["definition"]))

    def test_the_tools_would_find_it(self):
        project = self.project()
        content, _ = self.made(project)
        content["Resources"]["Function"]["Properties"]["Runtme"] = "x"
        content["Resources"]["Function"]["Properties"]["Role"] = {"Ref": "Nobody"}
        del content["Resources"]["StoppedRule"]["Properties"]["Targets"][0]["Arn"]
        mapped = content["Mappings"]["Definitions"]["Migration"]
        mapped["Text"] = mapped["Text"].replace('"StartAt":"Begin"', '"StartAt":"Nowhere"')
        broken = project.path / "broken.json"
        broken.write_text(json.dumps(content))
        answer, = node("template_check.mjs", broken)
        self.assertTrue(answer["lint"])
        self.assertIn("Function.Runtme: no such property", answer["types"])
        self.assertIn("StoppedRule.Targets.0.Arn: is required", answer["types"])
        self.assertIn("nothing is called Nobody", answer["references"])
        machine, = (answer["definitions"][name] for name in answer["definitions"] if "100" in name)
        self.assertTrue(machine["complaint"])

    def test_synthesises_within_a_cdk_stack(self):
        project = self.project()
        content, _ = self.made(project)
        project.run("deploy", "template", "--format", "yaml")
        for file in ("dynamigrate-template.json", "dynamigrate-template.yaml"):
            included = node("template_synth.mjs", project.path / file)
            for section in ("Resources", "Outputs", "Conditions"):
                self.assertEqual(included[section].keys(), content[section].keys())
            migrations = included["Resources"]["Migrations"]
            self.assertEqual(migrations["Properties"], content["Resources"]["Migrations"]["Properties"])
            self.assertEqual(included["Resources"]["Function"]["Properties"],
                             content["Resources"]["Function"]["Properties"])

    def test_migrations_in_javascript_get_a_runtime_with_node(self):
        project = self.project()
        self.assertEqual(self.made(project)[0]["Parameters"]["Runtime"]["Default"], "provided.al2023")
        project.migration("1.2.0.mjs", "export const transform = item => ({ ...item, seen: true })\n")
        content, _ = self.made(project)
        self.assertEqual(content["Parameters"]["Runtime"]["Default"], "nodejs22.x")
        answer, = self.assert_sound(project.path / "dynamigrate-template.json")
        self.assertEqual(answer["resolved"]["Function"]["Properties"]["Environment"]["Variables"]
                         ["AWS_LAMBDA_EXEC_WRAPPER"], "/var/task/bootstrap")

    def test_nested_stacks(self):
        project = self.project()
        content, said = self.made(project, "--nested")
        self.assertEqual(said["template"], "dynamigrate-template/template.json")
        files = [project.path / said["template"], *(project.path / name for name in said["nested"])]
        self.assertEqual(len(files), 3)
        answers = self.assert_sound(*files)
        stacks = {name: resource for name, resource in content["Resources"].items()
                  if resource["Type"] == "AWS::CloudFormation::Stack"}
        self.assertEqual(len(stacks), 2)
        directory = project.path / "dynamigrate-template"
        for stack, nested in zip(stacks.values(), answers[1:]):
            self.assertTrue((directory / stack["Properties"]["TemplateURL"]).is_file())
            self.assertEqual(stack["Properties"]["Parameters"].keys(), nested["tree"]["Parameters"].keys())
            self.assertEqual(set(nested["tree"]["Outputs"]), {"Arn", "Name"})
        names = [f"{name}={directory / stack['Properties']['TemplateURL']}" for name, stack in stacks.items()]
        included = node("template_synth.mjs", files[0], *names)
        self.assertTrue(all(name in included["Resources"] for name in stacks))
        machines = content["Resources"]["Migrations"]["Properties"]["Machines"]
        self.assertEqual(sorted(machines), ["1.0.0", "1.1.0"])
        self.assertTrue(all("Fn::GetAtt" in machine for machine in machines.values()))
        project.run("deploy", "template", "--nested", "--format", "yaml", "--output", "other")
        again = self.assert_sound(*sorted((project.path / "other").iterdir()))
        self.assertEqual(sorted(json.dumps(a["tree"], sort_keys=True).replace(".yaml", ".json") for a in again),
                         sorted(json.dumps(a["tree"], sort_keys=True) for a in answers))

    def test_same_bytes_twice(self):
        project = self.project()
        _, first = self.made(project)
        _, second = self.made(project, "--output", "again.json")
        self.assertEqual(first["sha256"], second["sha256"])
        self.assertIn("2 state machines", project.run("deploy", "template").stdout)
        self.assertEqual(first["machines"], 2)

    def test_roles_may_do_no_more_than_is_needed(self):
        project = self.project(journal="s3://journals/app")
        content, _ = self.made(project)
        statements = [
            statement for resource in content["Resources"].values()
            for policy in (resource["Properties"].get("Policies") or [resource["Properties"]])
            if isinstance(policy, dict) and "PolicyDocument" in policy
            for statement in policy["PolicyDocument"]["Statement"]]
        self.assertGreater(len(statements), 8)
        for statement in statements:
            self.assertFalse([action for action in statement["Action"] if "*" in action], statement)
            for resource in statement["Resource"]:
                text = resource if isinstance(resource, str) else json.dumps(resource)
                if text == "*":
                    self.assertLessEqual(set(statement["Action"]), ON_EVERYTHING)
                else:  # a name at least
                    self.assertNotRegex(text, r"[:/]\*[^/]*$" if "execution" not in text and "Function" not in text
                                        and "index/" not in text and "journals/app" not in text else r"^$")
        every = json.dumps(statements)
        self.assertIn("arn:${AWS::Partition}:s3:::journals/app/*", every)
        self.assertIn("table/${HistoryTableName}", every)
        self.assertIn("table/${Tableapp}", every)
        self.assertNotIn("-journal", every)
        content, _ = self.made(self.project())
        self.assertIn("table/${HistoryTableName}-journal", json.dumps(content))

    def test_what_changes_when_migrations_change(self):
        project = self.project()
        content, _ = self.made(project)

        def version(of):
            return next(name for name in of["Resources"] if name.startswith("FunctionVersion"))

        def digest(of):
            return of["Resources"]["Migrations"]["Properties"]["Digest"]

        def machines(of):
            return {name for name, resource in of["Resources"].items()
                    if resource["Type"] == "AWS::StepFunctions::StateMachine"}

        project.migration("1.1.0.yaml", STEP % "changed")
        changed, _ = self.made(project)
        self.assertNotEqual(version(content), version(changed))
        self.assertNotEqual(digest(content), digest(changed))
        # While an update is rolled back, both are there.
        self.assertFalse({name for name in content["Resources"] if name.startswith("FunctionMachines")}
                         & set(changed["Resources"]))
        self.assertEqual(machines(content), machines(changed))
        (project.path / "migrations/1.0.0.yaml").unlink()
        removed, _ = self.made(project)
        self.assertNotEqual(digest(changed), digest(removed))
        self.assertEqual(len(machines(removed)), 2)
        self.assertLess(machines(removed), machines(changed))
        self.assertEqual(list(removed["Resources"]["Migrations"]["Properties"]["Machines"]), ["1.1.0"])

    def test_names_that_look_alike(self):
        project = self.project(("1.0.10", "10.1.0", "1.0.10-a", "1.0.10-A", "a-b", "ab"))
        self.made(project)
        answer, = self.assert_sound(project.path / "dynamigrate-template.json")
        self.assertEqual(len(answer["definitions"]), 7)

    def test_refuses_with_what_to_do(self):
        project = self.project()
        said = project.run("deploy", "template", "--migrations-timeout", "90", expect=2).stderr
        self.assertRegex(said, "one hour at most.*--on-timeout detach")
        self.assertIn("fail or detach", project.run("deploy", "template", "--on-timeout", "wait", expect=2).stderr)
        self.assertIn("json or yaml", project.run("deploy", "template", "--format", "xml", expect=2).stderr)
        self.assertIn("deploy template", project.run("deploy", "stack", expect=2).stderr)
        content, _ = self.made(project, "--on-timeout", "detach", "--on-rollback=down", "--migrations-timeout=20",
                               "--concurrency=64")
        self.assertEqual([content["Parameters"][name]["Default"]
                          for name in ("OnTimeout", "OnRollback", "TimeoutMinutes", "Concurrency")],
                         ["detach", "down", 20, 64])
        local = self.project(journal="journals")
        self.assertIn("s3://BUCKET/PREFIX", local.run("deploy", "template", expect=6).stderr)

    def test_refuses_secrets(self):
        keys = self.project(profiles="{ dev: { aws: { accessKeyId: AKIAIOSFODNN7EXAMPLE, secretAccessKey: s } } }")
        password = self.project(crypto="{ primary: { cipher: aes-256-gcm, password: hush-hush } }")
        for what in ("template", "package"):
            self.assertIn("AWS keys", keys.run("deploy", what, expect=2).stderr)
            said = password.run("deploy", what, expect=2).stderr
            self.assertIn("password of `crypto`", said)
            self.assertNotIn("hush-hush", said)
        self.made(password, "--force")
        self.assertNotIn("hush-hush", (password.path / "dynamigrate-template.json").read_text())

    def test_many_migrations(self):
        project = self.project([f"{number}" for number in range(1, 151)])
        content, said = self.made(project)
        self.assertTrue(said["needs_s3"])
        self.assertLess(said["resources"], 500)
        self.assertLess(said["bytes"], 1_000_000)
        self.assert_sound(project.path / said["template"])
        text = json.dumps(content)
        self.assertFalse(re.search(r'"\$\{[^}]*\}[^"]*\$\{!', text))


if __name__ == "__main__":
    unittest.main()
