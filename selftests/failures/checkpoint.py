# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be told of a checkpoint of a steady, so that two of the same are equal."""
import glob
import json
import os
import re
import signal
import struct
import subprocess
import zlib

import observe

MEMORY_SIZE = 1 << 20
# What steady.c fills private memory with, which neither of its processes writes again.
MEMORY = bytes((i * 7 + i // 4096) % 256 for i in range(MEMORY_SIZE))

# Left out, but for whether they are there. When it was dumped:
VARYING = {"checkpoint", "dump_uptime", "dump_time_ms", "timens",
           # what is left of timers, and of a sleep:
           "vsec", "vusec", "vnsec", "restart_left"}
# whether a thread slept just then, or was about to:
OPTIONAL = {"restart_call", "restart_left"}
# The word that a futex waits with counts up; what the flags are is by chance.
COUNTING = {"bx", "dx", "r11", "flags"}

# They are no images of the processes. Each has its own judge.
NO_IMAGES = {"stats-dump", "stats-dump.new", "checksums.img", "held-locks.sock"}

# Of stream.h.
CREATE, WRITE, MOVE, TRUNCATE, REPLACE, CLOSE, END = range(1, 8)


def is_alarm(siginfo):
    return int.from_bytes(bytes.fromhex(siginfo["siginfo"])[:4], "little") == signal.SIGALRM


def shape(found):
    """What there is, but no value of it."""
    if type(found) is dict:
        return {key: shape(value) for key, value in found.items()}
    return [shape(value) for value in found] if type(found) is list else None


def normal_registers(info):
    """Only who waits in a futex waits all the time, and for nothing that comes by itself, such as an alarm."""
    if info["gpregs"]["orig_ax"] != observe.FUTEX:
        return shape(info)
    gpregs = {key: None if key in COUNTING else value for key, value in info["gpregs"].items()}
    return dict(info, gpregs=gpregs)


def normal(found, key=""):
    """@found without what varies among good dumps of one target."""
    if key in VARYING:
        return None
    if key == "thread_info":
        return normal_registers(found)
    # An alarm comes twenty times a second. It may be there just then, or its handler.
    if key == "blk_sigset":
        return int(found) & ~(1 << signal.SIGALRM - 1)
    if key == "signals":
        return [siginfo for siginfo in found if not is_alarm(siginfo)]
    # The name of a timerfd tells also what is left.
    if key == "name" and type(found) is str:
        return re.sub(r"[0-9.]+ s left", "", found)
    if type(found) is dict:
        # The stack of who takes alarms grows when one comes while it is deep.
        grows = found.get("mapped") == "[stack]" or "mappings" in found
        return {name: None if name == "dumped" and grows else normal(value, name) for name, value in found.items()
                if name not in OPTIONAL}
    # By number, so that a difference names its place.
    return {i: normal(value) for i, value in enumerate(found)} if type(found) is list else found


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tell(directory):
    """All that crlock show tells, and what it does not: memory, and what is in a file without a name."""
    shown = subprocess.run(["crlock", "show", "--json", directory], capture_output=True, text=True)
    if shown.returncode:
        return {"shown": shown.stderr}
    seen = json.loads(shown.stdout)
    # Statistics are written when the checkpoint is complete, and are no part of it.
    seen["images"].pop("stats-dump", None)
    shown = {name: normal(value, name) for name, value in seen.items()}
    return {
        "shown": shown,
        "names": dict.fromkeys(set(os.listdir(directory)) - NO_IMAGES),
        "memory": sum(read(path).count(MEMORY) for path in glob.glob(directory + "/pages-*.img")),
        "unlinked": [read(path).endswith(b"content") for path in glob.glob(directory + "/ghost-file-*.img")],
    }


def unpack(stream, directory):
    """Makes the files of a stream. Returns: whether it is whole."""
    content, names, at, sum_ = {}, {}, 16, zlib.crc32(stream[:16])
    while at + 24 <= len(stream):
        what, member, offset, size, check = struct.unpack_from("<IIQII", stream, at)
        data = stream[at + 24:at + 24 + size]
        sum_ = zlib.crc32(data, zlib.crc32(stream[at:at + 20], sum_))
        if sum_ != check:
            return False
        at += 24 + size
        if what == CREATE:
            content[member], names[member] = bytearray(), data.decode()
        elif what == WRITE or what == MOVE:
            if what == MOVE:
                source, start, length = struct.unpack("<QQQ", data)
                data = content[source][start:start + length]
            file = content[member]
            file.extend(bytes(max(0, offset + len(data) - len(file))))
            file[offset:offset + len(data)] = data
        elif what == TRUNCATE:
            file = content[member]
            file.extend(bytes(max(0, offset - len(file))))
            del file[offset:]
        elif what == REPLACE:
            names[member] = names.pop(offset)
        elif what == END:
            break
    else:
        return False
    os.mkdir(directory)
    for member, name in names.items():
        with open(os.path.join(directory, name), "wb") as file:
            file.write(content[member])
    return True
