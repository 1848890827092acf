#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Types what README.md shows of a shell, and compares what comes with what is shown.

  session.py [-w] README HEADING...

Of the sections with these headings all indented lines that begin with "# " are typed into one shell, in order; the
lines beneath each are what it is to print, and none means that this is of no interest. Prints TAP.

Numbers of three to five digits are process ids: each may be another one, but the same everywhere; so may seconds be.
What prints something else than is shown is typed again, as a person would who looks too soon: what was started in the
background may not have come so far.

With -w the README is printed instead, with what came in place of what was shown.
"""

import os
import re
import subprocess
import sys
import time

PATIENCE = 30 * int(os.environ.get("CRLOCK_PATIENCE", "1"))  # seconds
PATIENCE_TO_WRITE = 5
PROMPT = "    # "
VARIABLE = re.compile(r"(?<![\d.])\d{3,5}(?![\d.])|\d+\.\d+s|\s+")


class Shell:
    """One that says when a command is done, whatever the command leaves behind."""
    DONE = "\x04done"
    LOOP = 'while IFS= read -r line <&{0}; do eval "$line" 2>&1 {0}<&-; printf "%s %s\\n" "$0" "$?"; done'

    def __init__(self):
        reading, writing = os.pipe()
        self.shell = subprocess.Popen(["bash", "-c", self.LOOP.format(reading), self.DONE], pass_fds=[reading], text=True,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        os.close(reading)
        self.input = open(writing, "w", encoding="utf-8")

    def run(self, command):
        """Returns what it prints, as lines, and its exit status."""
        print(command, file=self.input, flush=True)
        lines = []
        for line in self.shell.stdout:
            text, done, status = line.rstrip("\n").partition(self.DONE)
            lines += [text] if text or not done else []
            if done:
                return lines, int(status)
        sys.exit(f"the shell ended at: {command}")


class Shown:
    """A command, and where in the README is what it is said to print."""
    def __init__(self, command, line):
        self.command, self.first, self.output = command, line, []


def commands(lines, headings):
    """What is typed in the sections, in order. A line that ends with a backslash goes on in the next."""
    shown, inside, continued = [], False, False
    for number, line in enumerate(lines):
        if line.startswith("#"):
            inside = line.lstrip("#").strip() in headings
        if not inside or not line.startswith("    "):
            continued = False
        elif continued or line.startswith(PROMPT):
            if not continued:
                shown.append(Shown("", number + 1))
            continued = line.endswith("\\")
            shown[-1].command += line[len(PROMPT):].rstrip("\\")
            shown[-1].first = number + 1
        elif shown and shown[-1].first + len(shown[-1].output) == number:
            shown[-1].output.append(line[4:])
    return shown


def pattern(lines, known):
    """What is shown, as a pattern in which process ids that are known are what they are here. Returns it, and what
    the groups in it stand for."""
    text = "\n".join(lines)
    parts, groups, end = [], {}, 0
    for match in VARIABLE.finditer(text):
        parts.append(re.escape(text[end:match.start()]))
        end = match.end()
        word = match.group()
        if word.isspace():
            parts.append(r"\s+")
        elif word.endswith("s"):
            parts.append(r"\d+\.\d+s")
        elif word in known:
            parts.append(known[word])
        elif word in groups.values():
            parts.append(f"(?P=p{word})")
        else:
            groups[f"p{word}"] = word
            parts.append(f"(?P<p{word}>\\d+)")
    return "".join(parts) + re.escape(text[end:]), groups


def attempt(shell, shown, known):
    """Types a command. Returns what came of it, and whether that is what is shown."""
    output, status = shell.run(shown.command)
    if not shown.output:
        return output, status == 0
    wanted, groups = pattern(shown.output, known)
    match = re.fullmatch(wanted, "\n".join(line.rstrip() for line in output))
    if match:
        known.update((word, match[group]) for group, word in groups.items())
    return output, bool(match)


def run(shell, shown, known, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        output, good = attempt(shell, shown, known)
        if good or not shown.output or time.monotonic() > end:
            return output, good


def test(all_shown):
    """Returns whether each printed what is shown."""
    shell, known, failures = Shell(), {}, 0
    print(f"TAP version 13\n1..{len(all_shown)}")
    for number, shown in enumerate(all_shown, 1):
        output, good = run(shell, shown, known)
        name = shown.command.replace("#", "")
        print(("ok" if good else "not ok"), number, name, flush=True)
        if not good:
            failures += 1
            for line in ["came:", *output, "shown:", *shown.output]:
                print("#", line)
    return not failures and bool(all_shown)


def write(lines, all_shown):
    """Prints the README as it should be."""
    shell = Shell()
    for shown in all_shown:
        shown.new = run(shell, shown, {}, PATIENCE_TO_WRITE)[0]
    for shown in reversed(all_shown):
        if shown.output:
            lines[shown.first:shown.first + len(shown.output)] = ["    " + line.rstrip() for line in shown.new]
    print("\n".join(lines))


def main(*words):
    writing = words[:1] == ("-w",)
    readme, *headings = words[writing:]
    with open(readme, encoding="utf-8") as file:
        lines = file.read().splitlines()
    all_shown = commands(lines, headings)
    if writing:
        write(lines, all_shown)
    elif not test(all_shown):
        sys.exit(1)


main(*sys.argv[1:])
