"""Is our time a straight line in depth, and what does an image cost at each batch? Table, CSV and a plot."""

import plot
from report import append_csv, command, median, number, provenance, say, spread, table
from throughput import warm_up

BATCHES = (32, 64, 128, 256, 512)
DEPTHS = (20, 32, 44, 56, 110)
SMALL, DEEP_BATCH = "lm-resnet-20", 128


def least_squares(xs, ys):
    """Intercept, slope and R^2 of the straight line through the points."""
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)
    intercept = my - slope * mx
    rest = sum((y - intercept - slope * x) ** 2 for x, y in zip(xs, ys))
    total = sum((y - my) ** 2 for y in ys)
    return intercept, slope, 1 - rest / total if total else 1.0


def measure(session, jobs, options):
    """Milliseconds per training image of every job in every round; rounds go over all jobs, so drift meets all."""
    ours, steps = session.ours(), {}
    for net, batch in jobs:
        say(f"  warming up {net}, batch {batch}")
        work = {"cmd": "train", "net": net, "batch": batch, "size": 32}
        count = warm_up(ours, work, options.seconds)
        if count:
            steps[net, batch] = {**work, "steps": count}
    found = {job: [] for job in steps}
    for r in range(options.rounds):
        for job, work in steps.items():
            answer = ours.ask(work)
            found[job].append(1e3 * answer["seconds"] / answer["steps"] / work["batch"])
            say(f"  round {r + 1}/{options.rounds} {job[0]}, batch {job[1]}: {found[job][-1]:.4f} ms per image")
    return found


def run(session, options, csv_path, svg_path):
    """Measures ours alone over batch and depth."""
    head, rows, csv_rows, points = provenance(options.threads), [], [], {}
    jobs = [(SMALL, batch, "batch", batch) for batch in BATCHES]
    jobs += [(f"lm-resnet-{depth}", DEEP_BATCH, "depth", depth) for depth in DEPTHS]
    # One job may stand on both axes.
    found = measure(session, dict.fromkeys((net, batch) for net, batch, *_ in jobs), options)
    for net, batch, axis, x in jobs:
        times = found.get((net, batch))
        if not times:
            continue
        points.setdefault(axis, []).append((x, median(times), min(times), max(times)))
        rows.append([axis, net, batch, number(median(times)), spread(times), number(1e3 / median(times))])
        csv_rows.append({
            **head, "axis": axis, "network": net, "batch": batch, "median_ms_per_image": median(times),
            "min": min(times), "max": max(times), "rounds": len(times), "command": command(),
        })  # fmt: skip
    print(f"## Training time per image, ours, {options.threads} threads, {options.rounds} rounds, {head['machine']}, {head['commit']}\n")
    table(["along", "network", "batch", "ms per image", "min to max", "images/s"], rows)
    depth = points.get("depth", [])
    line = None
    if len(depth) > 2:
        line = least_squares([p[0] for p in depth], [p[1] for p in depth])
        print(f"ms per image = {line[0]:.4f} + {line[1]:.5f} x depth, R^2 = {line[2]:.5f}\n")
    append_csv(csv_path, csv_rows)
    if svg_path and len(points) == 2:
        caption = f"{head['machine']}, {options.threads} threads, commit {head['commit']}, {head['date']}"
        with open(svg_path, "w") as file:
            file.write(plot.scaling(points["batch"], depth, line, SMALL, DEEP_BATCH, caption))
        say(f"plot to {svg_path}")
