#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes MATRIX.md of what the tests of the matrix have printed.

  table.py KERNEL=OUTPUT...

Prints it. Without any row in the outputs it fails and prints nothing.
"""

import json
import sys

COLUMNS = (("module", "module"), ("proc", "/proc alone"), ("image", "image"), ("restored", "restored"),
           ("criu", "CRIU"))


def read(path, versions):
    rows = {}
    with open(path, errors="replace") as file:
        for line in file:
            _, found, version = line.partition("# matrix-criu ")
            if found:
                versions.add(version.strip())
            _, found, text = line.partition("# matrix {")
            if found:
                row = json.loads("{" + text)
                rows[row["row"]] = row
    return rows


def cell(result, column):
    """None is of a tool that has no part in the row."""
    if column not in result:
        return "?"
    if result[column] is None:
        return "–"
    if any(difference.startswith("is refused") for difference in result[column]):
        return "refused"
    return "wrong" if result[column] else "right"


def merged(cells):
    """One word if all kernels agree, else one for each."""
    return cells[0] if len(set(cells)) == 1 else " / ".join(cells)


def sentence(row, column, title, kernels):
    """What is wrong, and why, or None."""
    told = {}
    for kernel, rows in kernels.items():
        differences = rows.get(row, {"result": {}})["result"].get(column)
        if differences:
            told.setdefault("; ".join(differences), []).append(kernel)
    parts = []
    for text, which in told.items():
        parts.append(text if len(which) == len(kernels) else f"{text} (on {', '.join(which)})")
    if not parts:
        return None
    whys = [rows[row]["why"][column] for rows in kernels.values() if row in rows and column in rows[row]["why"]]
    return f"{title}: {'; '.join(parts)}" + (f" – {whys[0]}" if whys else "")


def main(*outputs):
    kernels, versions = {}, set()
    for output in outputs:
        kernel, _, path = output.partition("=")
        kernels[kernel] = read(path, versions)
    names = list(dict.fromkeys(row for rows in kernels.values() for row in rows))
    if not names:
        sys.exit("no rows of the matrix")
    print("# What is true of locks, and who says so")
    print()
    print("Made by `make check` on Linux %s, with CRIU %s; do not edit." % (
        " and ".join(kernels), " and ".join(sorted(versions))))
    print()
    print("A program takes the locks of each row and says what is true of them: kind, held type, pending breaks, range,")
    print("who set them, all holders, who waits. That is compared with what `crlock` gets from the module, and from /proc")
    print("alone, with the image that `crdump` writes, with what the module says after `crrestore`, and with what it says")
    print("after CRIU has dumped and restored the same program. A dash is where nothing is dumped: views are of who reads.")
    print()
    print("| row | " + " | ".join(title for _, title in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name in names:
        cells = [merged([cell(rows.get(name, {"result": {}})["result"], column) for rows in kernels.values()])
                 for column, _ in COLUMNS]
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()
    print("## Where something is wrong")
    print()
    for name in names:
        told = [text for column, title in COLUMNS if (text := sentence(name, column, title, kernels))]
        if told:
            print(f"- **{name}**: " + ". ".join(told) + ".")


main(*sys.argv[1:])
