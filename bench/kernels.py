"""How fast is one pass of one convolution, shape by shape, and what do they add up to in a training step?

Shapes are those of the networks (`shapes.json`). Operations are counted as a direct convolution does them,
whatever algorithm a contender uses: a Winograd transform may show more than the peak.
"""

from report import SHAPES, append_csv, command, median, number, percent, provenance, say, table, times
from workers import Refused

PASSES = ("forward", "grad_input", "grad_weight")
# Batches at which the networks are measured.
BATCHES = {"resnet-20": 128, "preresnet-164": 64, "resnext-29-8x64d": 32, "resnet-50": 16}
GEOMETRY = ("h", "w", "cin", "cout", "k", "stride", "groups")


def gflop(shape, batch):
    """Operations of one pass: the three passes have the same multiply-adds."""
    pad = (shape["k"] - 1) // 2
    out = [(shape[side] + 2 * pad - shape["k"]) // shape["stride"] + 1 for side in ("h", "w")]
    per_output = shape["cin"] // shape["groups"] * shape["k"] ** 2
    return 2 * batch * out[0] * out[1] * shape["cout"] * per_output / 1e9


def title(shape):
    groups = f" g{shape['groups']}" if shape["groups"] > 1 else ""
    return f"{shape['h']}x{shape['w']} {shape['cin']}->{shape['cout']} {shape['k']}x{shape['k']} s{shape['stride']}{groups}"


def measure(session, work, rounds):
    """Median seconds by contender; a contender that refuses is left out."""
    seconds, refused = {worker.key: [] for worker in session.workers}, set()
    for r in range(rounds):
        shift = r % len(session.workers)
        for worker in session.workers[shift:] + session.workers[:shift]:
            if worker.key in refused:
                continue
            try:
                seconds[worker.key].append(worker.ask(work)["seconds"])
            except Refused as refusal:
                say(f"  left out: {refusal}")
                refused.add(worker.key)
    return {key: median(values) for key, values in seconds.items() if values and key not in refused}


def ratio_over_best(seconds):
    rivals = [value for key, value in seconds.items() if key != "ours"]
    return min(rivals) / seconds["ours"] if rivals and "ours" in seconds else None


class Kernels:
    """Tables of one session."""

    def __init__(self, session, options, csv_path):
        self.session, self.options, self.csv_path = session, options, csv_path
        self.head, self.totals = provenance(options.threads), []
        self.keys = [worker.key for worker in session.workers]
        peaks = [peak for peak in (session.peak() for _ in range(3)) if peak]
        self.peak = median(peaks) if peaks else None

    def of_peak(self, gflop_per_second):
        return gflop_per_second / self.peak if gflop_per_second and self.peak else None

    def network(self, net, batch):
        """Every distinct convolution of a network in three passes."""
        rows, csv_rows, options = [], [], self.options
        sums = {kind: dict.fromkeys([*self.keys, "gflop"], 0.0) for kind in PASSES}
        for shape in SHAPES[net]["convolutions"]:
            say(f"{net} batch {batch}: {title(shape)}")
            work, count = gflop(shape, batch), shape["count"]
            geometry = {name: shape[name] for name in GEOMETRY}
            for kind in PASSES:
                asked = {"cmd": "conv", "n": batch, **geometry, "pass": kind, "repeat": options.repeat}
                seconds = measure(self.session, asked, options.rounds)
                rate = {key: work / value for key, value in seconds.items()}
                fraction, ratio = self.of_peak(rate.get("ours")), ratio_over_best(seconds)
                rows.append([title(shape), count, kind, *[number(rate.get(key)) for key in self.keys],
                             percent(fraction), times(ratio)])  # fmt: skip
                csv_rows.append({
                    **self.head, "network": net, "batch": batch, **geometry, "count": count, "pass": kind,
                    "gflop": work, "ours_gflops": rate.get("ours", ""), "ours_fraction_of_peak": fraction or "",
                    "eager_gflops": rate.get("eager", ""), "channels_last_gflops": rate.get("channels_last", ""),
                    "ratio_ours_over_best": ratio or "", "rounds": options.rounds, "repeat": options.repeat,
                    "command": command(),
                })  # fmt: skip
                if kind == "grad_input" and shape["cin"] == 3:
                    continue  # nobody asks for the gradient of the image
                for key in self.keys:
                    # One refusal makes the sum of that contender void.
                    sums[kind][key] += count * seconds.get(key, float("nan"))
                sums[kind]["gflop"] += count * work
        where = f"{options.threads} threads, {self.head['machine']}, {self.head['commit']}"
        print(f"## Convolutions of {net}, batch {batch}, GFLOP/s, {where}\n")
        print(f"Peak {number(self.peak)} GFLOP/s; median of {options.rounds} rounds of the median of {options.repeat} runs.\n")
        table(["convolution", "count", "pass", *self.keys, "ours of peak", "ours / best"], rows)
        append_csv(self.csv_path, csv_rows)
        whole = {key: sum(sums[kind][key] for kind in PASSES) for key in [*self.keys, "gflop"]}
        for kind, sum_ in [*sums.items(), ("training step", whole)]:
            there = {key: sum_[key] for key in self.keys if sum_[key] == sum_[key]}  # without NaN
            cells = [number(1e3 * there[key]) if key in there else "-" for key in self.keys]
            ours = self.of_peak(sum_["gflop"] / there["ours"]) if "ours" in there else None
            self.totals.append([net, batch, kind, *cells, percent(ours), times(ratio_over_best(there))])


def run(session, batches, options, csv_path):
    """Tables and CSV rows for the convolutions of every network in `batches` (name -> batch)."""
    kernels = Kernels(session, options, csv_path)
    try:
        for net, batch in batches.items():
            kernels.network(net, batch)
    finally:
        if kernels.totals:
            print("## All convolutions of a network, each as often as it occurs, ms\n")
            table(["network", "batch", "pass", *kernels.keys, "ours of peak", "ours / best"], kernels.totals)
