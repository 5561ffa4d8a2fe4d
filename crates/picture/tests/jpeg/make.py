"""JPEG files of many kinds, and as PNG what Pillow (libjpeg-turbo) decodes from them.

    pip install pillow numpy && python make.py

Made with Pillow 13.0.0 and libjpeg-turbo 3.2.0. The other files of this folder are its output.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent


def picture(width, height, seed=5):
    """Slopes, a sharp coloured edge and noise, so that all coefficients occur."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 127 + 127 * np.sin((x + 2 * y) / 3)
    pixels = np.stack([red, green, blue], -1)
    pixels[(x - y) % 23 < 5] = (250, 10, 40)
    pixels += rng.normal(0, 12, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encode(image, **options):
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def keep(name, image, **options):
    write(name, encode(image, **options))


def write(name, content):
    (HERE / f"{name}.jpg").write_bytes(content)
    decoded = Image.open(io.BytesIO(content))
    decoded.load()
    decoded.save(HERE / f"{name}.png", optimize=True)


def with_factors(content, across, down):
    """The same blocks under a frame that says other factors for brightness: another valid picture."""
    at = content.index(b"\xff\xc0")
    changed = bytearray(content)
    changed[at + 11] = across << 4 | down
    return bytes(changed)


def main():
    keep("444", picture(37, 29), quality=90, subsampling="4:4:4")
    keep("422", picture(37, 29), quality=90, subsampling="4:2:2")
    keep("420", picture(37, 29), quality=90, subsampling="4:2:0")
    keep("420-even", picture(48, 32), quality=60, subsampling="4:2:0")
    write("440", with_factors(encode(picture(32, 32), quality=80, subsampling="4:2:2"), 1, 2))
    write("411", with_factors(encode(picture(32, 32), quality=80, subsampling="4:2:0"), 4, 1))
    keep("grey", picture(37, 29).convert("L"), quality=85)
    keep("progressive", picture(37, 29), quality=75, subsampling="4:2:0", progressive=True)
    keep("progressive-grey", picture(33, 18).convert("L"), quality=95, progressive=True)
    keep("restarts", picture(61, 40), quality=80, subsampling="4:2:0", restart_marker_blocks=3)
    keep("progressive-restarts", picture(61, 40), quality=80, subsampling="4:2:2", progressive=True,
         restart_marker_rows=1)
    for width in (1, 2, 3, 4, 5):
        keep(f"wide-{width}", picture(width, 19), quality=90, subsampling="4:2:0")
    keep("high-1", picture(19, 1), quality=90, subsampling="4:2:0")
    keep("high-3", picture(19, 3), quality=90, subsampling="4:2:2")
    keep("rgb", picture(23, 17), quality=85, keep_rgb=True)
    keep("best", picture(24, 24), quality=100, subsampling="4:2:0")
    # Decoded by other code than the rest: only that it is read is tested.
    (HERE / "cmyk.jpg").write_bytes(encode(picture(16, 16).convert("CMYK")))
    keep("worst", picture(40, 40), quality=1, subsampling="4:2:0")


main()
