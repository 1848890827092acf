# SPDX-License-Identifier: GPL-2.0-or-later
"""
no_instruction.py trace TRACE DUMPER TID...   what threads did between their stop and their release
no_instruction.py text PID                    the text of a process, and how much of it is no file's any more

TRACE is what tracefs shows of sched_switch and of the entry to system calls of the threads and of DUMPER, in the
order in which it happened. A thread can only run an instruction if a CPU is switched to it. From when it is
switched away from to be traced, until DUMPER ends its tracing or kills it, it prints how many threads there were,
how often a CPU was switched to one, how many system calls they made, and what of them DUMPER changed.
"""
import hashlib
import re
import struct
import sys

# Of <linux/ptrace.h>, <asm/unistd_64.h> and <signal.h>.
CONT, DETACH, SEIZE, INTERRUPT = 0x7, 0x11, 0x4206, 0x4207
CHANGES = {
    0x4: "POKETEXT", 0x5: "POKEDATA", 0x6: "POKEUSR", CONT: "CONT", 0x9: "SINGLESTEP", 0xd: "SETREGS",
    0xf: "SETFPREGS", 0x18: "SYSCALL", 0x4203: "SETSIGINFO", 0x4205: "SETREGSET", 0x420b: "SETSIGMASK",
}
SYS_PTRACE, SYS_KILL, SIGKILL = 101, 62, 9

SWITCH = re.compile(r" sched_switch: .*prev_pid=(\d+) .*prev_state=(\S+) ==> .*next_pid=(\d+) ")
CALL = re.compile(r"-(\d+) +\[.* sys_enter: NR (\d+) \(([^)]*)\)")


class Thread:
    def __init__(self):
        self.stopped = self.over = False
        self.switches = self.calls = 0
        self.changes = []

    def stop(self):
        self.stopped = True

    # It is let run, to stop again.
    def go_on(self):
        self.__init__()


def watch(path, dumper, tids):
    threads = {tid: Thread() for tid in tids}

    def held(tid):
        thread = threads.get(tid)
        return thread if thread and thread.stopped and not thread.over else None

    def switched(match):
        before, state, after = int(match[1]), match[2], int(match[3])
        if held(after):
            threads[after].switches += 1
        if before in threads and not threads[before].stopped and state.startswith("t"):
            threads[before].stop()

    def dumper_called(number, args):
        if number == SYS_KILL and args[1] == SIGKILL:
            for thread in threads.values():
                thread.over = True
        if number != SYS_PTRACE or not held(args[1]):
            return
        thread = threads[args[1]]
        if args[0] == DETACH:
            thread.over = True
        elif args[0] == CONT:
            # A signal had come first: nothing is dumped yet.
            thread.go_on()
        elif args[0] in CHANGES:
            thread.changes.append(CHANGES[args[0]])

    def called(match):
        tid, number = int(match[1]), int(match[2])
        if tid == dumper:
            dumper_called(number, [int(arg, 16) for arg in match[3].split(", ")])
        elif held(tid):
            threads[tid].calls += 1

    with open(path) as trace:
        for line in trace:
            match = SWITCH.search(line)
            if match:
                switched(match)
                continue
            match = CALL.search(line)
            if match:
                called(match)
    ended = [thread for thread in threads.values() if thread.over and thread.stopped]
    changes = sorted({change for thread in ended for change in thread.changes})
    print("threads %d, switched to %d, calls %d, changed %s" % (
        len(ended), sum(thread.switches for thread in ended), sum(thread.calls for thread in ended),
        ",".join(changes) or "-"))


# A page that is still its file's, of /proc/PID/pagemap.
PRESENT, OF_FILE = 1 << 63, 1 << 61


def own_pages(pid, start, end):
    with open("/proc/%s/pagemap" % pid, "rb") as pagemap:
        pagemap.seek(start // 4096 * 8)
        entries = pagemap.read((end - start) // 4096 * 8)
    return sum(1 for (entry,) in struct.iter_unpack("=Q", entries) if entry & PRESENT and not entry & OF_FILE)


def show_text(pid):
    with open("/proc/%s/maps" % pid) as maps, open("/proc/%s/mem" % pid, "rb") as memory:
        for line in maps:
            words = line.split()
            if "x" not in words[1] or line.endswith("[vsyscall]\n"):
                continue
            start, end = (int(address, 16) for address in words[0].split("-"))
            memory.seek(start)
            # Of the vdso, pages are nobody's.
            own = own_pages(pid, start, end) if words[4] != "0" else 0
            print(words[0], hashlib.sha256(memory.read(end - start)).hexdigest(), own)


if sys.argv[1] == "trace":
    watch(sys.argv[2], int(sys.argv[3]), [int(tid) for tid in sys.argv[4:]])
else:
    show_text(sys.argv[2])
