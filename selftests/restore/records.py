# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes records of images, whatever they mean: messages of protobuf as lists of fields [number, wire type, value]."""


def take_number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def number(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def unpack(data):
    fields, at = [], 0
    while at < len(data):
        key, at = take_number(data, at)
        if key & 7 == 0:
            value, at = take_number(data, at)
        elif key & 7 == 2:
            size, at = take_number(data, at)
            value = bytes(data[at : at + size])
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")
        fields.append([key >> 3, key & 7, value])
    return fields


def pack(fields):
    out = bytearray()
    for key, wire, value in fields:
        out += number(key << 3 | wire)
        out += number(value) if wire == 0 else number(len(value)) + value
    return bytes(out)


def put(message, path, value):
    """The field that a path of numbers leads to becomes @value: a number, text, or None, which takes it away."""
    fields = unpack(message)
    if len(path) > 1:
        for field in fields:
            if field[0] == path[0]:
                field[2] = put(field[2], path[1:], value)
        return pack(fields)
    fields = [field for field in fields if field[0] != path[0]]
    if value is not None:
        fields.append([path[0], 0, value] if isinstance(value, int) else [path[0], 2, value])
    return pack(fields)


# An image has two magic numbers of four bytes each, and then records.
MAGIC_SIZE = 8


def frame(record):
    """A record as it is in an image: behind its size."""
    return len(record).to_bytes(4, "little") + record


def split(data):
    """The records of an image, up to one that is cut."""
    found, at = [], MAGIC_SIZE
    while at + 4 <= len(data):
        end = at + 4 + int.from_bytes(data[at : at + 4], "little")
        if end > len(data):
            break
        found.append(bytes(data[at + 4 : end]))
        at = end
    return found


def change(data, path, value):
    """put() in all records of an image that have what the path leads through."""
    data[MAGIC_SIZE:] = b"".join(frame(put(record, path, value)) for record in split(data))
