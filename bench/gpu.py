"""How fast are we against PyTorch on a GPU, and how far does a published recipe come in a few minutes? At most ten minutes.

    cargo build --release --workspace --features cuda --examples --bins
    python bench/gpu.py --device cuda --csv results/gpu.csv
    python bench/gpu.py --device cuda --data-dir data --minutes 10

Training and inference of lm-resnet-20, lm-resnet-56 and resnet-50, contenders in turns inside each round; PyTorch eager, compiled
and in bf16. With `--data-dir`, what is left of the time goes to the recipes of ResNet-20 and LM-ResNet-20 on CIFAR-10.
`--device vulkan --ours-only` runs without an NVIDIA GPU.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import throughput  # noqa: E402
from report import say  # noqa: E402
from workers import OURS, ROOT, Session, WorkerError  # noqa: E402

BATCHES = {"lm-resnet-20": 128, "lm-resnet-56": 128, "resnet-50": 64}
RECIPES = ("cifar10/resnet-20", "cifar10/lm-resnet-20")


class Gpu(Session):
    """Contenders on a GPU, whose peak nothing here measures."""

    def peak(self):
        return None


def name_of(device):
    """What the driver calls the device, or what we do."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
        return found[0].strip() if device == "cuda" else device
    except (OSError, subprocess.CalledProcessError, IndexError):
        return device


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", help="ours: cuda, vulkan, wgpu, … (PyTorch has cuda)")
    parser.add_argument("--nets", default=",".join(BATCHES))
    parser.add_argument("--batch", type=int, help="images per step (default: 128; 64 for resnet-50)")
    parser.add_argument("--size", type=int, help="side of the images (default: as published)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one turn")
    parser.add_argument("--minutes", type=float, default=10.0, help="for everything")
    parser.add_argument("--data-dir", help="folder of CIFAR-10, for the recipes")
    parser.add_argument("--ours-only", action="store_true", help="without PyTorch")
    parser.add_argument("--csv", help="append rows to this file")
    options = parser.parse_args()
    options.threads = len(os.sched_getaffinity(0))
    unknown = [net for net in options.nets.split(",") if net not in BATCHES]
    if unknown:
        parser.error(f"no network {unknown[0]} here; hint: {', '.join(BATCHES)}")
    return options


def recipes(options, until):
    """Trains both recipes for equal shares of the time that is left."""
    for n, recipe in enumerate(RECIPES):
        minutes = (until - time.monotonic()) / 60 / (len(RECIPES) - n)
        if minutes < 0.2:
            say(f"{recipe}: no time is left")
            return
        with tempfile.TemporaryDirectory() as folder:
            words = [str(ROOT / "target/release/timestep"), "train", recipe, "--device", options.device, "--time", f"{minutes:.2f}m"]
            words += ["--data-dir", options.data_dir, "--out", folder, "--name", "run", "--no-report"]
            say(f"{recipe} for {minutes:.1f} minutes")
            subprocess.run(words, check=False)


def main():
    options = parse()
    until = time.monotonic() + 60 * options.minutes
    modes = [] if options.ours_only else ["eager", "channels_last", "compile", "bf16"]
    batches = {net: options.batch or BATCHES[net] for net in options.nets.split(",")}
    original = throughput.provenance
    throughput.provenance = lambda threads: {**original(threads), "machine": name_of(options.device)}
    csv_path = pathlib.Path(options.csv) if options.csv else None
    try:
        with Gpu(["ours", *modes], options.threads, OURS, (options.device, "cuda")) as session:
            for kind in ("train", "infer"):
                throughput.run(session, kind, batches, options, csv_path)
    except WorkerError as error:
        sys.exit(f"error: {error}")
    if options.data_dir:
        recipes(options, until)


if __name__ == "__main__":
    main()
