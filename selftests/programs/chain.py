# SPDX-License-Identifier: GPL-2.0-or-later
"""
chain.py LOG          computes digests, each from the one before, and appends `NUMBER DIGEST` to LOG, locked
chain.py --check LOG  computes them again; fails at the first line that is missing, twice, or wrong
"""
import fcntl
import hashlib
import itertools
import sys
import time


def chain():
    digest = b""
    for number in itertools.count(1):
        for _ in range(100):
            digest = hashlib.sha256(digest + b"%d" % number).digest()
        yield "%d %s\n" % (number, digest.hex())


def write(path):
    with open(path, "a") as log:
        fcntl.lockf(log, fcntl.LOCK_EX)
        for line in chain():
            log.write(line)
            log.flush()
            # The log would be long, and checking it takes as long as writing it.
            time.sleep(0.02)


def check(path):
    with open(path) as log:
        # The last line may be half there.
        lines = log.read().splitlines(keepends=True)[:-1]
    for line, wanted in zip(lines, chain()):
        if line != wanted:
            sys.exit("is %rwanted %r" % (line, wanted))


if sys.argv[1] == "--check":
    check(sys.argv[2])
else:
    write(sys.argv[1])
