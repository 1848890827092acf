#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what is true of locks with what is said of them, row by row.

  matrix.py PROGRAM DIRECTORY [PATTERN]

PROGRAM takes the locks of a row and writes what is true. It is compared with what crlock gets from the module, and
from /proc alone; with the image that crdump writes; and with what the module says after crrestore, and after CRIU
has dumped and restored the same row. Prints TAP, and for each row a line `# matrix {...}` for table.py.
"""

import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys
import time

LIMIT = 60
COLUMNS = ("module", "proc", "image", "restored", "criu")

# What is not right, by row and column, with the reason. Any other difference is a failure, and so is one that is
# named here and does not come. Of CRIU nothing is expected.
EXPECTED = {}


def expect(column, difference, why, *rows):
    for row in rows:
        EXPECTED[row, column] = ([difference], why)


expect("proc", "holders not known", "/proc has descriptors alone",
       "flock: in flight", "flock: in flight, sender gone", "flock: held only by a mapping")
expect("proc", "setter not known", "the kernel prints -1 for the process that set a lock of a description",
       "ofd: two descriptions of one process, ranges that overlap", "ofd: description shared by fork",
       "ofd: converted in the middle", "waiter: of an OFD lock")
expect("proc", "held not known", "of a breaking lease the kernel prints what it becomes, not what it is",
       "lease: of a reader, breaking to nothing", "lease: of two readers, breaking together")
expect("proc", "pending is UNLCK, not READ,UNLCK", "of two breaks the kernel prints the later one",
       "lease: breaking to read, then to nothing")
expect("restored", "setter wrong", "who set it has no descriptor of it any more; who has takes it again",
       "flock: inherited, and closed by the parent", "flock: passed through a socket")
expect("restored", "setter wrong", "who set it is gone, and is not made again to take it",
       "flock: in flight, sender gone", "posix: set by a task that shared the descriptors and is gone",
       "posix: whose setter's pid is another's now")


def run(*command, log):
    with open(log, "w") as out:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=LIMIT).returncode


def last_line(log):
    with open(log, errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1] if lines else "no reason given"


# Processes ------------------------------------------------------------------------------------------------


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            found = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return found + [pid for child in found for pid in children(child)]


def tree(pid):
    return [pid] + children(pid)


def end(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for pid in pids:
        while os.path.exists(f"/proc/{pid}"):
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.001)


def start(program, row, directory):
    """Starts a row. Returns: its truth, once it has told it."""
    os.mkdir(directory)
    process = subprocess.Popen([program, row], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + LIMIT
    while not os.path.exists(f"{directory}/truth"):
        if process.poll() is not None:
            raise RuntimeError(process.stderr.read().decode().strip() or "the fixture ended")
        if time.monotonic() > deadline:
            raise RuntimeError("the fixture does not tell what is true")
        time.sleep(0.01)
    process.stderr.close()
    with open(f"{directory}/truth") as file:
        return json.load(file)


def inodes(pids, directory):
    """The inodes that a row is about, by whatever name they can be reached."""
    paths = [f"{directory}/{name}" for name in os.listdir(directory)]
    for pid in pids:
        for kind in ("fd", "map_files"):
            try:
                paths += [f"/proc/{pid}/{kind}/{name}" for name in os.listdir(f"/proc/{pid}/{kind}")]
            except OSError:
                pass
    found = set()
    for path in paths:
        try:
            found.add(os.stat(path).st_ino)
        except OSError:
            pass
    return found


# What is said -----------------------------------------------------------------------------------------------


def holder(said):
    if said["kind"] == "in-flight":
        return "in flight"
    return f"{said['pid']}:{said['fd'] if said['kind'] == 'descriptor' else 'mapping'}"


def normal(lock):
    """A lock of crlock's JSON, in the form of truth."""
    unknown = set(lock["unknown"])
    waiters = sorted("%s %s" % (waiter["pid"], waiter["type"]) for waiter in lock["waiters"] or [])
    return {
        "kind": lock["kind"],
        "held": "?" if "held" in unknown else lock["held"],
        "pending": ",".join(lock["pending"]),
        "start": lock["start"],
        "end": lock["end"],
        "setter": lock["pid"] or 0,
        "holders": "?" if "holders" in unknown and not lock["holders"] else sorted(map(holder, lock["holders"])),
        "waiters": waiters,
    }


OUTPUT = "KIND,HELD,PENDING,START,END,PID,HOLDERS,WAITERS,INODE,UNKNOWN"


def listed(source, wanted):
    """What crlock ls says of the locks of some inodes."""
    text = subprocess.run(["crlock", "ls", "--json", f"--source={source}", "--output", OUTPUT], check=True,
                          capture_output=True, timeout=LIMIT).stdout
    return [normal(lock) for lock in json.loads(text)["locks"] if lock["inode"] in wanted]


def shown(images):
    text = subprocess.run(["crlock", "show", "--json", images], check=True, capture_output=True, timeout=LIMIT).stdout
    return [normal(lock) for lock in json.loads(text)["locks"]]


# Comparing --------------------------------------------------------------------------------------------------


def place(lock):
    return (lock["kind"], lock["start"], str(lock["end"]))


def order(lock):
    return place(lock) + (str(lock["setter"]), str(lock["holders"]))


def name(lock):
    return f"{lock['kind']} {lock['start']}-{lock['end']}"


def compare(truth, said, fields):
    """Returns: how they differ, each difference once, with pids and descriptors left out."""
    differences = []

    def add(what):
        if what not in differences:
            differences.append(what)

    truth, said = sorted(truth, key=order), sorted(said, key=order)
    missing = [place(lock) for lock in truth]
    extra = []
    for lock in said:
        if place(lock) in missing:
            missing.remove(place(lock))
        else:
            extra.append(place(lock))
    if missing:
        add("%s missing" % ("lock" if len(missing) == 1 else "locks"))
    if extra:
        add("%s that nobody has" % ("a lock" if len(extra) == 1 else "locks"))
    if missing or extra:
        return differences
    for is_true, is_said in zip(truth, said):
        for field in fields:
            if is_said[field] == "?" or (field == "setter" and not is_said[field]):
                add(f"{field} not known")
            elif (sorted(is_true[field]) if isinstance(is_true[field], list) else is_true[field]) != is_said[field]:
                if field in ("held", "pending"):
                    add(f"{field} is {is_said[field] or 'nothing'}, not {is_true[field] or 'nothing'}")
                else:
                    add(f"{field} wrong")
                    if os.environ.get("CRLOCK_MATRIX_VERBOSE"):
                        print(f"# {field}: {is_said[field]}, not {is_true[field]}")
    return differences


# Images have threads that wait in a system call, which they make again.
EVERYTHING = ("held", "pending", "setter", "holders", "waiters")


# One row ----------------------------------------------------------------------------------------------------


def say_of_source(result, truth, source, column, wanted):
    result[column] = compare(truth["locks"], listed(source, wanted), EVERYTHING)


def trip(result, row, program, directory, dump, restore, column):
    """Dumps, and restores, with the one or the other. @result gets what is true no more, or why it does not go."""
    files, images = f"{directory}/files", f"{directory}/images"
    truth = start(program, row, files)
    pids = tree(truth["pid"])
    try:
        if column == "restored":
            wanted = inodes(pids, files)
            say_of_source(result, truth, "kmod", "module", wanted)
            say_of_source(result, truth, "proc", "proc", wanted)
        os.mkdir(images)
        if run(*dump, "-t", str(truth["pid"]), "-D", images, log=f"{directory}/log"):
            result[column] = ["is not dumped"]
            if column == "restored":
                result["image"] = result[column]
            print(f"# {row}: {last_line(f'{directory}/log')}")
            return
        end(pids)
        if column == "restored":
            result["image"] = compare(truth["locks"], shown(images), EVERYTHING[:-1])
        if run(*restore, "-D", images, log=f"{directory}/log"):
            result[column] = ["is not restored"]
            print(f"# {row}: {last_line(f'{directory}/log')}")
            return
        pids += tree(truth["pid"])
        result[column] = compare(truth["locks"], listed("kmod", inodes(tree(truth["pid"]), files)), EVERYTHING)
    finally:
        end(set(pids) | set(tree(truth["pid"])))
        shutil.rmtree(directory)


def do_row(row, program, work):
    result = {}
    for column, dump, restore in (
            ("restored", ("crdump",), ("crrestore", "-d")),
            ("criu", ("criu", "dump", "--file-locks", "-v0"), ("criu", "restore", "-d", "--file-locks", "-v0"))):
        directory = f"{work}/row"
        os.mkdir(directory)
        try:
            trip(result, row, program, directory, dump, restore, column)
        except (RuntimeError, subprocess.SubprocessError) as error:
            result[column] = [f"failed: {error}"]
            shutil.rmtree(directory, ignore_errors=True)
    return result


def main(program, work, pattern="*"):
    text = subprocess.run([program], check=True, capture_output=True).stdout.decode()
    rows = [row for row in text.splitlines() if fnmatch.fnmatch(row, pattern)]
    print("TAP version 13\n1..%d" % len(rows))
    version = subprocess.run(["criu", "--version"], check=True, capture_output=True).stdout.decode()
    print("# matrix-criu " + version.split()[-1])
    failed = 0
    for number, row in enumerate(rows, 1):
        result = do_row(row, program, work)
        wrong = []
        for column in COLUMNS[:-1]:
            expected = EXPECTED.get((row, column), ([], None))[0]
            if result.get(column) != expected:
                wrong.append(f"{column}: {result.get(column)}, expected {expected}")
        print("%s %d %s" % ("not ok" if wrong else "ok", number, row.replace("#", "")))
        for line in wrong:
            print(f"# {line}")
        whys = {column: EXPECTED[row, column][1] for column in COLUMNS if (row, column) in EXPECTED}
        print("# matrix " + json.dumps({"row": row, "result": result, "why": whys}), flush=True)
        failed += bool(wrong)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
