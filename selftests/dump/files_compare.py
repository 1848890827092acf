# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what two directories of images say of files.

    files_compare.py OURS CRIUS KINDS

KINDS has lines "KIND DESCRIPTOR..."; prints "KIND same" for each, or "KIND differs" and where. Numbers that only
have to agree inside of one directory (ids of files, pipes, ghosts) are replaced by what they lead to.
"""
import glob
import itertools
import os
import sys

sys.path.append("/usr/lib/python3/dist-packages")
import pycriu  # pylint: disable=wrong-import-position


def load(directory, name):
    path = os.path.join(directory, name + ".img")
    if not os.path.exists(path):
        return []
    with open(path, "rb") as image:
        return pycriu.images.load(image, False)["entries"]


def by(entries, key):
    return {entry[key]: entry for entry in entries}


class Directory:
    """The images of one directory."""

    def __init__(self, path):
        self.path = path
        self.files = by(load(path, "files"), "id")
        self.remaps = by(load(path, "remap-fpath"), "orig_id")
        self.pipes = by(load(path, "pipes-data"), "pipe_id")
        self.fifos = by(load(path, "fifo-data"), "pipe_id")
        self.terminals = by(load(path, "tty-info"), "id")
        self.memory = by(load(path, "memfd"), "inode_id")
        self.queues = {}
        for packet in load(path, "sk-queues"):
            self.queues.setdefault(packet["id_for"], []).append(packet)

    def tables(self):
        names = glob.glob(os.path.join(self.path, "fdinfo-*.img"))
        return [by(load(self.path, os.path.basename(name)[:-4]), "fd") for name in sorted(names)]

    def mapped(self):
        """Entries that no descriptor leads to."""
        used = {entry["id"] for table in self.tables() for entry in table.values()}
        return sorted(str(self.meaning(i)) for i in self.files if i not in used)

    def remap(self, number):
        remap = self.remaps.get(number)
        if not remap:
            return None
        if remap.get("remap_type") in (1, "GHOST"):
            return load(self.path, "ghost-file-%x" % remap["remap_id"])
        entry = self.meaning(remap["remap_id"])
        entry["reg"]["name"] = os.path.dirname(entry["reg"]["name"])
        return entry

    def packet(self, packet):
        rights = [[self.meaning(i) for i in scm["rights"]] for scm in packet.get("scm", [])]
        return packet["length"], packet.get("extra"), rights

    def terminal(self, tty):
        info = dict(self.terminals[tty["tty_info_id"]])
        # Of these only as many bytes mean something as there are characters.
        for name in ("termios", "termios_locked"):
            info[name] = dict(info[name], c_cc=info[name]["c_cc"][:4])
        return info

    def meaning(self, number):
        """What a number of files.img stands for."""
        entry = {key: dict(value) if isinstance(value, dict) else value
                 for key, value in self.files[number].items() if key != "id"}
        remap = self.remap(number)
        if remap:
            entry["remap"] = remap
        for part in entry.values():
            if isinstance(part, dict):
                part.pop("id", None)
        if "pipe" in entry:
            entry["data"] = self.pipes.get(entry["pipe"]["pipe_id"])
        if "fifo" in entry:
            entry["fifo"]["regf_id"] = self.meaning(entry["fifo"]["regf_id"])
            entry["data"] = self.fifos.get(entry["fifo"]["pipe_id"])
        if "usk" in entry:
            entry["queue"] = [self.packet(packet) for packet in self.queues.get(number, [])]
        if "tty" in entry:
            entry["tty"]["regf_id"] = self.meaning(entry["tty"]["regf_id"])
            entry["info"] = self.terminal(entry["tty"])
        if "memfd" in entry:
            inode = dict(self.memory[entry["memfd"].pop("inode_id")])
            inode.pop("inode_id")
            entry["inode"] = inode
        if "epfd" in entry:
            for target in entry["epfd"].get("tfd", []):
                target.pop("id", None)
            entry["epfd"]["tfd"] = sorted(entry["epfd"].get("tfd", []), key=lambda t: t["tfd"])
        if "ify" in entry:
            for watch in entry["ify"].get("wd", []):
                watch.pop("id", None)
            entry["ify"]["wd"] = sorted(entry["ify"].get("wd", []), key=lambda w: w["wd"])
        if "tfd" in entry:
            # The time that is left is another each time: that there is some must agree.
            for name in ("vsec", "vnsec"):
                entry["tfd"][name] = entry["tfd"][name] > 0
        return entry

    def descriptor(self, table, fd):
        entry = table.get(fd)
        if not entry:
            return None
        same = min(other for other, value in table.items() if value["id"] == entry["id"])
        return {"flags": entry["flags"], "type": entry["type"], "first": same,
                "file": self.meaning(entry["id"])}


def differences(ours, theirs, path=""):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            yield from differences(ours.get(key), theirs.get(key), "%s.%s" % (path, key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, "%s[%d]" % (path, i))
    elif ours != theirs:
        yield "%s: %.200r, criu: %.200r" % (path, ours, theirs)


def tell(name, found):
    print(name, "differs" if found else "same")
    for line in found:
        print("#", line)


def main():
    ours, theirs = Directory(sys.argv[1]), Directory(sys.argv[2])
    tables = list(itertools.zip_longest(ours.tables(), theirs.tables(), fillvalue={}))
    with open(sys.argv[3], encoding="ascii") as kinds:
        for words in map(str.split, kinds):
            if words[0] == "ready":
                continue
            found = ["%s: is nowhere" % fd for fd in words[1:] if not any(int(fd) in table for table, _ in tables)]
            for ours_table, theirs_table in tables:
                for fd in map(int, words[1:]):
                    found += differences(ours.descriptor(ours_table, fd),
                                         theirs.descriptor(theirs_table, fd), str(fd))
            tell(words[0], found)
    found = set(ours.mapped()) ^ set(theirs.mapped())
    tell("mappings", sorted(found))


main()
