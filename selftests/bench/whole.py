#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How long checkpoint and restore take, by crdump and crrestore beside CRIU, which take turns in each round.

  whole.py BUILD ROUNDS [SCENE...]

The time that the target is stopped is what each program tells in stats-dump; the rest is measured from outside,
and the peak of memory is the kernel's count for the program. A restored process is looked at before the next
round: it must be there, with as many threads and descriptors and as much memory as before. For plots, what is measured
is also appended to the file that CRLOCK_BENCH_DATA names, as bench.c does.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

# Name, what the target is, and how much slower than CRIU (stopped, dump, restore) it may be at most to be what
# is aimed at; None where nothing is said.
SCENES = {
    "16 MiB": (("memory", "16"), (0.5, 1.1, 0.5)),
    "256 MiB": (("memory", "256"), (None, 1.1, None)),
    "1 GiB": (("memory", "1024"), (None, 1.1, 1.0)),
    "1 GiB, 1% written": (("memory", "1024", "1"), (0.1, 1.1, None)),
    "1000 threads": (("threads", "1000"), (None, 1.1, 0.5)),
    "10000 descriptors": (("descriptors", "10000"), (None, 1.1, 0.5)),
}

TOOLS = {
    "crdump": (["crdump", "--tree"], ["crrestore", "-d"]),
    "criu": (["criu", "dump", "--tree"], ["criu", "restore", "-d"]),
}


def run(command, log):
    """Runs a command. Returns the seconds it took and the most memory it had, in MiB."""
    began = time.monotonic()
    with open(log, "w") as out:
        pid = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out).pid
    _, status, usage = os.wait4(pid, 0)
    if status:
        with open(log) as text:
            sys.exit(f"{' '.join(command)}: status {status}: {text.read()[-800:]}")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def start_target(program, words, directory):
    target = subprocess.Popen([program, *words], cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, start_new_session=True)
    if target.stdout.readline() != b"ready\n":
        sys.exit(f"{program}: {target.stderr.read().decode()}")
    target.stdout.close()
    target.stderr.close()
    return target


def looks(pid):
    """What a process is like: name, threads, descriptors, memory in steps of a MiB."""
    with open(f"/proc/{pid}/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return (status["Name"], status["Threads"], len(os.listdir(f"/proc/{pid}/fd")),
            round(int(status["RssAnon"].split()[0]) / 1024))


def stopped(images):
    """The seconds that a dump says it had its target stopped."""
    text = subprocess.run(["crit", "decode", "-i", f"{images}/stats-dump"], check=True, capture_output=True).stdout
    return json.loads(text)["entries"][0]["dump"]["frozen_time"] / 1e6


def end(pid):
    os.kill(pid, signal.SIGKILL)
    while os.path.exists(f"/proc/{pid}"):
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.001)


def measure(tool, program, words, directory):
    dump, restore = TOOLS[tool]
    images = f"{directory}/images"
    os.mkdir(images)
    target = start_target(program, words, directory)
    before = looks(target.pid)
    times = {}
    times["dump"], times["dump MiB"] = run([*dump, str(target.pid), "-D", images], f"{directory}/log")
    target.wait()
    times["stopped"] = stopped(images)
    times["restore"], times["restore MiB"] = run([*restore, "-D", images], f"{directory}/log")
    after = looks(target.pid)
    if after != before:
        sys.exit(f"{tool}: restored is {after}, dumped was {before}")
    end(target.pid)
    shutil.rmtree(images)
    return times


def tell(name, results, aims):
    print(f"{name}: median seconds (least to most)")
    for tool, rounds in results.items():
        columns = [f"  {tool:<8}"]
        for what in ("stopped", "dump", "restore"):
            values = [times[what] for times in rounds]
            columns.append(f"{what} {statistics.median(values):7.3f} ({min(values):.3f} to {max(values):.3f})")
        columns.append("peak MiB: dump %.0f, restore %.0f" % tuple(
            max(times[what] for times in rounds) for what in ("dump MiB", "restore MiB")))
        print("  ".join(columns))
    words = []
    for what, aim in zip(("stopped", "dump", "restore"), aims):
        own, other = (statistics.median(times[what] for times in results[tool]) for tool in TOOLS)
        words.append(f"{what} {own / other:.2f}" + (f" (aim {aim})" if aim else ""))
    print("  crdump/criu: " + ", ".join(words), flush=True)


def record(words, results):
    """One line for each of what a tool is measured for; of targets that differ in one number alone."""
    path = os.environ.get("CRLOCK_BENCH_DATA")
    if not path or len(words) != 2:
        return
    with open(path, "a", encoding="utf-8") as file:
        for tool, rounds in results.items():
            for what in ("stopped", "dump", "restore"):
                values = [times[what] * 1e3 for times in rounds]
                print(words[0], words[1], f"{tool}: {what}", *(f"{value:.3f}" for value in (
                    statistics.median(values), min(values), max(values))), sep="\t", file=file)


def warm(program):
    """Each program once, for what is read from disk the first time is not to be measured."""
    with tempfile.TemporaryDirectory() as directory:
        for tool in TOOLS:
            measure(tool, program, ("memory", "1"), directory)


def main(build, rounds, *names):
    program = f"{build}/test/bench/target"
    warm(program)
    print(f"checkpoints, {rounds} rounds after one that is not counted")
    for name in names or SCENES:
        words, aims = SCENES[name]
        results = {tool: [] for tool in TOOLS}
        with tempfile.TemporaryDirectory() as directory:
            for _ in range(int(rounds)):
                for tool, times in results.items():
                    times.append(measure(tool, program, words, directory))
        tell(name, results, aims)
        record(words, results)


main(*sys.argv[1:])
