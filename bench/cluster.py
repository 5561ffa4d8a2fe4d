"""Two processes with one thread each against one process with two threads, in turns on one machine.

    python bench/cluster.py target/release/timestep [--rounds 5] [--mpirun mpirun]

Both train lm-resnet-20 on random images of 3 x 32 x 32, batch 128, two shards, so both leave the same bytes, which is checked. Prints
images/s of the second epoch of each round, the ratio, and what was sent. Needs NumPy.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile

import numpy


def pictures(path, images):
    """Random images and labels: speed does not depend on what they show."""
    random = numpy.random.default_rng(0)

    def some(n):
        return random.integers(0, 256, (n, 32, 32, 3), dtype=numpy.uint8), numpy.arange(n) % 10

    (x_train, y_train), (x_test, y_test) = some(images), some(128)
    numpy.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)


def train(command, data, out, name):
    flags = ["--json", "--no-report", "--epochs", "2", "--batch", "128", "--out", str(out), "--name", name]
    words = [*command, "train", str(data), "--net", "lm-resnet-20", "--set=train.shards=2", *flags]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    speeds = [
        event["images_per_second"]
        for line in done.stdout.splitlines()
        if (event := json.loads(line)).get("event") == "epoch"
    ]
    sent = re.search(r"sent ([\d.]+) MB .* took ([\d.]+) s", done.stderr)
    return speeds[-1], sent and tuple(map(float, sent.groups()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("timestep")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=1024)
    parser.add_argument("--mpirun", default="mpirun")
    args = parser.parse_args()
    program = os.path.abspath(args.timestep)
    version = subprocess.run([args.mpirun, "--version"], capture_output=True, text=True, check=True)
    flags = ["--bind-to", "none", "--oversubscribe"] if "Open" in version.stdout else []
    if flags and os.getuid() == 0:
        flags.append("--allow-run-as-root")
    ratios = []
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            data = out / "random.npz"
            pictures(data, args.images)
            one, _ = train([program, "--threads", "2"], data, out, "one")
            ranks = [args.mpirun, *flags, "-n", "2", program, "--threads", "1"]
            two, sent = train(ranks, data, out, "two")
            same = [(out / name / "weights/last.safetensors").read_bytes() for name in ("one", "two")]
            assert same[0] == same[1], "the bytes differ"
        ratios.append(two / one)
        steps = 2 * -(-args.images // 128)
        cost = f", {sent[0] / steps:.2f} MB per step, {1e3 * sent[1] / steps:.1f} ms of it in exchanges" if sent else ""
        print(f"round {number + 1}: one process {one:.0f} images/s, two {two:.0f}, ratio {two / one:.3f}{cost}", flush=True)
    print(f"median ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
