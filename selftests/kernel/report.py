#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""In the VM: takes locks of every sort, those of the rows of the matrix, and tells what the kernel's text says of them.

  report.py MATRIX-ROW DIRECTORY PATTERN

All rows hold their locks at the same time, so that crlock verify is asked but once. Prints a line of JSON for each row
and rule: how many times the text is not true (or, of a rule that is a limit of the format, how often it cannot tell),
with the line that is there and the one that should be. A row that cannot be made here says so under the rule "row".
"""

import fnmatch
import glob
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))
# pylint: disable=wrong-import-position
import matrix
import places

INODE = re.compile(r" ([0-9a-f]+):([0-9a-f]+):(\d+) ")
# Of which row it is, nothing tells; numbers that do not count up are such.
NO_ROW = "all rows"
# Of one rule in one row; how many there are is told all the same.
LINES_MAX = 20


def say(row, rule, limit, times, lines):
    print("# report " + json.dumps({"row": row, "rule": rule, "limit": limit, "times": times,
                                    "lines": lines[:LINES_MAX]}),
          flush=True)


class Row:
    """A program that holds locks, and what it says is true of them."""

    def __init__(self, name, program, directory):
        self.name, self.directory = name, directory
        self.truth, self.pids, self.inodes = None, [], set()
        files = f"{directory}/files"
        os.makedirs(files)
        try:
            places.enter(name, directory)
            self.truth = matrix.start(program, name, files)
            tree = matrix.tree(self.truth["pid"])
            self.pids = tree + (matrix.tree(self.truth["other"]) if self.truth["other"] else [])
            self.inodes = matrix.inodes(tree, files, self.truth["about"])
            say(name, "row", False, 0, [])
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            say(name, "row", False, 1, [str(error)])

    def reader(self):
        return self.truth["reader"].split() if self.truth else []

    def leave(self):
        matrix.end(set(self.pids) | set(matrix.tree(self.pids[0]) if self.pids else []))
        places.leave(self.directory)


def keep_leases():
    """Rows are many, and the kernel is not to end the lease of one while others begin."""
    with open("/proc/sys/fs/lease-break-time", "w", encoding="ascii") as file:
        file.write("3600\n")


def keys(finding):
    """What a finding tells of its row: inodes of the lines, the right one first, and processes."""
    for line in (finding["wanted"], finding["got"]):
        for major, minor, number in INODE.findall(f"{line} "):
            yield f"{int(major, 16)}:{int(minor, 16)}", int(number)
    yield from map(int, re.findall(r"^/proc/(\d+)/", finding["where"]))
    yield finding["thread"]
    # A request beneath a line, by the process that it names.
    yield from map(int, re.findall(r"(?:READ|WRITE|UNLCK) (\d+) ", f"{finding['got']}"))


def told(finding):
    return f"{finding['where']}: {finding['got'] or 'no line'}, should be: {finding['wanted'] or 'no line'}"


def verified_copy(copier, directory, name, row_of):
    """The same of /proc as somebody else reads it, for one row. What is gone meanwhile is left out of the copy."""
    os.mkdir(directory)
    subprocess.run([*copier, "cp", "-r", "--parents", "/proc/locks", *glob.glob("/proc/[0-9]*/fdinfo"), directory],
                   check=False, capture_output=True, timeout=matrix.LIMIT)
    done = subprocess.run(["crlock", "verify", "--json", "--rounds", "4", "--proc", f"{directory}/proc"], check=False,
                          capture_output=True, timeout=4 * matrix.LIMIT)
    lines = [done.stderr.decode(errors="replace").strip()]
    if done.returncode <= 1:
        lines = [told(finding) for finding in json.loads(done.stdout)["differences"] if row_of(finding) == name]
    say(name, "copy", False, len(lines), lines)


def verified(reader, row_of):
    """What crlock verify finds, by row: lines that are wrong, and what no line tells."""
    done = subprocess.run([*reader, "crlock", "verify", "--json", "--rounds", "4", "--verbose"], check=False,
                          capture_output=True, timeout=4 * matrix.LIMIT)
    if done.returncode > 1:
        say(row_of({}), "verify", False, 1, [done.stderr.decode(errors="replace").strip()])
        return
    said = json.loads(done.stdout)
    found = {}
    for finding in said["differences"]:
        found.setdefault((row_of(finding), finding["rule"], False), []).append(told(finding))
    for finding in said["limited"]:
        found.setdefault((row_of(finding), finding["rule"], True), []).append(
            finding["lock"] or finding["got"] or finding["wanted"] or "")
    for (row, rule, limit), lines in found.items():
        say(row, rule, limit, len(lines), lines)


def compared(rows):
    """The fixture knows what it did: so neither the module's word nor that of the text is taken on trust."""
    for source in ("kmod", "proc"):
        text = subprocess.run(["crlock", "ls", "--json", f"--source={source}", "--output", matrix.OUTPUT], check=True,
                              capture_output=True, timeout=matrix.LIMIT).stdout
        locks = json.loads(text)["locks"]
        for row in rows:
            said = [matrix.normal(lock) for lock in locks if (lock["dev"], lock["inode"]) in row.inodes]
            differences = matrix.compare(row.truth["locks"], said, matrix.EVERYTHING)
            say(row.name, "truth-" + source, source == "proc", len(differences), differences)


def tell(rows):
    by_key = {key: row.name for row in rows for key in [*row.inodes, *row.pids]}

    def row_of(finding):
        return next((by_key[key] for key in keys(finding) if key in by_key), NO_ROW) if finding else NO_ROW

    verified([], row_of)
    compared([row for row in rows if row.truth and not row.reader()])
    for row in rows:
        if row.reader():
            verified(row.reader(), lambda finding, name=row.name: name)
        elif row.truth and row.truth["copier"]:
            verified_copy(row.truth["copier"].split(), f"{row.directory}/copy", row.name, row_of)


def main(program, work, pattern):
    names = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = []
    try:
        for name in names:
            if fnmatch.fnmatch(name, pattern):
                keep_leases()
                rows.append(Row(name, program, f"{work}/{len(rows)}"))
        tell(rows)
    finally:
        for row in rows:
            row.leave()
        places.close(f"{work}/row")


if __name__ == "__main__":
    main(*sys.argv[1:])
