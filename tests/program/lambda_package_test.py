"""`deploy package`: the same bytes each time, and a function that runs with nothing of this machine but
a kernel and a shell."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import zipfile

import harness
from lambda_runtime import SANITIZED, Function
from lambda_test import COLD_START_MS, VERSIONS, Suite

CAN_CHANGE_ROOT = subprocess.run(["unshare", "-r", "chroot", "/", "true"], capture_output=True).returncode == 0


def unzip(package, directory):
    with zipfile.ZipFile(package) as archive:
        if archive.testzip():
            raise AssertionError("damaged")
        for entry in archive.infolist():
            archive.extract(entry, directory)
            (pathlib.Path(directory) / entry.filename).chmod(entry.external_attr >> 16 & 0o777)


class Package(Suite):
    def package(self, project, *arguments):
        made = json.loads(project.run("deploy", "package", "--json", *arguments).stdout)
        return made, project.path / made["package"]

    def unpacked(self, project):
        _, package = self.package(project)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        unzip(package, directory.name)
        return pathlib.Path(directory.name)

    def test_same_bytes_twice_below_the_limits(self):
        project = self.project()
        first, package = self.package(project)
        second, other = self.package(project, "--output", "again.zip")
        self.assertEqual(package.read_bytes(), other.read_bytes())
        self.assertEqual(first["sha256"], hashlib.sha256(package.read_bytes()).hexdigest())
        self.assertEqual(first["sha256"], second["sha256"])
        self.assertEqual(first["bytes"], package.stat().st_size)
        self.assertLess(first["unzipped_bytes"], 250 * 1024 * 1024)
        self.assertLess(first["bytes"], 50 * 1024 * 1024 if not SANITIZED else first["unzipped_bytes"])
        with zipfile.ZipFile(package) as archive:
            names = archive.namelist()
        for name in ("bootstrap", "dynamigrate", "dynamigrate.yaml", "migrations/0.0.1.yaml", "lib/libc.so.6",
                     "ca-certificates.crt"):
            self.assertIn(name, names)
        said = project.run("deploy", "package").stdout
        self.assertRegex(said, r"Generated dynamigrate-lambda.zip: \d+\.\d MB, unzipped \d+\.\d MB of 250, \d+ files")

    def test_every_library_is_there(self):
        directory = self.unpacked(self.project())
        loader = next((directory / "lib").glob("ld-linux*"))
        needed = subprocess.run(
            [loader, "--inhibit-cache", "--library-path", directory / "lib", "--list", directory / "dynamigrate"],
            check=True, capture_output=True, text=True).stdout
        self.assertNotIn("not found", needed)
        for path in re.findall(r"=> (/\S+)", needed):
            self.assertTrue(path.startswith(str(directory)) or "ld-linux" in path, path)

    def test_starts_as_the_wrapper_of_a_runtime_with_node(self):
        task = self.unpacked(self.project())
        command = [str(task / "bootstrap"), "/var/lang/bin/node", "--expose-gc", "/var/runtime/index.mjs"]
        function = Function("wrapped", command, task, timeout=60)
        self.addCleanup(function.close)
        self.assertIn("dynamigrate", function.call({"cmd": "hello"})["body"])
        self.assertLess(function.sandboxes[0].cpu_to_first_request, COLD_START_MS)

    def test_refuses_what_must_not_be_in_it(self):
        project = self.project(aws="{ accessKeyId: AKIAIOSFODNN7EXAMPLE, secretAccessKey: s }")
        self.assertIn("AWS keys", project.run("deploy", "package", expect=2).stderr)
        self.assertIn("deploy package", project.run("deploy", expect=2).stderr)

    @unittest.skipUnless(CAN_CHANGE_ROOT, "user namespaces are not permitted")
    @unittest.skipIf(SANITIZED, "sanitizers look into /proc, which is not there")
    def test_runs_without_this_machines_libraries(self):
        project = self.project()
        task = self.unpacked(project)
        root = tempfile.TemporaryDirectory()
        self.addCleanup(root.cleanup)
        place = pathlib.Path(root.name)
        (place / "var").mkdir()
        shutil.move(str(task), place / "var/task")
        task.mkdir()  # for its own removal
        for name in ("tmp", "proc", "dev", "etc", "bin", "lib64"):
            (place / name).mkdir()
        # Lambda's image has a shell; this one has its loader and its C library and nothing else.
        shell = shutil.which("dash") or "/bin/sh"
        shutil.copy(os.path.realpath(shell), place / "bin/sh")
        for library in subprocess.run(["ldd", shell], check=True, capture_output=True, text=True).stdout.split():
            if library.startswith("/"):
                target = place / library.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(os.path.realpath(library), target)
        function = Function(
            "packaged", ["unshare", "-r", "chroot", str(place), "/var/task/bootstrap"], "/",
            task_root="/var/task", timeout=60)
        self.addCleanup(function.close)
        self.assertIn("dynamigrate", function.call({"cmd": "hello"})["body"])
        sandbox = function.sandboxes[0]
        mapped = pathlib.Path(f"/proc/{sandbox.process.pid}/maps").read_text()
        files = {line.split()[-1] for line in mapped.splitlines() if "/" in line}
        foreign = {name for name in files if ".so" in name and "/var/task/" not in name}
        self.assertEqual(foreign, set())
        self.assertTrue(any(name.endswith("/var/task/lib/libc.so.6") for name in files), files)
        self.assertLess(sandbox.cpu_to_first_request, COLD_START_MS * 2)
        up = function.call({"cmd": "start", "run": "r1", "args": {"words": ["all", "--yes"]}})
        self.assertEqual(up["body"]["exitCode"], 0, up)
        self.assertEqual(self.notes(project), VERSIONS)


if __name__ == "__main__":
    unittest.main()
