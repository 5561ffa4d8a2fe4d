"""How many images a second does each contender train or classify, and how do the contenders compare?

Contenders take turns inside each round, in an order that rotates, while the others wait for input: a drift of
the machine's clock meets all of them. Ratios are made inside a round and the median over rounds is reported.
"""

from report import SHAPES, append_csv, command, median, number, percent, provenance, say, spread, table, times
from workers import Refused

# Multiply-add is two operations; a training step computes the outputs, the input and the weight gradients.
FLOPS_PER_MULTIPLY_ADD = {"train": 6, "infer": 2}
WARMUP_STEPS = 2
# bf16 computes something else: shown, never a rival.
EAGER = ("eager", "channels_last")


def warm_up(worker, work, seconds):
    """Untimed steps, then how many steps fill `seconds`; None when the contender cannot do this network."""
    try:
        worker.ask({**work, "steps": WARMUP_STEPS, "warmup": True})
        answer = worker.ask({**work, "steps": 1})
        each = answer["seconds"]
        if each < seconds / 20:  # one short step says little
            answer = worker.ask({**work, "steps": max(2, round(seconds / 10 / each))})
            each = answer["seconds"] / answer["steps"]
    except Refused as refusal:
        say(f"  left out: {refusal}")
        return None
    return max(1, round(seconds / each))


def measure(session, work, rounds, seconds):
    """Images a second of every round by contender, and the FMA peak (median over rounds)."""
    steps = {}
    for worker in session.workers:
        say(f"  warming up {worker.label}")
        count = warm_up(worker, work, seconds)
        if count:
            steps[worker.key] = count
    turn = [worker for worker in session.workers if worker.key in steps]
    rates, peaks = {worker.key: [] for worker in turn}, []
    for r in range(rounds):
        peaks.append(session.peak())
        shift = r % len(turn) if turn else 0
        for worker in turn[shift:] + turn[:shift]:
            answer = worker.ask({**work, "steps": steps[worker.key]})
            rates[worker.key].append(work["batch"] * answer["steps"] / answer["seconds"])
            say(f"  round {r + 1}/{rounds} {worker.label}: {rates[worker.key][-1]:.1f} images/s, loss {answer.get('loss')}")
    peaks = [peak for peak in peaks if peak]
    return rates, median(peaks) if peaks else None


def ratios(rates, over):
    """Ours over another contender, round by round."""
    if "ours" not in rates or over not in rates:
        return []
    return [a / b for a, b in zip(rates["ours"], rates[over])]


def best_eager(rates):
    """The faster of the two layouts of eager PyTorch, by its median."""
    there = [key for key in EAGER if key in rates]
    return max(there, key=lambda key: median(rates[key])) if there else None


class Tables:
    """Rows as they come, so that what was measured is shown even when a later network fails."""

    def __init__(self, kind, options, csv_path):
        self.kind, self.options, self.csv_path = kind, options, csv_path
        self.head, self.rows, self.summary = provenance(options.threads), [], []

    def add(self, session, work, rates, peak):
        """The rows of one network; appends them to the CSV file."""
        net, batch, fact = work["net"], work["batch"], SHAPES[work["net"]]
        # Multiply-adds are those of the published image size.
        known = work["size"] == fact["size"]
        gflop = FLOPS_PER_MULTIPLY_ADD[self.kind] * fact["multiply_adds"] / 1e9 if known else None
        csv_rows = []
        for worker in session.workers:
            mine = rates.get(worker.key)
            if not mine:
                continue
            middle, ratio = median(mine), ratios(rates, worker.key)
            ratio = median(ratio) if ratio else None
            speed = gflop * middle if gflop else None
            note = " (information)" if worker.key == "bf16" else ""
            fraction = speed / peak if speed and peak else None
            self.rows.append([net, batch, worker.label + note, number(middle), spread(mine), times(ratio),
                              number(speed), percent(fraction)])  # fmt: skip
            csv_rows.append({
                **self.head, "kind": self.kind, "network": net, "batch": batch, "contender": worker.label,
                "median_images_per_second": middle, "min": min(mine), "max": max(mine),
                "ratio_ours_over_this": ratio or "", "rounds": len(mine), "command": command(),
            })  # fmt: skip
            if worker.key == "ours":
                best = best_eager(rates)
                eager = self.ratio(rates, best) + (f", {best}" if best else "")
                self.summary.append([net, batch, eager, self.ratio(rates, "compile"), number(peak), percent(fraction)])
        append_csv(self.csv_path, csv_rows)

    @staticmethod
    def ratio(rates, over):
        found = ratios(rates, over)
        return f"{times(median(found))} ({spread(found)})" if found else "-"

    def show(self):
        """Prints both tables."""
        if not self.rows:
            return
        options, what = self.options, {"train": "Training steps", "infer": "Inference"}[self.kind]
        turns = f"{options.threads} threads, {options.rounds} rounds of about {options.seconds:g} s"
        print(f"## {what}, {turns}, {self.head['machine']}, {self.head['commit']}\n")
        table(["network", "batch", "contender", "images/s", "min to max", "ours / this", "GFLOP/s", "of peak"], self.rows)
        if self.summary:
            print("Ours against the rest: median of the ratios of each round (min to max over rounds).\n")
            heads = ["network", "batch", "ours / best eager", "ours / compile", "FMA peak GFLOP/s", "ours of peak"]
            table(heads, self.summary)


def run(session, kind, batches, options, csv_path):
    """Table and CSV rows of `train` or `infer` for every network in `batches` (name -> batch)."""
    tables = Tables(kind, options, csv_path)
    try:
        for net, batch in batches.items():
            size = options.size or SHAPES[net]["size"]
            say(f"{kind} {net}, batch {batch}, {size}x{size}")
            work = {"cmd": kind, "net": net, "batch": batch, "size": size}
            rates, peak = measure(session, work, options.rounds, options.seconds)
            session.forget()
            tables.add(session, work, rates, peak)
    finally:
        tables.show()
