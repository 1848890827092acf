# SPDX-License-Identifier: GPL-2.0-or-later
"""
locks.py DIRECTORY POINTS NAME OPTION...   crrestore --locks-only --pid, with a failure at so many of its points, or `all`

The process that is to get the locks has all of them, or none, and else is as it was.
"""
import ctypes
import os
import re
import subprocess
import sys
import time

import observe
import points

SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438
F_GETSIG, F_GETOWN_EX = 11, 16

# Each of its kinds, one lease that is breaking, and what is open twice.
HELD = ["flock:w:a", "posix:w:0-9:b", "--same", "posix:r:20-:x", "ofd:w:0-9:c", "ofd:r:20-29:c", "lease:w:d", "lease:r:e",
        "lease:w:f", "--break", "r"]
OPEN = ["open:w:a", "open:w:b", "open:w:c", "open:w:c", "open:w:d", "open:r:e", "open:w:f"]

libc = ctypes.CDLL(None, use_errno=True)


def with_descriptor(pid, fd, ask):
    """What @ask says of a descriptor of that process."""
    process = libc.syscall(SYS_PIDFD_OPEN, pid, 0)
    own = libc.syscall(SYS_PIDFD_GETFD, process, fd, 0)
    os.close(process)
    try:
        return ask(own)
    finally:
        os.close(own)


def notice(fd):
    """Whom a signal tells that something is up with it, and which."""
    owner = (ctypes.c_int * 2)()
    libc.fcntl(fd, F_GETOWN_EX, owner)
    return libc.fcntl(fd, F_GETSIG), list(owner)


class Holder:
    def __init__(self, directory, words):
        self.child = subprocess.Popen(["hold"] + words, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True)
        if not self.child.stdout.readline().startswith("ready"):
            points.fail("the target does not hold anything")
        self.pid = self.child.pid

    def end(self):
        self.child.kill()
        self.child.communicate()


class Taking:
    def __init__(self, directory, options):
        self.directory, self.options = directory, options
        self.images, self.files = directory + "/images", directory + "/files"
        os.mkdir(self.files)
        for name in "abcdef":
            with open(os.path.join(self.files, name), "w"):
                pass
        holder = Holder(self.files, HELD)
        subprocess.run(["crdump", "--locks-only", "-t", str(holder.pid), "-D", self.images, "--source=proc"], check=True)
        holder.end()
        self.begin()
        self.none = self.state()
        # Some are made only where something takes longer.
        self.calls = points.always([self.good_run() for _ in range(3)])

    def good_run(self):
        """Returns: the calls that were made."""
        result = self.run()
        self.whole = self.state()
        # The descriptor of a lease has O_ASYNC.
        self.descriptors = {fd: told for fd, told in observe.process(self.holder.pid)["descriptors"].items()
                            if told[0].startswith(self.files)}
        if result.status or self.whole == self.none:
            points.fail("crrestore fails without a reason: %s" % result.said)
        self.begin_anew()
        return result.reached

    def begin(self):
        self.holder = Holder(self.files, OPEN)
        self.before = observe.process(self.holder.pid)
        while "call" not in self.before["threads"][self.holder.pid]:
            self.before = observe.process(self.holder.pid)
        self.processes = observe.processes()

    def begin_anew(self):
        self.holder.end()
        self.begin()
        if self.state() != self.none:
            points.fail("there are locks before any is taken: %s" % self.state())

    def state(self):
        """The locks that there are, and whom those of leases tell."""
        pid = self.holder.pid
        # Behind kind, mode and type; an offset may be the same number.
        locks = [re.sub(r"^(\w+ +\w+ +\w+ +)%d " % pid, r"\1PID ", line) for line in observe.locks(self.files)]
        notices = {}
        for fd in os.listdir("/proc/%d/fd" % pid):
            if os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith(self.files):
                number, owner = with_descriptor(pid, int(fd), notice)
                notices[fd] = number, ["PID" if word == pid else word for word in owner]
        return locks, notices

    def run(self, point=None):
        command = ["crrestore", "--locks-only", "-D", self.images, "--pid", str(self.holder.pid)]
        return points.run(self.directory, command + self.options, point)

    def await_others(self):
        """Who undoes it once crrestore is killed."""
        end = time.monotonic() + points.WAIT
        while observe.processes() - self.processes and time.monotonic() < end:
            observe.reap()
            time.sleep(0.002)
        return ["process %d is left" % pid for pid in observe.processes() - self.processes]

    def target_faults(self, whole):
        end = time.monotonic() + points.WAIT
        before = dict(self.before)
        if whole:
            before["descriptors"] = dict(before["descriptors"], **self.descriptors)
        while True:
            faults = observe.differences(before, observe.process(self.holder.pid))
            if not faults or time.monotonic() > end:
                return faults[:4]
            time.sleep(0.005)

    def try_point(self, point):
        result = self.run(point)
        fault = result.fault(point, "crrestore")
        faults = ([fault] if fault else []) + self.await_others()
        state = self.state()
        faults += self.target_faults(state == self.whole)
        right = [self.whole] if not result.status else [self.none, self.whole] if result.killed() else [self.none]
        if state not in right:
            faults += observe.differences(right[0], state) + ["the locks are %s" % (state,)]
        if faults or state != self.none:
            self.begin_anew()
        return bool(result.reached), faults


def main():
    directory, count, name = sys.argv[1:4]
    taking = Taking(directory, sys.argv[4:])
    progress = points.try_all(name, taking.calls, count, taking.try_point)
    sys.exit(not progress.finish())


if __name__ == "__main__":
    main()
