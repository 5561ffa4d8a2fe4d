#!/usr/bin/env python3
"""FNV-1a over the bits of an augmented epoch, for `padded_batches_are_pinned` in `crates/data/tests/loader.rs`.

    python crates/data/tests/golden/epoch.py     # needs mpmath

Order, crops and flips from the second implementation of the random stream, pixels by the definitions.
"""
import math
import struct
import sys
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "tests/golden/random"))
from stream import MASK, WHOLE, Stream

CHANNELS, HEIGHT, WIDTH, IMAGES, PAD, SEED, EPOCH = 3, 8, 6, 53, 2, 3, 5


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def pixel(image, channel, row, column):
    i = ((image * CHANNELS + channel) * HEIGHT + row) * WIDTH + column
    return i * i % 253


def tables():
    """Network input of each raw value of each channel; `f32` after each operation."""
    for channel in range(CHANNELS):
        values = [
            pixel(image, channel, row, column)
            for image in range(IMAGES)
            for row in range(HEIGHT)
            for column in range(WIDTH)
        ]
        mean = Fraction(sum(values), len(values))
        variance = sum(Fraction(v) ** 2 for v in values) / len(values) - mean**2
        mean, std = f32(float(mean) / 255), f32(math.sqrt(variance) / 255)
        yield [f32(f32(f32(v / 255) - mean) / std) for v in range(256)]


def reflect(i, n):
    i = abs(i)
    return i if i < n else 2 * (n - 1) - i


hash, table = 0xCBF29CE484222325, list(tables())
items = list(range(IMAGES))
order = Stream(SEED, "order", EPOCH, WHOLE)
for last in range(IMAGES - 1, 0, -1):
    other = order.below(last + 1)
    items[last], items[other] = items[other], items[last]
for image in items:
    draw = Stream(SEED, "augment", EPOCH, image)
    top, left, flip = draw.below(2 * PAD + 1), draw.below(2 * PAD + 1), draw.below(2)
    for channel in range(CHANNELS):
        for row in range(HEIGHT):
            for column in range(WIDTH):
                column = WIDTH - 1 - column if flip else column
                at = reflect(row + top - PAD, HEIGHT), reflect(column + left - PAD, WIDTH)
                value = table[channel][pixel(image, channel, *at)]
                bits = struct.unpack("<I", struct.pack("<f", value))[0]
                hash = (hash ^ bits) * 0x100000001B3 & MASK
print(hash)
