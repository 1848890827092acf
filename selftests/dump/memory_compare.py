# SPDX-License-Identifier: GPL-2.0-or-later
"""
memory_compare.py DIRECTORY PID START END    whether an image has the memory that a process has, which may not change

Pages that it does not have are zeros.
"""
import json
import os
import subprocess
import sys

PAGE = 4096


def shown(path):
    return json.loads(subprocess.run(["crit", "show", path], check=True, capture_output=True).stdout)["entries"]


def main():
    directory, pid = sys.argv[1:3]
    start, end = (int(number, 16) for number in sys.argv[3:])
    head, *runs = shown("%s/pagemap-%s.img" % (directory, pid))
    dumped = bytearray(end - start)
    with open("%s/pages-%d.img" % (directory, head["pages_id"]), "rb") as pages:
        for run in runs:
            first, content = int(str(run["vaddr"]), 0), pages.read(run["nr_pages"] * PAGE)
            if len(content) != run["nr_pages"] * PAGE:
                sys.exit("the image is cut")
            for at in range(max(first, start), min(first + len(content), end), PAGE):
                dumped[at - start:at - start + PAGE] = content[at - first:at - first + PAGE]
        if pages.read(1):
            sys.exit("the image has pages that belong nowhere")
    with open("/proc/%s/mem" % pid, "rb", buffering=0) as memory:
        there = os.pread(memory.fileno(), end - start, start)
    wrong = [hex(start + at) for at in range(0, end - start, PAGE) if dumped[at:at + PAGE] != there[at:at + PAGE]]
    if len(there) != end - start or wrong:
        sys.exit("%d pages of %d differ: %s" % (len(wrong), (end - start) // PAGE, wrong[:4]))


main()
