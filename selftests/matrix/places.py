# SPDX-License-Identifier: GPL-2.0-or-later
"""Where rows take their locks, if not in the working directory of the test."""

import os
import subprocess
import time

import nfs

LIMIT = 60 * int(os.environ.get("CRLOCK_PATIENCE", "1"))


def image(size, make):
    return f"modprobe -q loop; truncate -s {size} image && {make} image && mount -o loop image files"


# The lower one is of another filesystem, so that overlayfs has to make up devices and inode numbers for stat(2).
OVERLAY = ("mkdir lower upper work && mount -t tmpfs none lower && (cd lower && touch flock posix ofd lease) &&"
           " mount -t overlay none files -o lowerdir=lower,upperdir=upper,workdir=work")

# What makes "files" such a place, by row. It is run in the directory above.
COMMANDS = {
    "place: tmpfs": "mount -t tmpfs none files",
    "place: ext4": image("4M", "mkfs.ext4 -q"),
    "place: xfs": image("300M", "mkfs.xfs -q"),
    "place: btrfs": image("128M", "mkfs.btrfs -q"),
    "place: overlayfs, lower": OVERLAY,
    "place: overlayfs, upper": OVERLAY,
    "place: overlayfs, copied up while locked": OVERLAY,
}

NFS = ("place: NFS", "place: NFS, with the server's locks", "view: of a lock that only lockd has")


def served(directory):
    """What is served stays, for a server that starts keeps others waiting."""
    return os.path.dirname(directory) + "/served"


def enter(row, directory):
    """Makes the place of a row."""
    if row in COMMANDS:
        done = subprocess.run(["sh", "-c", COMMANDS[row]], cwd=directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
        if done.returncode:
            lines = done.stdout.decode(errors="replace").split("\n")
            raise RuntimeError("its place is not made: " + "; ".join(line for line in lines if line))
    if row in NFS:
        if not os.path.exists(served(directory)):
            nfs.serve(served(directory))
        nfs.mount(served(directory), f"{directory}/files")


def mounts(directory):
    """What is mounted in it, the latest first."""
    with open("/proc/self/mountinfo") as file:
        points = [line.split()[4] for line in file]
    return [point for point in reversed(points) if point.startswith(directory + "/")]


def unmount(point):
    """What had files open may be gone and its files not yet."""
    deadline = time.monotonic() + LIMIT
    while (done := subprocess.run(["umount", point], stdin=subprocess.DEVNULL, capture_output=True)).returncode:
        if time.monotonic() > deadline:
            raise RuntimeError(done.stderr.decode().strip())
        time.sleep(0.01)


def leave(directory):
    """Unmounts what is mounted in it."""
    for point in mounts(directory):
        unmount(point)
    if os.path.exists(served(directory)):
        for name in os.listdir(served(directory)):
            os.unlink(f"{served(directory)}/{name}")


def close(directory):
    """Ends what was kept for rows to come."""
    if os.path.exists(served(directory)):
        nfs.close(served(directory))
