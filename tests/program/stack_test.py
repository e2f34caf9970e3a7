"""A stack as the template says: its machines, its custom resource and its parameters, with all of AWS that it needs
emulated, and the function as it is packaged."""

import json
import pathlib
import tempfile
import unittest
import zipfile

import harness
from deployment_test import Deployment
from lambda_runtime import Function, HostedFunction
from template_test import node

STEP = "description: {0}\nup:\n  - transform: {{ where: attribute_not_exists(v{0}), set: {{ v{0}: true }}, " \
       "segments: 4 }}\ndown: auto\n"


class Stack(Deployment):
    """The migrations name the table `visitors`; only the stack knows what it is called."""

    def package(self, project):
        made = json.loads(project.run("deploy", "package", "--json").stdout)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        with zipfile.ZipFile(project.path / made["package"]) as archive:
            for entry in archive.infolist():
                archive.extract(entry, directory.name)
                (pathlib.Path(directory.name) / entry.filename).chmod(entry.external_attr >> 16 & 0o777)
        return pathlib.Path(directory.name)

    def make(self, migrations):
        """What CloudFormation makes of the project's template: the custom resource's properties."""
        project = harness.Project(self.server.endpoint, "visitors", "unused", region="us-east-1")
        self.projects.append(project)
        for version in migrations:
            project.migration(f"{version}.yaml", STEP.format(version.replace(".", "")))
        made = json.loads(project.run("deploy", "template", "--json").stdout)
        answer, = node("template_check.mjs", project.path / made["template"])
        self.versions += 1
        # A published version keeps the variables of its day: here it has none of the stack's.
        variables = {"AWS_ENDPOINT_URL": self.server.endpoint, "AWS_ENDPOINT_URL_DYNAMODB": self.server.endpoint,
                     "AWS_ENDPOINT_URL_SFN": self.states.endpoint,
                     "AWS_ENDPOINT_URL_CLOUDFORMATION": self.cloudformation.endpoint}
        stacks = answer["resolved"]["Function"]["Properties"]["Environment"]["Variables"] | {
            "DYNAMIGRATE_TABLES": f"visitors={self.table}", "DYNAMIGRATE_HISTORY_TABLE": self.history}
        task = self.package(project)
        present, published = (
            self.host(f"migrations{self.versions}{name}", task, variables | more)
            for name, more in (("", {k: v for k, v in stacks.items() if v}), ("-version", {})))
        properties = answer["resolved"]["Migrations"]["Properties"]
        text = json.dumps(properties)
        for name, machine in answer["definitions"].items():
            definition = json.dumps(machine["definition"])
            for made_up, real in ((":FunctionVersion", published), (":Function-Arn", present)):
                definition = self.with_function(definition, made_up, real.arn)
            definition = definition.replace("visitors=visitors", f"visitors={self.table}")
            definition = definition.replace('"DYNAMIGRATE_HISTORY_TABLE": "unused"',
                                            f'"DYNAMIGRATE_HISTORY_TABLE": "{self.history}"')
            arn = self.states.create(f"{self.table}-{name}", definition)
            text = text.replace(f'"arn:aws:made:eu-central-1:123456789012:{name}"', json.dumps(arn))
        self.function = present
        return {"function": present, "machines": {}, "properties": json.loads(text)}

    def with_function(self, definition, made_up, arn):
        parts = definition.split('"arn:aws:made:eu-central-1:123456789012' + made_up)
        return parts[0] + "".join(json.dumps(arn) + part[part.index('"') + 1:] for part in parts[1:])

    def host(self, name, task, variables):
        function = Function(name, [str(task / "bootstrap")], task, timeout=60, environment=variables)
        self.functions.append(function)
        self.service.functions[name] = HostedFunction(name, function.invoke)
        return function

    def use(self, template):
        self.function = template["function"]

    def test_runs_what_is_outstanding_on_the_stacks_tables(self):
        for number in range(40):
            self.dynamodb.put_item(TableName=self.table, Item={"pk": {"S": f"k{number}"}})
        first = self.make(["1.0.0", "1.1.0"])
        created = self.succeed("Create", first)
        self.assertEqual(created["Data"]["CurrentVersion"], "1.1.0")
        items = harness.scan(self.dynamodb, self.table)
        self.assertEqual(len(items), 40)
        self.assertTrue(all("v100" in json.dumps(item) and "v110" in json.dumps(item)
                            for item in self.dynamodb.scan(TableName=self.table)["Items"]))
        second = self.make(["1.0.0", "1.1.0", "1.2.0"])
        self.assertNotEqual(first["properties"]["Digest"], second["properties"]["Digest"])
        self.assertEqual(self.succeed("Update", second, first)["Data"]["CurrentVersion"], "1.2.0")
        self.assertTrue(all(":execution:" in row["execution"] for row in self.rows()))


if __name__ == "__main__":
    unittest.main()
