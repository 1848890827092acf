# SPDX-License-Identifier: GPL-2.0-or-later
"""
Validates files by JSON schemas. For schema.sh.

  schema.py DIRECTORY

Lines of standard input are `COMMAND FILE`: whether a file, or each of its lines with `COMMAND lines FILE`, is as
DIRECTORY/crlock-COMMAND.schema.json says. For each file prints a line, `FILE: valid` or what is wrong.
"""
import glob
import json
import os
import sys

import jsonschema


def load(path):
    with open(path) as file:
        return json.load(file)


def instances(words):
    if words[1] != "lines":
        return [load(words[1])]
    with open(words[2]) as file:
        return [json.loads(line) for line in file]


def main(directory):
    schemas = {os.path.basename(path): load(path) for path in glob.glob(os.path.join(directory, "*.schema.json"))}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for line in sys.stdin:
        words = line.split()
        name = "crlock-%s.schema.json" % words[0]
        resolver = jsonschema.RefResolver(name, schemas[name], store=schemas)
        validator = jsonschema.Draft202012Validator(schemas[name], resolver=resolver)
        wrong = [jsonschema.exceptions.best_match(validator.iter_errors(one)) for one in instances(words)]
        said = ["%s: %s" % (error.json_path, error.message[-200:]) for error in wrong if error]
        print("%s: %s" % (words[-1], said[0] if said else "valid"))


main(*sys.argv[1:])
