"""Writes EXIF as phones do: either byte order, a maker note, a place, a thumbnail. Pillow can read all of this and write only some."""

import struct

ASCII, SHORT, LONG, RATIONAL, UNDEFINED, BYTE = 2, 3, 4, 5, 7, 1
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
EXIF_POINTER, GPS_POINTER, THUMBNAIL, THUMBNAIL_LENGTH = 0x8769, 0x8825, 0x0201, 0x0202


def packed(order, kind, value):
    """A value's bytes and its count."""
    if kind == ASCII:
        return value.encode() + b"\0", len(value.encode()) + 1
    if kind in (UNDEFINED, BYTE):
        return bytes(value), len(value)
    values = value if isinstance(value, (list, tuple)) else [value]
    if kind == RATIONAL:
        return b"".join(struct.pack(order + "II", round(part * 10_000), 10_000) for part in values), len(values)
    return b"".join(struct.pack(order + ("H" if kind == SHORT else "I"), part) for part in values), len(values)


def directory(order, start, entries, following=0):
    """One directory at `start`: {tag: (kind, value)}. What is longer than four bytes stands after it."""
    table, data = b"", b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, (kind, value) in sorted(entries.items()):
        content, count = packed(order, kind, value)
        if len(content) <= 4:
            held = content.ljust(4, b"\0")
        else:
            held = struct.pack(order + "I", behind + len(data))
            data += content + b"\0" * (len(content) % 2)
        table += struct.pack(order + "HHI", tag, kind, count) + held
    return struct.pack(order + "H", len(entries)) + table + struct.pack(order + "I", following) + data


def build(order, main, photo, place, thumbnail):
    """The whole block for a JPEG's APP1. `order` is "<" or ">"; `place` and `thumbnail` may be None."""
    main = {**main, EXIF_POINTER: (LONG, 0)} | ({GPS_POINTER: (LONG, 0)} if place else {})
    after = 8 + len(directory(order, 8, main))
    main[EXIF_POINTER] = (LONG, after)
    blocks = [directory(order, after, photo)]
    after += len(blocks[0])
    if place:
        main[GPS_POINTER] = (LONG, after)
        blocks.append(directory(order, after, place))
        after += len(blocks[-1])
    if thumbnail:
        small = {0x0103: (SHORT, 6), THUMBNAIL: (LONG, 0), THUMBNAIL_LENGTH: (LONG, len(thumbnail))}
        small[THUMBNAIL] = (LONG, after + len(directory(order, after, small)))
        blocks += [directory(order, after, small), thumbnail]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return b"Exif\0\0" + head + directory(order, 8, main, after if thumbnail else 0) + b"".join(blocks)
