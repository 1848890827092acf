# SPDX-License-Identifier: GPL-2.0-or-later
"""Serves a directory by NFS to this machine itself, with lockd.

The kernel's server and client do it all but for what daemons do elsewhere. Of rpcbind, mountd and statd a few
procedures are enough: they are here, so that nobody has to install a server in order to run the tests.
"""

import os
import socketserver
import struct
import subprocess
import threading

PORT = 111
FSID = 1
# Ports above 1023 are fine, the number above names the filesystem, and paths need not be looked up.
EXPORT_FLAGS = 0x2 | 0x2000 | 0x400
FOREVER = 2**31 - 1

RPCBIND, MOUNT, STATD = 100000, 100005, 100024
PROTOCOLS = {6: "tcp", 17: "udp"}

ports = {}
root_handle = b""


class Arguments:
    def __init__(self, data):
        self.data = data

    def number(self):
        (value,), self.data = struct.unpack(">I", self.data[:4]), self.data[4:]
        return value

    def opaque(self):
        size = self.number()
        value, self.data = self.data[:size], self.data[size + -size % 4:]
        return value

    def string(self):
        return self.opaque().decode()


def number(value):
    return struct.pack(">I", value)


def opaque(value):
    return number(len(value)) + value + bytes(-len(value) % 4)


# Procedures -------------------------------------------------------------------------------------------------


def rpcbind_set(args):
    key, address = (args.number(), args.number(), args.string()), args.string()
    high, low = address.split(".")[-2:]
    ports[key] = int(high) * 256 + int(low)
    return number(1)


def rpcbind_unset(args):
    program, version, protocol = args.number(), args.number(), args.string()
    for key in list(ports):
        if key[:2] == (program, version) and protocol in ("", key[2]):
            del ports[key]
    return number(1)


def rpcbind_getport(args):
    program, version, protocol = args.number(), args.number(), args.number()
    if program == STATD:
        return number(PORT)
    return number(ports.get((program, version, PROTOCOLS.get(protocol)), 0))


def mount_mount(args):
    """The handle, and that user ids are what says who one is."""
    return number(0) + opaque(root_handle) + number(1) + number(1)


def mount_unmount(args):
    return b""


def statd_monitor(args):
    """Nobody restarts, and so nobody is told."""
    return number(0) + number(1)


def statd_unmonitor(args):
    return number(1)


PROCEDURES = {
    (RPCBIND, 2): {3: rpcbind_getport},
    (RPCBIND, 4): {1: rpcbind_set, 2: rpcbind_unset},
    (MOUNT, 3): {1: mount_mount, 3: mount_unmount},
    (STATD, 1): {2: statd_monitor, 3: statd_unmonitor},
}

SUCCESS, NO_PROGRAM, NO_PROCEDURE = 0, 1, 3


def answer(call):
    args = Arguments(call)
    xid, _, _, program, version, procedure = (args.number() for _ in range(6))
    # Credentials and a verifier, which do not matter.
    for _ in range(2):
        args.number()
        args.opaque()
    status, result = SUCCESS, b""
    if (program, version) not in PROCEDURES:
        status = NO_PROGRAM
    elif procedure and procedure not in PROCEDURES[program, version]:
        status = NO_PROCEDURE
    elif procedure:
        result = PROCEDURES[program, version][procedure](args)
    return struct.pack(">IIIIII", xid, 1, 0, 0, 0, status) + result


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        # Each call is in one piece.
        while head := self.rfile.read(4):
            reply = answer(self.rfile.read(struct.unpack(">I", head)[0] & 0x7fffffff))
            self.wfile.write(struct.pack(">I", 1 << 31 | len(reply)) + reply)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


# The kernel's server ----------------------------------------------------------------------------------------


def tell(path, text):
    with open(path, "w") as file:
        file.write(text + "\n")


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip() or command[0])


def start_daemon():
    # They may be built in, which modprobe need not know.
    subprocess.run(["modprobe", "-qa", "nfsd", "nfsv3"], check=False)
    with open("/proc/filesystems") as known:
        if "nfsd" not in known.read().split():
            raise RuntimeError("this kernel has no NFS server")
    threading.Thread(target=Server(("127.0.0.1", PORT), Handler).serve_forever, daemon=True).start()


def export(path):
    tell("/proc/net/rpc/auth.unix.ip/channel", f"nfsd 127.0.0.1 {FOREVER} itself")
    tell("/proc/net/rpc/nfsd.export/channel", f"itself {path} {FOREVER} {EXPORT_FLAGS} 65534 65534 {FSID}")
    tell("/proc/net/rpc/nfsd.fh/channel", f"itself 1 \\x{struct.pack('=I', FSID).hex()} {FOREVER} {path}")


def read_root_handle(path):
    with open("/proc/fs/nfsd/filehandle", "r+b", buffering=0) as file:
        file.write(f"itself {path} 64\n".encode())
        return bytes.fromhex(file.read(4096).decode().strip().removeprefix("\\x"))


def serve(path):
    """Serves a directory of that name, which is made."""
    global root_handle

    start_daemon()
    os.mkdir(path)
    run("mount", "-t", "tmpfs", "none", path)
    run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
    export(path)
    root_handle = read_root_handle(path)
    # So long locks are kept for those who had some before the server started; it cannot be less.
    tell("/proc/fs/nfsd/nfsv4gracetime", "10")
    tell("/proc/fs/nfsd/threads", "2")


def mount(path, target):
    """Mounts what is served, by NFS 3, whose locks are lockd's."""
    run("mount", "-i", "-t", "nfs", "-o", f"vers=3,proto=tcp,addr=127.0.0.1,mountproto=tcp,mountport={PORT}",
        f"127.0.0.1:{path}", target)


def close(path):
    """Undoes what serve() has done."""
    tell("/proc/fs/nfsd/threads", "0")
    for cache in ("nfsd.fh", "nfsd.export", "auth.unix.ip"):
        tell(f"/proc/net/rpc/{cache}/flush", str(FOREVER))
    run("umount", "/proc/fs/nfsd")
    run("umount", path)
    os.rmdir(path)
