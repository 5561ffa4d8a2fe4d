"""How does an array get through the program? As a picture file that holds its numbers as they are."""

import struct
import tempfile
from pathlib import Path

import numpy as np

from ._program import call

#: Types of entries of a TIFF folder: size and format.
TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}


def denoise(picture, sigma="auto", method=None, model=None, strength=None):
    """A picture without its noise: an array of the same shape and type.

    `picture` is [rows, columns] (grey) or [rows, columns, 3] (red, green, blue): `uint8`, `uint16`, or floats between 0 and 1.
    `sigma` is the standard deviation of the noise in grey levels of 0..255; `method`, `model` and `strength` are those of
    `timestep denoise`.
    """
    picture = np.asarray(picture)
    kind = picture.dtype
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise ValueError(f"a picture is [rows, columns] or [rows, columns, 3], not {picture.shape}")
    if kind not in (np.uint8, np.uint16) and not np.issubdtype(kind, np.floating):
        raise ValueError(f"a picture holds uint8, uint16 or floats, not {kind}")
    stored = picture if kind in (np.uint8, np.uint16) else picture.astype(np.float32)
    options = [("--method", method), ("--model", model), ("--strength", strength)]
    more = [str(part) for name, value in options if value is not None for part in (name, value)]
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "noisy.tif", Path(folder) / "clean.tif"
        before.write_bytes(tiff(stored))
        call(["denoise", before, "-o", after, "--sigma", sigma, *more, "--quiet"])
        return from_tiff(after.read_bytes()).reshape(picture.shape).astype(kind)


def tiff(array):
    """The bytes of an uncompressed TIFF file."""
    rows, columns = array.shape[:2]
    channels = 1 if array.ndim == 2 else 3
    bits = 8 * array.itemsize
    data = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes()
    entries = [
        (256, 4, [columns]),
        (257, 4, [rows]),
        (258, 3, [bits] * channels),
        (259, 3, [1]),
        (262, 3, [1 if channels == 1 else 2]),
        (273, 4, [0]),
        (277, 3, [channels]),
        (278, 4, [rows]),
        (279, 4, [len(data)]),
        (339, 3, [3 if array.dtype.kind == "f" else 1] * channels),
    ]
    beside = 8 + 2 + 12 * len(entries) + 4
    extra = b""
    table = b""
    for tag, kind, values in entries:
        raw = struct.pack(f"<{len(values)}{TYPES[kind]}", *values)
        if tag == 273:
            # Twice three values of two bytes are all that lies beside the table.
            raw = struct.pack("<I", beside + (12 if channels == 3 else 0))
        if len(raw) > 4:
            where = beside + len(extra)
            extra += raw
            raw = struct.pack("<I", where)
        table += struct.pack("<HHI", tag, kind, len(values)) + raw.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    return head + table + bytes(4) + extra + data


def from_tiff(data):
    """The numbers of an uncompressed TIFF file, in its order."""
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, first)
    entries = {}
    for n in range(count):
        at = first + 2 + 12 * n
        tag, kind, values = struct.unpack_from(order + "HHI", data, at)
        if kind in TYPES:
            form = f"{order}{values}{TYPES[kind]}"
            if struct.calcsize(form) > 4:
                (at,) = struct.unpack_from(order + "I", data, at + 8)
                entries[tag] = struct.unpack_from(form, data, at)
            else:
                entries[tag] = struct.unpack_from(form, data, at + 8)
    if entries.get(259, (1,)) != (1,):
        raise ValueError("the file is compressed")
    letter = "f" if entries.get(339, (1,))[0] == 3 else "u"
    strips = zip(entries[273], entries[279])
    raw = b"".join(data[first : first + length] for first, length in strips)
    return np.frombuffer(raw, f"{order}{letter}{entries[258][0] // 8}")
