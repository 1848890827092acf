# SPDX-License-Identifier: GPL-2.0-or-later
"""How much memory readers of images take.

  memory.py hold NUMBER          prints its pid, and has so many eventfds until its input ends
  memory.py swell KIND DIR MIB   makes one image of a checkpoint so large, with what takes most memory
  memory.py peak COMMAND...      prints its exit status, how many KiB it had at most, and what it said
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "restore"))
import records


IMAGES = {"packed": "mm-", "merged": "core-", "numbers": "mm-", "files": "files.", "processes": "crlock."}


def hold(number):
    held = [os.eventfd(0) for _ in range(number)]
    print(os.getpid(), flush=True)
    sys.stdin.read()
    return held


def find(directory, kind):
    (name,) = [name for name in os.listdir(directory) if name.startswith(kind)]
    return os.path.join(directory, name)


def read(path):
    """The magic numbers, and the first record."""
    with open(path, "rb") as image:
        data = image.read()
    return data[:records.MAGIC_SIZE], records.split(data)[0]


def write(path, magic, bodies):
    with open(path, "wb") as image:
        image.write(magic)
        for body in bodies:
            image.write(records.frame(body))


def swell(kind, directory, size):
    path = find(directory, IMAGES[kind])
    magic, first = read(path)
    if kind == "packed":
        more = records.number(13 << 3 | 2) + records.number(size) + bytes(size)
        write(path, magic, [first + more])
    elif kind == "numbers":
        write(path, magic, [first + (records.number(13 << 3) + b"\0") * (size // 2)])
    elif kind == "merged":
        # Each time what waits for the thread is put together with all that came before.
        signals = records.pack([[9, 2, records.pack([[1, 2, records.pack([[1, 2, b""]])]])]])
        write(path, magic, [first + records.pack([[5, 2, signals * (size // len(signals))]])])
    elif kind == "files":
        # Packet sockets, of which nothing needs to be said.
        bodies = (records.pack([[1, 0, 10], [2, 0, i + 1]]) for i in range(size // 10))
        write(path, magic, bodies)
    else:
        process = records.pack([[2, 2, records.pack([[1, 0, 1], [2, 0, 0], [3, 0, 0]])]])
        write(path, magic, [first] + [process] * (size // (4 + len(process))))


def peak(command):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    print(process.returncode, usage.ru_maxrss, said.strip())


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(int(sys.argv[2]))
    elif sys.argv[1] == "swell":
        swell(sys.argv[2], sys.argv[3], int(sys.argv[4]) << 20)
    else:
        peak(sys.argv[2:])
