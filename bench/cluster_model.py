"""What would more machines gain? A step as compute + latency + volume / bandwidth.

    python bench/cluster_model.py                                 the table of docs/concepts/clusters.md
    python bench/cluster_model.py --svg results/cluster-model.svg
    python bench/cluster_model.py --check                         the model's own tests
    python bench/cluster_model.py --measure target/release/timestep --csv results/cluster-exchanges.csv
    python bench/cluster_model.py --fit results/cluster-exchanges.csv

With B images in a batch, N nodes that train r images/s each, and M parameters of b bytes, a step of this program takes

    T(N) = B / (r N) + k (N - 1) a + 2 b M (N - 1) / (N w) + 2 b M / (N m)

a is the latency of a message, w the bandwidth of a node's link, k = 2 the exchanges in which a node sends to every other
one, m the rate at which received gradients are added. Nothing overlaps, as in the program. Efficiency is T(1) / (N T(N)).
"""

import argparse
import csv
import os
import re
import subprocess
import tempfile

import plot

NODES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
# Parameters, images/s of a node, batch. A node has 32 cores and is taken for 16 times as fast as the two of results/performance.csv, where
# lm-resnet-20 trains at 1131 and resnet-50 at 6.17 images/s; WRN-28-10 has 1.28 times the multiply-adds of resnet-50.
NETWORKS = {
    "ResNet-20": (269_722, 16 * 1131.0, 128),
    "WRN-28-10": (36_479_194, 16 * 6.17 / 1.28, 128),
    "ResNet-50": (25_557_032, 16 * 6.17, 1024),
}
LINKS = {"10 Gbit/s": (10e9 / 8, 20e-6), "100 Gbit/s": (100e9 / 8, 2e-6)}
# Bytes of received gradients that a node adds per second: memory-bound, so slower than the memory.
ADDING = 5e9
COLOURS = ("#0b5fa5", "#c2570c", "#3a7d2c")


def step(nodes, batch, rate, parameters, width, bandwidth, latency, overlap=0.0):
    """Seconds of a step; `overlap` is the share of the exchange that is hidden behind the backward pass, two thirds of the computing."""
    compute = batch / (rate * nodes)
    volume = 2 * width * parameters * (nodes - 1) / nodes / bandwidth
    adding = 2 * width * parameters / nodes / ADDING if nodes > 1 else 0.0
    exchange = 2 * (nodes - 1) * latency + volume + adding
    return compute + exchange - min(overlap * exchange, 2 * compute / 3)


def efficiency(nodes, *rest, **more):
    return step(1, *rest, **more) / (nodes * step(nodes, *rest, **more))


def table():
    rows = ["| network, batch | link | " + " | ".join(str(n) for n in NODES[3:]) + " |"]
    rows.append("|---|---|" + "---|" * len(NODES[3:]))
    for name, (parameters, rate, batch) in NETWORKS.items():
        for link, (bandwidth, latency) in LINKS.items():
            for what, scale, width, overlap in [
                ("", 1, 4, 0.0),
                (", overlapped", 1, 4, 1.0),
                (", bf16 gradients", 1, 2, 0.0),
                (", batch x 8", 8, 4, 0.0),
            ]:
                cells = [
                    # A node needs an image.
                    f"{100 * efficiency(n, scale * batch, rate, parameters, width, bandwidth, latency, overlap=overlap):.0f} %"
                    if n <= scale * batch
                    else "-"
                    for n in NODES[3:]
                ]
                rows.append(f"| {name}, {batch}{what} | {link} | " + " | ".join(cells) + " |")
    return "\n".join(rows)


def fit(rows):
    """Latency and bandwidth from (nodes, bytes sent by a node, seconds): least squares of seconds / (a x + b y), relative errors."""
    s = [[0.0, 0.0], [0.0, 0.0]]
    t = [0.0, 0.0]
    for nodes, sent, seconds in rows:
        x = (2 * (nodes - 1) / seconds, sent / seconds)
        for i in range(2):
            t[i] += x[i]
            for j in range(2):
                s[i][j] += x[i] * x[j]
    det = s[0][0] * s[1][1] - s[0][1] * s[1][0]
    latency = (t[0] * s[1][1] - t[1] * s[0][1]) / det
    inverse = (t[1] * s[0][0] - t[0] * s[1][0]) / det
    return latency, 1 / inverse


def measure(program, path):
    """Exchanges of small networks of four sizes on two, three and four ranks of this machine, in seconds per step, waiting included."""
    steps, rows = 20, []
    environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    for ranks in (2, 3, 4):
        for width in (4, 16, 64, 128):
            with tempfile.TemporaryDirectory() as folder:
                words = ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", str(ranks), program, "train", "digits/lm-resnet-20"]
                words += f"--width {width} --steps 1,1,1 --epochs 2 --batch 36 --set train.shards=12 --set data.limit=360".split()
                words += f"--no-report --threads 1 --name run --out {folder}".split()
                done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
            parameters = int(re.search(r"(\d+) parameters", done.stderr)[1])
            seconds = float(re.search(r"sending and waiting took ([\d.]+) s", done.stderr)[1])
            rows.append((ranks, parameters, round(8 * parameters * (ranks - 1) / ranks), seconds / steps))
            print(*rows[-1], flush=True)
    with open(path, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("ranks", "parameters", "bytes", "seconds"))
        table.writerows(rows)


def draw(path):
    """Efficiency over nodes, one panel for each link."""
    out = []
    for left, (link, (bandwidth, latency)) in zip((70, 520), LINKS.items()):
        bottom, height = plot.BOTTOM, plot.BOTTOM - plot.TOP

        def x_at(n):
            return left + plot.PANEL * (n.bit_length() - 1) / 9

        def y_at(share):
            return bottom - height * share

        out.append(plot.text(left + plot.PANEL / 2, plot.TOP - 18, link, size=15, extra=' font-weight="bold"'))
        for percent in (0, 25, 50, 75, 100):
            y = y_at(percent / 100)
            out += [plot.segment(left, y, left + plot.PANEL, y, plot.FAINT), plot.text(left - 8, y + 4, f"{percent} %", "end")]
        for n in NODES:
            out.append(plot.text(x_at(n), bottom + 20, str(n)))
        out.append(plot.text(left + plot.PANEL / 2, bottom + 42, "nodes"))
        for colour, (name, (parameters, rate, batch)) in zip(COLOURS, NETWORKS.items()):
            for scale, dash in ((1, ""), (8, ' stroke-dasharray="6 4"')):
                found = [
                    (x_at(n), y_at(efficiency(n, scale * batch, rate, parameters, 4, bandwidth, latency)))
                    for n in NODES
                    if n <= scale * batch
                ]
                line = " ".join(f"{x:.1f},{y:.1f}" for x, y in found)
                out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
    for i, (colour, (name, (_, _, batch))) in enumerate(zip(COLOURS, NETWORKS.items())):
        x = 90 + 280 * i
        out += [plot.segment(x, 378, x + 26, 378, colour, 2), plot.text(x + 34, 382, f"{name}, batch {batch}; dashed: {8 * batch}", "start")]
    body = "\n".join(out)
    size = f'width="{plot.WIDTH}" height="{plot.HEIGHT}" viewBox="0 0 {plot.WIDTH} {plot.HEIGHT}"'
    with open(path, "w") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
        )


def check():
    base = (128, 1000.0, 1_000_000, 4, 1.25e9, 20e-6)
    assert step(1, *base) == 0.128
    assert efficiency(1, *base) == 1.0
    # By hand: 2 nodes, 64 ms, one message each way 2 x 20 us, 4 MB over 1.25 GB/s, 4 MB added at 5 GB/s.
    assert abs(step(2, *base) - (0.064 + 40e-6 + 4e6 / 1.25e9 + 4e6 / 5e9)) < 1e-12
    falls = [efficiency(n, *base) for n in NODES]
    assert all(a > b for a, b in zip(falls, falls[1:]))
    assert efficiency(8, *base, overlap=1.0) > efficiency(8, *base)
    found = fit([(n, m, 2 * (n - 1) * 5e-6 + m / 2e9) for n in (2, 3, 4) for m in (1e4, 1e6, 1e8)])
    assert abs(found[0] / 5e-6 - 1) < 1e-9 and abs(found[1] / 2e9 - 1) < 1e-9
    print("the model keeps its promises")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--measure", metavar="PROGRAM")
    parser.add_argument("--csv", default="results/cluster-exchanges.csv")
    parser.add_argument("--fit", metavar="CSV")
    parser.add_argument("--svg", metavar="FILE")
    args = parser.parse_args()
    if args.check:
        check()
    elif args.measure:
        measure(args.measure, args.csv)
    elif args.fit:
        with open(args.fit) as file:
            rows = [(int(r["ranks"]), float(r["bytes"]), float(r["seconds"])) for r in csv.DictReader(file)]
        for ranks in sorted({n for n, *_ in rows}):
            some = [row for row in rows if row[0] == ranks]
            latency, bandwidth = fit(some)
            off = max(abs((2 * (n - 1) * latency + sent / bandwidth) / seconds - 1) for n, sent, seconds in some)
            print(f"{ranks} ranks: latency {1e6 * latency:.0f} us, {bandwidth / 1e9:.2f} GB/s, at most {off:.0%} off")
    elif args.svg:
        draw(args.svg)
    else:
        print(table())


if __name__ == "__main__":
    main()
