# SPDX-License-Identifier: GPL-2.0-or-later
"""Opens files of all kinds, and says which descriptors are of which kind.

    files_fixture.py DIR [KIND...]

Prints "KIND DESCRIPTOR..." for each kind, then "ready PID". For each line on standard input it looks at what is in
pipes, sockets and files, which takes it out, and prints "same" or what differs.
"""
import array
import ctypes
import fcntl
import mmap
import os
import pty
import select
import signal
import socket
import struct
import sys
import termios
import time

libc = ctypes.CDLL(None, use_errno=True)
kept = []
checks = []

F_SETPIPE_SZ, F_ADD_SEALS = 1031, 1033


def keep(*files):
    kept.extend(files)
    return files[0] if len(files) == 1 else files


def call(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "a system call failed")
    return result


def expect(what, wanted, read):
    """Remembers that read() must give what is wanted."""
    checks.append((what, wanted, read))


def open_file(name, flags, content=b""):
    fd = os.open(name, flags, 0o640)
    if content:
        os.write(fd, content)
    return fd


def regular():
    fd = open_file("file", os.O_RDWR | os.O_CREAT, b"content")
    os.set_inheritable(fd, True)
    os.dup(fd)
    os.lseek(fd, 3, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGUSR2)
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_APPEND,
                  os.O_RDWR | os.O_APPEND | os.O_NONBLOCK, os.O_PATH):
        os.open("file", flags)
    os.open("a name with\na newline", os.O_RDWR | os.O_CREAT)
    os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    os.open("/usr/bin/true", os.O_RDONLY)
    os.symlink("file", "link")
    os.open("link", os.O_PATH | os.O_NOFOLLOW)
    os.open("/proc/self/status", os.O_RDONLY)
    expect("position", 3, lambda: os.lseek(fd, 0, os.SEEK_CUR))


def devices():
    for name in ("null", "zero", "full", "random", "urandom"):
        os.open("/dev/" + name, os.O_RDWR)
    os.open("/dev/null", os.O_PATH)


def deleted():
    fd = open_file("gone", os.O_RDWR | os.O_CREAT, b"gone")
    os.open("gone", os.O_RDONLY)
    log = open_file("gone-log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, b"a log")
    sparse = os.open("gone-sparse", os.O_RDWR | os.O_CREAT)
    for at in (100000, 300000, 900000):
        os.pwrite(sparse, b"x" * 5000, at)
    os.ftruncate(sparse, 1000000)
    os.mkdir("gone-directory")
    os.open("gone-directory", os.O_RDONLY)
    os.rmdir("gone-directory")
    for name in ("gone", "gone-log", "gone-sparse"):
        os.unlink(name)
    expect("position of a deleted file", 4, lambda: os.lseek(fd, 0, os.SEEK_CUR))
    expect("position of a sparse file", 0, lambda: os.lseek(sparse, 0, os.SEEK_CUR))
    expect("a log", 5, lambda: os.fstat(log).st_size)


def linked():
    fd = open_file("first", os.O_RDWR | os.O_CREAT, b"linked")
    os.link("first", "second")
    os.unlink("first")
    expect("links", 1, lambda: os.fstat(fd).st_nlink)


def pipes():
    reader, writer = os.pipe()
    os.write(writer, b"hello")
    large, large_writer = os.pipe()
    fcntl.fcntl(large_writer, F_SETPIPE_SZ, 1 << 20)
    os.write(large_writer, b"x" * 700000)
    one_end, end = os.pipe()
    os.write(end, b"no writer")
    os.close(end)
    no_reader, end = os.pipe()
    os.close(no_reader)
    os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    both = os.open("/proc/self/fd/%d" % writer, os.O_RDWR)
    fcntl.fcntl(both, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(both, fcntl.F_SETFL, os.O_ASYNC)
    expect("a pipe", b"hello", lambda: os.read(reader, 100))
    expect("a large pipe", 700000, lambda: len(os.read(large, 1 << 20)))
    expect("a pipe without a writer", b"no writer", lambda: os.read(one_end, 100))


def packets():
    reader, writer = os.pipe2(os.O_DIRECT)
    os.write(writer, b"one")
    os.write(writer, b"three")
    expect("a packet", b"one", lambda: os.read(reader, 100))
    expect("another packet", b"three", lambda: os.read(reader, 100))


def fifos():
    os.mkfifo("fifo")
    fd = os.open("fifo", os.O_RDWR)
    os.write(fd, b"in a fifo")
    os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
    os.open("fifo", os.O_WRONLY | os.O_NONBLOCK)
    os.mkfifo("gone-fifo")
    gone = os.open("gone-fifo", os.O_RDWR)
    os.write(gone, b"in no fifo")
    os.unlink("gone-fifo")
    os.mkfifo("empty-fifo")
    os.open("empty-fifo", os.O_RDONLY | os.O_NONBLOCK)
    expect("a fifo", b"in a fifo", lambda: os.read(fd, 100))
    expect("a deleted fifo", b"in no fifo", lambda: os.read(gone, 100))


def eventfds():
    fd = os.eventfd(5)
    os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    expect("an eventfd", 5, lambda: os.eventfd_read(fd))


def signalfds():
    mask = (ctypes.c_ulong * 16)()
    mask[0] = 0x4A00
    call(libc.signalfd(-1, mask, os.O_NONBLOCK))


def timers():
    def timer(clock, flags, interval, value, how=0):
        fd = call(libc.timerfd_create(clock, flags))
        times = (ctypes.c_long * 4)(*interval, *value)
        call(libc.timerfd_settime(fd, how, times, None))
        return fd

    timer(1, 0, (0, 0), (0, 0))
    timer(1, os.O_NONBLOCK, (1000, 5), (20000, 0))
    timer(0, 0, (0, 0), (int(time.time()) + 30000, 0), 1)
    timer(0, 0, (0, 0), (int(time.time()) + 30000, 0), 3)
    timer(7, 0, (1000, 0), (20000, 1000))
    expired = timer(1, 0, (10000, 0), (0, 1000))
    select.select([expired], [], [])
    expect("ticks", 1, lambda: struct.unpack("Q", os.read(expired, 8))[0])


def epolls():
    reader, writer = os.pipe()
    one = keep(select.epoll())
    one.register(reader, select.EPOLLIN)
    one.register(writer, select.EPOLLOUT | select.EPOLLET)
    two = keep(select.epoll())
    two.register(one.fileno(), select.EPOLLIN)
    # The number of this one is another's later.
    renamed, _ = os.pipe()
    one.register(renamed, select.EPOLLIN)
    os.dup(renamed)
    os.close(renamed)
    os.open("/dev/zero", os.O_RDONLY)
    ends = keep(*socket.socketpair())
    one.register(ends[0], select.EPOLLIN)


def memory():
    fd = os.memfd_create("plain", os.MFD_CLOEXEC)
    os.write(fd, b"mem" * 3000)
    os.lseek(fd, 17, os.SEEK_SET)
    sealed = os.memfd_create("sealed (deleted)", os.MFD_ALLOW_SEALING)
    os.write(sealed, b"sealed")
    fcntl.fcntl(sealed, F_ADD_SEALS, 2 | 4)
    os.open("/proc/self/fd/%d" % sealed, os.O_RDONLY)
    mapped = os.memfd_create("mapped")
    os.ftruncate(mapped, 8192)
    keep(mmap.mmap(mapped, 8192))[0] = 65
    os.close(mapped)
    owned = os.memfd_create("owned")
    os.fchown(owned, 1, 2)
    expect("position of memory", 17, lambda: os.lseek(fd, 0, os.SEEK_CUR))


def pair(kind):
    return keep(*socket.socketpair(socket.AF_UNIX, kind))


def unix():
    one, two = pair(socket.SOCK_STREAM)
    one.send(b"hello")
    one.send(b"world" * 1000)
    two.send(b"back")
    first = one, two
    expect("a stream", b"hello" + b"world" * 1000, lambda: first[1].recv(10000))
    expect("its other end", b"back", lambda: first[0].recv(100))

    one, datagrams = pair(socket.SOCK_DGRAM)
    one.send(b"one")
    one.send(b"two")
    expect("datagrams", [b"one", b"two"], lambda: [datagrams.recv(100), datagrams.recv(100)])
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 6))

    one, sequence = pair(socket.SOCK_SEQPACKET)
    one.send(b"first")
    one.send(b"second")
    one.setblocking(False)
    expect("packets", [b"first", b"second"], lambda: [sequence.recv(100), sequence.recv(100)])

    one, two = pair(socket.SOCK_STREAM)
    one.send(b"the last")
    one.shutdown(socket.SHUT_WR)

    one, two = pair(socket.SOCK_STREAM)
    for name, value in ((socket.SO_SNDBUF, 5000), (socket.SO_RCVBUF, 9000), (socket.SO_PASSCRED, 1),
                        (socket.SO_RCVLOWAT, 7), (socket.SO_KEEPALIVE, 1), (socket.SO_BROADCAST, 1),
                        (socket.SO_PRIORITY, 3), (socket.SO_MARK, 5), (socket.SO_OOBINLINE, 1)):
        one.setsockopt(socket.SOL_SOCKET, name, value)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 3))

    one, two = pair(socket.SOCK_STREAM)
    one.send(b"last words")
    one.close()
    expect("last words", b"last words", lambda: two.recv(100))


def listen(path, backlog):
    listener = keep(socket.socket(socket.AF_UNIX))
    listener.bind(path)
    listener.listen(backlog)
    return listener


def unix_names():
    listener = listen(os.getcwd() + "/listener", 7)
    os.chmod("listener", 0o640)
    os.chown("listener", 3, 4)
    client = keep(socket.socket(socket.AF_UNIX))
    client.connect(os.getcwd() + "/listener")
    server = keep(listener.accept()[0])
    client.send(b"to the server")
    expect("a connection", b"to the server", lambda: server.recv(100))
    waiting = keep(socket.socket(socket.AF_UNIX))
    waiting.connect(os.getcwd() + "/listener")
    listen("\0crlock-%d" % os.getpid(), 3)
    listen("relative", 3)
    listen(os.getcwd() + "/gone-listener", 3)
    os.unlink("gone-listener")

    bound = keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    bound.bind(os.getcwd() + "/datagrams")
    sender = keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    sender.connect(os.getcwd() + "/datagrams")
    sender.send(b"to the bound one")
    expect("a bound socket", b"to the bound one", lambda: bound.recv(100))
    keep(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX))


def in_flight():
    one, two = pair(socket.SOCK_STREAM)
    file = open_file("in flight", os.O_RDWR | os.O_CREAT, b"abc")
    reader, writer = os.pipe()
    os.write(writer, b"in a pipe in flight")
    socket.send_fds(one, [b"two of them"], [file, reader])
    one.send(b"and none")
    socket.send_fds(one, [b"and one"], [writer])
    os.close(file)
    os.close(writer)

    end = two

    def receive():
        _, (file, pipe), _, _ = socket.recv_fds(end, 100, 10)
        return os.pread(file, 100, 0), os.read(pipe, 100)

    expect("descriptors in flight", (b"abc", b"in a pipe in flight"), receive)

    one, two = pair(socket.SOCK_DGRAM)
    socket.send_fds(one, [b"a datagram"], [reader, reader])
    inner, outer = socket.socketpair()
    keep(outer)
    outer.send(b"inside")
    socket.send_fds(one, [b"a socket"], [inner.fileno()])
    inner.close()


def inet():
    def bind(family, kind, address, options=()):
        one = keep(socket.socket(family, kind))
        for option in options:
            one.setsockopt(*option)
        one.bind(address)
        return one

    v4, v6 = socket.AF_INET, socket.AF_INET6
    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    bind(v4, stream, ("127.0.0.1", 5555), [(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)]).listen(9)
    bind(v6, stream, ("::", 5556), [(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1),
                                    (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)]).listen(2)
    bind(v6, stream, ("::1", 5557), [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
                                     (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 111)]).listen(2)
    bind(v4, stream, ("127.0.0.1", 5558))
    bind(v4, datagram, ("0.0.0.0", 6666))
    bind(v6, datagram, ("::", 6667))
    keep(socket.socket(v4, datagram), socket.socket(v4, stream))


def terminals():
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 5, 6))
    settings = termios.tcgetattr(slave)
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.open("/dev/tty", os.O_RDWR)
    master, slave = pty.openpty()
    fcntl.ioctl(master, termios.TIOCPKT, struct.pack("i", 1))
    master, slave = pty.openpty()
    os.close(slave)


def inotify():
    def watch(fd, path, mask):
        call(libc.inotify_add_watch(fd, path.encode(), mask))

    fd = call(libc.inotify_init1(os.O_NONBLOCK))
    os.mkdir("watched")
    open("watched-file", "w").close()
    watch(fd, "watched", 0x100 | 0x40000000)
    watch(fd, "watched-file", 2)
    watch(fd, "/dev/shm", 0x80000002)
    call(libc.inotify_init1(0))


def mapped():
    for name in ("shared", "private", "gone-shared"):
        fd = open_file(name, os.O_RDWR | os.O_CREAT, b"x" * 8192)
        how = mmap.MAP_PRIVATE if name == "private" else mmap.MAP_SHARED
        keep(mmap.mmap(fd, 8192, how))[0] = 66
        os.close(fd)
    os.unlink("gone-shared")


def outside():
    """Whatever stands in the way: one descriptor of each."""
    family, kind = socket.AF_INET, socket.SOCK_STREAM
    listener = keep(socket.socket(family, kind))
    listener.bind(("127.0.0.1", 5600))
    listener.listen(5)
    client = keep(socket.create_connection(("127.0.0.1", 5600)))
    keep(listener.accept()[0])
    keep(socket.create_connection(("127.0.0.1", 5600)))
    datagrams = keep(socket.socket(family, socket.SOCK_DGRAM))
    datagrams.connect(client.getsockname())
    keep(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
         socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
         socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMP))
    os.pidfd_open(os.getpid())
    os.open("/proc/self/ns/net", os.O_RDONLY)
    os.open("/dev/kmsg", os.O_RDONLY)
    call(libc.syscall(425, 4, (ctypes.c_char * 256)()))
    leased = os.open("leased", os.O_WRONLY | os.O_CREAT)
    fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    os.unlink("leased")

    inner, outer = keep(*socket.socketpair())
    inner.send(b"something")
    master, slave = pty.openpty()
    ready, told = os.pipe()
    if not os.fork():
        if not os.fork():
            # It is no descendant once its parent is gone, and ends with the process that it has this pipe to.
            os.close(told)
            os.read(ready, 1)
            os._exit(0)
        os._exit(0)
    os.wait()
    outer.close()
    os.close(master)
    os.close(ready)


KINDS = (regular, devices, deleted, pipes, fifos, eventfds, signalfds, timers, epolls, memory, unix,
         unix_names, in_flight, inet, terminals, inotify, mapped)
# What CRIU does not take, or only if it is told to.
OTHERS = (linked, packets, outside)


def descriptors():
    # That of the directory is closed again.
    return {int(name) for name in os.listdir("/proc/self/fd")
            if os.path.lexists("/proc/self/fd/" + name)}


def check():
    for what, wanted, read in checks:
        got = read()
        if got != wanted:
            return "%s: %r instead of %r" % (what, got, wanted)
    return "same"


def main():
    os.chdir(sys.argv[1])
    if os.getsid(0) != os.getpid():
        os.setsid()
    # Those that files are made to send here.
    for number in (signal.SIGUSR2, signal.SIGIO):
        signal.signal(number, signal.SIG_IGN)
    names = sys.argv[2:] or [kind.__name__ for kind in KINDS]
    for kind in KINDS + OTHERS:
        if kind.__name__ not in names:
            continue
        before = descriptors()
        kind()
        print(kind.__name__, *sorted(descriptors() - before))
    sys.stdout.flush()
    print("ready", os.getpid(), flush=True)
    for _ in sys.stdin:
        print(check(), flush=True)


main()
