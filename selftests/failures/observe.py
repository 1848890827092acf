# SPDX-License-Identifier: GPL-2.0-or-later
"""
What an observer sees of processes that ought to be as they were: what /proc tells, registers of threads that wait,
and locks.
"""
import ctypes
import os
import re
import signal

# Of <linux/ptrace.h>.
GETREGS, DETACH, SEIZE, INTERRUPT = 12, 17, 0x4206, 0x4207
WALL = 0x40000000
# Threads in these wait without noticing that they are stopped and go on.
READ, FUTEX = 0, 202

KEYS = ("Tgid", "PPid", "TracerPid", "Uid", "Gid", "Groups", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
        "SigCgt", "CapEff", "NoNewPrivs", "Seccomp", "Cpus_allowed")

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)


def read(path):
    with open(path) as file:
        return file.read()


def ptrace(request, tid, data=None):
    if libc.ptrace(request, tid, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace %#x of %d" % (request, tid))


def registers(tid):
    """Of a thread that is stopped for it, and goes on."""
    regs = (ctypes.c_ulong * 27)()
    ptrace(SEIZE, tid)
    try:
        ptrace(INTERRUPT, tid)
        _, status = os.waitpid(tid, WALL)
        while os.WIFSTOPPED(status) and status >> 16 != 128:
            ptrace(7, tid, os.WSTOPSIG(status))
            _, status = os.waitpid(tid, WALL)
        ptrace(GETREGS, tid, regs)
    finally:
        ptrace(DETACH, tid)
    return list(regs)


def status_of(directory):
    fields = dict(line.split(":", 1) for line in read(directory + "/status").splitlines())
    seen = {key: fields[key].strip() for key in KEYS}
    # One that is waited for by sigwaitinfo(2) is not blocked meanwhile: steady.c.
    seen["SigBlk"] = int(seen["SigBlk"], 16) & ~(1 << signal.SIGRTMIN + 3 - 1)
    # Alarms come and go.
    seen["ShdPnd"] = int(seen["ShdPnd"], 16) & ~(1 << signal.SIGALRM - 1)
    seen["stopped"] = fields["State"].strip()[0] in "tTZX"
    return seen


def thread(directory, tid):
    seen = status_of(directory)
    call = read(directory + "/syscall").split()
    # Of one that runs, or of one that sleeps for a moment, there is nothing that stays.
    if call[0] in (str(READ), str(FUTEX)):
        seen["call"] = call
        seen["registers"] = registers(tid)
    return seen


def descriptors(pid):
    seen = {}
    for fd in os.listdir("/proc/%d/fd" % pid):
        info = read("/proc/%d/fdinfo/%s" % (pid, fd))
        seen[fd] = (os.readlink("/proc/%d/fd/%s" % (pid, fd)), re.findall(r"(?:pos|flags|mnt_id|clockid):.*", info))
    return seen


def process(pid):
    base = "/proc/%d/" % pid
    tids = sorted(int(tid) for tid in os.listdir(base + "task"))
    return {
        "threads": {tid: thread("%stask/%d" % (base, tid), tid) for tid in tids},
        "maps": [line for line in read(base + "maps").splitlines()],
        "descriptors": descriptors(pid),
        "place": [os.readlink(base + name) for name in ("cwd", "root", "exe")],
        "limits": read(base + "limits"),
        "ids": read(base + "stat").rsplit(")", 1)[1].split()[1:6],
        "name": read(base + "comm"),
    }


def locks(directory):
    """Those of files in @directory."""
    inodes = {str(os.stat(os.path.join(directory, name)).st_ino) for name in os.listdir(directory)}
    lines = [line.split()[1:] for line in read("/proc/locks").splitlines()]
    # While others take locks, a line may come twice.
    return sorted({" ".join(line) for line in lines if line[-3].split(":")[-1] in inodes})


def tree(pid):
    """The pid and its children's, of one thread of which each was forked."""
    pids = [pid]
    for found in pids:
        for tid in os.listdir("/proc/%d/task" % found):
            pids += [int(word) for word in read("/proc/%d/task/%s/children" % (found, tid)).split()]
    return pids


def observe(pid, directory):
    seen = {found: process(found) for found in tree(pid)}
    seen["locks"] = locks(directory)
    return seen


def waiting(seen):
    """Whether of each process both threads that wait for long were found to do so."""
    return all(sum("call" in thread for thread in process["threads"].values()) == 2
               for pid, process in seen.items() if pid != "locks")


def differences(was, now, path=""):
    if type(was) is dict and type(now) is dict:
        found = []
        for key in sorted(set(was) | set(now), key=str):
            found += differences(was.get(key), now.get(key), "%s/%s" % (path, key))
        return found
    return [] if was == now else ["%s was %s, is %s" % (path, was, now)]


def processes():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


def reap():
    """All that have ended. Orphans come here: this is the first process of its namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def is_there(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def end(pid):
    """Kills a tree."""
    for found in reversed(tree(pid)) if is_there(pid) else ():
        os.kill(found, signal.SIGKILL)


def is_ending(pid):
    """Whether it has got a SIGKILL, or has ended, or waits for its restorer and so may soon do so."""
    try:
        fields = dict(line.split(":", 1) for line in read("/proc/%d/status" % pid).splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return True
    return fields["State"].strip()[0] in "ZX" or int(fields["ShdPnd"], 16) & 1 << signal.SIGKILL - 1 or \
        int(fields["SigPnd"], 16) & 1 << signal.SIGKILL - 1 != 0
