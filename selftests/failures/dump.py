# SPDX-License-Identifier: GPL-2.0-or-later
"""
dump.py DIRECTORY POINTS NAME OPTION...    crdump OPTION... with a failure at so many of its points, or at `all`

Its target must go on as if nothing had been. What crdump leaves is a checkpoint, as good as one where nothing failed,
or nothing.
"""
import os
import shutil
import subprocess
import sys

import points
from steady import Steady

# What is nearly of the same size each time: numbers in it may become longer.
SAME = ("files.img", "filelocks.img", "pstree.img", "crlock.img")
LONGER = 15

# A thread's call that has ended with EINTR since the thread was stopped is mended two calls later. Who kills crdump
# between them leaves it so, as does any stop: see signal(7).
STOPPING = ("ptrace", "wait4", "sched_yield", "clock_nanosleep")
CUT_SHORT = ("epoll_wait: Interrupted system call", "sigwaitinfo: Interrupted system call")


class Dumping:
    def __init__(self, directory, options):
        self.directory, self.options = directory, options
        self.images = directory + "/images"
        self.cut_short = 0
        self.steady = Steady(directory + "/target")
        result = self.run()
        if result.status:
            points.fail("crdump fails without a reason: %s" % result.said)
        self.calls = result.reached
        self.good = self.sizes()
        faults = self.image_faults() + self.steady.faults()
        if faults:
            points.fail("a good dump is none: %s" % faults)

    def run(self, point=None):
        shutil.rmtree(self.images, ignore_errors=True)
        return points.run(self.directory, ["crdump", "-t", str(self.steady.pid), "-D", self.images] + self.options,
                          point)

    def sizes(self):
        pid = str(self.steady.pid)
        found = {name: os.path.getsize(os.path.join(self.images, name)) if name in SAME else 0
                 for name in os.listdir(self.images)}
        return {name.replace(pid, "PID"): size for name, size in found.items()}

    def image_faults(self):
        verified = subprocess.run(["crlock", "show", "--verify", self.images], capture_output=True, text=True)
        if verified.returncode:
            return ["not as it was written: " + verified.stderr]
        return []

    def left_faults(self, point, result):
        """What is wrong with what is left."""
        there = os.path.exists(self.images + "/inventory.img")
        if not result.status or there and result.killed():
            if not there:
                return ["no checkpoint, and no error"]
            was, now = self.good, self.sizes()
            # Statistics are written when the checkpoint is complete, and are no part of it.
            changed = ["%s: %s %s" % (name, was.get(name), now.get(name)) for name in sorted(set(was) | set(now))
                       if name != "stats-dump" and abs(was.get(name, -LONGER) - now.get(name, -LONGER)) > LONGER]
            return self.image_faults() + (["images: %s" % changed] if changed else [])
        # What cannot be removed stays.
        may_stay = result.killed() or points.name_of(point) in ("unlinkat", "rmdir", "close")
        if os.path.exists(self.images) and not may_stay:
            return ["left: %s" % os.listdir(self.images)]
        return []

    def try_point(self, point):
        result = self.run(point)
        fault = result.fault(point, "crdump")
        faults = ([fault] if fault else []) + self.left_faults(point, result)
        target = self.steady.faults()
        cut_short = len(target) == 1 and target[0].endswith(CUT_SHORT) and points.name_of(point) in STOPPING
        self.cut_short += cut_short
        if target:
            self.steady.close()
            self.steady = Steady(self.directory + "/target")
            self.run()
            self.good = self.sizes()
        return bool(result.reached), faults + ([] if cut_short else target)


def main():
    directory, count, name = sys.argv[1:4]
    dumping = Dumping(directory, sys.argv[4:])
    progress = points.Progress(name, dumping.calls, count)
    for point in progress.points:
        progress.count(point, *dumping.try_point(point))
    dumping.steady.close()
    print("%s: at %d of them a call of the target was cut short" % (name, dumping.cut_short))
    sys.exit(not progress.finish())


main()
