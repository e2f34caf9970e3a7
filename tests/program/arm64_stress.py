"""The program for arm64, built on this machine and run by qemu; the function package that it makes."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from lambda_package_test import unzip
from lambda_runtime import Function
from lambda_test import VERSIONS, Suite

TOOLS = ("aarch64-linux-gnu-g++", "qemu-aarch64-static")
ARM64 = 183  # e_machine
RUN = [str(harness.ROOT / "scripts/arm64-sysroot"), "run", str(harness.ROOT / "build/release-arm64/dynamigrate")]


def machine(path):
    """Of a file in ELF, else None."""
    head = path.read_bytes()[:20]
    return int.from_bytes(head[18:20], "little") if head[:4] == b"\x7fELF" else None


@unittest.skipUnless(all(map(shutil.which, TOOLS)), "scripts/install-deps arm64 was not run")
@unittest.skipIf(re.search("/(asan|tsan)/", harness.PROGRAM), "once is enough")
class Arm64(Suite):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for command in (["scripts/arm64-sysroot"], ["cmake", "--workflow", "--preset", "release-arm64"]):
            subprocess.run(command, cwd=harness.ROOT, check=True, stdout=subprocess.DEVNULL)

    def program(self, project, *arguments):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return subprocess.run([*RUN, *arguments], cwd=project.path, env=environment, check=True,
                              capture_output=True, text=True).stdout

    def test_migrates(self):
        project = self.project()
        self.assertRegex(self.program(project, "version"), r"^dynamigrate \d")
        self.assertTrue(self.program(project, "all", "--yes").endswith("Current database version: 0.0.3\n"))
        self.assertEqual(self.notes(project), VERSIONS)
        self.assertEqual(project.run("status").stdout, "0.0.3\n")

    def test_its_package_is_all_arm64_and_runs_as_a_function(self):
        project = self.project()
        made = json.loads(self.program(project, "deploy", "package", "--json"))
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        unzip(project.path / made["package"], directory.name)
        task = pathlib.Path(directory.name)
        binaries = [task / "dynamigrate", *(task / "lib").iterdir()]
        self.assertGreater(len(binaries), 10)
        self.assertEqual({machine(path) for path in binaries}, {ARM64})
        self.assertIn("lib/ld-linux-aarch64.so.1", (task / "bootstrap").read_text())
        # As the bootstrap does it, by qemu; libraries of this machine would be of another kind.
        command = ["qemu-aarch64-static", str(task / "lib/ld-linux-aarch64.so.1"), "--library-path", str(task / "lib"),
                   str(task / "dynamigrate"), "lambda"]
        function = Function("arm64", command, task, timeout=120)
        self.addCleanup(function.close)
        self.assertIn("dynamigrate", function.call({"cmd": "hello"})["body"])
        up = function.call({"cmd": "start", "run": "r1", "args": {"words": ["all", "--yes"]}})
        self.assertEqual(up["body"]["exitCode"], 0, up)
        self.assertEqual(self.notes(project), VERSIONS)


if __name__ == "__main__":
    unittest.main()
