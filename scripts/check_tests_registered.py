#!/usr/bin/env python3
"""Finds tests and sources that no build would notice, and tests that are switched off.

    scripts/check_tests_registered.py [ROOT]
"""

import pathlib
import re
import sys

import rooms as table

CASE = re.compile(r"^\s*(TEST|TEST_F|TEST_P|TYPED_TEST)\s*\(", re.M)
SWITCHED_OFF = re.compile(r"\bDISABLED_|\bGTEST_SKIP\b|^\s*#\s*if\s+0\b")
SOURCE_FOLDERS = ("tests", "testing", "fuzz")


def check(root):
    rooms = table.read_rooms(root)
    complaints = []
    for folder in ("src", "tests", "apps", "bench", "examples"):
        for path in sorted((root / folder).rglob("*.cpp")):
            where = path.relative_to(root)
            text = path.read_text(encoding="utf-8")
            complaints += misplaced(where, rooms, text)
            for number, line in enumerate(text.splitlines(), 1):
                if SWITCHED_OFF.search(line):
                    complaints.append(f"{where}:{number}: a test or its code is switched off: make it "
                                      f"pass, or delete it")
    return complaints


def misplaced(where, rooms, text):
    parts = where.parts
    is_test = where.name.endswith("_test.cpp")
    in_room_tests = len(parts) == 4 and parts[0] == "src" and parts[1] in rooms and parts[2] == "tests"
    in_suite = len(parts) == 3 and parts[0] == "tests"
    if is_test and not (in_room_tests or in_suite):
        return [f"{where}: no build compiles this test: tests lie directly in src/<room>/tests or "
                f"tests/<suite>"]
    if CASE.search(text) and not is_test:
        return [f"{where}: holds tests, so its name must end in _test.cpp"]
    if parts[0] == "src" and len(parts) > 3 and not (len(parts) == 4 and parts[2] in SOURCE_FOLDERS):
        return [f"{where}: no build compiles this source: sources lie directly in src/<room>"]
    return []


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    complaints = check(root.resolve())
    print("\n".join(complaints) or "check_tests_registered: every test is built and switched on")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
