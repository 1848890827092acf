# SPDX-License-Identifier: GPL-2.0-or-later
"""How much memory readers of images take, and how much time.

  memory.py hold NUMBER            prints its pid, and has so many eventfds until its input ends
  memory.py swell KIND DIR MIB     makes one image of a checkpoint so large, with what takes most memory
  memory.py toil KIND DIR NUMBER   writes so many of what would be looked through for each of as many others
  memory.py peak COMMAND...        prints its exit status, how many KiB it had at most, and what it said
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "restore"))
import records


IMAGES = {"packed": "mm-", "merged": "core-", "numbers": "mm-", "files": "files.", "processes": "crlock.",
          "locks": "filelocks."}


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


def swell_locks(directory, size):
    """As CRIU has them: of the one descriptor that is left, all locks of one process."""
    os.unlink(find(directory, "crlock."))
    magic, descriptor = read(find(directory, "fdinfo-"))
    write(find(directory, "fdinfo-"), magic, [descriptor])
    (fd,) = (value for key, _, value in records.unpack(descriptor) if key == 4)
    pid = int(find(directory, "core-").rsplit("-", 1)[1].split(".")[0])
    path = find(directory, IMAGES["locks"])
    with open(path, "rb") as image:
        magic = image.read(records.MAGIC_SIZE)
    lock = records.pack([[1, 0, 1], [2, 0, 1], [3, 0, pid], [4, 0, fd], [5, 0, 0], [6, 0, 0]])
    write(path, magic, [lock] * (size // (4 + len(lock))))


def swell(kind, directory, size):
    if kind == "locks":
        return swell_locks(directory, size)
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


def append(path, bodies):
    with open(path, "ab") as image:
        image.write(b"".join(map(records.frame, bodies)))


def fields(*values):
    """A message of the fields 1, 2, ...; what is None is not there."""
    return records.pack([[i + 1, 0 if isinstance(value, int) else 2, value]
                         for i, value in enumerate(values) if value is not None])


# In files.img, where the tree has none of these numbers; and what kinds have there, of enum fd_types.
EPOLL, PIPE, FREE_FD = 1 << 20, (1 << 20) + 1, 20000
TYPE_PIPE, TYPE_EPOLL, FIELD_PIPE, FIELD_EPOLL = 2, 7, 18, 9
OWNER = fields(0, 0, 0, 0, 0)


def file_entry(kind, number, field, body):
    return records.pack([[1, 0, kind], [2, 0, number], [field, 2, body]])


def toil_epoll(directory, number):
    """Descriptors of a set, and as many files that it watches, which are not what has their number."""
    watched = records.pack([[4, 2, fields(EPOLL, FREE_FD, 1, 0, None, 9)]])
    append(find(directory, "files."), [
        file_entry(TYPE_PIPE, PIPE, FIELD_PIPE, fields(PIPE, 5, 0, OWNER)),
        file_entry(TYPE_EPOLL, EPOLL, FIELD_EPOLL, fields(EPOLL, 2, OWNER) + watched * number),
    ])
    append(find(directory, "fdinfo-"), [fields(PIPE, 0, TYPE_PIPE, FREE_FD)] + [
        fields(EPOLL, 0, TYPE_EPOLL, FREE_FD + 1 + i) for i in range(number)])


def pid_of(directory):
    return int(os.path.basename(find(directory, "mm-"))[3:-4])


def toil_foreign(directory, number):
    """Descriptors of a file, and as many locks of them, as CRIU writes them."""
    os.unlink(find(directory, "crlock."))
    append(find(directory, "files."), [file_entry(TYPE_PIPE, PIPE, FIELD_PIPE, fields(PIPE, 5, 0, OWNER))])
    append(find(directory, "fdinfo-"), [fields(PIPE, 0, TYPE_PIPE, FREE_FD + i) for i in range(number)])
    append(find(directory, "filelocks."), [
        fields(1, 1, pid_of(directory), FREE_FD, 2 * i, 1) for i in range(number)])


def lock_entry(file, owner, pid, start, kind):
    return records.pack([[4, 2, fields(
        1, file, owner, 0, 9, start, start, 0, 0, 0, 0, 0, 0, pid, 0, 0, 0, 0, 0, 0, kind, 1, 1, 0, 0)]])


def crlock_file(number, holders=()):
    body = fields(number, b"/none", 0, 0o100644, 0, 0, 0, 0, 9, 0, 0, 0)
    return records.pack([[3, 2, body + records.pack([[13, 2, holder] for holder in holders])]])


def toil_files(directory, number):
    """Files, and as many locks, all of one of them."""
    append(find(directory, "crlock."), [crlock_file(EPOLL + i) for i in range(number)] + [
        lock_entry(EPOLL, 0, 1, i, 0) for i in range(number)])


def toil_holders(directory, number):
    """Descriptors of a file that has a lock."""
    pid = pid_of(directory)
    append(find(directory, "crlock."), [records.pack([[2, 2, fields(pid, 1, 1)]]), crlock_file(EPOLL, [
        fields(0, pid, pid, FREE_FD + i, 0, 0, 1) for i in range(number)]), lock_entry(EPOLL, 1, pid, 0, 4)])


def toil_shared(directory, number):
    """Mappings, each of other shared memory, between the heap and the libraries."""
    path, at = find(directory, "mm-"), 1 << 44
    magic, first = read(path)
    mm = records.unpack(first)
    more = [[14, 2, fields(at + i * 8192, at + i * 8192 + 4096, 0, 2 << 20 | i, 3, 0x21, 1 << 8 | 1, 1)]
            for i in range(number)]
    place = next(i for i, (key, _, value) in enumerate(mm)
                 if key == 14 and records.unpack(value)[0][2] > at)
    write(path, magic, [records.pack(mm[:place] + more + mm[place:])])


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
    elif sys.argv[1] == "toil":
        globals()["toil_" + sys.argv[2]](sys.argv[3], int(sys.argv[4]))
    else:
        peak(sys.argv[2:])
