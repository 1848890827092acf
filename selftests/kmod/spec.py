# SPDX-License-Identifier: GPL-2.0-or-later
"""
Makes the tables of spec.h from the family's specification. That it says the same as linux/crlock.h is asserted in
what is made.

  spec.py crlock.yaml >spec-tables.c
"""
import sys

import yaml

SIZES = {"u8": 1, "u16": 2, "u32": 4, "s32": 4, "u64": 8, "s64": 8}
LIMITS = {"u32": 2**32 - 1, "u64": 2**64 - 1}


def c_name(name):
    return name.replace("-", "_")


def constant(name):
    return c_name(name).upper()


def asserts(condition):
    print("_Static_assert(%s, \"linux/crlock.h says otherwise\");" % condition)


def members(struct):
    """Name, offset and size of each, of a struct without holes."""
    offset = 0
    for member in struct["members"]:
        size = SIZES.get(member["type"]) or member["len"]
        yield member["name"], offset, size
        offset += size


def is_id(name, size):
    return size == 8 and (name == "id" or name.endswith("-id"))


def put_struct(struct):
    c_struct = "struct crlock_" + c_name(struct["name"])
    end = 0
    for name, offset, size in members(struct):
        asserts("offsetof(%s, %s) == %d" % (c_struct, c_name(name), offset))
        end = offset + size
    asserts("sizeof(%s) == %d" % (c_struct, end))
    ids = [offset for name, offset, size in members(struct) if is_id(name, size)]
    print("static const uint16_t %s_ids[] = { %s };" % (c_name(struct["name"]), ", ".join(map(str, ids)) or "0"))
    return len(ids)


def limits(attr, enums):
    low, high = 0, LIMITS.get(attr["type"], 0)
    checks = attr.get("checks", {})
    if attr.get("enum-as-flags"):
        high = (1 << len(enums[attr["enum"]]["entries"])) - 1
    return checks.get("min", low), checks.get("max", high)


def put_attrs(attrs, prefix, enums, nr_ids):
    print("const struct spec_attr spec_attrs[] = {")
    for number, attr in enumerate(attrs, 1):
        low, high = limits(attr, enums)
        fields = ['.name = "%s"' % attr["name"], ".number = %d" % number, ".type = SPEC_" + constant(attr["type"]),
                  ".multi = %d" % bool(attr.get("multi-attr")), ".min = %dULL" % low, ".max = %dULL" % high]
        if "struct" in attr:
            row = c_name(attr["struct"])
            fields += ['.row = "%s"' % row, ".ids = %s_ids" % row, ".nr_ids = %d" % nr_ids[attr["struct"]]]
        print("\t{ %s }," % ", ".join(fields))
    print("};\nconst size_t spec_nr_attrs = %d;" % len(attrs))
    for number, attr in enumerate(attrs, 1):
        asserts("%s == %d" % (constant(prefix + attr["name"]), number))


def put_requests(operations, names):
    prefix = operations["name-prefix"]
    table = []
    for number, operation in enumerate(operations["list"], 1):
        asserts("%s == %d" % (constant(prefix + operation["name"]), number))
        for form in ("do", "dump"):
            if form not in operation:
                continue
            wanted = operation[form].get("request", {}).get("attributes", [])
            array = "%s_%s" % (c_name(operation["name"]), form)
            print("static const uint16_t %s[] = { %s };" %
                  (array, ", ".join(str(names.index(name)) for name in wanted) or "0"))
            table.append('{ .name = "%s %s", .command = %d, .dump = %d, .attrs = %s, .nr_attrs = %d }' %
                         (operation["name"], form, number, form == "dump", array, len(wanted)))
    print("const struct spec_request spec_requests[] = {\n\t%s,\n};" % ",\n\t".join(table))
    print("const size_t spec_nr_requests = %d;" % len(table))


def main(path):
    with open(path) as file:
        spec = yaml.safe_load(file)
    definitions = {definition["name"]: definition for definition in spec["definitions"]}
    print('/* Made by spec.py. */\n#include <linux/crlock.h>\n#include "selftests/kmod/spec.h"\n')
    nr_ids = {name: put_struct(struct) for name, struct in definitions.items() if struct["type"] == "struct"}
    rows = spec["attribute-sets"][0]
    put_attrs(rows["attributes"], rows["name-prefix"], definitions, nr_ids)
    put_requests(spec["operations"], [attr["name"] for attr in rows["attributes"]])


main(sys.argv[1])
