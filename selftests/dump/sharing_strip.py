# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes of a crlock.img one that was written before locks said with whom they are shared.

usage: sharing_strip.py IMAGE
"""
import struct
import sys

LOCK, SHARING = 4, (28, 29, 30)


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(data):
    """Of a message: the number of each field, what begins it, and its content if that is of any length."""
    at = 0
    while at < len(data):
        begin = at
        key, at = varint(data, at)
        if key & 7 == 2:
            size, at = varint(data, at)
            yield key >> 3, data[begin:at], data[at : at + size]
            at += size
        else:
            _, at = varint(data, at)
            yield key >> 3, data[begin:at], b""


def number(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def strip(record):
    [(kind, head, content)] = fields(record)
    if kind != LOCK:
        return record
    content = b"".join(h + c for field, h, c in fields(content) if field not in SHARING)
    return head[:1] + number(len(content)) + content


data = open(sys.argv[1], "rb").read()
at, out = 8, data[:8]
while at < len(data):
    [size] = struct.unpack_from("<I", data, at)
    record = strip(data[at + 4 : at + 4 + size])
    out += struct.pack("<I", len(record)) + record
    at += 4 + size
open(sys.argv[1], "wb").write(out)
