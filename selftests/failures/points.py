# SPDX-License-Identifier: GPL-2.0-or-later
"""
Points of failure: a system call of a command, and what becomes of it. With them, how a command is run through one.

A call is `TASK:NUMBER:NTH`, see inject.c, and a point `CALL=ERROR`, `CALL=kill` or `CALL=refused`.
"""
import errno
import os
import re
import signal
import subprocess
import sys
import time

HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
TIMEOUT = 120
# Of who is killed, the rest follows soon, but not at once.
WAIT = 30

# Which calls are made depends a little on time, such as how often somebody is looked at until he has stopped. The last
# of those are not made each time: 1 to 2 % of the points; where the machine has much else to do, half of all calls are
# such, and of a sample some more are not reached.
MOST, MOST_OF_SAMPLE, SAMPLE = 2, 25, 100

# What is between two looks whether something is so.
PAUSES = ("sched_yield", "clock_nanosleep", "restart_syscall")

# By so many calls, one after the other, it is known which code makes them.
RUN = 12

ALL = "EIO ENOSPC ENOMEM EINTR EPERM"
NONE = ""
READS, WRITES, STATS = "EIO ENOMEM EINTR", "EIO ENOSPC ENOMEM EINTR EPERM", "EIO ENOMEM"

# Which of the errors a call can fail with, by its manual. What is not named is tried with all of them. No kernel lets
# the calls without any fail on the arguments that they are given here.
ERRORS = {
    "arch_prctl": NONE, "exit": NONE, "exit_group": NONE, "getegid": NONE, "geteuid": NONE, "getgid": NONE,
    "getpgrp": NONE, "getpid": NONE, "getppid": NONE, "getrandom": "EINTR", "getuid": NONE, "gettid": NONE,
    "lseek": "EIO", "rseq": NONE, "rt_sigaction": NONE, "rt_sigprocmask": NONE, "rt_sigreturn": NONE,
    "sched_yield": NONE, "set_robust_list": NONE, "set_tid_address": NONE, "umask": NONE, "clock_gettime": NONE,
    "clock_nanosleep": "EINTR", "nanosleep": "EINTR", "futex": "EINTR", "wait4": "EINTR", "waitid": "EINTR",
    "poll": "ENOMEM EINTR", "ppoll": "ENOMEM EINTR", "close_range": "ENOMEM",
    # Growth of the heap has no error. Whoever cannot have it takes other memory.
    "brk": "refused", "mmap": "ENOMEM EPERM", "mprotect": "ENOMEM", "mremap": "ENOMEM", "munmap": "ENOMEM",
    "madvise": "EIO ENOMEM EPERM", "process_madvise": "EINTR ENOMEM EPERM", "process_vm_readv": "ENOMEM EPERM",
    "process_vm_writev": "ENOMEM EPERM", "mincore": "ENOMEM",
    "read": READS, "pread64": READS, "readv": READS, "preadv": READS, "getdents64": "EIO ENOMEM",
    "readlink": "EIO ENOMEM", "readlinkat": "EIO ENOMEM", "lgetxattr": "EIO ENOMEM",
    "stat": STATS, "fstat": STATS, "lstat": STATS, "newfstatat": STATS, "statx": STATS, "statfs": "EIO ENOMEM EINTR",
    "fstatfs": "EIO ENOMEM EINTR", "access": STATS, "faccessat": STATS,
    "faccessat2": STATS,
    "write": WRITES, "pwrite64": WRITES, "writev": WRITES, "pwritev": WRITES, "close": "EIO ENOSPC EINTR",
    "fsync": "EIO ENOSPC EINTR", "syncfs": "EIO ENOSPC",
    "ptrace": "EIO EPERM", "kcmp": "EPERM", "pidfd_getfd": "EPERM", "pidfd_open": "ENOMEM",
    "pidfd_send_signal": "EPERM", "kill": "EPERM", "tgkill": "EPERM", "prlimit64": "EPERM",
    "get_robust_list": "EPERM", "getpgid": "EPERM", "getsid": "EPERM", "sched_getaffinity": "EPERM",
    "sched_getattr": "EPERM", "sched_getparam": "EPERM", "sched_getscheduler": "EPERM", "ioprio_get": "EPERM",
    "openat": "EIO ENOSPC ENOMEM EINTR EPERM", "open": "EIO ENOSPC ENOMEM EINTR EPERM",
    "socket": "ENOMEM EPERM", "clone3": "ENOMEM EPERM", "clone": "ENOMEM EPERM", "execve": NONE,
    "fchdir": "EIO ENOMEM EPERM", "pause": "EINTR", "setpgid": "EPERM", "setsid": "EPERM",
}


def names():
    with open(HEADER) as header:
        found = re.findall(r"#define __NR_(\w+) (\d+)", header.read())
    return {int(number): name for name, number in found}


NAMES = names()


def name_of(point):
    """Of its call."""
    return NAMES.get(int(point.split(":")[1]), "?")


def nth_of(point):
    """Of how many calls with that number its call is the last."""
    return int(point.split(":")[2].split("=")[0])


def describe(point):
    task, number, nth = point.split(":")
    nth, what = nth.split("=")
    return "%s #%s%s %s" % (name_of(point), nth, " of task " + task if task != "0" else "",
                            errno.errorcode[int(what)] if what.isdigit() else what)


def of_call(call):
    number = int(call.split(":")[1])
    errors = ERRORS.get(NAMES.get(number, "?"), ALL).split()
    return [call + "=kill"] + ["%s=%s" % (call, getattr(errno, name, name)) for name in errors]


def of_calls(calls, count, others=()):
    """
    Points of calls, but for those that are like the others, and few of what is asked for again and again: `all`, all
    `kills`, or so many of them, of the first to the last call. `WHICH:I/N` is the Ith of N parts, the same of any list
    of calls. The loader, which is done when it unmaps its cache, does not go on when something fails, and nothing of
    the command has run yet.
    """
    calls = with_few_polls(calls)
    loaded = next(i for i, call in enumerate(calls) if name_of(call) == "munmap")
    new = set(unlike(calls, others))
    everywhere = [call + "=kill" for call in calls[:loaded] if call in new]
    everywhere += [point for call in calls[loaded:] if call in new for point in of_call(call)]
    which, _, part = count.partition(":")
    nth, parts = (int(word) for word in part.split("/")) if part else (0, 1)
    everywhere = [point for point in everywhere if nth_of(point) % parts == nth % parts]
    if which == "kills":
        everywhere = [point for point in everywhere if point.endswith("=kill")]
    elif which != "all":
        everywhere = [everywhere[len(everywhere) * i // int(which)] for i in range(int(which))]
    return everywhere


def always(runs):
    """Calls that were made in all of the runs, in the order of the first."""
    first, *others = (list(run) for run in runs)
    found = [set(run) for run in others]
    return [call for call in first if all(call in run for run in found)]


def polls(calls):
    """Which of the calls ask for something again and again, until it is so: they are as many as that takes."""
    names = [name_of(call) for call in calls] + [None]
    return [name in PAUSES or name == "wait4" and names[i + 1] in PAUSES for i, name in enumerate(names[:-1])]


def without_polls(calls):
    return [call for call, is_poll in zip(calls, polls(calls)) if not is_poll]


def with_few_polls(calls):
    """Of those that follow each other, the first two and the last two."""
    are_polls = [False, False] + polls(calls) + [False, False]
    return [call for i, call in enumerate(calls) if not all(are_polls[i:i + 5])]


def unlike(calls, others):
    """Those that no code makes that makes one of the others, as far as what stands around them in their task shows."""
    if not others:
        return calls

    def runs(found):
        """Each with the names of its calls; of a task that makes fewer all are one."""
        tasks = {}
        for call in without_polls(found):
            tasks.setdefault(call.split(":")[0], []).append(call)
        for made in tasks.values():
            for i in range(max(1, len(made) - RUN + 1)):
                yield made[i:i + RUN], tuple(name_of(call) for call in made[i:i + RUN])

    known, alike = {names for _, names in runs(others)}, set()
    for run, names in runs(calls):
        if names in known:
            alike.update(run)
    return [call for call in without_polls(calls) if call not in alike]


class Result:
    def __init__(self, status, reached, said):
        self.status, self.reached, self.said = status, reached, said

    def killed(self):
        return self.status == 128 + signal.SIGKILL

    def fault(self, point, name):
        """What is wrong with how the command itself ended, as a text, or None."""
        if self.status is None:
            return "does not end"
        if self.killed():
            return None if point.endswith("=kill") else "was killed"
        if self.status > 120 and "error while loading shared libraries" not in self.said:
            return "status %d" % self.status
        if self.status and name + ": " not in self.said and "error while loading shared libraries" not in self.said:
            return "status %d without a word" % self.status
        return None


def run(directory, command, point=None, env=None, output=None):
    """
    Runs a command, through a point of failure if there is one. @directory is for what it says; @output is a file for
    what it writes, if that is something else.
    """
    reached, said = directory + "/reached", directory + "/said"
    inject = ["inject", reached] + ([point] if point else []) + command
    with open(said, "w") as errors, open(os.devnull) as nothing, open(output or os.devnull, "wb") as written:
        child = subprocess.Popen(inject, stdin=nothing, stdout=written if output else errors, stderr=errors, env=env)
        try:
            status = child.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            status = None
    with open(reached) as lines, open(said, errors="replace") as errors:
        return Result(status, lines.read().split(), errors.read())


class Progress:
    """Says once a minute how far it is, and in the end what came of it."""

    def __init__(self, name, calls, count, others):
        self.name, self.calls = name, calls
        self.points = of_calls(calls, count, others)
        self.done = self.unreached = 0
        self.faults = []
        self.said = self.began = time.monotonic()
        print("%s: %d calls, %d points%s" % (name, len(calls), len(self.points),
                                             ", of what is in no other column" if others else ""), flush=True)

    def count(self, point, reached, faults):
        self.done += 1
        self.unreached += not reached
        for fault in faults:
            self.faults.append(fault)
            print("%s: %s: %s" % (self.name, describe(point), fault), flush=True)
        if time.monotonic() - self.said > 60:
            self.said = time.monotonic()
            print("%s: %d of %d points, %d faults" % (self.name, self.done, len(self.points), len(self.faults)),
                  flush=True)

    def finish(self):
        print("%s: %d calls, %d points tried, %d of them not reached, %d faults, %d s" % (
            self.name, len(self.calls), self.done, self.unreached, len(self.faults), time.monotonic() - self.began),
            flush=True)
        most = MOST_OF_SAMPLE if self.done < SAMPLE else MOST
        # Of what other columns leave, much is what is not made each time.
        return not self.faults and self.unreached <= max(self.done, len(self.calls)) * most // 100


def try_all(name, calls, count, try_point, others=()):
    """
    @try_point says of a point whether it was reached, and what was wrong then. Points of the calls @others, and of
    those like them, are left to another column. Returns: the progress, at its end.
    """
    progress = Progress(name, calls, count, others)
    for point in progress.points:
        progress.count(point, *try_point(point))
    return progress


def fail(text):
    sys.exit("failures: " + text)
