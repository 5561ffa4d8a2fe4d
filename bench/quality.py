"""How near do our methods come to clean pictures? Mean PSNR and SSIM over a folder, for methods, noise levels and seeds.

    python bench/quality.py --folder target/data/bsd68/BSD68 --csv results/denoising.csv

Protocol: grey pictures in 0..255, noise `sigma * N(0,1)` from our own seeded generator, neither clipped nor rounded, another draw for
every picture and seed; results compared as floats, neither clipped nor rounded; no border left out; the mean over pictures of the PSNR
of each.
SSIM: Gaussian window of 11 x 11 with deviation 1.5, K = 0.01 and 0.03, L = 255, windows inside the picture only.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True

from report import append_csv, command, provenance, say, table  # noqa: E402
from workers import ROOT  # noqa: E402

OURS = "target/release/examples/quality"
FOLDER = "target/data/bsd68/BSD68"
METHODS = "trd:trd-5x5,trd:trd-7x7,csf:csf-7x7,bm3d,wnnm"

# (PSNR, SSIM) on BSD68 at sigma 15, 25, 50, as others report them.
PUBLISHED = {
    "TRD 7x7": ((31.42, 0.8826), (28.92, 0.8157), (25.97, 0.7029)),
    "TRD 5x5": ((31.30, None), (28.78, None), (None, None)),
    "BM3D": ((31.07, 0.8722), (28.57, 0.8017), (25.62, 0.6869)),
    "CSF 7x7": ((31.24, None), (28.74, None), (None, None)),
    "WNNM": ((31.37, None), (28.83, None), (25.87, None)),
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", default=METHODS, help=f"METHOD or METHOD:MODEL, by commas (default: {METHODS})")
    parser.add_argument("--sigmas", default="15,25,50", help="noise levels (default: 15,25,50)")
    parser.add_argument("--seeds", type=int, default=3, help="draws of the noise (default: 3)")
    parser.add_argument("--every", type=int, default=1, help="each n-th picture only (default: all)")
    parser.add_argument("--folder", default=FOLDER, help=f"clean pictures (default: {FOLDER})")
    parser.add_argument("--ours", default=OURS, help=f"our program (default: {OURS})")
    parser.add_argument("--csv", help="append rows to this file")
    options = parser.parse_args()
    if options.seeds < 1 or options.every < 1:
        parser.error("--seeds and --every must be at least 1")
    if not (ROOT / options.ours).exists():
        parser.error(f"{options.ours} does not exist; hint: cargo build --release --workspace --examples")
    options.folder = (ROOT / options.folder).resolve()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder; hint: --folder DIR")
    return options


def run(method, sigma, options):
    """One line a seed, or `None` with a line on standard error where the method is not there."""
    call = [str(ROOT / options.ours), method, sigma, str(options.folder), str(options.seeds), str(options.every), "--json"]
    done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        say(f"left out: {method} at sigma {sigma}: {words[-1] if words else done.returncode}")
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


def main():
    options = parse()
    head, rows = provenance(len(os.sched_getaffinity(0))), []
    cells = []
    sigmas = options.sigmas.split(",")
    for method in options.methods.split(","):
        line = [method]
        for sigma in sigmas:
            say(f"{method}, sigma {sigma}")
            found = run(method, sigma, options)
            if not found:
                line.append("-")
                continue
            psnr = [one["psnr"] for one in found]
            line.append(f"{statistics.mean(psnr):.2f} ({statistics.mean(one['ssim'] for one in found):.4f})")
            rows += [
                {
                    **head, "method": method, "sigma": float(sigma), "set": options.folder.name, "pictures": one["pictures"],
                    "seed": one["seed"], "psnr": f"{one['psnr']:.4f}", "ssim": f"{one['ssim']:.5f}",
                    "seconds": one["seconds"], "command": command(),
                }
                for one in found
            ]  # fmt: skip
        cells.append(line)
    count = rows[0]["pictures"] if rows else 0
    if options.folder.name == "BSD68":
        known = {15.0: 0, 25.0: 1, 50.0: 2}

        def cell(values, sigma):
            psnr, ssim = values[known[float(sigma)]] if float(sigma) in known else (None, None)
            return "-" if psnr is None else f"{psnr:.2f}" + (f" ({ssim:.4f})" if ssim else "")

        cells += [[f"*{name}, published*", *[cell(values, sigma) for sigma in sigmas]] for name, values in PUBLISHED.items()]
    print(f"## PSNR in dB (SSIM), {options.folder.name}, {count} pictures, seeds 0 to {options.seeds - 1}, {head['commit']}\n")
    table(["method", *[f"sigma {sigma}" for sigma in sigmas]], cells)
    append_csv(options.csv, rows)


if __name__ == "__main__":
    main()
