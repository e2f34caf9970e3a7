#!/usr/bin/env python3
"""Breaks each rule of the house once, in a small house of its own, and expects its check to say so."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

TABLE = """
room(low FLOOR 0 ADMITS zlib.h)
room(middle FLOOR 1 USES low)
room(side FLOOR 1 USES_PRIVATE low)
room(high FLOOR 2 USES middle)
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(house LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
list(APPEND CMAKE_MODULE_PATH ${PROJECT_SOURCE_DIR}/cmake)
include(Warnings)
include(AddRoom)
include(Rooms)
build_rooms()
"""
PAGE = """# Page
<!-- rooms: drawn by scripts/draw_rooms from cmake/Rooms.cmake -->
<!-- rooms end -->
"""


class House(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "cmake").mkdir()
        for name in ("AddRoom", "Warnings"):
            shutil.copy(ROOT / f"cmake/{name}.cmake", self.root / "cmake")
        self.write("cmake/Rooms.cmake", TABLE)
        self.write("CMakeLists.txt", PROJECT)
        self.write("ARCHITECTURE.md", PAGE)
        for room in ("low", "middle", "side", "high"):
            self.write(f"src/{room}/README.md", f"# {room}\n")
            self.write(f"src/{room}/include/dynamigrate/{room}/{room}.hpp",
                       f"#pragma once\nnamespace dynamigrate::{room} {{ int answer(); }}\n")
            self.write(f"src/{room}/{room}.cpp",
                       f"#include <dynamigrate/{room}/{room}.hpp>\n"
                       f"int dynamigrate::{room}::answer() {{ return 1; }}\n")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_tool(self, *command):
        done = subprocess.run([str(word) for word in command], cwd=self.root, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, " ".join(done.stdout.split())

    def check(self, script, *words):
        return self.run_tool(sys.executable, ROOT / "scripts" / script, *words, self.root)

    def assert_fires(self, answer, *texts):
        code, output = answer
        self.assertNotEqual(code, 0, output)
        for text in texts:
            self.assertIn(text, output)

    def assert_layers(self, *texts):
        self.assert_fires(self.check("check_layers.py"), *texts)


class Sources(House):
    def test_a_sound_house_passes(self):
        for answer in (self.check("check_layers.py"), self.check("check_tests_registered.py")):
            self.assertEqual(answer[0], 0, answer[1])

    def test_room_reached_only_through_another(self):
        self.write("src/high/a.cpp", "#include <dynamigrate/low/low.hpp>\n")
        self.assert_layers("src/high/a.cpp:1", "room 'high' (floor 2) includes room 'low' (floor 0)")

    def test_sibling_in_a_test(self):
        self.write("src/middle/tests/a_test.cpp", "#include <dynamigrate/side/side.hpp>\n")
        self.assert_layers("src/middle/tests/a_test.cpp:1", "reach room 'side'")

    def test_private_use_in_a_public_header(self):
        self.write("src/side/include/dynamigrate/side/a.hpp", "#include <dynamigrate/low/low.hpp>\n")
        self.assert_layers("names 'low' under USES_PRIVATE")

    def test_file_of_another_room_by_path(self):
        self.write("src/high/a.cpp", '#include "../side/side.cpp"\n')
        self.assert_layers("src/high/a.cpp:1", "belongs to another room")

    def test_third_party_outside_its_room(self):
        self.write("src/high/a.cpp", "#include <zlib.h>\n")
        self.assert_layers("<zlib.h> in 'high': only room 'low' admits it")

    def test_third_party_that_nobody_admits(self):
        self.write("src/low/a.cpp", "#include <boost/asio.hpp>\n")
        self.assert_layers("<boost/asio.hpp> in 'low': no room admits it")

    def test_test_double_in_production(self):
        self.write("src/high/a.cpp", "#include <dynamigrate/middle/testing/fake.hpp>\n")
        self.assert_layers("is a test double")

    def test_test_framework_in_production(self):
        self.write("src/high/a.cpp", "#include <gtest/gtest.h>\n")
        self.assert_layers("<gtest/gtest.h> belongs in tests")

    def test_circle_of_files(self):
        for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
            self.write(f"src/low/include/dynamigrate/low/{one}.hpp",
                       f"#include <dynamigrate/low/{other}.hpp>\n")
        self.assert_layers("src/low: a.hpp, b.hpp, c.hpp include each other in a circle")

    def test_room_without_its_page_or_its_line(self):
        (self.root / "src/low/README.md").unlink()
        self.write("src/attic/a.cpp", "")
        self.assert_layers("src/low: a room has a README.md", "src/attic: no room of that name")

    def assert_registered(self, *texts):
        self.assert_fires(self.check("check_tests_registered.py"), *texts)

    def test_tests_that_no_build_compiles(self):
        self.write("src/low/a_test.cpp", "")
        self.write("src/low/tests/deep/b_test.cpp", "")
        self.assert_registered("src/low/a_test.cpp: no build", "src/low/tests/deep/b_test.cpp: no build")

    def test_source_that_no_build_compiles(self):
        self.write("src/low/deep/a.cpp", "")
        self.assert_registered("src/low/deep/a.cpp: no build")

    def test_tests_that_are_switched_off(self):
        self.write("src/low/tests/a_test.cpp", "\nTEST(A, DISABLED_B) {}\n")
        self.write("src/low/tests/b_test.cpp", "TEST(A, B) { GTEST_SKIP(); }\n")
        self.assert_registered("src/low/tests/a_test.cpp:2", "src/low/tests/b_test.cpp:1")

    def test_tests_under_another_name(self):
        self.write("src/low/tests/a.cpp", "TEST(A, B) {}\n")
        self.assert_registered("src/low/tests/a.cpp: holds tests")

    def test_picture_out_of_date(self):
        self.assert_fires(self.check("draw_rooms", "--check"), "out of date")
        self.assertEqual(self.check("draw_rooms")[0], 0)
        self.assertEqual(self.check("draw_rooms", "--check")[0], 0)
        self.write("cmake/Rooms.cmake", TABLE + "room(top FLOOR 3 USES high)\n")
        self.assert_fires(self.check("draw_rooms", "--check"), "out of date")


class Build(House):
    def configure(self):
        return self.run_tool("cmake", "-G", "Ninja", "-S", self.root, "-B", self.root / "build",
                             "-DCMAKE_VERIFY_INTERFACE_HEADER_SETS=ON", "-DCMAKE_BUILD_TYPE=Debug")

    def build(self, *targets):
        return self.run_tool("ninja", "-C", self.root / "build", *targets)

    def read_table(self, text):
        self.write("table.cmake", "cmake_minimum_required(VERSION 3.25)\n"
                   "include(cmake/AddRoom.cmake)\n" + text)
        return self.run_tool("cmake", "-P", "table.cmake")

    def test_edges_that_do_not_go_down(self):
        self.assertEqual(self.read_table(TABLE)[0], 0)
        self.assert_fires(self.read_table("room(a FLOOR 1)\nroom(b FLOOR 1 USES a)\n"),
                          "room 'b' (floor 1) must not use room 'a' (floor 1)")
        self.assert_fires(self.read_table("room(a FLOOR 0 USES_PRIVATE b)\nroom(b FLOOR 1)\n"),
                          "room 'a' (floor 0) uses 'b', which is no room above its line")

    def test_what_compiler_and_linker_refuse(self):
        self.write("src/high/include/dynamigrate/high/needy.hpp", "#pragma once\nstd::string s();\n")
        self.write("src/low/upward.cpp",
                   "namespace dynamigrate::high { int answer(); }\n"
                   "int up();\nint up() { return dynamigrate::high::answer(); }\n")
        self.write("src/middle/sideways.cpp", "#include <dynamigrate/side/side.hpp>\n")

        code, output = self.configure()

        self.assertEqual(code, 0, output)
        self.assert_fires(self.build("linkcheck_low"), "undefined", "answer")
        self.assert_fires(self.build("dynamigrate_middle"), "dynamigrate/side/side.hpp: No such file")
        self.assert_fires(self.build("dynamigrate_high_verify_interface_header_sets"), "needy.hpp")
        (self.root / "src/low/upward.cpp").unlink()
        (self.root / "src/middle/sideways.cpp").unlink()
        (self.root / "src/high/include/dynamigrate/high/needy.hpp").unlink()
        code, output = self.build("all", "linkcheck", "all_verify_interface_header_sets")
        self.assertEqual(code, 0, output)


if __name__ == "__main__":
    unittest.main()
