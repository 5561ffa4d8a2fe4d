"""How fast do exported networks run in ONNX Runtime, against this program?

    cargo build --release --workspace --examples
    target/release/examples/exports /tmp/exports resnet-50 lm-resnet-56
    pip install numpy onnxruntime
    python bench/onnx_runtime.py /tmp/exports [--csv results/onnxruntime.csv]

Both classify the same number of images with the same number of threads, in turns of `--seconds` in one session; a ratio is made inside each round, theirs over
ours in time (above 1: ours is faster), and the median over the rounds is told.
(The name is not that of the module: a script's folder comes first where Python looks for modules.)
"""

import argparse
import csv
import datetime
import pathlib
import statistics
import subprocess
import time

import numpy as np
import onnxruntime

import workers

SIZES = {"resnet-50": 224}


def theirs(folder, net, batch, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / net / "model.onnx"), options, providers=["CPUExecutionProvider"])
    shape = session.get_inputs()[0].shape
    images = np.random.default_rng(0).standard_normal((batch, *shape[1:]), dtype=np.float32)
    name = session.get_inputs()[0].name

    def turn(steps):
        began = time.perf_counter()
        for _ in range(steps):
            session.run(None, {name: images})
        return (time.perf_counter() - began) / steps

    return turn


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exports", type=pathlib.Path)
    parser.add_argument("--nets", default="resnet-50,lm-resnet-56")
    parser.add_argument("--batches", default="1,32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="length of a turn")
    parser.add_argument("--csv", type=pathlib.Path)
    args = parser.parse_args()
    commit = subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True, cwd=workers.ROOT).strip()
    rows = []
    with workers.Session(["ours"], args.threads) as session:
        ours = session.ours()
        for net in args.nets.split(","):
            for batch in map(int, args.batches.split(",")):
                command = {"cmd": "infer", "net": net, "batch": batch, "size": SIZES.get(net, 32)}

                def our_turn(steps):
                    return ours.ask({**command, "steps": steps})["seconds"] / steps

                their_turn = theirs(args.exports, net, batch, args.threads)
                turns = {}
                for name, turn in [("ours", our_turn), ("theirs", their_turn)]:
                    turn(2)
                    turns[name] = (turn, max(1, round(args.seconds / turn(1))))
                rounds = []
                for number in range(args.rounds):
                    order = ["ours", "theirs"] if number % 2 == 0 else ["theirs", "ours"]
                    rounds.append({name: turns[name][0](turns[name][1]) for name in order})
                median = {name: statistics.median(r[name] for r in rounds) for name in turns}
                ratios = sorted(r["theirs"] / r["ours"] for r in rounds)
                row = {
                    "date": datetime.date.today().isoformat(),
                    "commit": commit,
                    "net": net,
                    "batch": batch,
                    "threads": args.threads,
                    "ours_ms": round(1e3 * median["ours"], 3),
                    "onnxruntime_ms": round(1e3 * median["theirs"], 3),
                    "ratio": round(statistics.median(ratios), 3),
                    "ratio_min": round(ratios[0], 3),
                    "ratio_max": round(ratios[-1], 3),
                    "onnxruntime": onnxruntime.__version__,
                }
                print(row, flush=True)
                rows.append(row)
    if args.csv:
        with args.csv.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


main()
