"""Reads the table of rooms, cmake/Rooms.cmake."""

import dataclasses
import pathlib
import re

# Rooms link these to everything above them, so every room may include them.
ADMITTED_EVERYWHERE = ["fmt/"]


@dataclasses.dataclass
class Room:
    name: str
    floor: int
    uses: list
    uses_private: list
    admits: list

    @property
    def reach(self):
        """Rooms this one may include somewhere."""
        return self.uses + self.uses_private


def read_rooms(root):
    """The rooms by name, in the table's order."""
    text = (pathlib.Path(root) / "cmake/Rooms.cmake").read_text()
    text = re.sub(r"#.*", "", text)
    rooms = {}
    for call in re.findall(r"\broom\(([^)]*)\)", text):
        name, *words = call.split()
        lists = {"FLOOR": [], "USES": [], "USES_PRIVATE": [], "ADMITS": [], "LINKS": []}
        key = None
        for word in words:
            if word in lists:
                key = word
            else:
                lists[key].append(word)
        rooms[name] = Room(name, int(lists["FLOOR"][0]), lists["USES"], lists["USES_PRIVATE"],
                           lists["ADMITS"])
    return rooms


def closure(rooms, name):
    """Every room that `name` reaches, itself included."""
    reached = {name}
    for used in rooms[name].reach:
        reached |= closure(rooms, used)
    return reached
