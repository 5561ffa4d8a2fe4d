"""How well are photographs cleaned? Camera noise on 24 pictures that nothing was trained on, ours beside others.

    python bench/photographs.py --pictures target/data/imagenet-sample50
    python bench/photographs.py --pictures target/data/imagenet-sample50 --peers opencv,bm3d,pypi-bm3d,skimage-nlm,skimage-tv --csv results/photographs.csv

The clean pictures are the first 24 by name that have three colours and at least 280 pixels a side. `timestep denoise --add-noise
camera:…` makes the noisy ones, in 8 bit (`--strength 0` writes them), so that everybody gets the same files. Needs `cargo build --release
--workspace`, and of requirements.txt `numpy` and `opencv-python-headless`; a peer that is not installed is left out with a line on
standard error.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from report import append_csv, command, provenance, say, table  # noqa: E402
from workers import ROOT  # noqa: E402

OURS = "target/release/timestep"
SENSITIVITIES = (400, 1600, 6400)
QUALITIES = {"PNG": 100, "JPEG": 90}
SEED = 1
SMALLEST = 280
# Blocks in which worms would be seen: so many of the flattest of each clean picture.
BLOCK, FLATTEST = 32, 6
# Frequencies in cycles a pixel: where skies get clouds, where worms live, where grain is.
BANDS = {"low": (0.0, 0.07), "middle": (0.07, 0.2), "high": (0.2, 1.0)}


def pictures(folder, count):
    """The clean pictures, as arrays by name."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png") or len(found) == count:
            continue
        picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if picture is not None and picture.ndim == 3 and picture.shape[2] == 3 and min(picture.shape[:2]) >= SMALLEST:
            found[path.stem] = picture[:1200, :1200]
    return found


def ours(arguments):
    """What one run of `timestep denoise --json` says of each picture, by name."""
    line = [str(ROOT / OURS), "denoise", "--json", *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(line)}: {done.stderr.strip()}")
    events = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    return {pathlib.Path(e["input"]).stem: e for e in events if e["event"] == "picture"}


def read(folder, names):
    return {name: cv2.imread(str(folder / f"{name}.png")) for name in names}


def psnr(a, b):
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return 10 * np.log10(255.0**2 / error) if error else float("inf")


def ssim(a, b):
    """Wang et al. 2004, the mean over the channels, windows inside the picture."""
    a, b = a.astype(np.float64), b.astype(np.float64)

    def blur(x):
        return cv2.GaussianBlur(x, (11, 11), 1.5)[5:-5, 5:-5]

    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * ma * mb + c1) * (2 * ab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))))


def flat_spectrum(clean, other):
    """Energy of the error in the flattest blocks, by band."""
    grey = cv2.cvtColor(clean, cv2.COLOR_BGR2GRAY).astype(np.float64)
    error = other.astype(np.float64).mean(2) - clean.astype(np.float64).mean(2)
    places = [(y, x) for y in range(0, grey.shape[0] - BLOCK + 1, BLOCK) for x in range(0, grey.shape[1] - BLOCK + 1, BLOCK)]
    places.sort(key=lambda p: grey[p[0] : p[0] + BLOCK, p[1] : p[1] + BLOCK].var())
    at = np.hypot(*np.meshgrid(np.fft.fftfreq(BLOCK), np.fft.fftfreq(BLOCK)))
    sums = dict.fromkeys(BANDS, 0.0)
    for y, x in places[:FLATTEST]:
        power = np.abs(np.fft.fft2(error[y : y + BLOCK, x : x + BLOCK])) ** 2 / BLOCK**4
        for band, (low, high) in BANDS.items():
            sums[band] += power[(at >= low) & (at < high)].sum() / FLATTEST
    return sums


def opencv(noisy, _):
    return cv2.fastNlMeansDenoisingColored(noisy, None, 10, 10, 7, 21)


def pypi_bm3d(noisy, sigma):
    import bm3d

    return np.clip(np.round(bm3d.bm3d_rgb(noisy[..., ::-1] / 255.0, sigma / 255.0)[..., ::-1] * 255), 0, 255).astype(np.uint8)


def skimage_nlm(noisy, sigma):
    from skimage.restoration import denoise_nl_means

    level = sigma / 255
    found = denoise_nl_means(noisy / 255.0, patch_size=5, patch_distance=6, h=0.8 * level, sigma=level, channel_axis=-1)
    return np.clip(np.round(found * 255), 0, 255).astype(np.uint8)


def skimage_tv(noisy, clean):
    """Total variation of the best of some weights, by the clean picture."""
    from skimage.restoration import denoise_tv_chambolle

    found = [denoise_tv_chambolle(noisy / 255.0, weight=weight, channel_axis=-1) for weight in (0.01, 0.02, 0.04, 0.06, 0.1)]
    return max((np.clip(np.round(one * 255), 0, 255).astype(np.uint8) for one in found), key=lambda one: psnr(one, clean))


def cleaned(peer, noisy, clean, folder):
    """The pictures as a peer cleans them. BM3D and non-local means of scikit-image are told the true error of each, total variation
    gets its best weight."""
    if peer == "ours":
        target = folder / "ours"
        ours([folder / "noisy", "-o", target])
        return read(target, noisy)
    done = {}
    for name, picture in noisy.items():
        sigma = float(np.sqrt(np.mean((picture.astype(float) - clean[name].astype(float)) ** 2)))
        if peer == "bm3d":
            target = folder / "bm3d" / f"{name}.png"
            ours([folder / "noisy" / f"{name}.png", "-o", target, "--method", "bm3d", "--sigma", f"{sigma:.2f}"])
            done[name] = cv2.imread(str(target))
        elif peer == "skimage-tv":
            done[name] = skimage_tv(picture, clean[name])
        else:
            done[name] = {"opencv": opencv, "pypi-bm3d": pypi_bm3d, "skimage-nlm": skimage_nlm}[peer](picture, sigma)
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", required=True, help="a folder of clean colour photographs")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--peers", default="opencv,bm3d", help="of opencv, bm3d, pypi-bm3d, skimage-nlm, skimage-tv; empty: ours alone")
    parser.add_argument("--csv", help="append the figures to this table")
    parser.add_argument("--keep", help="leave the pictures in this folder")
    args = parser.parse_args()
    peers = ["ours"] + [peer for peer in args.peers.split(",") if peer]
    clean = pictures(args.pictures, args.count)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(args.keep or temporary)
        originals = root / "clean"
        originals.mkdir(parents=True, exist_ok=True)
        for name, picture in clean.items():
            cv2.imwrite(str(originals / f"{name}.png"), picture)
        for iso in SENSITIVITIES:
            for kind, quality in QUALITIES.items():
                folder = root / f"{iso}-{kind}"
                noise = f"camera:iso={iso},quality={quality}"
                ours([originals, "-o", folder / "noisy", "--add-noise", noise, "--seed", SEED, "--strength", 0, "--force"])
                noisy = read(folder / "noisy", clean)
                before = np.mean([psnr(noisy[n], clean[n]) for n in clean])
                for peer in peers:
                    try:
                        result = cleaned(peer, noisy, clean, folder)
                    except ImportError as error:
                        say(f"{peer} is left out: {error}")
                        continue
                    gains = [psnr(result[n], clean[n]) - psnr(noisy[n], clean[n]) for n in clean]
                    similar = [ssim(result[n], clean[n]) - ssim(noisy[n], clean[n]) for n in clean]
                    spectra = [[flat_spectrum(clean[n], p[n]) for n in clean] for p in (noisy, result)]
                    share = {b: sum(s[b] for s in spectra[1]) / sum(s[b] for s in spectra[0]) for b in BANDS}
                    rows.append(
                        {
                            "iso": iso,
                            "file": kind,
                            "method": peer,
                            "noisy_psnr": f"{before:.2f}",
                            "gain": f"{np.mean(gains):+.2f}",
                            "least": f"{min(gains):+.2f}",
                            "ssim_gain": f"{np.mean(similar):+.4f}",
                            **{f"flat_{band}": f"{value:.3f}" for band, value in share.items()},
                        }
                    )
                    say(" ".join(f"{k}={v}" for k, v in rows[-1].items()))
        untouched = ours([originals, "-o", root / "untouched", "--reference", originals, "--force"])
        kept = read(root / "untouched", clean)
        changes = {name: psnr(kept[name], clean[name]) for name in clean}
    heads = list(rows[0])
    table(heads, [[row[head] for head in heads] for row in rows])
    worst = min(changes, key=changes.get)
    same = sum(np.isinf(v) for v in changes.values())
    say(f"clean pictures: {same} of {len(clean)} unchanged, most changed {worst} ({changes[worst]:.1f} dB), read as noise "
        f"{max(untouched[n]['sigma'][0] for n in clean):.1f} at most")
    if args.csv:
        append_csv(args.csv, [{**provenance(os.cpu_count()), **row, "command": command()} for row in rows])


if __name__ == "__main__":
    main()
