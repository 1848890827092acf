# SPDX-License-Identifier: GPL-2.0-or-later
"""
Locks and unlocks, one after the other, as crlock monitor is to tell it. For monitor.sh.

  monitor_fixture.py posix|ofd|flock|lease FILE    each step of the kind
  monitor_fixture.py long FILE                     a long list
  monitor_fixture.py many FILE NUMBER              so many flocks that are given up again
  monitor_fixture.py killed FILE NUMBER            so many times one is killed that waits, and another gets the lock
"""
import fcntl
import os
import signal
import struct
import sys

F_OFD_SETLK = 37


def lock(fd, command, kind, start, length):
    fcntl.fcntl(fd, command, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0))


def ranges(path, command):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    lock(fd, command, fcntl.F_WRLCK, 0, 10)
    lock(fd, command, fcntl.F_WRLCK, 10, 10)  # one lock with the former
    lock(fd, command, fcntl.F_UNLCK, 5, 3)
    lock(fd, command, fcntl.F_UNLCK, 100, 100)  # nothing is there
    lock(fd, command, fcntl.F_RDLCK, 12, 2)
    lock(fd, command, fcntl.F_UNLCK, 4, 9)  # parts of three
    other = os.open(path, os.O_RDWR)
    if command == F_OFD_SETLK:
        try:
            lock(other, command, fcntl.F_WRLCK, 0, 2)
        except BlockingIOError:
            pass
        os.close(other)  # has none
    lock(fd, command, fcntl.F_RDLCK, 1000, 0)
    os.close(fd)


def flock(path):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    other = os.open(path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    fcntl.flock(fd, fcntl.LOCK_EX)
    for kind in fcntl.LOCK_SH, fcntl.LOCK_EX:
        try:
            fcntl.flock(other, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
    fcntl.flock(other, fcntl.LOCK_UN)  # has none
    fcntl.flock(fd, fcntl.LOCK_SH)
    fcntl.flock(other, fcntl.LOCK_SH)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # fails, and has lost what it had
    except BlockingIOError:
        pass
    fcntl.flock(other, fcntl.LOCK_UN)
    copy = os.dup(fd)
    fcntl.flock(fd, fcntl.LOCK_EX)
    os.close(fd)  # is still held
    os.close(copy)


def lease(path):
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    for flags in os.O_RDONLY, os.O_RDONLY, os.O_WRONLY:
        try:
            os.open(path, flags | os.O_NONBLOCK)
        except BlockingIOError:
            pass
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def long(path):
    """More locks than are looked at before one is given up."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    for i in range(1100):
        lock(fd, fcntl.F_SETLK, fcntl.F_WRLCK, 2 * i, 1)
    lock(fd, fcntl.F_SETLK, fcntl.F_UNLCK, 2198, 1)
    lock(fd, fcntl.F_SETLK, fcntl.F_UNLCK, 0, 1)
    os.close(fd)


def many(path, number):
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    for _ in range(number):
        fcntl.flock(fd, fcntl.LOCK_EX)
        fcntl.flock(fd, fcntl.LOCK_UN)


def started(path):
    child = os.fork()
    if not child:
        fcntl.flock(os.open(path, os.O_RDWR), fcntl.LOCK_EX)
        os._exit(0)
    return child


def waits(pid):
    with open("/proc/locks") as locks:
        return any("->" in line and line.split()[5] == str(pid) for line in locks)


def killed(path, number):
    for _ in range(number):
        fd = os.open(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(fd, fcntl.LOCK_EX)
        child = started(path)
        while not waits(child):
            pass
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(fd)
        os.waitpid(started(path), 0)


kind, path = sys.argv[1:3]
if kind == "posix":
    ranges(path, fcntl.F_SETLK)
elif kind == "ofd":
    ranges(path, F_OFD_SETLK)
elif kind == "many":
    many(path, int(sys.argv[3]))
elif kind == "killed":
    killed(path, int(sys.argv[3]))
else:
    {"flock": flock, "lease": lease, "long": long}[kind](path)
