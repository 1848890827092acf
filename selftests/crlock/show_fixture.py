# SPDX-License-Identifier: GPL-2.0-or-later
"""A tree of processes for `crlock show`: threads, a zombie, memory and files of many kinds, locks, and names that
would do harm on a terminal. Works in the current directory; prints "ready PID", and stays until its input ends.
"""
import ctypes
import fcntl
import mmap
import os
import signal
import socket
import sys
import threading

EVIL = b"\x1b]0;title\x07\nnew\xff line"

libc = ctypes.CDLL(None)


def locks():
    flock = os.open("flocked", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    os.write(flock, b"0123456789")
    fcntl.flock(flock, fcntl.LOCK_EX)
    posix = os.open("ranges", os.O_RDWR | os.O_CREAT)
    fcntl.lockf(posix, fcntl.LOCK_SH, 5, 5)
    return flock, posix


def files():
    evil = os.open(EVIL, os.O_RDWR | os.O_CREAT)
    os.write(evil, b"evil")
    gone = os.open("gone", os.O_RDWR | os.O_CREAT)
    os.unlink("gone")
    read, write = os.pipe()
    os.write(write, b"in the pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"\0crlock-show-{os.getpid()}")
    server.listen(3)
    inet = socket.socket()
    inet.bind(("127.0.0.1", 0))
    inet.listen(3)
    return evil, gone, read, write, socket.socketpair(), server, inet, os.eventfd(7)


def memory():
    shared = mmap.mmap(-1, 8 * mmap.PAGESIZE)
    shared[3 * mmap.PAGESIZE] = 1
    private = mmap.mmap(-1, 8 * mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    private[0] = private[5 * mmap.PAGESIZE] = 1
    private.madvise(mmap.MADV_DONTFORK)
    memfd = os.memfd_create("memory")
    os.ftruncate(memfd, 2 * mmap.PAGESIZE)
    mapped = mmap.mmap(memfd, 2 * mmap.PAGESIZE)
    mapped[0] = 1
    return shared, private, memfd, mapped


kept = locks(), files(), memory()
os.umask(0o027)
for number in range(2):
    threading.Thread(target=signal.pause, daemon=True).start()
ended, told = os.pipe()
if not os.fork():
    os.close(ended)
    os.setpgid(0, 0)
    libc.prctl(15, EVIL[:15])
    zombie = os.fork()
    if not zombie:
        os._exit(7)
    os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
    os.close(told)
    while True:
        signal.pause()
os.close(told)
# Until there is the zombie.
os.read(ended, 1)
os.close(ended)
print("ready", os.getpid(), flush=True)
sys.stdin.read()
