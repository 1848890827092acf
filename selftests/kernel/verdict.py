#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what two kernels' guests have printed: the reports of rows, the results of selftests, and the log.

  verdict.py [--json FILE] BASE PATCHED

Prints KTAP, a test for each row and each rule. Exit status: 0: nothing is worse; 1: something is; 2: no report.
"""

import argparse
import json
import re
import sys

TEST = re.compile(r"(\s*)(not )?ok (\d+) ?(.*?)(?: # (SKIP)?.*)?$", re.IGNORECASE)
NOTHING = {"times": 0, "lines": [], "limit": False}


class Report:
    """What is not as it should be, by row and rule, and how many times; a rule of no fault may be left out."""

    def __init__(self, text):
        self.kernel = "unknown"
        self.found = {}
        self.nested = []
        ended = False
        for line in text.splitlines():
            if line.startswith("# report "):
                self.add(**json.loads(line.removeprefix("# report ")))
            elif line.startswith("# begun on "):
                self.kernel = line.split()[-1]
            elif line.startswith("# splat "):
                self.log(line.removeprefix("# splat "))
            elif line.startswith("# status "):
                self.add("the guest", "status", False, 1, [line.removeprefix("# status ")])
            elif line == "# ended":
                ended = True
            else:
                self.test(line)
        if not ended:
            self.add("the guest", "end", False, 1, ["it did not come to its end"])

    def add(self, row, rule, limit, times, lines):
        self.found[row, rule] = {"times": times, "lines": lines, "limit": limit}

    def log(self, line):
        self.found.setdefault(("the guest", "kernel log"), {"times": 1, "lines": [], "limit": False})["lines"].append(line)

    def test(self, line):
        """Results are indented, and come before that of the test they are of."""
        match = TEST.match(line)
        if not match:
            return
        indent, failed, number, name, skipped = match.groups()
        if indent:
            self.nested.append((number, name, 2 if failed else 1 if skipped else 0))
            return
        for number, title, times in self.nested + [("0", "exit status", 2 if failed else 0)]:
            self.add(name, f"test {number}", False, times, [("ok ", "skipped ", "not ok ")[times] + title])
        self.nested = []

    def rows(self):
        return list(dict.fromkeys(row for row, rule in self.found))


def verdict(base, patched):
    if patched["times"] == base["times"]:
        return "same"
    return "worse" if patched["times"] > base["times"] else "better"


def compare(base, patched):
    """Returns: a dictionary for each row and rule that is in one of them."""
    result = []
    for key in dict.fromkeys(list(base.found) + list(patched.found)):
        old, new = base.found.get(key, NOTHING), patched.found.get(key, NOTHING)
        row, rule = key
        # A row or a test that is not there was not tried; any other rule has found nothing.
        if key not in patched.found and (rule == "row" or rule.startswith("test ")):
            new = {"times": old["times"] + 1, "lines": ["was not tried"], "limit": False}
        result.append({"row": row, "rule": rule, "limit": old["limit"] or new["limit"], "verdict": verdict(old, new),
                       "base": "\n".join(old["lines"]), "patched": "\n".join(new["lines"])})
    # Less to be counted, because lines are wrong, is no gain.
    wrong = {item["row"] for item in result if item["verdict"] == "worse"}
    for item in result:
        if item["limit"] and item["verdict"] == "better" and item["row"] in wrong:
            item["verdict"] = "same"
    return result


def side_by_side(base, patched):
    left = ["unpatched"] + (base.split("\n") if base else ["nothing"])
    right = ["patched"] + (patched.split("\n") if patched else ["nothing"])
    width = max(map(len, left))
    for i in range(max(len(left), len(right))):
        yield f"{left[i] if i < len(left) else '':{width}} | {right[i] if i < len(right) else ''}"


def worst(found):
    said = {item["verdict"] for item in found}
    return "worse" if "worse" in said else "better" if "better" in said else "same"


def print_ktap(found):
    """A test for each row with what differs in it, and then one for each rule."""
    rows = list(dict.fromkeys(item["row"] for item in found))
    # In an order that does not depend on which row found something first.
    rules = sorted({item["rule"] for item in found if not item["rule"].startswith("test ")})
    print(f"KTAP version 1\n1..{len(rows) + len(rules)}")
    for number, row in enumerate(rows, 1):
        here = [item for item in found if item["row"] == row]
        said = worst(here)
        for item in here:
            if item["verdict"] != "same":
                print(f"# {row}: {item['rule']} is {item['verdict']}")
                for line in side_by_side(item["base"], item["patched"]):
                    print(f"#   {line}")
            elif item["patched"] and not item["limit"] and not item["rule"].startswith("test "):
                print(f"# {row}: {item['rule']} is broken in both")
                for line in item["patched"].split("\n"):
                    print(f"#   {line}")
        print(f"{'not ok' if said == 'worse' else 'ok'} {number} {row}: {said}")
    for number, rule in enumerate(rules, len(rows) + 1):
        said = worst([item for item in found if item["rule"] == rule])
        print(f"{'not ok' if said == 'worse' else 'ok'} {number} rule {rule}: {said}")


def main(words):
    parser = argparse.ArgumentParser()
    parser.add_argument("--json")
    parser.add_argument("base")
    parser.add_argument("patched")
    options = parser.parse_args(words)
    reports = []
    for path in options.base, options.patched:
        with open(path, encoding="utf-8", errors="replace") as file:
            reports.append(Report(file.read()))
    found = compare(*reports)
    print_ktap(found)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"kernel": reports[1].kernel, "rows": found}, file, indent=1)
            file.write("\n")
    counts = [sum(item["verdict"] == word for item in found) for word in ("same", "better", "worse")]
    print("# Linux %s: %d same, %d better, %d worse" % (reports[1].kernel, *counts))
    splat = any(row == "the guest" for row, rule in reports[1].found)
    return 1 if counts[2] or splat else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        print(f"check-kernel: {error}", file=sys.stderr)
        sys.exit(2)
