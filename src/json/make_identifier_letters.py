#!/usr/bin/env python3
"""Prints identifier_letters.cpp from the Unicode categories that ES5.1 names for identifiers.

    python3 src/json/make_identifier_letters.py > src/json/identifier_letters.cpp
"""

import unicodedata

STARTS = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl")
PARTS_ONLY = ("Mn", "Mc", "Nd", "Pc")


def ranges(categories):
    found = []
    for code in range(0x80, 0x110000):
        if unicodedata.category(chr(code)) in categories:
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return found


def array(name, categories):
    cells = [f"{{0x{first:X}, 0x{last:X}}}," for first, last in ranges(categories)]
    lines, line = [], "   "
    for cell in cells:
        if len(line) + 1 + len(cell) > 100:
            lines.append(line)
            line = "   "
        line += " " + cell
    return f"constexpr Range {name}[] = {{\n" + "\n".join(lines + [line]) + "\n};\n"


print(f"""// Printed by make_identifier_letters.py from Unicode {unicodedata.unidata_version}.
// clang-format off
#include "identifier_letters.hpp"

#include <algorithm>
#include <iterator>

namespace dynamigrate::json {{

namespace {{

struct Range {{
    char32_t first;
    char32_t last;
}};

/// Uppercase, lowercase, titlecase, modifier and other letters, letter numbers.
{array("kLetters", STARTS)}
/// Combining marks, decimal digits, connector punctuation.
{array("kMarksAndDigits", PARTS_ONLY)}
template <std::size_t N>
bool contains(const Range (&ranges)[N], char32_t code) {{
    const Range* after = std::upper_bound(
        std::begin(ranges), std::end(ranges), code,
        [](char32_t wanted, const Range& range) {{ return wanted < range.first; }});
    return after != std::begin(ranges) && code <= std::prev(after)->last;
}}

}}  // namespace

bool is_identifier_letter(char32_t code) {{
    return contains(kLetters, code);
}}

bool is_identifier_mark_or_digit(char32_t code) {{
    return contains(kMarksAndDigits, code);
}}

}}  // namespace dynamigrate::json""")
