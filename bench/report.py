"""Where do measured numbers go? Markdown tables on standard output, rows appended to CSV files, talk on standard error."""

import csv
import datetime
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys

from workers import BENCH, ROOT

median = statistics.median
SHAPES = json.loads((BENCH / "shapes.json").read_text())


def say(text):
    print(text, file=sys.stderr, flush=True)


def number(value, digits=3):
    """Three significant digits, or a dash."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def times(value):
    return "-" if value is None else f"{value:.2f}x"


def percent(value):
    return "-" if value is None else f"{100 * value:.0f} %"


def spread(values, digits=3):
    return f"{number(min(values), digits)} to {number(max(values), digits)}" if values else "-"


def table(heads, rows):
    """A Markdown table, aligned so that it reads in a terminal too."""
    cells = [heads, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n".join(lines) + "\n", flush=True)


def machine():
    """CPU model, cores, and the widest vectors it has."""
    model, flags = "unknown CPU", ""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                model = value.strip()
            elif name.strip() in ("flags", "Features"):
                flags = value
    except OSError:
        pass
    vectors = next((label for flag, label in [("avx512f", " AVX-512"), ("avx2", " AVX2")] if flag in flags.split()), "")
    return f"{model}{vectors}, {os.cpu_count()} cores"


def commit():
    """Short commit, marked when files differ from it."""

    def git(*arguments):
        command = ["git", "--no-optional-locks", *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def provenance(threads):
    """The fields that every row of every CSV file starts with."""
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "threads": threads,
    }


def command():
    return shlex.join(["python", f"bench/{pathlib.Path(sys.argv[0]).name}", *sys.argv[1:]])


def rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def append_csv(path, rows):
    """Appends rows (dictionaries with the same keys); refuses a file with other columns."""
    if not path or not rows:
        return
    path = pathlib.Path(path)
    columns = list(rows[0])
    fresh = not path.exists() or path.stat().st_size == 0
    if not fresh:
        with path.open(newline="") as file:
            found = next(csv.reader(file))
        if found != columns:
            sys.exit(f"error: {path} has other columns ({','.join(found)}); hint: give --csv another file")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        if fresh:
            writer.writeheader()
        for row in rows:
            writer.writerow({name: rounded(value) for name, value in row.items()})
    say(f"{len(rows)} rows to {path}")
