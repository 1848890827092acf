# SPDX-License-Identifier: GPL-2.0-or-later
"""
A terminal for tests.

  terminal.py COLUMNS RAW COMMAND...   runs a command on it; what is written goes to the file RAW as it is, and what
                                       stands there at the end is printed, without lines that are blank
  terminal.py full COMMAND...          runs a command whose standard error is a terminal that takes nothing
  terminal.py full-pipe COMMAND...     the same with a pipe
  terminal.py unread PID COMMAND...    the same, and once the command waits for its reader, prints who traces the
                                       process, and then reads and prints what the command has to say

Its status is that of the command. A line that is wider than the terminal goes on in the next one, as lines do.
"""
import errno
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios


def spawn(command, columns):
    pid, master = pty.fork()
    if not pid:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execvp(command[0], command)
    return pid, master


def read_all(master):
    """
    When nobody has the other end any more, that is an error. But who wrote last and closed may have done so between
    the kernel's looks at what there is to read and at the other end: then the rest comes after the error.
    """
    data = b""
    closed = False
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            if closed:
                return data
            closed = True
            continue
        if not piece:
            return data
        data += piece


def render(text, columns):
    """Returns the lines that stand there; of what colours them nothing stands there."""
    lines, row, column = [[]], 0, 0
    for character in re.sub(r"\x1b\[[0-9;]*m", "", text):
        if character == "\r":
            column = 0
            continue
        if character == "\n" or column == columns:
            row, column = row + 1, 0 if character != "\n" else column
            lines.append([])
        if character != "\n":
            line = lines[row]
            line.extend(" " * (column + 1 - len(line)))
            line[column] = character
            column += 1
    return [line for line in ("".join(line).rstrip() for line in lines) if line]


def on_terminal(columns, raw, command):
    pid, master = spawn(command, columns)
    data = read_all(master)
    with open(raw, "wb") as file:
        file.write(data)
    print("\n".join(render(data.decode(errors="replace"), columns)))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status < 0:
        print(signal.Signals(-status).name)
    return status


def fill(fd):
    """Returns how many bytes it took."""
    os.set_blocking(fd, False)
    filled = 0
    try:
        while True:
            filled += os.write(fd, b"x")
    except BlockingIOError:
        os.set_blocking(fd, True)
    return filled


def with_full(fds, command):
    _reader, writer = fds
    fill(writer)
    try:
        return subprocess.run(command, stderr=writer, start_new_session=True, timeout=120, check=False).returncode
    except subprocess.TimeoutExpired:
        print("it waits for its reader")
        return 124


def tracer(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith("TracerPid:"))


def waits_to_write(pid):
    with open(f"/proc/{pid}/syscall", encoding="ascii") as call:
        return call.read().startswith("1 0x2 ")


def unread(pid, command):
    reader, writer = os.pipe()
    filled = fill(writer)
    with subprocess.Popen(command, stderr=writer) as program:
        os.close(writer)
        while program.poll() is None and not waits_to_write(program.pid):
            pass
        print(f"traced by {tracer(pid)}", flush=True)
        print(read_all(reader)[filled:].decode(), end="")
        return program.wait()


def main():
    if sys.argv[1] == "unread":
        return unread(int(sys.argv[2]), sys.argv[3:])
    if sys.argv[1] == "full":
        return with_full(pty.openpty(), sys.argv[2:])
    if sys.argv[1] == "full-pipe":
        return with_full(os.pipe(), sys.argv[2:])
    return on_terminal(int(sys.argv[1]), sys.argv[2], sys.argv[3:])


sys.exit(main())
