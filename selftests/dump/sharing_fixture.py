# SPDX-License-Identifier: GPL-2.0-or-later
"""A process that has a lock, and one outside of its tree that has it too.

usage: sharing_fixture.py HOW FILE TOLD

Writes the numbers of both processes, the one that is to be dumped first, to the file TOLD. HOW they share is:
alone, not at all; fork, by a descriptor that was inherited; crowd, the same, 20 more; message, by one in flight to a
socket of the one outside; mapping; posix, as fork, but the lock is the process's; table, the same with a table of
descriptors that both have.
"""
import ctypes
import fcntl
import os
import signal
import socket
import sys

how, path, told = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
outside = os.getpid()
CLONE_FILES, SYS_CLONE, PR_SET_PDEATHSIG = 0x400, 56, 1


def clone():
    if how == "table":
        return libc.syscall(SYS_CLONE, CLONE_FILES | signal.SIGCHLD, 0, 0, 0, 0)
    return os.fork()


def leave():
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for number in 0, 1, 2:
        os.dup2(null, number)
    os.close(null)


def tell():
    with open(told + ".new", "w") as file:
        file.write(f"{os.getpid()} {outside}\n")
    os.rename(told + ".new", told)


file = os.open(path, os.O_RDWR | os.O_CREAT)
os.ftruncate(file, 4096)
ours, theirs = socket.socketpair()
# One that the dump kills leaves its number free.
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
# Who is dumped tells when the one outside is ready.
ready, begin = os.pipe()
if not clone():
    if how != "table":
        os.close(begin)
        leave()
        ours.close()
    if how in ("posix", "table"):
        fcntl.lockf(file, fcntl.LOCK_EX, 10, 5)
    else:
        fcntl.flock(file, fcntl.LOCK_EX)
    if how == "message":
        socket.send_fds(theirs, [b"x"], [file])
    os.read(ready, 1)
    if how != "table":
        theirs.close()
        os.close(ready)
    tell()
else:
    for _ in range(20 if how == "crowd" else 0):
        if not os.fork():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            break
    if os.getpid() == outside:
        if how == "mapping":
            libc.mmap(None, ctypes.c_size_t(4096), 1, 1, file, ctypes.c_long(0))
        if how in ("alone", "message", "mapping"):
            os.close(file)
        os.write(begin, b"x")
while True:
    signal.pause()
