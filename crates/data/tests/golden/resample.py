"""Writes resample.txt: windows of a made-up image, as Pillow computes them.

Run with Python 3 and Pillow (the committed numbers are of Pillow 13.0.0):

    python3 resample.py > resample.txt

A line is a case: channels, width and height of the image; left, top, width and height of the
area that is scaled; width and height to which it is scaled; left, top, width and height of what is
cut from the result; whether that is flipped; then the pixels, row by row, channels interleaved,
in hexadecimal.
"""

from PIL import Image

CASES = [
    # channels, image, area, scaled, cut, flip
    (3, (37, 23), (0, 0, 37, 23), (12, 8), (0, 0, 12, 8), 0),
    (3, (37, 23), (5, 3, 20, 17), (8, 8), (0, 0, 8, 8), 1),
    (3, (37, 23), (30, 20, 7, 3), (11, 9), (0, 0, 11, 9), 0),
    (3, (37, 23), (0, 0, 37, 23), (25, 16), (4, 5, 10, 9), 0),
    (3, (37, 23), (0, 0, 37, 23), (74, 46), (60, 33, 14, 13), 1),
    (3, (37, 23), (2, 2, 9, 9), (9, 9), (0, 0, 9, 9), 0),
    (3, (37, 23), (36, 22, 1, 1), (4, 4), (0, 0, 4, 4), 0),
    (1, (200, 150), (11, 0, 180, 150), (7, 6), (0, 0, 7, 6), 0),
    (1, (64, 5), (0, 0, 64, 5), (102, 8), (47, 0, 8, 8), 1),
]


def image(channels, width, height):
    n = width * height * channels
    data = bytes((i * i * 7 + i * 13 + (i * i) // 5) % 256 for i in range(n))
    return Image.frombytes("RGB" if channels == 3 else "L", (width, height), data)


for channels, size, area, scaled, cut, flip in CASES:
    left, top, width, height = area
    part = image(channels, *size).crop((left, top, left + width, top + height))
    whole = part.resize(scaled, Image.Resampling.BILINEAR)
    left, top, width, height = cut
    out = whole.crop((left, top, left + width, top + height))
    if flip:
        out = out.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    numbers = [channels, *size, *area, *scaled, *cut, flip]
    print(*numbers, out.tobytes().hex())
