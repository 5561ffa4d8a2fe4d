"""What does the scaling look like? A standalone SVG with two panels, written by hand: no plotting library needed."""

import math

WIDTH, HEIGHT = 920, 400
PANEL, TOP, BOTTOM = 370, 60, 310
INK, FAINT, BLUE, ORANGE = "#222222", "#dddddd", "#0b5fa5", "#c2570c"


def text(x, y, words, anchor="middle", size=13, extra=""):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}"{extra}>{words}</text>'


def segment(x1, y1, x2, y2, color, width=1, extra=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"{extra}/>'


def ticks(top):
    """Round steps from zero to a little over `top`."""
    raw = top / 5
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * m for m in (1, 2, 2.5, 5, 10) if power * m >= raw)
    return [i * step for i in range(math.ceil(top / step) + 1)]


def panel(left, title, x_label, x_ticks, x_at, points, color, join):
    """Axes from zero, points with a bar from min to max over rounds; gives the lines and the place of y."""
    marks = ticks(1.08 * max(high for *_, high in points))
    scale = (BOTTOM - TOP) / marks[-1]

    def y_at(value):
        return BOTTOM - value * scale

    out = [text(left + PANEL / 2, TOP - 18, title, size=15, extra=' font-weight="bold"')]
    for mark in marks:
        out.append(segment(left, y_at(mark), left + PANEL, y_at(mark), FAINT))
        out.append(text(left - 8, y_at(mark) + 4, f"{mark:.10g}", "end"))
    for tick in x_ticks:
        out.append(segment(x_at(tick), BOTTOM, x_at(tick), BOTTOM + 5, INK))
        out.append(text(x_at(tick), BOTTOM + 20, str(tick)))
    out.append(segment(left, BOTTOM, left + PANEL, BOTTOM, INK))
    out.append(segment(left, TOP, left, BOTTOM, INK))
    out.append(text(left + PANEL / 2, BOTTOM + 42, x_label))
    middle = (TOP + BOTTOM) / 2
    out.append(text(left - 50, middle, "training time per image (ms)", extra=f' transform="rotate(-90 {left - 50} {middle})"'))
    if join:
        path = " ".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y, *_ in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
    for x, y, low, high in points:
        out.append(segment(x_at(x), y_at(low), x_at(x), y_at(high), color, 2))
        out.append(f'<circle cx="{x_at(x):.1f}" cy="{y_at(y):.1f}" r="4.5" fill="{color}"/>')
    return out, y_at


def scaling(batch, depth, line, small, deep_batch, caption):
    """The plot: `batch` and `depth` are lists of (x, median, min, max); `line` (intercept, slope, R^2) or None."""
    left, right = 75, 535
    low, high = math.log2(batch[0][0]), math.log2(batch[-1][0])

    def at_batch(x):
        return left + PANEL * (0.06 + 0.88 * (math.log2(x) - low) / max(high - low, 1e-9))

    def at_depth(x):
        return right + PANEL * x / (1.08 * depth[-1][0])

    first, _ = panel(left, f"{small} over batch", "batch (images, logarithmic)", [p[0] for p in batch], at_batch, batch, BLUE, True)
    title = f"lm-resnet-D over depth, batch {deep_batch}"
    second, y_at = panel(right, title, "depth D (layers)", [p[0] for p in depth], at_depth, depth, ORANGE, False)
    if line:
        intercept, slope, r2 = line
        ends = [0 if intercept >= 0 else -intercept / slope, 1.05 * depth[-1][0]]
        ys = [y_at(intercept + slope * x) for x in ends]
        second.append(segment(at_depth(ends[0]), ys[0], at_depth(ends[1]), ys[1], INK, 1.2, ' stroke-dasharray="5 4"'))
        sign = "+" if intercept >= 0 else "-"
        second.append(text(right + 14, TOP + 18, f"{slope:.4g} D {sign} {abs(intercept):.3g} ms, R² = {r2:.4f}", "start"))
    body = "\n".join([*first, *second, text(WIDTH / 2, HEIGHT - 14, caption, size=11)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label="Training time per image over batch and over depth">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def frontier(curves):
    """Accuracy over seconds: `curves` maps (label, number of a run) to points (seconds, share); a label has one colour, named at the right."""
    colours = [BLUE, ORANGE, "#2a7f3b", "#7a3fa0", "#8a6d00", "#555555"]
    left, right, top, bottom = 70, 560, 50, 340
    end = max(points[-1][0] for points in curves.values())
    low = math.floor(10 * min(share for points in curves.values() for _, share in points)) / 10
    marks = ticks(end)

    def at(seconds, share):
        return left + (right - left) * seconds / marks[-1], bottom - (bottom - top) * (share - low) / (1 - low)

    out = [text((left + right) / 2, top - 20, "Accuracy over time of training", size=15, extra=' font-weight="bold"')]
    share = low
    while share < 1.0001:
        _, y = at(0, share)
        out += [segment(left, y, right, y, FAINT), text(left - 8, y + 4, f"{100 * share:.0f} %", "end")]
        share += 0.05 if low >= 0.5 else 0.1
    for mark in marks:
        x, _ = at(mark, low)
        out += [segment(x, bottom, x, bottom + 5, INK), text(x, bottom + 20, f"{mark:.10g}")]
    out += [segment(left, bottom, right, bottom, INK), segment(left, top, left, bottom, INK)]
    out.append(text((left + right) / 2, bottom + 42, "seconds of training and measuring"))
    labels = list(dict.fromkeys(label for label, _ in curves))
    for (label, _), points in curves.items():
        colour = colours[labels.index(label) % len(colours)]
        path = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in (at(*point) for point in points)]
    for n, label in enumerate(labels):
        y = top + 22 * n + 10
        out += [segment(right + 20, y - 4, right + 44, y - 4, colours[n % len(colours)], 2), text(right + 50, y, label, "start", 12)]
    body = "\n".join(out)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="system-ui, sans-serif" role="img" aria-label="Share of test images told right over seconds of training">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )
