# SPDX-License-Identifier: GPL-2.0-or-later
"""What /proc says of a tree, and whether `crlock show --json` says the same.

    show_compare.py record PID >BEFORE     of a process and its descendants
    show_compare.py compare BEFORE SHOWN   prints what differs
"""
import json
import os
import re
import sys


def read(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "surrogateescape")


def stat_of(pid):
    head, tail = read(f"/proc/{pid}/stat").rsplit(") ", 1)
    state, ppid, pgid, sid = tail.split()[:4]
    return head.split("(", 1)[1], state, int(ppid), int(pgid), int(sid)


def mapping(line):
    span, perms, offset, _, inode, *path = line.split(None, 5)
    start, end = span.split("-")
    return [start.lstrip("0"), end.lstrip("0"), perms, int(offset, 16), path[0] if path else ""]


def descriptor(pid, fd):
    info = dict(re.findall(r"^(\w+):\s*(\S+)", read(f"/proc/{pid}/fdinfo/{fd}"), re.M))
    return {"flags": int(info["flags"], 8), "pos": int(info["pos"]), "name": os.readlink(f"/proc/{pid}/fd/{fd}")}


def record_process(pid, ppid):
    comm, state, _, pgid, sid = stat_of(pid)
    told = {"pid": pid, "ppid": ppid, "command": comm, "pgid": pgid, "sid": sid, "zombie": state == "Z"}
    if state == "Z":
        return told
    status = read(f"/proc/{pid}/status")
    told |= {
        "threads": sorted(int(tid) for tid in os.listdir(f"/proc/{pid}/task")),
        "ids": [[int(i) for i in re.search(rf"^{name}:(.*)", status, re.M)[1].split()] for name in ("Uid", "Gid")],
        "umask": int(re.search(r"^Umask:\s*(\d+)", status, re.M)[1], 8),
        "maps": [mapping(line) for line in read(f"/proc/{pid}/maps").splitlines()],
        "fds": {fd: descriptor(pid, fd) for fd in os.listdir(f"/proc/{pid}/fd")},
        "links": {name: os.readlink(f"/proc/{pid}/{name}") for name in ("exe", "cwd", "root")},
    }
    return told


def children(pid):
    for tid in os.listdir(f"/proc/{pid}/task"):
        yield from map(int, read(f"/proc/{pid}/task/{tid}/children").split())


def record(pid, ppid=0):
    yield record_process(pid, ppid)
    for child in children(pid):
        yield from record(child, pid)


def shown_string(name):
    """As JSON has it: if it is not UTF-8, what is not printable is escaped."""
    if not re.search("[\udc80-\udcff]", name):
        return name
    return re.sub("[\0-\x1f\x7f\udc80-\udcff]", lambda m: f"\\x{ord(m[0]) & 0xff:02x}", name)


def differ(what, got, wanted):
    if got != wanted:
        print(f"{what}: shown {got!r}, was {wanted!r}")


def compare_maps(pid, shown, maps):
    wanted = [m for m in maps if m[4] != "[vsyscall]"]
    differ(f"{pid}: ranges", [[m["start"], m["end"], m["perms"]] for m in shown], [m[:3] for m in wanted])
    for got, (start, _, _, offset, path) in zip(shown, wanted):
        name = got["mapped"] or ""
        if path.startswith("/memfd:"):
            path = path[1:].removesuffix(" (deleted)")
        elif path.startswith("/dev/zero"):
            path, name = "[shared", re.sub(r" \d+\]", "", name)
        elif path.startswith("[vvar"):
            path = "[vvar]"
        elif path.startswith("[anon"):
            path = ""
        differ(f"{pid}: mapped at {start}", name, path)
        if path.startswith("/"):
            differ(f"{pid}: offset of what is at {start}", got["offset"], offset)


def file_name(file):
    """Of what /proc has a name for."""
    entry = file["entry"]
    if file["kind"] == "FIFO":
        return re.sub(r" fifo:\[\d+\]$", "", file["name"])
    if file["kind"] == "UNIXSK":
        return f"socket:[{entry['usk']['ino']}]"
    if file["kind"] == "INETSK":
        return f"socket:[{entry['isk']['ino']}]"
    if file["kind"] == "EVENTFD":
        return "anon_inode:[eventfd]"
    if file["kind"] == "MEMFD":
        return f"/{file['name']} (deleted)"
    return file["name"]


O_CLOEXEC = 0o2000000


def compare_fds(pid, shown, files, wanted):
    differ(f"{pid}: descriptors", [d["fd"] for d in shown], sorted(map(int, wanted)))
    for got in shown:
        file, was = files[got["file"]], wanted[str(got["fd"])]
        what = f"{pid}: descriptor {got['fd']}"
        differ(f"{what}: name", file_name(file), shown_string(was["name"]))
        differ(f"{what}: flags", file["flags"] | 0o100000, was["flags"] & ~O_CLOEXEC | 0o100000)
        differ(f"{what}: close-on-exec", got["cloexec"], bool(was["flags"] & O_CLOEXEC))
        if file["position"] is not None:
            differ(f"{what}: position", file["position"], was["pos"])


def compare_process(shown, files, was):
    pid = was["pid"]
    for key in ("ppid", "pgid", "sid"):
        differ(f"{pid}: {key}", shown[key], was[key])
    differ(f"{pid}: command", shown["command"], shown_string(was["command"]))
    differ(f"{pid}: zombie", shown["state"] == "zombie", was["zombie"])
    if was["zombie"]:
        return
    differ(f"{pid}: threads", sorted(t["tid"] for t in shown["threads"]), was["threads"])
    ids = [[shown["credentials"][which + kind] for which in ("", "e", "s", "fs")] for kind in ("uid", "gid")]
    differ(f"{pid}: ids", ids, was["ids"])
    differ(f"{pid}: umask", shown["umask"], was["umask"])
    for key, link in (("executable", "exe"), ("directory", "cwd"), ("root", "root")):
        differ(f"{pid}: {key}", shown[key], was["links"][link])
    compare_maps(pid, shown["mappings"], was["maps"])
    compare_fds(pid, shown["descriptors"], files, was["fds"])


def compare(before, shown):
    files = {file["id"]: file for file in shown["files"]}
    processes = {process["pid"]: process for process in shown["processes"]}
    differ("pids", sorted(processes), sorted(was["pid"] for was in before))
    for was in before:
        if was["pid"] in processes:
            compare_process(processes[was["pid"]], files, was)


if sys.argv[1] == "record":
    json.dump(list(record(int(sys.argv[2]))), sys.stdout)
else:
    with open(sys.argv[2], encoding="utf-8") as old, open(sys.argv[3], encoding="utf-8") as new:
        compare(json.load(old), json.load(new))
