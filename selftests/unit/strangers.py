# SPDX-License-Identifier: GPL-2.0-or-later
"""
strangers.py DIRECTORY TIMES SEED   restores a checkpoint of which one image is changed; no checksum tells

crrestore ends in time, and not by a signal; after an error it has said why, and nothing is left: no process,
no lock, no file. What was restored may then be killed by its own faults.
"""
import os
import random
import shutil
import sys
import time

for room in ("failures", "restore"):
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", room))
import observe
import records
import restore

# Pages are most of the bytes, and say nothing to crrestore.
DULL = ("pages-", "checksums.img", "stats-")
# Of one cause there are many.
FAULTS_MAX = 10


def change_number(dice, value):
    bit = 1 << dice.randrange(64)
    return dice.choice((0, 1, -1, value + 1, value - 1, value ^ bit, bit))


def change_message(dice, message):
    """Changes, takes away or doubles a field of a message, or of one in it. ValueError: it is no message."""
    try:
        fields = records.unpack(message)
    except IndexError:
        raise ValueError("it is cut")
    if not fields:
        raise ValueError("there is nothing in it")
    at = dice.randrange(len(fields))
    what = dice.random()
    if what < 0.05:
        del fields[at]
    elif what < 0.1:
        fields.insert(at, list(fields[at]))
    elif fields[at][1] == 0:
        fields[at][2] = change_number(dice, fields[at][2])
    else:
        try:
            fields[at][2] = change_message(dice, fields[at][2])
        except ValueError:
            # Text, or many numbers.
            fields[at][2] = change_bytes(dice, bytearray(fields[at][2]))
    return records.pack(fields)


def change_bytes(dice, data):
    for _ in range(dice.choice((1, 1, 1, 2, 4)) if data else 0):
        at = dice.randrange(len(data))
        data[at] = dice.choice((dice.randrange(256), data[at] ^ 1 << dice.randrange(8), 0, 0xff))
    return data


def change_record(dice, data):
    """Changes one record of an image. The magic numbers are for image_test."""
    found = records.split(data)
    if not found:
        raise ValueError("there is none")
    at = dice.randrange(len(found))
    end = records.MAGIC_SIZE + sum(len(records.frame(record)) for record in found)
    found[at] = change_message(dice, found[at])
    return data[:records.MAGIC_SIZE] + b"".join(map(records.frame, found)) + data[end:]


def change(dice, data):
    if dice.random() < 0.8:
        try:
            return change_record(dice, data)
        except ValueError:
            pass
    return change_bytes(dice, data)


class Strange(restore.Restoring):
    def __init__(self, directory):
        super().__init__(directory, ["--no-verify"])
        self.good, self.kept = directory + "/good", directory + "/kept"
        shutil.copytree(self.images, self.good)
        # FIFOs and sockets are not copied: they are held, or made anew.
        shutil.copytree(self.files, self.kept, ignore=lambda base, names: [
            name for name in names if not os.path.isfile(os.path.join(base, name))])

    def change(self, seed):
        """Makes the checkpoint anew, with changes to one image. Returns: what they are."""
        dice = random.Random(seed)
        shutil.rmtree(self.images)
        shutil.copytree(self.good, self.images)
        foreign = dice.random() < 0.3
        if foreign:
            for name in ("checksums.img", "crlock.img"):
                os.unlink("%s/%s" % (self.images, name))
        name = dice.choice(sorted(name for name in os.listdir(self.images) if not name.startswith(DULL)))
        path = "%s/%s" % (self.images, name)
        with open(path, "rb") as file:
            data = bytearray(file.read())
        with open(path, "wb") as file:
            file.write(change(dice, data))
        return name + (" without crlock.img" if foreign else "")

    def put_back(self):
        """What a tree that was restored has changed."""
        for name in os.listdir(self.kept):
            shutil.copy2("%s/%s" % (self.kept, name), "%s/%s" % (self.files, name))
        for path in restore.listing(self.files):
            if path not in self.before[0]:
                os.unlink(path)

    def end_all(self):
        while processes := observe.processes() - self.before[2]:
            for pid in processes:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            observe.reap()
            time.sleep(0.001)

    def attempt(self, seed):
        what = self.change(seed)
        self.note()
        self.write_pidfile()
        result = self.run()
        fault = result.fault("", "crrestore")
        faults = [fault] if fault else []
        if result.status == 0:
            with open(self.pidfile) as file:
                pid = file.read().strip()
            if not pid.isdigit():
                faults.append("its pid is %r" % pid)
        elif not fault:
            faults += self.left_faults()
        said = "\n".join(result.said.splitlines()[:3])
        self.end_all()
        self.put_back()
        for fault in faults:
            print("seed %d: %s: %s: %s" % (seed, what, fault, said), flush=True)
        return result.status, faults


def main():
    directory, times, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    strange = Strange(directory)
    statuses, nr_faults = {}, 0
    begin = time.monotonic()
    for i in range(times):
        status, faults = strange.attempt(seed + i)
        statuses[status] = statuses.get(status, 0) + 1
        nr_faults += bool(faults)
        if nr_faults == FAULTS_MAX:
            break
    print("seeds %d to %d: times each status came: %s; %d faults, %d s" % (
        seed, seed + i, sorted(statuses.items(), key=str), nr_faults, time.monotonic() - begin), flush=True)
    # If all were refused, or none, it would tell nothing.
    sys.exit(nr_faults > 0 or times > 50 and len(statuses) < 2)


if __name__ == "__main__":
    main()
