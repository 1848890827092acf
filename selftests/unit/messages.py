# SPDX-License-Identifier: GPL-2.0-or-later
"""
The messages in the sources that name nothing: neither by a conversion, nor a path or an option.

  messages.py DIRECTORY   prints them, one a line, with the file

What people can do nothing with, as "failed" alone would be, is not to come in without being seen.
"""
import os
import re
import sys

# Other functions that make messages put names before what they are given.
CALL = re.compile(r"\b(?:say|say_usage|say_warning|say_info|block)\(")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# What begins a literal that is a message: the arguments before it have none.
BEFORE = re.compile(r'[^";{}]*?(?=")')
NAMES = re.compile(r"%[^%]|/|--?[A-Za-z]")


def literal(text, at):
    """Returns the first string of a call's arguments, joined with those that follow it at once; None if there is none."""
    start = BEFORE.match(text, at)
    if not start:
        return None
    words, at = [], start.end()
    while True:
        found = STRING.match(text, at)
        if not found:
            return "".join(words)
        words.append(found.group(1))
        at = found.end() + len(re.match(r"\s*", text[found.end():]).group())


def messages(path):
    with open(path) as file:
        text = file.read()
    for call in CALL.finditer(text):
        message = literal(text, call.end())
        if message is not None:
            yield message


def main():
    for directory, _, names in sorted(os.walk(sys.argv[1])):
        for name in sorted(names):
            path = os.path.join(directory, name)
            if not name.endswith(".c"):
                continue
            for message in messages(path):
                if not NAMES.search(message):
                    print(f"{os.path.relpath(path, sys.argv[1])}: {message}")


main()
