# SPDX-License-Identifier: GPL-2.0-or-later
"""
guest.py DIRECTORY NTH    in the VM: judges what the last one has left in DIRECTORY, and makes another dump there

Says a line `was WHAT` of the last: `complete`, if it was restored and goes on; `refused`, if it is no checkpoint; or
`wrong: WHY`. Then `dumping`, `ending` when all images but the inventory are there, and `dumped`; then it waits for the
end.
"""
import os
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../failures")
import observe
from steady import Steady

# So that pids of the dump are free when it is restored.
FIRST_PID = 1000


def say(text):
    print(text, flush=True)


def run(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def restored(directory):
    """What is wrong with a checkpoint that is to be complete, or None."""
    images = directory + "/images"
    shown = run("crlock", "show", "--verify", images)
    if shown.returncode:
        return shown.stderr
    with open(directory + "/pid") as file:
        steady = Steady.found(directory + "/target", int(file.read()))
    made = run("crrestore", "-d", "-D", images)
    if made.returncode:
        return made.stderr
    said = steady.answer()
    observe.end(steady.pid)
    return None if said == "ok" else said


def judge(directory):
    images = directory + "/images"
    if os.path.exists(images + "/inventory.img"):
        wrong = restored(directory)
        return "wrong: " + wrong.strip() if wrong else "complete"
    refused = run("crrestore", "-d", "-D", images)
    # No directory, or no checkpoint.
    return "refused" if refused.returncode == 4 else "wrong: not refused, but status %d" % refused.returncode


def tell_end(images):
    while not os.path.exists(images + "/checksums.img"):
        time.sleep(0.001)
    say("ending")


def dump(directory):
    os.mkdir(directory)
    steady = Steady(directory + "/target", watched=False)
    with open(directory + "/pid", "w") as file:
        file.write(str(steady.pid))
    # All but the dump is on the disk.
    os.sync()
    threading.Thread(target=tell_end, args=(directory + "/images",), daemon=True).start()
    say("dumping")
    done = run("crdump", "-R", "-t", str(steady.pid), "-D", directory + "/images")
    say("dumped" if not done.returncode else "failed: " + done.stderr)


def main():
    base, nth = sys.argv[1], int(sys.argv[2])
    last = "%s/%d" % (base, nth - 1)
    if os.path.exists(last + "/pid"):
        say("was " + judge(last))
    shutil.rmtree(last, ignore_errors=True)
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(FIRST_PID))
    dump("%s/%d" % (base, nth))
    while True:
        time.sleep(1000)


main()
