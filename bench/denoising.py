"""How long does denoising take, ours and others', over the size of the picture? One command, beside the published run times.

    python bench/denoising.py --csv results/denoising-runtime.csv
    python bench/denoising.py --sizes 256,512 --threads 2 --rounds 5 --contenders trd-5x5,trd-7x7,torch

All contenders get the same noisy floats. Needs `cargo build --release --workspace --examples`; what else is missing is left out
with a line on standard error.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from report import append_csv, command, median, number, percent, provenance, say, table, times  # noqa: E402
from workers import BENCH, ROOT, Refused, Worker, WorkerError  # noqa: E402

OURS = "target/release/examples/restore_worker"
MODELS = "crates/restore/models"
PICTURES = "target/data/bsd-train400/Train400"
SIZES = (256, 512, 1024, 2048, 3072)
# A run that is expected to take longer than this is not warmed up again: the process is warm from the sizes before.
LONG_SECONDS = 5
# The largest difference of a pixel to PyTorch that passes for the same method, in grey levels.
SAME = 0.1
# Operations of the convolutions of all five steps, a pixel.
FLOP = {"trd-5x5": 12_000, "trd-7x7": 47_040}

# Seconds at 256, 512, 1024, 2048, 3072 pixels a side from the table of the talk (Chen, Yu and Pock, CVPR 2015).
PUBLISHED = {
    "BM3D, one thread": (1.1, 4.0, 17, 76.4, 176),
    "CSF 7x7, one thread": (3.27, 11.6, 40.82, 151.2, 494.8),
    "WNNM, one thread": (122.9, 532.9, 2094.6),
    "TRD 5x5, one thread": (0.51, 1.53, 5.48, 24.97, 53.3),
    "TRD 5x5, all cores": (0.43, 0.78, 2.25, 8.01, 21.6),
    "TRD 5x5, GPU": (0.005, 0.015, 0.054, 0.18, 0.39),
    "TRD 7x7, one thread": (1.21, 3.72, 14.0, 62.2, 135.9),
    "TRD 7x7, all cores": (0.56, 1.17, 3.64, 13.01, 30.1),
    "TRD 7x7, GPU": (0.01, 0.032, 0.116, 0.40, 0.87),
}


class Contender:
    """One row of the table: a method of one worker. `against` is our row that ratios are made with."""

    def __init__(self, key, worker, method, model=None, against=None, largest=None):
        self.key, self.worker, self.method, self.model = key, worker, method, model
        self.against, self.largest = against, largest
        self.gone = False  # refused, or too slow from here on
        self.last = None  # (side, seconds) of the last size


def contenders():
    """All rows. Workers are named: `ours`, `peer`, or a contender of `denoise_worker.py`."""
    model = f"{MODELS}/{{}}-s25.safetensors".format
    rows = [
        Contender("trd-5x5", "ours", "trd", model("trd-5x5")),
        Contender("trd-7x7", "ours", "trd", model("trd-7x7")),
        Contender("csf-7x7", "ours", "csf", model("csf-7x7")),
        Contender("bm3d", "ours", "bm3d"),
        Contender("wnnm", "ours", "wnnm", largest=256),
    ]
    for layout in ("torch", "torch-channels-last", "torch-compile"):
        for net in ("trd-5x5", "trd-7x7"):
            rows.append(Contender(f"{layout}-{net}", layout, "trd", model(net), net))
    rows.append(Contender("pypi-bm3d", "bm3d", "bm3d", None, "bm3d"))
    rows.append(Contender("bm3d_core", "peer", "bm3d", None, "bm3d"))
    rows.append(Contender("opencv-nlm", "opencv", "nlm"))
    return rows


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    whole = len(os.sched_getaffinity(0))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="sides of the pictures (default: as published)")
    parser.add_argument("--threads", default=f"1,{whole}" if whole > 1 else "1", help="numbers of threads, one session each")
    parser.add_argument("--sigma", type=float, default=25.0, help="noise level (default: 25)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of turns (default: 5)")
    parser.add_argument("--seconds", type=float, default=1.0, help="length of one turn: as many runs as fit, one at least")
    parser.add_argument("--limit", type=float, default=60.0, help="leave out runs that would take longer, in seconds")
    parser.add_argument("--contenders", help="only rows whose name begins with one of these, by commas")
    parser.add_argument("--compile", action="store_true", help="with torch.compile too (needs a C++ compiler)")
    parser.add_argument("--pictures", default=PICTURES, help="folder of pictures for the mosaic; never the test set")
    parser.add_argument("--ours", default=OURS, help=f"our worker (default: {OURS})")
    parser.add_argument("--csv", help="append rows to this file")
    options = parser.parse_args()
    try:
        options.sizes = [int(size) for size in options.sizes.split(",")]
        options.threads = [int(count) for count in options.threads.split(",")]
    except ValueError:
        parser.error("--sizes and --threads take whole numbers, separated by commas")
    if min(options.sizes) < 32 or min(options.threads) < 1 or options.rounds < 1 or options.seconds <= 0 or options.limit <= 0:
        parser.error("sizes start at 32, threads and rounds at 1; --seconds and --limit are more than 0")
    options.pictures = str((ROOT / options.pictures).resolve())
    if not pathlib.Path(options.pictures).is_dir():
        say(f"note: {options.pictures} is no folder, so the picture is synthetic; hint: --pictures DIR")
    return options


def build_peer():
    """The worker of crates.io's `bm3d_core`, which nothing else builds; `None` when it cannot be built."""
    target = ROOT / "target" / "peers"
    manifest = BENCH / "peers" / "bm3d_core" / "Cargo.toml"
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--manifest-path", str(manifest), "--target-dir", str(target)]
    try:
        subprocess.run(build, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        words = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        say(f"left out: bm3d_core does not build: {words[-1] if words else error}")
        return None
    return str(target / "release" / "bm3d-core-worker")


class Session:
    """The workers that rows need, alive together."""

    def __init__(self, rows, threads, options, peer):
        self.workers, self.rows = {}, []
        self.threads, self.sigma, self.pictures = threads, options.sigma, options.pictures
        self.folder = tempfile.TemporaryDirectory(prefix="denoising-")
        # Every library reads one of them.
        surroundings = [f"{name}_NUM_THREADS={threads}" for name in ("RAYON", "OMP", "MKL", "OPENBLAS")]
        commands = {"ours": [str(ROOT / options.ours)], "peer": [peer] if peer else None}
        for row in rows:
            if row.worker not in self.workers:
                python = [sys.executable, str(BENCH / "denoise_worker.py"), "--contender", row.worker, "--threads", str(threads)]
                start = commands.get(row.worker, python)
                self.workers[row.worker] = self._start(row.worker, start and ["env", *surroundings, *start])
            if self.workers[row.worker]:
                self.rows.append(row)

    def _start(self, key, command_line):
        if command_line is None:
            return None
        hint = "cargo build --release --workspace --examples" if key == "ours" else "pip install -r bench/requirements.txt"
        try:
            return Worker(key, command_line, hint)
        except WorkerError as error:
            if key == "ours":
                self.__exit__()
                raise
            say(f"left out: {error}")
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            if worker:
                worker.close()
        self.folder.cleanup()

    def path(self, name):
        return str(pathlib.Path(self.folder.name) / name)

    def picture(self, side):
        """Makes the picture of a size and writes it for those who read files."""
        given = {"side": side, "sigma": self.sigma, "seed": 0, "pictures": self.pictures}
        answer = self.workers["ours"].ask({"cmd": "picture", **given, "clean": self.path("clean"), "noisy": self.path("noisy")})
        return answer["picture"], answer["noisy_psnr"]

    def peak(self):
        return self.workers["ours"].ask({"cmd": "peak"})["gflops"]

    def run(self, row, side, repeats, warm=0, result=None):
        given = {"cmd": "restore", "method": row.method, "side": side, "sigma": self.sigma, "repeats": repeats, "warm": warm}
        if row.model:
            # Files for all, ours too: weights in the program may be those of another build.
            given["model"] = str(ROOT / row.model)
        if row.worker == "ours":
            given.update(seed=0, pictures=self.pictures)
        else:
            given.update(noisy=self.path("noisy"), clean=self.path("clean"))
        if result:
            given["result"] = self.path(result)
        return self.workers[row.worker].ask(given)


def checked(session, side):
    """Is PyTorch's TRD ours? The largest difference of a pixel, by model; ends the run where it is another method."""
    import array

    def floats(name):
        values = array.array("f")
        values.frombytes(pathlib.Path(session.path(name)).read_bytes())
        return values

    for row in session.rows:
        if row.against and row.worker.startswith("torch"):
            ours = next((other for other in session.rows if other.key == row.against), None)
            if ours is None:
                continue
            try:
                session.run(ours, side, 1, result="ours")
                session.run(row, side, 1, result="theirs")
            except Refused as refusal:
                say(f"left out: {refusal}")
                row.gone = True
                continue
            apart = max(abs(a - b) for a, b in zip(floats("ours"), floats("theirs")))
            say(f"{row.key} differs from {row.against} by {apart:.2g} grey levels at most, at {side} x {side}")
            if not apart <= SAME:
                raise WorkerError(f"{row.key} computes something else than {row.against}; hint: bench/torch_trd.py")


def measure(session, side, options):
    """Rounds of turns at one size: for each row its turns (medians of their runs, `None` where it took none) and its PSNR."""
    kind, noisy_psnr = session.picture(side)
    expected, turns, psnr = {}, {}, {}
    for row in session.rows:
        if row.gone or (row.largest and side > row.largest):
            continue
        guess = row.last[1] * (side / row.last[0]) ** 2 if row.last else None
        if guess and guess > options.limit:
            say(f"{row.key} at {side}: left out, about {guess:.0f} s")
            continue
        if guess is None or guess < LONG_SECONDS:
            try:
                answer = session.run(row, side, 1)
            except Refused as refusal:
                say(f"left out: {refusal}")
                row.gone = True
                continue
            guess = answer["seconds"][-1]
            busy = answer.get("processors", 0)
            if busy > session.threads + 0.3:
                say(f"note: {row.key} keeps {busy:.1f} processors busy, not {session.threads}")
        expected[row.key], turns[row.key] = guess, []
    peaks = []
    for number_of_round in range(options.rounds):
        peaks.append(session.peak())
        active = [row for row in session.rows if row.key in turns]
        shift = number_of_round % len(active) if active else 0
        for row in active[shift:] + active[:shift]:
            seconds = expected[row.key]
            # A slow one takes part in as many rounds as one limit allows.
            if number_of_round >= max(1, int(options.limit / seconds)):
                turns[row.key].append(None)
                continue
            answer = session.run(row, side, max(1, min(50, int(options.seconds / seconds))))
            turns[row.key].append(median(answer["seconds"]))
            psnr[row.key] = answer["psnr"]
        say(f"{side} x {side}, {session.threads} threads: round {number_of_round + 1} of {options.rounds}")
    for row in session.rows:
        if row.key in turns:
            if psnr[row.key] < noisy_psnr + 1:
                reached = f"{psnr[row.key]:.2f} dB, noisy {noisy_psnr:.2f} dB"
                say(f"note: {row.key} does not denoise ({reached}): are its weights trained?")
            row.last = (side, median([turn for turn in turns[row.key] if turn is not None]))
    return {"side": side, "kind": kind, "turns": turns, "psnr": psnr, "peak": median(peaks), "noisy": noisy_psnr}


def inside(found, this, ours):
    """Median over rounds of this over ours, each made inside one round; `None` where they share none."""
    pairs = zip(found["turns"].get(this, []), found["turns"].get(ours, []))
    ratios = [a / b for a, b in pairs if a is not None and b is not None]
    return median(ratios) if ratios else None


def taken(found, key):
    return [turn for turn in found["turns"].get(key, []) if turn is not None]


def fastest(found, net, keys):
    """The faster layout of PyTorch's eager TRD at a size."""
    eager = [key for key in keys if key.endswith(net) and key.startswith("torch") and "compile" not in key and taken(found, key)]
    return min(eager, key=lambda key: median(taken(found, key)), default=None)


def show(session, results, head):
    keys = [row.key for row in session.rows]
    sides = [found["side"] for found in results]
    columns = [f"{side}²" for side in sides]

    def line(label, cell):
        return [label, *[cell(found) for found in results]]

    print(f"## Denoising, sigma {session.sigma:g}, {session.threads} threads, {head['machine']}, {head['commit']}\n")
    print(f"Seconds, median over rounds. Picture: {results[0]['kind']}. Below: the published table, on its machines.\n")
    rows = []
    for row in session.rows:
        cells = line(row.key, lambda found: number(median(taken(found, row.key))) if taken(found, row.key) else "-")
        if any(cell != "-" for cell in cells[1:]):
            rows.append(cells)
    for label, seconds in PUBLISHED.items():
        known = dict(zip(SIZES, seconds))
        rows.append([f"*{label}*", *[number(known.get(side)) for side in sides]])
    table(["", *columns], rows)
    rows = [line("f32 FMA peak, GFLOP/s", lambda found: number(found["peak"]))]
    for net, flop in FLOP.items():
        if net in keys:
            share = lambda found: flop * found["side"] ** 2 / median(taken(found, net)) / found["peak"] / 1e9  # noqa: E731
            rows.append(line(f"{net}, of the peak", lambda found: percent(share(found)) if taken(found, net) else "-"))
    for net in FLOP:
        best = lambda found: inside(found, fastest(found, net, keys), net)  # noqa: E731
        rows.append(line(f"PyTorch {net} (best eager) / ours", lambda found: times(best(found))))
    for row in session.rows:
        if row.against and (not row.worker.startswith("torch") or "compile" in row.worker):
            rows.append(line(f"{row.key} / our {row.against}", lambda found: times(inside(found, row.key, row.against))))
    print("Ratios of times, each made inside a round, median over rounds; operations are those of the convolutions.\n")
    table(["", *columns], [row for row in rows if any(cell != "-" for cell in row[1:])])
    rows = [line("noisy", lambda found: f"{found['noisy']:.2f}")]
    for key in keys:
        cells = line(key, lambda found: f"{found['psnr'][key]:.2f}" if key in found["psnr"] else "-")
        if any(cell != "-" for cell in cells[1:]):
            rows.append(cells)

    def apart(found):
        both = [found["psnr"].get(key) for key in ("bm3d", "pypi-bm3d")]
        return f"{both[0] - both[1]:+.3f}" if None not in both else "-"

    rows.append(line("our bm3d - pypi-bm3d", apart))
    print("PSNR in dB of these pictures, floats compared (OpenCV gets the picture clipped and rounded to 8 bits).\n")
    table(["", *columns], rows)


def csv_rows(session, results, head, line):
    rows = []
    for found in results:
        for row in session.rows:
            seconds = taken(found, row.key)
            if not seconds:
                continue
            middle, side = median(seconds), found["side"]
            flop = FLOP.get(row.against or row.key)
            gflops = flop * side**2 / middle / 1e9 if flop else None
            rows.append({
                **head, "contender": row.key, "version": session.workers[row.worker].label, "side": side, "sigma": session.sigma,
                "median_seconds": middle, "min": min(seconds), "max": max(seconds), "rounds": len(seconds),
                "megapixels_per_second": side**2 / middle / 1e6, "gflops": gflops or "",
                "fraction_of_peak": gflops / found["peak"] if gflops else "", "peak_gflops": found["peak"],
                "ratio_this_over_ours": (inside(found, row.key, row.against) or "") if row.against else "",
                "psnr": found["psnr"][row.key], "picture": found["kind"], "command": line,
            })  # fmt: skip
    return rows


def main():
    options = parse()
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"note: load {load:.1f} before the start: something else runs, and numbers will be low")
    wanted = [name for name in (options.contenders or "").split(",") if name]
    every = [row.key for row in contenders()]
    unknown = [name for name in wanted if not any(key.startswith(name) for key in every)]
    if unknown:
        sys.exit(f"error: no contender begins with {unknown[0]}; hint: {', '.join(every)}")

    def chosen():
        rows = [row for row in contenders() if options.compile or row.worker != "torch-compile"]
        return [row for row in rows if not wanted or any(row.key.startswith(name) for name in wanted)]

    peer = build_peer() if any(row.worker == "peer" for row in chosen()) else None
    for threads in options.threads:
        head = provenance(threads)
        with Session(chosen(), threads, options, peer) as session:
            session.picture(options.sizes[0])
            checked(session, min(options.sizes[0], 256))
            results = []
            try:
                for side in options.sizes:
                    results.append(measure(session, side, options))
            finally:
                # What was measured before something died is not lost.
                if results:
                    show(session, results, head)
                    append_csv(options.csv, csv_rows(session, results, head, command()))


if __name__ == "__main__":
    try:
        main()
    except (WorkerError, Refused) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
