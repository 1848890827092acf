# SPDX-License-Identifier: GPL-2.0-or-later
"""
The examples of a manual: what stands between .EX and .EE in its section EXAMPLES.

  examples.py words PAGE       prints them as a user would type them, for the unit tests
  examples.py unpack PAGE DIR  makes the directories DIR/1, DIR/2, ... with the files `title`, `text`, and one for each
                               comment of roff before the example, `.\\" NAME: VALUE`; examples.sh says which there are

Where the first line begins with a prompt, `$ ` or `# `, the lines that do not are what is printed then, and left out.
"""
import os
import re
import sys

ESCAPES = {r"\-": "-", r"\e": "\\", r"\(aq": "'", r"\(dq": '"', r"\&": ""}


def plain(line):
    return re.sub(r"\\(-|e|&|\(aq|\(dq)", lambda escape: ESCAPES[escape.group()], line)


def commands(lines):
    """What of an example is typed."""
    if not re.match(r"[$#] ", lines[0]):
        return lines
    return [line[2:] for line in lines if line.startswith(lines[0][:2])]


def section(page):
    with open(page) as file:
        text = file.read()
    found = re.search(r"^\.SH EXAMPLES\n(.*?)(?=^\.SH )", text, re.S | re.M)
    return found.group(1).splitlines() if found else []


def examples(page):
    """Yields for each a dictionary of its files."""
    example, lines, title = {}, None, ""
    for line in section(page):
        mark = re.match(r'\.\\" ([a-z]+): (.*)', line)
        if mark:
            example[mark.group(1)] = mark.group(2)
        elif line == ".EX":
            lines = []
        elif line == ".EE":
            yield dict(example, title=title.strip(), text="\n".join(commands(lines)))
            example, lines, title = {}, None, ""
        elif lines is not None:
            lines.append(plain(line))
        elif line != ".P":
            title += plain(re.sub(r"^\.[A-Z]+ ", "", line)) + " "


def unpack(page, where):
    for number, example in enumerate(examples(page), 1):
        directory = os.path.join(where, str(number))
        os.makedirs(directory)
        for name, value in example.items():
            with open(os.path.join(directory, name), "w") as file:
                print(value, file=file)


def main(what, page, *where):
    if what == "unpack":
        unpack(page, *where)
    else:
        print(*(example["text"] for example in examples(page)), sep="\n")


main(*sys.argv[1:])
