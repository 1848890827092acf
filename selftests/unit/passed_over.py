# SPDX-License-Identifier: GPL-2.0-or-later
"""
passed_over.py DIRECTORY locks|queues    holds locks while others are taken and released, and has them told often

The kernel tells /proc/locks a page at a time, and goes on at a number: whoever releases a lock meanwhile has it pass
over another, with all who wait for that. Prints in how many of the runs a lock was not told just once by crlock, or
those who wait for one were not told by crdump; and in how many /proc/locks itself did not tell each lock just once.
"""
import collections
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys

LOCKS, OTHERS, RUNS = 150, 6, 60
# Of the system call, x86-64.
FLOCK = 73
# Locks that two processes wait for.
QUEUES = 30


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
        return [line.split()[-3].split(":")[-1] for line in lines if "->" not in line]


def is_wrong(told, wanted):
    counts = collections.Counter(told)
    return any(counts[name] != 1 for name in wanted)


class Locks:
    """What crlock tells of locks."""

    def __init__(self, directory, _):
        self.paths = [os.path.join(directory, "held%d" % i) for i in range(LOCKS)]

    def is_told(self):
        lines = subprocess.run(["crlock", "ls", "--source=proc", "--raw", "--noheadings", "--output", "PATH"],
                               stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
        return not is_wrong([line.split()[-1] for line in lines], self.paths)

    def end(self):
        pass


def is_asking(pid):
    with open("/proc/%d/syscall" % pid) as line:
        return line.read().split()[0] == str(FLOCK)


class Queues:
    """What crdump tells of who waits for a lock, in a tree that has none of them."""

    def __init__(self, directory, files):
        self.directory, self.images = directory, directory + "/images"
        ends = os.pipe()
        self.root = os.fork()
        if not self.root:
            for file in files:
                os.close(file)
            for i in range(QUEUES):
                pids = [self.wait_for(i), self.wait_for(i)]
                os.write(ends[1], b"%d %d\n" % tuple(pids))
            while True:
                signal.pause()
        with open(ends[0]) as lines:
            self.wanted = sorted([int(pid) for pid in lines.readline().split()] for _ in range(QUEUES))

    def wait_for(self, i):
        pid = os.fork()
        if not pid:
            fcntl.flock(os.open(os.path.join(self.directory, "held%d" % i), os.O_RDWR), fcntl.LOCK_EX)
            os._exit(1)
        while not is_asking(pid):
            pass
        return pid

    def is_told(self):
        shutil.rmtree(self.images, ignore_errors=True)
        subprocess.run(["crdump", "--locks-only", "-t", str(self.root), "-D", self.images, "--source=proc"], check=True)
        told = subprocess.run(["crlock", "show", "--json", self.images], stdout=subprocess.PIPE, check=True).stdout
        return sorted(json.loads(told)["queues"]) == self.wanted

    def end(self):
        for pid in [self.root] + sum(self.wanted, []):
            os.kill(pid, signal.SIGKILL)


def main():
    directory, kind = sys.argv[1], {"locks": Locks, "queues": Queues}[sys.argv[2]]
    # Locks are listed by the processor they were taken on: who takes and releases others is before them.
    os.sched_setaffinity(0, {1})
    files = open_files(directory, "held", LOCKS)
    for file in files:
        fcntl.flock(file, fcntl.LOCK_EX)
    telling = kind(directory, files)
    other = os.fork()
    if not other:
        os.sched_setaffinity(0, {0})
        take_and_release(open_files(directory, "other", OTHERS))
    inodes = [str(os.fstat(file).st_ino) for file in files]
    wrong = proc = 0
    for _ in range(RUNS):
        proc += is_wrong(told_by_proc(), inodes)
        wrong += not telling.is_told()
    os.kill(other, signal.SIGKILL)
    telling.end()
    print("%d of %d; %d" % (wrong, RUNS, proc))


main()
