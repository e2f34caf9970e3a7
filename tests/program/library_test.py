"""The installed library: a program of one's own and plug-ins, built outside the tree by find_package and
by pkg-config; plug-ins that are none."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

BUILD = pathlib.Path(harness.PROGRAM).parent
EXAMPLES = harness.ROOT / "examples"
VERSION = b"dynamigrate 0.1.0"


def run(*command, cwd=None, expect=0, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**environment, **variables},
                          capture_output=True, text=True)
    if done.returncode != expect:
        raise AssertionError(f"{' '.join(map(str, command))}: exit {done.returncode}, not {expect}\n"
                             f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}")
    return done


def compile_shared(source, target):
    target.with_suffix(".c").write_text(source)
    run("cc", "-shared", "-fPIC", "-o", target, target.with_suffix(".c"))


# What a sanitizer adds would have to be linked into the users' programs too.
@unittest.skipIf(re.search("/(asan|tsan)/", harness.PROGRAM), "not with sanitizers")
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls._scratch = tempfile.TemporaryDirectory()
        cls.scratch = pathlib.Path(cls._scratch.name)
        cls.prefix = cls.scratch / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls._scratch.cleanup()

    def copy_of(self, example):
        folder = self.scratch / f"{example}-{self.id().split('.')[-1]}"
        shutil.copytree(EXAMPLES / example, folder)
        return folder

    def configure_and_build(self, folder):
        run("cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=",
            "-DCMAKE_CXX_FLAGS=-O0 -fuse-ld=mold", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", folder / "build", "-j", "2")

    def check_own_binary(self, program, more=()):
        """The whole command line, with the migrations that are built in and a plug-in, where one is."""
        project = program.parent / "project"
        project.mkdir(exist_ok=True)
        (project / "dynamigrate.yaml").write_text('table: people\nendpoint: "embedded:./store"\n')
        self.assertEqual(run(program, "status", cwd=project).stdout, "0.0.0\n")
        plan = json.loads(run(program, "plan", "--json", cwd=project).stdout)["plan"]
        self.assertEqual([each["id"] for each in plan], ["0.1.0", "1.0.0", "2.0.0", "3.0.0", *more])
        self.assertEqual(plan[3]["steps"], ["code: Count the people"])
        dry = run(program, "all", "--dry", "--yes", cwd=project).stdout
        self.assertIn('+ name: "Ada Lovelace"', dry)
        self.assertIn("+ people: 2", dry)
        self.assertIn(f"Dry Run: {9 + 2 * len(more)} items would change", dry)
        self.assertEqual(run(program, "status", cwd=project).stdout, "0.0.0\n")
        run(program, "all", "--yes", cwd=project)
        self.assertEqual(run(program, "status", cwd=project).stdout, f"{(*more, '3.0.0')[0]}\n")
        for _ in more:
            run(program, "down", "--yes", cwd=project)
        self.assertIn('- people: 2', run(program, "down", "--dry", "--yes", cwd=project).stdout)
        run(program, "down", "0.1.0", "--yes", cwd=project)
        self.assertEqual(run(program, "status", cwd=project).stdout, "0.1.0\n")

    def test_find_package(self):
        folder = self.copy_of("own-binary")
        plugin = (EXAMPLES / "plug-in/upper_names.cpp").read_text().replace("1.0.0", "4.0.0")
        (folder / "upper_names.cpp").write_text(plugin)
        with (folder / "CMakeLists.txt").open("a") as text:
            text.write("dynamigrate_add_plugin(4.0.0_upper-names upper_names.cpp\n"
                       "    DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/project/migrations)\n")
        self.configure_and_build(folder)
        self.check_own_binary(folder / "build" / "people", ["4.0.0"])

    def test_pkg_config(self):
        folder = self.copy_of("own-binary")
        paths = ":".join(map(str, self.prefix.glob("lib*/**/pkgconfig")))
        flags = run("pkg-config", "--cflags", "--libs", "dynamigrate", PKG_CONFIG_PATH=paths).stdout
        (folder / "bin").mkdir()
        run("g++", "-O0", "-fuse-ld=mold", "main.cpp", "migrations.cpp", *flags.split(), "-o",
            "bin/people", cwd=folder)
        self.check_own_binary(folder / "bin" / "people")
        version = run("pkg-config", "--modversion", "dynamigrate", PKG_CONFIG_PATH=paths).stdout
        self.assertIn(version.strip(), run(self.prefix / "bin/dynamigrate", "version").stdout)

    def test_plug_ins(self):
        folder = self.copy_of("plug-in")
        self.configure_and_build(folder)
        program = self.prefix / "bin/dynamigrate"
        self.assertIn('+ name: "ADA"', run(program, "all", "--dry", "--yes", cwd=folder).stdout)
        run(program, "all", "--yes", cwd=folder)
        self.assertEqual(run(program, "status", cwd=folder).stdout, "1.0.0\n")
        run(program, "down", "--yes", cwd=folder)
        self.assertEqual(run(program, "status", cwd=folder).stdout, "0.1.0\n")
        self.check_wrong_plug_ins(folder, program)

    def check_wrong_plug_ins(self, folder, program):
        """Nothing of them runs: each is refused by name, with what to do."""
        good = folder / "migrations/1.0.0_upper-names.so"
        sound = good.read_bytes()
        wrong = folder / "migrations/2.0.0_wrong.so"

        def refuse(*texts):
            done = run(program, "plan", cwd=folder, expect=6)
            for text in ("migrations/2.0.0_wrong.so", "cannot be loaded", *texts):
                self.assertIn(text, done.stderr)
            wrong.unlink()

        compile_shared("#include <stdlib.h>\n"
                       "__attribute__((constructor)) static void run(void) { abort(); }\n", wrong)
        wrong.with_suffix(".c").unlink()
        refuse("is not a plug-in of dynamigrate", "dynamigrate_add_plugin")
        wrong.write_bytes(sound.replace(VERSION, b"dynamigrate 0.0.9"))
        refuse('it was built for "dynamigrate 0.0.9', "build it again")
        wrong.write_bytes(re.sub(rb"(, layout 8) \d+", rb"\1 99", sound))
        refuse("layout 8 99", "build it again")
        wrong.write_bytes(sound[: len(sound) * 2 // 3])
        refuse("the file is cut off")
        wrong.write_bytes(b"not a library")
        refuse("it is not a shared object")
        wrong.write_bytes(sound)
        refuse("its migration is 1.0.0, but the file's name says 2.0.0")
        wrong.write_bytes(sound.replace(b"dynamigrate_plugin_make", b"dynamigrate_plugin_mask"))
        refuse("dynamigrate_plugin_make")


if __name__ == "__main__":
    unittest.main()
