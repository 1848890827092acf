# SPDX-License-Identifier: GPL-2.0-or-later
"""A process whose descriptor 5 is one end of something, and who has the other end.

    inherit.py answer KIND        starts a process that answers what it reads from descriptor 5, which is a socket or a
                                  terminal; says "PID KEY", and stays until its own input ends
    inherit.py restore KIND KEY COMMAND...
                                  runs COMMAND, with --inherit-fd for a new one of that kind, asks what it has
                                  restored, and prints the answer
"""
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import tty

ANSWER = """
import os, signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
while True:
    word = os.read(5, 100)
    if not word:
        signal.pause()
    os.write(5, word.upper())
"""


def ends(kind):
    """Ours, and the process's."""
    if kind == "socket":
        return [end.detach() for end in socket.socketpair()]
    master, slave = os.openpty()
    tty.setraw(slave, termios.TCSANOW)
    return master, slave


def key_of(kind, fd):
    stat = os.fstat(fd)
    return f"unix[{stat.st_ino}]" if kind == "socket" else f"tty[{stat.st_rdev:x}:{stat.st_dev:x}]"


def ask(fd, word):
    os.write(fd, word)
    if not select.select([fd], [], [], 30)[0]:
        sys.exit("no answer")
    return os.read(fd, 100).decode()


def answer(kind):
    ours, theirs = ends(kind)
    key = key_of(kind, theirs)
    # When it is dumped nothing is left of it.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.set_inheritable(theirs, True)
    if theirs != 5:
        os.dup2(theirs, 5)
        os.close(theirs)
    child = subprocess.Popen([sys.executable, "-c", ANSWER], pass_fds=[5], start_new_session=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(5)
    ask(ours, b"started")
    print(child.pid, key, flush=True)
    sys.stdin.read()


def restore(kind, key, command):
    ours, theirs = ends(kind)
    subprocess.run(command + ["--inherit-fd", f"fd[{theirs}]:{key}"], pass_fds=[theirs], check=True)
    print(ask(ours, b"restored"))


if sys.argv[1] == "answer":
    answer(sys.argv[2])
else:
    restore(sys.argv[2], sys.argv[3], sys.argv[4:])
