"""How fast are we against PyTorch on this machine? One command for each table.

    python bench/compare.py train --nets lm-resnet-20,lm-resnet-56 --batch 128 --rounds 5
    python bench/compare.py infer --nets lm-resnet-20 --csv results/performance.csv
    python bench/compare.py kernels --csv results/kernels.csv
    python bench/compare.py memory
    python bench/compare.py scaling --csv results/scaling.csv --svg results/scaling.svg

Needs the standard library only; PyTorch lives in the processes it starts. `--ours-only` needs no PyTorch at all.
"""

import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True

import kernels  # noqa: E402
import memory  # noqa: E402
import scaling  # noqa: E402
import throughput  # noqa: E402
from report import SHAPES, say  # noqa: E402
from workers import DEVICES, MODES, OURS, Session, WorkerError, Refused  # noqa: E402

TABLES = ("train", "infer", "kernels", "memory", "scaling")
DEFAULT_NETS = "lm-resnet-20,lm-resnet-56,resnet-20,preresnet-164,resnext-29-8x64d,resnet-50"
# The rest have 128.
BATCHES = {"preresnet-164": 64, "lm-resnet-164": 64, "resnext-29-8x64d": 32, "resnet-50": 16}
MEMORY_NET, MEMORY_BATCH = "lm-resnet-56", 128
ROUNDS = {"train": 5, "infer": 5, "kernels": 3, "memory": 1, "scaling": 3}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--nets", help=f"networks, separated by commas (train, infer: {DEFAULT_NETS})")
    parser.add_argument("--batch", type=int, help="images a step (default: 128, less for the large networks)")
    parser.add_argument("--size", type=int, help="side of the images (default: as published)")
    parser.add_argument("--rounds", type=int, help="rounds of turns (train, infer: 5; kernels, scaling: 3)")
    parser.add_argument("--seconds", type=float, default=3.5, help="length of one turn (train, infer, scaling)")
    parser.add_argument("--repeat", type=int, default=5, help="runs of one convolution in one turn (kernels)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="for every contender")
    parser.add_argument("--modes", default=",".join(MODES), help="which modes of PyTorch (default: all), ours-bf16 and ours-int8")
    parser.add_argument("--ours-only", action="store_true", help="without PyTorch")
    parser.add_argument("--ours", default=OURS, help=f"our worker (default: {OURS})")
    parser.add_argument("--csv", help="append rows to this file")
    parser.add_argument("--svg", help="plot of scaling (default: beside --csv)")
    options = parser.parse_args()
    options.modes = [mode for mode in options.modes.split(",") if mode and not (options.ours_only and mode in MODES)]
    wrong = [mode for mode in options.modes if mode not in MODES and mode not in DEVICES]
    if wrong:
        parser.error(f"no mode {wrong[0]}; hint: {', '.join([*MODES, *DEVICES])}")
    for name in ("batch", "size", "rounds", "repeat", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if options.seconds <= 0:
        parser.error("--seconds must be more than 0")
    unknown = [net for net in (options.nets or "").split(",") if net and net not in SHAPES]
    if unknown and not options.ours_only:
        parser.error(f"no network {unknown[0]}; hint: {', '.join(SHAPES)}")
    return options


def batches(options, default):
    """Networks of a table with their batches: the given ones, else `default`."""
    names = [net for net in options.nets.split(",") if net] if options.nets else list(default)
    return {net: options.batch or default.get(net) or BATCHES.get(net, 128) for net in names}


def run(table, options, csv_path, svg_path=None):
    """One table in a session of its own, so that nothing of another table lies in memory."""
    options.rounds = options.given_rounds or ROUNDS[table]
    keys = ["ours", *options.modes]
    if table == "memory":
        names = options.nets.split(",") if options.nets else [MEMORY_NET]
        for net in names:
            memory.run(keys, net, options.batch or MEMORY_BATCH, options, csv_path)
        return
    if table == "kernels":
        keys = [key for key in keys if key in ("ours", "eager", "channels_last")]
    elif table == "scaling":
        keys = ["ours"]
    with Session(keys, options.threads, options.ours) as session:
        if table == "kernels":
            kernels.run(session, batches(options, kernels.BATCHES), options, csv_path)
        elif table == "scaling":
            scaling.run(session, options, csv_path, svg_path)
        else:
            nets = batches(options, dict.fromkeys(DEFAULT_NETS.split(",")))
            throughput.run(session, table, nets, options, csv_path)


def main():
    options = parse()
    options.given_rounds = options.rounds
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"note: load {load:.1f} before the start: something else runs, and numbers will be low")
    svg = options.svg or (str(pathlib.Path(options.csv).with_suffix(".svg")) if options.csv else None)
    run(options.table, options, options.csv, svg)


if __name__ == "__main__":
    try:
        main()
    except (WorkerError, Refused) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
