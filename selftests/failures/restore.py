# SPDX-License-Identifier: GPL-2.0-or-later
"""
restore.py DIRECTORY POINTS NAME OPTION...   crrestore OPTION... with a failure at so many of its points, or at `all`

What it restores is there as a whole, and as it was; or nothing of it is: no process, no lock, no file. A file that
was there is as it was.
"""
import hashlib
import os
import shutil
import stat
import sys
import time

import observe
import points
from steady import Steady


def tell(path):
    """All that can be told of a file: what and which it is, and what is in it."""
    st = os.lstat(path)
    content = ""
    # To open one with a lease would break that, and its holder would get a signal.
    if stat.S_ISREG(st.st_mode) and not path.endswith("-lease"):
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    # A socket is bound anew.
    number = 0 if stat.S_ISSOCK(st.st_mode) else st.st_ino
    return oct(st.st_mode), number, st.st_uid, st.st_gid, content


def listing(directory):
    found = {}
    for base, directories, files in os.walk(directory):
        for name in directories + files:
            try:
                found[os.path.join(base, name)] = tell(os.path.join(base, name))
            except FileNotFoundError:
                # Who undoes something is at it just now.
                pass
    return found


class Restoring:
    def __init__(self, directory, options):
        self.directory, self.options = directory, options
        self.images, self.pidfile = directory + "/images", directory + "/pidfile"
        self.files = directory + "/target"
        self.steady = Steady(self.files)
        result = points.run(directory, ["crdump", "-t", str(self.steady.pid), "-D", self.images, "--source=proc"])
        if result.status:
            points.fail("it cannot be dumped: %s" % result.said)
        self.steady.child.wait()
        # The other process.
        os.wait()
        self.write_pidfile()
        self.note()
        # Some are made only where something takes longer.
        self.calls = points.always(self.good_run() for _ in range(3))

    def good_run(self):
        """Returns: the calls that were made."""
        result = self.run()
        if result.status:
            points.fail("crrestore fails without a reason: %s" % result.said)
        faults = self.whole_faults() + self.end_tree()
        if faults:
            points.fail("a good restore is none: %s" % faults)
        return result.reached

    def write_pidfile(self):
        with open(self.pidfile, "w") as file:
            file.write("as before\n")

    def note(self):
        self.before = listing(self.files), listing(self.images), observe.processes()
        self.locks = observe.locks(self.files)

    def run(self, point=None):
        command = ["crrestore", "-d", "-D", self.images, "--pidfile", self.pidfile]
        return points.run(self.directory, command + self.options, point)

    def is_whole(self):
        """Whether the tree is there, and stays. Who ends it by its death does so at once, or soon."""
        return observe.is_there(self.steady.pid) and self.steady.answer() == "ok"

    def whole_faults(self):
        said = self.steady.answer()
        faults = [] if said == "ok" else ["the tree says: " + said]
        if not faults and not self.steady.look():
            faults.append("the tree does not come to rest")
        seen = self.steady.before if not faults else {}
        faults += ["%s is traced" % pid for pid, process in seen.items() if pid != "locks" and
                   any(thread["TracerPid"] != "0" for thread in process["threads"].values())]
        return faults + observe.differences(self.before[0], listing(self.files))

    def end_tree(self):
        """Ends what was restored. What it leaves, such as its statistics, is of no weight."""
        observe.end(self.steady.pid)
        left = self.left_faults()
        shutil.rmtree(self.images + "/stats-restore", ignore_errors=True)
        if os.path.exists(self.images + "/stats-restore"):
            os.unlink(self.images + "/stats-restore")
        self.write_pidfile()
        return left

    def look_left(self):
        files, images, pids = self.before
        faults = ["process %d is left" % pid for pid in observe.processes() - pids]
        now = observe.locks(self.files)
        if now != self.locks:
            faults.append("locks are left: %s" % now)
        faults += observe.differences(files, listing(self.files))
        changed = observe.differences(images, listing(self.images))
        return faults + [what for what in changed if "/stats-restore" not in what]

    def left_faults(self):
        """What is left of a restore, once who is to be killed has had the time to."""
        end = time.monotonic() + points.WAIT
        while True:
            observe.reap()
            faults = self.look_left()
            if not faults or time.monotonic() > end or not any("left" in fault for fault in faults):
                return faults[:5]
            time.sleep(0.01)

    def pidfile_faults(self, wanted):
        with open(self.pidfile) as file:
            is_now = file.read()
        return [] if is_now == wanted else ["the file for the pid has %r" % is_now]

    def try_point(self, point):
        result = self.run(point)
        fault = result.fault(point, "crrestore")
        faults = [fault] if fault else []
        own = "%d\n" % self.steady.pid
        if not result.status:
            faults += self.whole_faults() + self.pidfile_faults(own) + self.end_tree()
        elif result.killed() and not self.left_faults_soon():
            faults += self.pidfile_faults("as before\n")
        elif result.killed() and self.is_whole():
            faults += self.whole_faults() + self.pidfile_faults(own) + self.end_tree()
        else:
            faults += self.left_faults() + self.pidfile_faults("as before\n")
        if faults:
            self.begin_anew()
        return bool(result.reached), [fault for fault in faults if not self.may_stay(point, fault)]

    def may_stay(self, point, fault):
        """A name that cannot be taken away stays. Nobody else takes it away, and so nothing else may differ."""
        return points.name_of(point) in ("unlinkat", "rmdir") and not point.endswith("=kill") and \
            fault.startswith("/") and " was None, is " in fault

    def left_faults_soon(self):
        """Whether anything is left once no process of the tree is about to end any more."""
        end = time.monotonic() + points.WAIT
        while time.monotonic() < end:
            observe.reap()
            if not self.look_left():
                return []
            pids = observe.processes() - self.before[2]
            if not any(observe.is_ending(pid) for pid in pids):
                break
            time.sleep(0.01)
        return self.look_left()

    def begin_anew(self):
        """Takes away what is left, as far as it is known what that is."""
        for pid in observe.processes() - self.before[2]:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
        time.sleep(0.2)
        observe.reap()
        files = self.before[0]
        for path in listing(self.files):
            if path not in files:
                os.unlink(path)
        self.write_pidfile()
        self.note()


def main():
    directory, count, name = sys.argv[1:4]
    restoring = Restoring(directory, sys.argv[4:])
    progress = points.try_all(name, restoring.calls, count, restoring.try_point)
    sys.exit(not progress.finish())


if __name__ == "__main__":
    main()
