# SPDX-License-Identifier: GPL-2.0-or-later
"""
passed_over.py DIRECTORY COMMAND...    holds locks while others are taken and released, runs a command again and again

The kernel tells /proc/locks a page at a time, and goes on at a number: whoever releases a lock meanwhile has it pass
over another. The command is to print a path at the end of each line. Prints in how many of the runs a lock was not
told just once, and by whom /proc/locks itself did not.
"""
import collections
import fcntl
import os
import signal
import subprocess
import sys

LOCKS, OTHERS, RUNS = 150, 6, 60


def open_files(directory, name, count):
    return [os.open(os.path.join(directory, "%s%d" % (name, i)), os.O_RDWR | os.O_CREAT) for i in range(count)]


def take_and_release(files):
    while True:
        for what in (fcntl.LOCK_EX, fcntl.LOCK_UN):
            for file in files:
                fcntl.flock(file, what)


def told_by_proc():
    """The numbers of the inodes."""
    with open("/proc/locks", buffering=1 << 20) as lines:
        return [line.split()[-3].split(":")[-1] for line in lines]


def is_wrong(told, wanted):
    counts = collections.Counter(told)
    return any(counts[name] != 1 for name in wanted)


def main():
    directory, command = sys.argv[1], sys.argv[2:]
    # Locks are listed by the processor they were taken on: who takes and releases others is before them.
    os.sched_setaffinity(0, {1})
    files = open_files(directory, "held", LOCKS)
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    other = os.fork()
    if not other:
        os.sched_setaffinity(0, {0})
        take_and_release(open_files(directory, "other", OTHERS))
    paths = [os.path.join(directory, "held%d" % i) for i in range(LOCKS)]
    inodes = [str(os.fstat(file).st_ino) for file in files]
    wrong = proc = 0
    for _ in range(RUNS):
        proc += is_wrong(told_by_proc(), inodes)
        lines = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
        wrong += is_wrong([line.split()[-1] for line in lines], paths)
    os.kill(other, signal.SIGKILL)
    print("%d of %d; %d" % (wrong, RUNS, proc))


main()
