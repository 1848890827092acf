# SPDX-License-Identifier: GPL-2.0-or-later
"""
dump.py DIRECTORY POINTS NAME OTHERS OPTION...    crdump OPTION... with a failure at so many of its points, or at `all`

OTHERS are the options of another column, in one word. What that tries is not tried again: a point counts by the code
that makes the call. Of the first column they are none.

Its target must go on as if nothing had been, unless it is to end, or to stop, and there is a checkpoint. What crdump
leaves is a checkpoint, as good as one where nothing failed, or nothing.
"""
import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import checkpoint
import observe
import points
from steady import Steady

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

# A thread's call that has ended with EINTR since the thread was stopped is mended two calls later. Who kills crdump
# between them leaves it so, as does any stop: see signal(7). After an error crdump mends it when it lets go.
STOPPING = ("ptrace", "wait4") + points.PAUSES
CUT_SHORT = ("epoll_wait: Interrupted system call", "sigwaitinfo: Interrupted system call")


class Dumping:
    def __init__(self, directory, options):
        self.directory, self.options = directory, options
        self.images, self.stream = directory + "/images", directory + "/stream"
        self.streams, self.stops = "--stream" in options, "--leave-stopped" in options
        self.holds, self.locks_only = "--hold-locks" in options, "--locks-only" in options
        self.ends = not (self.stops or self.locks_only or "-R" in options)
        self.cut_short = 0
        self.before = observe.processes()
        self.begin()
        # Some are made only where something takes longer.
        self.calls = points.always(self.good_run() for _ in range(3))

    def good_run(self):
        """Returns: the calls that were made."""
        result = self.run()
        if result.status:
            points.fail("crdump fails without a reason: %s" % result.said)
        faults = self.left_faults(None, result) + self.target_faults(None, result)
        if faults:
            points.fail("a good dump is none: %s" % faults)
        self.settle()
        return result.reached

    def begin(self):
        """A target, and what is to be told of it."""
        self.steady = Steady(self.directory + "/target")
        self.tree = observe.tree(self.steady.pid)
        good = self.directory + "/good"
        shutil.rmtree(good, ignore_errors=True)
        goes_on = [] if self.locks_only else ["-R"]
        source = [option for option in self.options if option.startswith("--source")]
        subprocess.run(["crdump", "-t", str(self.steady.pid), "-D", good] + goes_on + source +
                       [option for option in self.options if option == "--locks-only"],
                       check=True, stdout=subprocess.DEVNULL)
        self.good = checkpoint.tell(good)
        faults = self.steady.faults()
        if faults:
            points.fail("a good dump is none: %s" % faults)

    def run(self, point=None):
        shutil.rmtree(self.images, ignore_errors=True)
        command = ["crdump", "-t", str(self.steady.pid)] + self.options
        if not self.streams:
            return points.run(self.directory, command + ["-D", self.images], point)
        result = points.run(self.directory, command, point, output=self.stream)
        checkpoint.unpack(checkpoint.read(self.stream), self.images)
        return result

    def is_complete(self):
        return os.path.exists(self.images + "/inventory.img")

    def image_faults(self):
        # A stream has a sum in each of its frames instead.
        if not self.streams:
            verified = subprocess.run(["crlock", "show", "--verify", self.images], capture_output=True, text=True)
            if verified.returncode:
                return ["not as it was written: " + verified.stderr]
        found = observe.differences(self.good, checkpoint.tell(self.images), "images")
        return [difference[:300] for difference in found[:4]]

    def left_faults(self, point, result):
        """What is wrong with what is left."""
        name = points.name_of(point) if point else ""
        if not result.status and not self.is_complete():
            return ["no checkpoint, and no error"]
        # What cannot be removed stays; and a checkpoint does where the target cannot be ended, or stopped.
        may_stay = not result.status or result.killed() or name in ("unlinkat", "rmdir") or \
            name == "kill" and (self.ends or self.stops)
        if os.path.exists(self.images) and not may_stay:
            return ["left: %s" % os.listdir(self.images)]
        if not self.is_complete():
            return []
        return [fault for fault in self.image_faults() if not self.is_unknown(point, fault)]

    def is_unknown(self, point, fault):
        """
        Of a request that it does not know, such as one for a restartable sequence, ptrace says EIO. The timer slack
        may be for others to read only. And where it cannot be asked which page is the one of zeros, that is copied:
        the bytes that were only ever read are in a page of their own.
        """
        unknown = ("ptrace", errno.EIO, r"/rseq_entry was .* is None"), ("openat", errno.EPERM, r"/timerslack was .* is 0")
        if not point:
            return False
        copied = re.search(r"/mappings/\d+/dumped was (\d+), is (\d+)", fault)
        if copied and points.name_of(point) in ("openat", "mmap", "pread64"):
            return int(copied[2]) - int(copied[1]) == PAGE_SIZE
        return any(points.name_of(point) == name and point.endswith("=%d" % error) and
                   re.search(pattern, fault) for name, error, pattern in unknown)

    # What becomes of the target ----------------------------------------------------------------------

    def others(self):
        """Processes that are neither the target's, nor were there."""
        observe.reap()
        return observe.processes() - self.before - set(self.tree)

    def soon(self, is_so):
        end = time.monotonic() + points.WAIT
        while not is_so():
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def is_gone(self):
        observe.reap()
        return not any(observe.is_there(pid) for pid in self.tree)

    def gone_faults(self):
        if not self.soon(self.is_gone):
            return ["the target is there: %s" % [pid for pid in self.tree if observe.is_there(pid)]]
        return self.held_faults() if self.holds else []

    def held_faults(self):
        """Of locks that /proc/locks does not tell any more, since who took them is gone."""
        tries = {"flock": lambda fd: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
                 "ofd": lambda fd: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 5),
                 "lease": lambda fd: None}
        faults = []
        for name in (who + kind for who in ("parent-", "child-") for kind in tries):
            try:
                with open(os.open(self.directory + "/target/" + name, os.O_RDWR | os.O_NONBLOCK), "r+") as file:
                    tries[name.split("-")[1]](file.fileno())
                faults.append("is not held: " + name)
            except BlockingIOError:
                pass
        return faults

    def is_stopped(self):
        return all(observe.status_of("/proc/%d" % pid)["stopped"] for pid in self.tree)

    def stopped_faults(self):
        faults = [] if self.soon(self.is_stopped) else ["the target is not stopped"]
        for pid in self.tree:
            os.kill(pid, signal.SIGCONT)
        # By any SIGCONT.
        return faults + [fault for fault in self.steady.faults() if not fault.endswith(CUT_SHORT)]

    def target_faults(self, point, result):
        done = not result.status
        # Who holds the locks of a tree that has ended stays.
        if not (done and self.holds) and not self.soon(lambda: not self.others() or self.holds and self.is_gone()):
            return ["processes are left: %s" % self.others()]
        if done and self.ends:
            return self.gone_faults()
        # Between two signals, it is killed in part: its other process ends for that. Without one it goes on, for none
        # knows that there is a checkpoint.
        if self.ends and self.is_complete() and any(observe.is_ending(pid) for pid in self.tree):
            return [] if self.soon(self.is_gone) else ["the target is there in part"]
        if self.stops and (done or self.is_complete()):
            return self.stopped_faults() if done else self.stopped_faults()[1:]
        return self.steady.faults()

    def is_cut_short(self, point, target):
        return len(target) == 1 and target[0].endswith(CUT_SHORT) and points.name_of(point) in STOPPING and \
            point.endswith("=kill")

    def settle(self, faults=()):
        """Has a target as it was, for what comes next."""
        for pid in self.others():
            os.kill(pid, signal.SIGKILL)
        if faults or self.is_gone():
            self.steady.close()
            self.soon(self.is_gone)
            self.begin()

    def try_point(self, point):
        result = self.run(point)
        fault = result.fault(point, "crdump")
        faults = ([fault] if fault else []) + self.left_faults(point, result)
        target = self.target_faults(point, result)
        cut_short = self.is_cut_short(point, target)
        self.cut_short += cut_short
        # It has told of that, and may go on as if nothing had been.
        self.settle(self.steady.faults() if cut_short else target)
        return bool(result.reached), faults + ([] if cut_short else target)


def calls_with(directory, options):
    """The calls of another column."""
    dumping = Dumping(directory, options)
    dumping.steady.close()
    dumping.soon(dumping.is_gone)
    return dumping.calls


def main():
    directory, count, name, others = sys.argv[1:5]
    others = calls_with(directory, others.split()) if others else []
    dumping = Dumping(directory, sys.argv[5:])
    progress = points.try_all(name, dumping.calls, count, dumping.try_point, others)
    dumping.steady.close()
    print("%s: at %d of them a call of the target was cut short" % (name, dumping.cut_short))
    sys.exit(not progress.finish())


main()
