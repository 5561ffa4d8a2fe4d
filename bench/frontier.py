"""How soon is which accuracy reached? One recipe of ours, and the same training in PyTorch, one after the other.

    python bench/frontier.py --data DIR --csv results/frontier.csv
    python bench/frontier.py --data DIR --epochs 15 --net fast-wrn-16-4 --modes "" --csv results/frontier.csv

`--data` is a folder with `train/<class>` and `test/<class>`. Seconds count training and measuring the test images after each epoch;
decoding the pictures, and compiling in PyTorch, come before. A row is an epoch of a run; the picture shows accuracy over seconds.
"""

import argparse
import csv
import datetime
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import plot  # noqa: E402
from report import BENCH, ROOT, commit, machine, say, table  # noqa: E402

HEADS = ["date", "commit", "machine", "threads", "contender", "network", "epochs", "seed", "epoch", "seconds", "top1", "command"]
LEVELS = (0.7, 0.8, 0.825, 0.85, 0.875, 0.9, 0.93)


def ours(options, seed, work):
    """Trains with the program; the curve, and the recipe for the other side."""
    out = work / f"ours-{seed}"
    line = [
        str(options.ours), "train", f"cifar10/{options.recipe}", "--data", "image-folder", "--data-dir", str(options.data), "--net", options.net,
        "--seed", str(seed), "--out", str(out), "--name", "run", "--no-report", "--quiet",
    ]  # fmt: skip
    if options.epochs:
        line += ["--epochs", str(options.epochs)]
    for pair in options.set:
        line += ["--set", pair]
    if options.threads:
        line += ["--threads", str(options.threads)]
    say(f"== {shlex.join(line)}")
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    run = out / "run"
    curve, total = [], 0.0
    with (run / "metrics.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            total += float(row["seconds"])
            curve.append((int(row["epoch"]), total, float(row["test_top1"])))
    return curve, resolved(run)


def resolved(run):
    """What the run was trained with, for a program that is not ours."""
    shown = subprocess.run([str(OPTIONS.ours), "config", "show", str(run), "--json"], cwd=ROOT, check=True, capture_output=True, text=True)
    settings = {}
    for line in shown.stdout.splitlines():
        row = json.loads(line)
        settings[row["path"]] = row["value"]
    if not (settings["data.flip"] and settings["data.alternate_flip"] and settings["schedule.name"] == "one-cycle" and settings["optimiser.name"] == "sgd"):
        sys.exit("error: the program in PyTorch knows flips that alternate, one-cycle and sgd; hint: leave these settings as the recipe says")
    keep = {
        "epochs": "train.epochs", "batch": "train.batch", "label_smoothing": "train.label_smoothing", "lr": "optimiser.lr", "momentum": "optimiser.momentum",
        "nesterov": "optimiser.nesterov", "weight_decay": "optimiser.weight_decay", "pad": "data.pad", "pad_mode": "data.pad_mode",
        "peak_at": "schedule.peak_at", "network": "network.preset",
    }  # fmt: skip
    recipe = {name: settings[setting] for name, setting in keep.items()}
    recipe["pad_mode"] = {"zero": "constant"}.get(recipe["pad_mode"], recipe["pad_mode"])
    return recipe


def theirs(options, mode, seed, recipe):
    line = [sys.executable, str(BENCH / "torch_frontier.py"), "--data", str(options.data), "--seed", str(seed), "--mode", mode, "--recipe", json.dumps(recipe)]
    if options.threads:
        line += ["--threads", str(options.threads)]
    say(f"== PyTorch, {mode}, seed {seed}")
    curve, head = [], None
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for said in process.stdout:
            row = json.loads(said)
            if head is None:
                head = row
                continue
            say(f"epoch {row['epoch']}: {row['seconds']:.0f} s, top-1 {row['top1']:.4f}")
            curve.append((row["epoch"], row["seconds"], row["top1"]))
    if process.returncode:
        sys.exit(f"error: PyTorch ended with status {process.returncode}; hint: pip install -r bench/requirements.txt")
    return curve, head["version"]


def reached(curve, level):
    """Seconds until the test images are that well told apart for the first time."""
    return next((seconds for _, seconds, top1 in curve if top1 >= level), None)


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with train/<class> and test/<class>")
    parser.add_argument("--recipe", default="fast-wrn-10-4", help="recipe of cifar10/ (default: fast-wrn-10-4)")
    parser.add_argument("--net", help="network, fast-wrn-D-k (default: that of the recipe)")
    parser.add_argument("--epochs", type=int, default=0, help="epochs (default: as the recipe says)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the recipe, for both sides")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--modes", default="channels_last,compile", help="modes of PyTorch (default: channels_last,compile; empty: ours alone)")
    parser.add_argument("--threads", type=int, default=0, help="threads of each (default: all cores)")
    parser.add_argument("--ours", type=pathlib.Path, default=ROOT / "target/release/timestep")
    parser.add_argument("--csv", type=pathlib.Path, help="append an epoch per row; the picture lies beside it")
    options = OPTIONS = parser.parse_args()
    options.net = options.net or options.recipe
    options.data = options.data.resolve()
    modes = [mode for mode in options.modes.split(",") if mode]
    command = f"python bench/frontier.py {shlex.join(sys.argv[1:])}"
    rows, ends = [], []
    with tempfile.TemporaryDirectory() as work:
        for seed in range(options.seeds):
            curve, recipe = ours(options, seed, pathlib.Path(work))
            found = [("timestep", curve)]
            for mode in modes:
                other, version = theirs(options, mode, seed, recipe)
                found.append((f"PyTorch {version} {mode}", other))
            for name, points in found:
                ends.append([name, seed, f"{points[-1][2]:.4f}", f"{points[-1][1]:.0f}", f"{points[-1][1] / curve[-1][1]:.2f}"]
                            + [f"{at:.0f}" if (at := reached(points, level)) else "-" for level in LEVELS])  # fmt: skip
                common = [datetime.date.today().isoformat(), commit(), machine(), options.threads or "all", name, options.net, recipe["epochs"], seed]
                rows += [[*common, epoch, f"{seconds:.1f}", top1, command] for epoch, seconds, top1 in points]
            if options.csv:
                append(options.csv, rows)
                rows = []
    table(["contender", "seed", "top-1", "seconds", "times ours", *(f"s to {100 * level:g} %" for level in LEVELS)], ends)
    if options.csv:
        draw(options.csv)
    return 0


def append(path, rows):
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(HEADS)
        writer.writerows(rows)


def draw(path):
    """The picture of all rows of the file."""
    curves = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            name = f"{row['contender']}, {row['network']}, {row['epochs']} epochs"
            curves.setdefault((name, row["seed"]), []).append((float(row["seconds"]), float(row["top1"])))
    path.with_suffix(".svg").write_text(plot.frontier(curves))


if __name__ == "__main__":
    sys.exit(main())
