#!/usr/bin/env python3
"""What Pillow makes of images with the operations and magnitudes of torchvision's RandAugment.

    pip install pillow numpy      # outside the repository
    python crates/data/tests/golden/rand_augment.py > crates/data/tests/golden/rand_augment.txt

A line: operation, bin with its sign, channels, width, height, and the bytes plane after plane in hexadecimal. Compared by
`crates/data/src/augment/operations/tests.rs`. Matrices and factors are those that torchvision's `_apply_op` gives to Pillow.
"""
import math

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def picture(channels, width, height):
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    planes = (40 + (x * x * 5 + y * y * 3 + 17 * x * y * (c + 1) + 29 * c) % 180).astype(np.uint8)
    return Image.fromarray(planes[0] if channels == 1 else np.moveaxis(planes, 0, 2))


def affine(image, center, translate=(0, 0), shear=(0.0, 0.0)):
    """torchvision.transforms.functional.affine of angle 0 and scale 1; shear in degrees."""
    (cx, cy), (tx, ty) = center, translate
    sx, sy = map(math.radians, shear)
    a, b = math.cos(-sy) / math.cos(sy), -math.cos(-sy) * math.tan(sx) / math.cos(sy)
    c, d = math.sin(-sy) / math.cos(sy), -math.sin(-sy) * math.tan(sx) / math.cos(sy) + 1.0
    m = [d, -b, 0.0, -c, a, 0.0]
    m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
    m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    return image.transform(image.size, Image.Transform.AFFINE, m, Image.Resampling.NEAREST)


def shear(image, x, y):
    angles = [math.degrees(math.atan(v)) for v in (x, y)]
    return affine(image, (0.0, 0.0), shear=angles)


def translate(image, x, y):
    return affine(image, (image.width * 0.5, image.height * 0.5), (int(x), int(y)))


def linspace(low, high, bin):
    return math.copysign(float(np.linspace(low, high, 31)[abs(bin)]), bin)


# The operation and whether its bin has a sign.
OPERATIONS = {
    "identity": (lambda i, b: i, False),
    "shear-x": (lambda i, b: shear(i, linspace(0, 0.3, b), 0), True),
    "shear-y": (lambda i, b: shear(i, 0, linspace(0, 0.3, b)), True),
    "translate-x": (lambda i, b: translate(i, linspace(0, 150 / 331 * i.width, b), 0), True),
    "translate-y": (lambda i, b: translate(i, 0, linspace(0, 150 / 331 * i.height, b)), True),
    "rotate": (lambda i, b: i.rotate(linspace(0, 30, b), Image.Resampling.NEAREST), True),
    "brightness": (lambda i, b: ImageEnhance.Brightness(i).enhance(1 + linspace(0, 0.9, b)), True),
    "colour": (lambda i, b: ImageEnhance.Color(i).enhance(1 + linspace(0, 0.9, b)), True),
    "contrast": (lambda i, b: ImageEnhance.Contrast(i).enhance(1 + linspace(0, 0.9, b)), True),
    "sharpness": (lambda i, b: ImageEnhance.Sharpness(i).enhance(1 + linspace(0, 0.9, b)), True),
    "posterise": (lambda i, b: ImageOps.posterize(i, int(8 - round(b / 7.5))), False),
    "solarise": (lambda i, b: ImageOps.solarize(i, float(np.linspace(255, 0, 31)[b])), False),
    "auto-contrast": (lambda i, b: ImageOps.autocontrast(i), False),
    "equalise": (lambda i, b: ImageOps.equalize(i), False),
}

if __name__ == "__main__":
    for channels in (3, 1):
        for name, (apply, signed) in OPERATIONS.items():
            # Equalising does nothing to fewer than 256 pixels.
            small, constant = (11, 8), name in ("identity", "auto-contrast", "equalise")
            width, height = (31, 23) if name == "equalise" else small
            bins = [9] if constant else [3, 9, 30]
            for bin in bins + [-b for b in bins if signed]:
                out = np.asarray(apply(picture(channels, width, height), bin))
                planes = out if channels == 1 else np.moveaxis(out, 2, 0)
                print(name, bin, channels, width, height, planes.tobytes().hex())
