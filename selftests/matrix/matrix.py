#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what is true of locks with what is said of them, row by row.

  matrix.py PROGRAM DIRECTORY PATTERN GROUP...

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

import places

LIMIT = places.LIMIT
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
       "ofd: converted in the middle", "waiter: of an OFD lock", "lease: of a description with locks of all kinds",
       "place: tmpfs", "place: ext4", "place: xfs", "place: btrfs", "place: overlayfs, lower",
       "place: overlayfs, upper", "place: overlayfs, copied up while locked", "place: an unlinked file",
       "place: memfd")
expect("proc", "held not known", "of a breaking lease the kernel prints what it becomes, not what it is",
       "lease: of a reader, breaking to nothing", "lease: of two readers, breaking together")
expect("proc", "pending is UNLCK, not READ,UNLCK", "of two breaks the kernel prints the later one",
       "lease: breaking to read, then to nothing")
expect("restored", "setter wrong", "the kernel notes the id of who takes a lock, and that process does not share the "
       "owner's descriptors", "posix: whose setter's pid is another's now")
expect("proc", "kind is POSIX, not OFD", "the kernel's client of lockd loses the mark of locks of a description",
       "place: NFS")
expect("proc", "holders not known", "that nobody has it /proc cannot tell", "place: NFS, with the server's locks")
expect("module", "lock missing", "the kernel does not export its list of all locks, and no process has the file",
       "view: of a lock that only lockd has")
expect("proc", "holders not known", "that nobody has it /proc cannot tell", "view: of a lock that only lockd has")
expect("module", "is refused, with status 1: crlock: module crlock: CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN is "
       "needed, in the initial user namespace", "it tells only who could read all of it in other ways",
       "view: from a user namespace", "view: of a user without capabilities")
expect("proc", "holders not known", "descriptors of others are not to be read without capabilities",
       "view: from a user namespace", "view: of a user without capabilities")
expect("proc", "holders wrong", "who is outside has no directory in the /proc of a namespace",
       "view: from a child pid namespace")
expect("proc", "locks missing", "the kernel leaves out of /proc/locks what is set from outside",
       "view: from a child pid namespace, of holders outside")


def run(*command, log):
    with open(log, "w") as out:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=LIMIT).returncode


def last_line(log):
    with open(log, errors="replace") as file:
        lines = [line.strip() for line in file if line.strip()]
    return lines[-1] if lines else "no reason given"


# The kernel's word at the end of a path; images say it otherwise.
DELETED = " (deleted)"


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


def wait_for_truth(process, directory):
    # The first lock on NFS waits for lockd's grace period, which is most of a minute.
    deadline = time.monotonic() + 3 * LIMIT
    while not os.path.exists(f"{directory}/truth"):
        if process.poll() is not None:
            # Its children may have the pipe too, so that it does not end.
            raise RuntimeError(process.stderr.readline().decode().strip() or "the fixture ended")
        if time.monotonic() > deadline:
            raise RuntimeError("the fixture does not tell what is true")
        time.sleep(0.01)


def start(program, row, directory):
    """Starts a row. Returns: its truth, once it has told it."""
    process = subprocess.Popen([program, row], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        wait_for_truth(process, directory)
    except RuntimeError:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    process.stderr.close()
    with open(f"{directory}/truth") as file:
        truth = json.load(file)
    for lock in truth["locks"]:
        lock["path"] = lock["path"].removesuffix(DELETED)
    return truth


def devices():
    """The device of each mount, which for stat(2) may be another."""
    with open("/proc/self/mountinfo") as file:
        words = [line.split() for line in file]
    return {word[0]: word[2] for word in words}


def inodes(pids, directory, about):
    """The inodes that a row is about, by whatever name they can be reached: device and number of each."""
    paths = [f"{directory}/{name}" for name in os.listdir(directory)]
    if about:
        paths.append(f"{directory}/{about}")
    for pid in pids:
        for kind in ("fd", "map_files"):
            try:
                paths += [f"/proc/{pid}/{kind}/{name}" for name in os.listdir(f"/proc/{pid}/{kind}")]
            except OSError:
                pass
    found = set()
    for path in paths:
        try:
            stat = os.stat(path)
            found.add((f"{os.major(stat.st_dev)}:{os.minor(stat.st_dev)}", stat.st_ino))
        except OSError:
            pass
    # The kernel's own names of them are others on btrfs and overlayfs.
    device = devices()
    for pid in pids:
        for name in os.listdir(f"/proc/{pid}/fdinfo"):
            with open(f"/proc/{pid}/fdinfo/{name}") as file:
                info = dict(line.split(":", 1) for line in file)
            found.add((device.get(info["mnt_id"].strip()), int(info["ino"])))
    return found


# What is said -----------------------------------------------------------------------------------------------


def holder(said):
    if said["kind"] == "in-flight":
        return "in flight"
    return f"{said['pid'] or 0}:{said['fd'] if said['kind'] == 'descriptor' else 'mapping'}"


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
        "path": (lock["path"] or "?").removesuffix(DELETED),
    }


OUTPUT = "KIND,HELD,PENDING,START,END,PID,HOLDERS,WAITERS,PATH,DEV,INODE,UNKNOWN"


def listed(source, wanted, reader=()):
    """What crlock ls says, to some reader, of the locks of some inodes."""
    text = subprocess.run([*reader, "crlock", "ls", "--json", f"--source={source}", "--output", OUTPUT], check=True,
                          capture_output=True, timeout=LIMIT).stdout
    return [normal(lock) for lock in json.loads(text)["locks"] if (lock["dev"], lock["inode"]) in wanted]


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
    if len(missing) == len(extra) == 1 and missing[0][1:] == extra[0][1:]:
        add(f"kind is {extra[0][0]}, not {missing[0][0]}")
        return differences
    if missing:
        add("%s missing" % ("lock" if len(missing) == 1 else "locks"))
    if extra:
        add("%s that nobody has" % ("a lock" if len(extra) == 1 else "locks"))
    if missing or extra:
        return differences
    for is_true, is_said in zip(truth, said):
        for field in fields:
            if field == "path" and not is_true[field]:
                continue
            if is_said[field] == "?" or (field == "setter" and is_true[field] and not is_said[field]):
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
EVERYTHING = ("held", "pending", "setter", "holders", "path", "waiters")


# One row ----------------------------------------------------------------------------------------------------


def say_of_source(result, truth, source, column, wanted):
    try:
        said = listed(source, wanted, truth["reader"].split())
    except subprocess.CalledProcessError as error:
        result[column] = ["is refused, with status %d: %s" % (error.returncode, error.stderr.decode().strip())]
    else:
        result[column] = compare(truth["locks"], said, EVERYTHING)


def trip(result, row, program, directory, dump, restore, column):
    """Dumps, and restores, with the one or the other. @result gets what is true no more, or why it does not go."""
    files, images = f"{directory}/files", f"{directory}/images"
    os.mkdir(files)
    places.enter(row, directory)
    truth = start(program, row, files)
    pids = tree(truth["pid"])
    others = [truth["other"]] if truth["other"] else []
    try:
        if column == "restored":
            wanted = inodes(pids, files, truth["about"])
            say_of_source(result, truth, "kmod", "module", wanted)
            say_of_source(result, truth, "proc", "proc", wanted)
        if not truth["dumped"]:
            result.update(dict.fromkeys(COLUMNS[2:]))
            return
        os.mkdir(images)
        if run(*dump, "-t", str(truth["pid"]), "-D", images, log=f"{directory}/log"):
            result[column] = ["is not dumped"]
            if column == "restored":
                result["image"] = result[column]
            print(f"# {row}: {last_line(f'{directory}/log')}")
            return
        end(pids)
        if column == "restored":
            of_tree = [lock for lock in truth["locks"] if not lock["outside"]]
            result["image"] = compare(of_tree, shown(images), EVERYTHING[:-1])
        if run(*restore, "-D", images, log=f"{directory}/log"):
            result[column] = ["is not restored"]
            print(f"# {row}: {last_line(f'{directory}/log')}")
            return
        pids += tree(truth["pid"])
        wanted = inodes(tree(truth["pid"]), files, truth["about"])
        result[column] = compare(truth["locks"], listed("kmod", wanted), EVERYTHING)
    finally:
        end(set(pids) | set(tree(truth["pid"])) | set(others))


def do_row(row, program, work):
    result = {}
    for column, dump, restore in (
            ("restored", ("crdump",), ("crrestore", "-d")),
            ("criu", ("criu", "dump", "--file-locks", "-v0"), ("criu", "restore", "-d", "--file-locks", "-v0"))):
        directory = f"{work}/row"
        os.mkdir(directory)
        try:
            trip(result, row, program, directory, dump, restore, column)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result[column] = [f"failed: {error}"]
        finally:
            places.leave(directory)
            shutil.rmtree(directory)
        if result.get(column, ()) is None:
            break
    return result


def do_rows(rows, program, work):
    """Returns: how many are not as expected."""
    failed = 0
    for number, row in enumerate(rows, 1):
        result = do_row(row, program, work)
        wrong = []
        for column in COLUMNS[:-1]:
            expected = EXPECTED.get((row, column), ([], None))[0]
            # None: the tool has no part in it.
            if result.get(column, "?") not in (expected, None):
                wrong.append(f"{column}: {result.get(column)}, expected {expected}")
        print("%s %d %s" % ("not ok" if wrong else "ok", number, row.replace("#", "")))
        for line in wrong:
            print(f"# {line}")
        whys = {column: EXPECTED[row, column][1] for column in COLUMNS if (row, column) in EXPECTED}
        print("# matrix " + json.dumps({"row": row, "result": result, "why": whys}), flush=True)
        failed += bool(wrong)
    return failed


def main(program, work, pattern, *groups):
    text = subprocess.run([program], check=True, capture_output=True).stdout.decode()
    rows = [row for row in text.splitlines() if row.split(":")[0] in groups and fnmatch.fnmatch(row, pattern)]
    print("TAP version 13\n1..%d" % len(rows))
    version = subprocess.run(["criu", "--version"], check=True, capture_output=True).stdout.decode()
    print("# matrix-criu " + version.split()[-1])
    try:
        sys.exit(do_rows(rows, program, work) > 0)
    finally:
        places.close(f"{work}/row")


if __name__ == "__main__":
    main(*sys.argv[1:])
