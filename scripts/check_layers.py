#!/usr/bin/env python3
"""Compares what the sources include with cmake/Rooms.cmake.

Finds what the compiler lets pass: a room reached only through another room's headers, a third party's
header outside the room that admits it, a file of another room included by path, test doubles in
production code, and headers that include each other in a circle.

    scripts/check_layers.py [ROOT]
"""

import pathlib
import re
import sys

import rooms as table

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SYSTEM_FOLDERS = ("sys/", "netinet/", "arpa/", "net/", "linux/", "bits/")
SYSTEM_FILES = set("""dirent.h dlfcn.h elf.h errno.h fcntl.h grp.h ifaddrs.h limits.h locale.h netdb.h poll.h
    pthread.h pwd.h sched.h signal.h spawn.h stdint.h stdio.h stdlib.h string.h syslog.h termios.h time.h
    unistd.h utime.h fnmatch.h glob.h malloc.h""".split())
TEST_ONLY = ("gtest/", "gmock/")


class Checker:
    def __init__(self, root):
        self.root = root
        self.rooms = table.read_rooms(root)
        self.admitted_by = {p: r.name for r in self.rooms.values() for p in r.admits}
        self.complaints = []

    def complain(self, path, line, text):
        self.complaints.append(f"{path.relative_to(self.root)}:{line}: {text}")

    def check_room(self, room):
        folder = self.root / "src" / room.name
        edges = {}
        for path in sorted(p for p in folder.rglob("*") if p.suffix in (".hpp", ".cpp", ".h", ".cc")):
            inside = path.relative_to(folder)
            kind = inside.parts[0] if len(inside.parts) > 1 else "source"
            is_test = kind in ("tests", "testing")
            edges[path.resolve()] = set()
            for number, quote, target in includes(path):
                if quote == '"':
                    self.check_quoted(path, number, target, folder)
                elif target.startswith("dynamigrate/"):
                    self.check_room_include(room, path, number, target, kind, is_test)
                else:
                    self.check_third_party(room.name, room.admits, path, number, target, is_test)
                beside = path.parent if quote == '"' else folder / "include"
                edges[path.resolve()].add((beside / target).resolve())
        self.check_cycles(room, edges)

    def check_quoted(self, path, number, target, folder):
        resolved = (path.parent / target).resolve()
        if not resolved.is_file():
            self.complain(path, number, f'"{target}" is not beside this file; write '
                          f"<dynamigrate/room/file.hpp> for a public header")
        elif folder.resolve() not in resolved.parents:
            self.complain(path, number, f'"{target}" belongs to another room; only its public headers, '
                          f"as <dynamigrate/room/file.hpp>, may be included")
        elif "include" in resolved.relative_to(folder.resolve()).parts[:-1]:
            self.complain(path, number, f'"{target}" is a public header: include it as '
                          f"<dynamigrate/room/file.hpp>")

    def check_room_include(self, room, path, number, target, kind, is_test):
        parts = target.split("/")
        used = parts[1] if len(parts) > 2 else self.owner_of(target)
        if len(parts) > 3 and parts[2] == "testing" and not is_test:
            self.complain(path, number, f"<{target}> is a test double; only tests may use it")
        if used == room.name:
            return
        if used not in self.rooms:
            self.complain(path, number, f"<{target}>: '{used}' is no room of cmake/Rooms.cmake")
        elif is_test:
            if used not in table.closure(self.rooms, room.name):
                self.complain(path, number, f"tests of room '{room.name}' reach room '{used}', which is "
                              f"not below it in cmake/Rooms.cmake")
        elif used not in room.reach:
            self.complain(path, number, f"room '{room.name}' (floor {room.floor}) includes room '{used}' "
                          f"(floor {self.rooms[used].floor}) without naming it in cmake/Rooms.cmake")
        elif kind == "include" and used in room.uses_private:
            self.complain(path, number, f"room '{room.name}' names '{used}' under USES_PRIVATE, so a "
                          f"public header must not include it")

    def owner_of(self, header):
        """The room of a header that stands for all of its room's, such as dynamigrate/dynamigrate.hpp."""
        return next((name for name in self.rooms
                     if (self.root / "src" / name / "include" / header).is_file()), header)

    def check_third_party(self, who, admits, path, number, target, is_test):
        if is_system(target) or target.startswith(tuple(table.ADMITTED_EVERYWHERE + admits)):
            return
        if target.startswith(TEST_ONLY):
            if not is_test:
                self.complain(path, number, f"<{target}> belongs in tests")
            return
        owner = next((r for p, r in self.admitted_by.items() if target.startswith(p)), None)
        reason = (f"only room '{owner}' admits it: use that room's interface" if owner else
                  "no room admits it: add its prefix to ADMITS of one room in cmake/Rooms.cmake")
        self.complain(path, number, f"<{target}> in '{who}': {reason}")

    def check_cycles(self, room, edges):
        for members in strongly_connected(edges):
            if len(members) > 1:
                self.complaints.append(
                    f"src/{room.name}: {', '.join(sorted(m.name for m in members))} include each other in a "
                    f"circle; move what they share into a file of its own")

    def check_outside(self):
        """Programs, whole-program tests and benchmarks use rooms, and third parties only for testing."""
        for folder in ("apps", "tests", "bench", "examples"):
            for path in sorted((self.root / folder).rglob("*.[ch]pp")):
                for number, quote, target in includes(path):
                    if quote == '"' or target.startswith("dynamigrate/"):
                        continue
                    if folder == "bench" and target.startswith("benchmark/"):
                        continue
                    self.check_third_party(folder, [], path, number, target, folder in ("tests", "bench"))

    def check_folders(self):
        for folder in sorted(p for p in (self.root / "src").iterdir() if p.is_dir()):
            if folder.name not in self.rooms:
                self.complaints.append(f"src/{folder.name}: no room of that name in cmake/Rooms.cmake")
            elif not (folder / "README.md").is_file():
                self.complaints.append(f"src/{folder.name}: a room has a README.md of one page")

    def run(self):
        self.check_folders()
        for room in self.rooms.values():
            self.check_room(room)
        self.check_outside()
        return self.complaints


def includes(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def is_system(target):
    return "." not in target and "/" not in target or target in SYSTEM_FILES or \
        target.startswith(SYSTEM_FOLDERS)


def strongly_connected(edges):
    """Tarjan's algorithm, without recursion."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for start in edges:
        if start in index:
            continue
        work = [(start, iter(edges[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, following = work[-1]
            for child in following:
                if child not in edges:
                    continue
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(edges[child])))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = set()
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        members.add(member)
                        if member == node:
                            break
                    found.append(members)
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    complaints = Checker(root.resolve()).run()
    print("\n".join(complaints) or "check_layers: the sources agree with cmake/Rooms.cmake")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
