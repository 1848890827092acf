# SPDX-License-Identifier: GPL-2.0-or-later
"""A steady, see steady.c, with who watches it."""
import os
import select
import shutil
import subprocess
import time

import observe
import points

TRIES = 100


class Steady:
    @classmethod
    def found(cls, directory, pid):
        """One that is there, or is about to be restored."""
        steady = cls.__new__(cls)
        steady.directory, steady.pid, steady.child = directory, pid, None
        steady.questions, steady.answers = (os.open(os.path.join(directory, name), os.O_RDWR | os.O_CLOEXEC)
                                            for name in ("questions", "answers"))
        return steady

    def __init__(self, directory, watched=True):
        self.directory, self.pid = directory, 0
        shutil.rmtree(directory, ignore_errors=True)
        os.mkdir(directory)
        # By these it is spoken to also when it has been restored.
        self.questions, self.answers = (self.pipe(name) for name in ("questions", "answers"))
        self.child = subprocess.Popen(["setsid", "steady", directory], stdin=self.questions, stdout=self.answers,
                                      stderr=subprocess.DEVNULL)
        self.pid = int(self.line().split()[-1])
        said = self.answer()
        if said != "ok" or watched and not self.look():
            points.fail("the target is not steady: %s" % said)

    def pipe(self, name):
        path = os.path.join(self.directory, name)
        os.mkfifo(path)
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def line(self):
        """What it says, within the time that there is."""
        said = b""
        end = time.monotonic() + points.TIMEOUT
        while not said.endswith(b"\n"):
            if not select.select([self.answers], [], [], 0.1)[0]:
                if (not self.child or self.child.poll() is not None) and not (self.pid and observe.is_there(self.pid)):
                    return "is gone"
                if time.monotonic() > end:
                    return "says nothing"
                continue
            said += os.read(self.answers, 1)
        return said.decode().strip()

    def answer(self):
        os.write(self.questions, b"\n")
        return self.line()

    def look(self):
        """Notes how it is, once its threads wait again. Returns: whether they do."""
        end = time.monotonic() + points.TIMEOUT
        while time.monotonic() < end:
            self.before = observe.observe(self.pid, self.directory)
            if observe.waiting(self.before) and not self.changes(1):
                return True
        return False

    def changes(self, tries=TRIES):
        """What an observer sees changed; what passes, such as a handler that runs just then, is none."""
        for _ in range(tries):
            try:
                found = observe.differences(self.before, observe.observe(self.pid, self.directory))
            except (OSError, KeyError) as error:
                found = [str(error)]
            if not found or not observe.is_there(self.pid):
                break
            time.sleep(0.005)
        return found

    def faults(self):
        """What is not as it was."""
        found = self.changes()
        said = self.answer() if not any("stopped" in what or "TracerPid" in what for what in found) else "ok"
        if said != "ok":
            found.append("the target says: " + said)
        if not found and not self.look():
            found.append("the target does not come to rest")
        return found[:4]

    def end(self):
        observe.end(self.pid)
        self.child.kill()
        self.child.wait()

    def close(self):
        self.end()
        os.close(self.questions)
        os.close(self.answers)
