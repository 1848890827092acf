# SPDX-License-Identifier: GPL-2.0-or-later
"""
memory_fixture.py KIND    has memory, and says `START END PID` of it

two            a megabyte, as its child does
protected      eight pages, of which one may not be touched
given-back     huge pages, that it gives back and reads as soon as ./image/pages-2.img is there, for then they have been
               copied. Its child has so much that crdump, the process in ./dumper, has not come to the stop. If the
               kernel has no way to copy before the stop, it does nothing; else it says so in ./given-back.
"""
import ctypes
import mmap
import os
import signal
import sys

PAGE, HUGE = 4096, 2 << 20


def take(size):
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return memory, ctypes.addressof(ctypes.c_char.from_buffer(memory))


def tell(start, end):
    print("%x %x %d" % (start, end, os.getpid()), flush=True)


def fill(memory, size):
    memory[:] = os.urandom(PAGE) * (size // PAGE)


def two():
    memory, start = take(1 << 20)
    fill(memory, 1 << 20)
    child = os.fork()
    if child:
        tell(start, start + (1 << 20))
    signal.pause()


def protected():
    memory, start = take(8 * PAGE)
    fill(memory, 8 * PAGE)
    if ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + 3 * PAGE), PAGE, 0):
        sys.exit("mprotect")
    tell(start, start + 8 * PAGE)
    signal.pause()


def given_back():
    size, rest = 4 * HUGE, 128 << 20
    memory, start = take(size + HUGE)
    skip = -start % HUGE
    memory.madvise(mmap.MADV_HUGEPAGE)
    fill(memory, size + HUGE)
    ready, told = os.pipe()
    if not os.fork():
        others, _ = take(rest)
        fill(others, rest)
        os.write(told, b"x")
        signal.pause()
    os.read(ready, 1)
    tell(start + skip, start + skip + size)
    while not os.path.exists("image/pages-2.img"):
        pass
    with open("dumper") as file:
        dumper = int(file.read())
    os.kill(dumper, signal.SIGSTOP)
    # That comes after the stop.
    if not os.path.exists("image/timens-0.img"):
        memory.madvise(mmap.MADV_DONTNEED)
        if not any(memory[at] for at in range(skip, skip + size, HUGE)):
            with open("given-back", "w") as file:
                file.write("all\n")
    os.kill(dumper, signal.SIGCONT)
    signal.pause()


{"two": two, "protected": protected, "given-back": given_back}[sys.argv[1]]()
