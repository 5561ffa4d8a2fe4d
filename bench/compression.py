"""How much does `denoise`, told nothing, gain on pictures that were compressed hard? JPEG of several qualities, grey and in colour.

    python bench/compression.py --grey BSD68 --colour target/data/imagenet-sample50 --csv results/compression.csv

JPEG files are written by OpenCV (colours at half the resolution, as cameras do). The gain is in PSNR over all samples of the result as
it is written (PNG, 8 bit). Colour pictures are the first by name that have at least 280 pixels a side, at half their size: they came as
JPEG files, and at full size a file of the quality that they came with is the clean picture itself. Needs `cargo build --release --workspace`,
and of requirements.txt `numpy` and `opencv-python-headless`.
"""

import argparse
import os
import pathlib
import sys
import tempfile

sys.dont_write_bytecode = True

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from photographs import ours, pictures, psnr, read, ssim  # noqa: E402
from report import append_csv, command, provenance, say, table  # noqa: E402

QUALITIES = (10, 20, 30, 40, 50, 60, 75, 90, 95)


def grey_pictures(folder):
    return {path.stem: cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(pathlib.Path(folder).glob("*.png"))}


def halved(picture):
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    return cv2.resize(picture[:height, :width], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def measured(clean, quality, root):
    """Means over the pictures: the PSNR of the JPEG files, and what is gained."""
    stored, cleaned = root / "stored", root / "cleaned"
    stored.mkdir(parents=True)
    cleaned.mkdir()
    for name, picture in clean.items():
        cv2.imwrite(str(stored / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    # One by one: the ending of the output says PNG, which loses nothing.
    for name in clean:
        ours([stored / f"{name}.jpg", "-o", cleaned / f"{name}.png"])
    results = read(cleaned, clean)
    before, gains, similar = [], [], []
    for name, picture in clean.items():
        was = cv2.imread(str(stored / f"{name}.jpg"), cv2.IMREAD_COLOR if picture.ndim == 3 else cv2.IMREAD_GRAYSCALE)
        now = results[name] if picture.ndim == 3 else cv2.imread(str(cleaned / f"{name}.png"), cv2.IMREAD_GRAYSCALE)
        before.append(psnr(was, picture))
        gains.append(psnr(now, picture) - before[-1])
        similar.append(ssim(now, picture) - ssim(was, picture))
    return np.mean(before), gains, similar


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grey", required=True, help="a folder of clean grey PNG files")
    parser.add_argument("--colour", required=True, help="a folder of clean colour photographs")
    parser.add_argument("--count", type=int, default=25, help="colour pictures, at most")
    parser.add_argument("--csv", help="append the figures to this table")
    args = parser.parse_args()
    kinds = {"grey": grey_pictures(args.grey), "colour": {name: halved(picture) for name, picture in pictures(args.colour, args.count).items()}}
    rows = []
    for kind, clean in kinds.items():
        for quality in QUALITIES:
            with tempfile.TemporaryDirectory() as root:
                before, gains, similar = measured(clean, quality, pathlib.Path(root))
            rows.append(
                {
                    "pictures": f"{len(clean)} {kind}",
                    "quality": quality,
                    "jpeg_psnr": f"{before:.2f}",
                    "gain": f"{np.mean(gains):+.3f}",
                    "least": f"{min(gains):+.3f}",
                    "ssim_gain": f"{np.mean(similar):+.4f}",
                }
            )
            say(" ".join(f"{k}={v}" for k, v in rows[-1].items()))
    heads = list(rows[0])
    table(heads, [[row[head] for head in heads] for row in rows])
    if args.csv:
        append_csv(args.csv, [{**provenance(os.cpu_count()), **row, "command": command()} for row in rows])


if __name__ == "__main__":
    main()
