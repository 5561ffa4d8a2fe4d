"""How soon is which accuracy reached? One recipe of ours, and the same training in PyTorch, one after the other.

    python bench/frontier.py --data DIR --csv results/frontier.csv
    python bench/frontier.py --data DIR --epochs 15 --net fast-wrn-16-4 --modes "" --csv results/frontier.csv

`--data` is a folder with `train/<class>` and `test/<class>`. Seconds count training and measuring the test images after each epoch;
decoding the pictures comes before, and in PyTorch a first step of every shape with what it compiles. Ours do not count what is written
to disk between two epochs (some milliseconds). A row is an epoch of a run; the picture shows accuracy over seconds.
"""

import argparse
import csv
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import plot  # noqa: E402
from report import BENCH, ROOT, append_csv, command, provenance, say, table  # noqa: E402

LEVELS = (0.7, 0.8, 0.825, 0.85, 0.875, 0.9, 0.93)


# What the program in PyTorch is told, by the name of our setting.
TOLD = {
    "train.epochs": "epochs", "train.batch": "batch", "train.label_smoothing": "label_smoothing", "optimiser.lr": "lr", "optimiser.momentum": "momentum",
    "optimiser.nesterov": "nesterov", "optimiser.weight_decay": "weight_decay", "data.pad": "pad", "data.pad_mode": "pad_mode",
    "schedule.peak_at": "peak_at", "network.preset": "network",
}  # fmt: skip
# What it does without being told, and what says nothing of the training or is of other schedules.
DONE = {
    "data.flip": True, "data.alternate_flip": True, "schedule.name": "one-cycle", "optimiser.name": "sgd", "schedule.warmup_factor": 0.1,
    "optimiser.decay_norms": True, "task.kind": "classify", "data.name": "image-folder",
}  # fmt: skip
ELSEWHERE = {"data.dir", "train.seed", "train.time", "train.keep", "train.eval_batch", "data.split_seed", "data.held_out", "data.size", "data.resize",
             "schedule.milestones", "schedule.gamma"}  # fmt: skip


def ours(options, seed, work):
    """Trains with the program; the curve, and the recipe for the other side."""
    out = work / f"ours-{seed}"
    line = [
        str(options.ours), "train", f"cifar10/{options.net}", "--data", "image-folder", "--data-dir", str(options.data),
        "--seed", str(seed), "--threads", str(options.threads), "--out", str(out), "--name", "run", "--no-report", "--quiet",
    ]  # fmt: skip
    if options.recipe != options.net:
        line[2:3] = [f"cifar10/{options.recipe}", "--net", options.net]
    if options.epochs:
        line += ["--epochs", str(options.epochs)]
    for pair in options.set:
        line += ["--set", pair]
    recipe = asked(options, line)
    say(f"== {shlex.join(line)}")
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    run = out / "run"
    curve, total = [], 0.0
    with (run / "metrics.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            total += float(row["seconds"])
            curve.append((int(row["epoch"]), total, float(row["test_top1"])))
    with (run / "events.jsonl").open() as file:
        parameters = json.loads(file.readline())["parameters"]
    return curve, recipe, parameters


def asked(options, line):
    """The recipe for a program that is not ours; ends if that program would train otherwise."""
    settings = shown(options, [line[2], *(line[3:5] if line[3] == "--net" else []), *sum((["--set", pair] for pair in options.set), [])])
    if options.epochs:
        settings["train.epochs"] = options.epochs
    usual = shown(options, ["digits/lm-resnet-20"])
    recipe = {}
    for setting, value in settings.items():
        if setting in TOLD:
            recipe[TOLD[setting]] = value
        elif setting in ELSEWHERE:
            continue
        elif setting in DONE:
            # `data.name` is given apart.
            if value != DONE[setting] and setting != "data.name":
                sys.exit(f"error: {setting} is {value}, and PyTorch trains with {DONE[setting]} here; hint: leave it as the recipe has it")
        elif value != usual.get(setting, value):
            sys.exit(f"error: {setting} is {value}, which the program in PyTorch does not know; hint: leave it out, or measure ours alone with --modes ''")
    recipe["pad_mode"] = {"zero": "constant"}.get(recipe["pad_mode"], recipe["pad_mode"])
    return recipe


def shown(options, words):
    """Settings by name."""
    found = subprocess.run([str(options.ours), "config", "show", *words, "--json"], cwd=ROOT, check=True, capture_output=True, text=True)
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    return {row["path"]: row["value"] for row in rows}


def theirs(options, mode, seed, recipe):
    line = [sys.executable, str(BENCH / "torch_frontier.py"), "--data", str(options.data), "--seed", str(seed), "--mode", mode, "--recipe", json.dumps(recipe), "--threads", str(options.threads)]
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
    return curve, head["version"].partition("+")[0], head["parameters"]


def reached(curve, level):
    """Seconds until the test images are that well told apart for the first time."""
    return next((seconds for _, seconds, top1 in curve if top1 >= level), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with train/<class> and test/<class>")
    parser.add_argument("--recipe", default="fast-wrn-10-4", help="recipe of cifar10/ (default: fast-wrn-10-4)")
    parser.add_argument("--net", help="network, fast-wrn-D-k (default: that of the recipe)")
    parser.add_argument("--epochs", type=int, default=0, help="epochs (default: as the recipe says)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the recipe, for both sides")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--modes", default="channels_last,compile", help="modes of PyTorch (default: channels_last,compile; empty: ours alone)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of each (default: all cores)")
    parser.add_argument("--ours", type=pathlib.Path, default=ROOT / "target/release/timestep")
    parser.add_argument("--csv", type=pathlib.Path, help="append an epoch per row; the picture lies beside it")
    options = parser.parse_args()
    options.net = options.net or options.recipe
    options.data = options.data.resolve()
    modes = [mode for mode in options.modes.split(",") if mode]
    if modes and not options.net.startswith("fast-wrn-"):
        parser.error("the program in PyTorch knows fast-wrn-D-k only; hint: --modes '' measures ours alone")
    ends = []
    with tempfile.TemporaryDirectory() as work:
        for seed in range(options.seeds):
            head = provenance(options.threads)
            curve, recipe, parameters = ours(options, seed, pathlib.Path(work))
            found = [("timestep", curve)]
            for mode in modes:
                other, version, theirs_have = theirs(options, mode, seed, recipe)
                if theirs_have != parameters:
                    sys.exit(f"error: ours has {parameters} numbers to learn, the network in PyTorch {theirs_have}")
                found.append((f"PyTorch {version} {mode}", other))
            rows = []
            for name, points in found:
                _, total, top1 = points[-1]
                levels = [f"{at:.0f}" if (at := reached(points, level)) else "-" for level in LEVELS]
                ends.append([name, seed, f"{top1:.4f}", f"{total:.0f}", f"{total / curve[-1][1]:.2f}", *levels])
                rows += [
                    {**head, "contender": name, "network": options.net, "epochs": recipe["epochs"], "seed": seed, "epoch": epoch,
                     "seconds": round(seconds, 1), "top1": share, "command": command()}
                    for epoch, seconds, share in points
                ]  # fmt: skip
            append_csv(options.csv, rows)
    table(["contender", "seed", "top-1", "seconds", "times ours", *(f"s to {100 * level:g} %" for level in LEVELS)], ends)
    if options.csv:
        draw(options.csv)
    return 0


def draw(path):
    """The picture of all rows of the file, a curve for each run."""
    curves, number = {}, 0
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            number += row["epoch"] == "1"
            name = f"{row['contender']}, {row['network']}"
            curves.setdefault((name, number), []).append((float(row["seconds"]), float(row["top1"])))
    path.with_suffix(".svg").write_text(plot.frontier(curves))


if __name__ == "__main__":
    sys.exit(main())
