# SPDX-License-Identifier: GPL-2.0-or-later
"""
Asks through the kernel tree's netlink client, and compares what it gets with what others say. For ynl.sh.

  ynl.py ask CLI SPEC SCHEMA    lines of standard input are `FILE do|dump COMMAND JSON`; what the client prints
                                goes to FILE, and its exit status to FILE.status
  ynl.py info|locks|files|regs FILE OTHER
"""
import contextlib
import io
import json
import os
import runpy
import struct
import sys

import yaml

EOF_OFFSET = 0x7FFFFFFFFFFFFFFF
NO_DEADLINE = -0x8000000000000000
TYPES = {"rdlck": "READ", "wrlck": "WRITE", "unlck": "UNLCK"}
KINDS = {"flock": "FLOCK", "posix": "POSIX", "ofd": "OFD", "lease": "LEASE"}
OWNERS = {"tid": "thread", "pid": "process", "pgrp": "group"}


def run_client(cli, words):
    """Runs its main program in here: to start Python again for each request takes longer than all the rest."""
    out = io.StringIO()
    status = 0
    sys.argv = [cli, *words]
    with contextlib.redirect_stdout(out):
        try:
            runpy.run_path(cli, run_name="__main__")
        except SystemExit as end:
            status = end.code or 0
    return out.getvalue(), status


def ask(cli, spec, schema):
    sys.path.insert(0, os.path.dirname(cli))
    # The same in C, where it is there: on an emulated CPU it makes a difference of minutes.
    yaml.safe_load = lambda text: yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    check = ["--schema", schema]
    # The client's exit() closes standard input.
    for line in sys.stdin.readlines():
        name, mode, command, attrs = line.split(" ", 3)
        words = ["--spec", spec, *check, "--" + mode, command, "--json", attrs, "--output-json"]
        text, status = run_client(cli, words)
        with open(name, "w") as out:
            out.write(text)
        with open(name + ".status", "w") as out:
            print(status, file=out)
        # Once is enough.
        check = ["--no-schema"]


def rows(messages, name):
    return [row for message in messages for row in message.get(name, [])]


def hex_id(text):
    return "%016x" % int(text, 16)


def holder_of(row):
    """A holder of the client's in the words of `crlock ls --json`."""
    if row["kind"] == "in-flight":
        return {"kind": row["kind"], "socket": row["where"]}
    holder = {"kind": row["kind"], "pid": row["tgid"], "tid": row["tid"]}
    if row["kind"] == "mapping":
        holder["address"] = "%x" % row["where"]
    else:
        holder["fd"] = row["fd"]
        holder["cloexec"] = "cloexec" in row["flags"]
        holder["files_id"] = hex_id(row["files-id"])
    return holder


def notice_of(row):
    if "notice" not in row["state"]:
        return None
    return {
        "pid": row["fown-pid"],
        "type": OWNERS[row["fown-type"]],
        "signal": row["fown-signum"],
        "uid": row["fown-uid"],
        "euid": row["fown-euid"],
    }


def lock_of(row, holders):
    """A lock of the client's in the words of `crlock ls --json`."""
    state = row["state"]
    return {
        "id": hex_id(row["id"]),
        "file_id": hex_id(row["file-id"]),
        "owner_id": hex_id(row["owner-id"]),
        "mount_id": hex_id(row["mount-id"]),
        "kind": KINDS[row["kind"]],
        "held": TYPES[row["held"]],
        "target": TYPES[row["target"]],
        "pending": [word for word, flag in (("READ", "downgrade-pending"), ("UNLCK", "unlock-pending"))
                    if flag in state],
        "start": row["start"],
        "end": "EOF" if row["end"] == EOF_OFFSET else row["end"],
        "dev": "%d:%d" % (row["dev-major"], row["dev-minor"]),
        "inode": row["ino"],
        "generation": row["generation"],
        "flags": int(row["fl-flags"], 16),
        "pid": row["pid"],
        "rank": row["rank"],
        "nholders": row["nr-holders"],
        "waited_for": "waiters" in state,
        "notice": notice_of(row),
        "has_break": "unlock-pending" in state and row["break-ms"] != NO_DEADLINE,
        "has_downgrade": "downgrade-pending" in state and row["downgrade-ms"] != NO_DEADLINE,
        "holders": [holder_of(h) for h in holders if h["file-id"] == row["file-id"]],
    }


def lock_of_crlock(lock):
    lock = dict(lock)
    lock["waited_for"] = bool(lock["waiters"])
    lock["has_break"] = isinstance(lock["break"], int)
    lock["has_downgrade"] = isinstance(lock["downgrade"], int)
    lock["holders"] = [{k: v for k, v in h.items() if k != "command"} for h in lock["holders"]]
    for name in ("waiters", "nwaiters", "break", "downgrade", "command", "path", "state", "mnt_id", "unknown"):
        del lock[name]
    return lock


def by_id(locks):
    sort_key = json.dumps
    for lock in locks:
        lock["holders"].sort(key=sort_key)
    return {lock["id"]: lock for lock in locks}


def compare(what, here, there):
    """Prints what differs. Returns: how much."""
    differ = 0
    for key in sorted(here.keys() | there.keys(), key=str):
        if here.get(key) != there.get(key):
            differ += 1
            print("%s %s: %r here, %r there" % (what, key, here.get(key), there.get(key)))
    return differ


def compare_locks(messages, other):
    locks, holders = rows(messages, "lock"), rows(messages, "holder")
    here = by_id([lock_of(row, holders) for row in locks])
    there = by_id([lock_of_crlock(lock) for lock in other["locks"]])
    differ = compare("lock", dict.fromkeys(here), dict.fromkeys(there)) if here.keys() != there.keys() else 0
    for key in here.keys() & there.keys():
        differ += compare("lock " + key, here[key], there[key])
    print("%d locks, %d differ" % (len(here), differ))
    return differ or not here


def compare_info(info, other):
    here = {name.replace("-", "_"): value for name, value in info.items()}
    here["version"] = here.pop("module_version")
    here["features"] = sorted(here["features"])
    other["features"].sort()
    return compare("info", here, other)


def fdinfo(pid, fd):
    with open("/proc/%d/fdinfo/%d" % (pid, fd)) as lines:
        return dict(line.split(":", 1) for line in lines if line.startswith(("pos", "flags", "ino")))


def compare_files(messages, pid):
    here, there = {}, {}
    for row in rows(messages, "file"):
        here[row["fd"]] = (row["tgid"], row["ino"], row["pos"], int(row["mode"], 16),
                           int(row["flags"], 16) & ~os.O_CLOEXEC, row["fd-flags"])
    for fd in map(int, os.listdir("/proc/%d/fd" % pid)):
        info = fdinfo(pid, fd)
        flags = int(info["flags"], 8)
        there[fd] = (pid, int(info["ino"]), int(info["pos"]), os.stat("/proc/%d/fd/%d" % (pid, fd)).st_mode,
                     flags & ~os.O_CLOEXEC, int(bool(flags & os.O_CLOEXEC)))
    return compare("descriptor", here, there) or not here


def compare_regs(thread, pid):
    """The program counter and the stack pointer, of x86-64, are what /proc knows of them."""
    sets = {regset["note"]: bytes.fromhex(regset["data"]) for regset in thread["regset"]}
    rip, rsp = struct.unpack_from("<Q", sets[1], 16 * 8)[0], struct.unpack_from("<Q", sets[1], 19 * 8)[0]
    with open("/proc/%d/syscall" % pid) as line:
        words = line.read().split()
    differ = compare("thread", thread["thread"], {"tgid": pid, "tid": pid, "state": "stopped", "error": 0})
    return differ + compare("register", {"sp": rsp, "pc": rip}, {"sp": int(words[-2], 16), "pc": int(words[-1], 16)})


def main(what, *words):
    if what == "ask":
        return ask(*words)
    with open(words[0]) as file:
        answer = json.load(file)
    if what in ("files", "regs"):
        other = int(words[1])
    else:
        with open(words[1]) as file:
            other = json.load(file)
    compares = {"info": compare_info, "locks": compare_locks, "files": compare_files, "regs": compare_regs}
    return compares[what](answer, other)


sys.exit(bool(main(*sys.argv[1:])))
