"""Makes the tables of results/ again, each by the command that it was made with, and refuses rows of strange commits.

    python bench/all.py --list
    python bench/all.py performance memory --env ../bench-env/bin/python
    python bench/all.py --check

A table is measured into a folder of its own and takes the place of the old one when all of it is there. Only a commit
without changes is measured: every row carries its commit, and a number nobody can build again is worth nothing.
"""

import argparse
import csv
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from report import commit, say  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = "target/data"
PHOTOS = f"{DATA}/imagenet-sample50"
BSD68 = f"{DATA}/bsd68/BSD68"
BUILD = ["cargo", "build", "--release", "--workspace", "--examples"]

# Name: the file it makes (None where it goes to standard output), its command, what it needs besides this repository, and about how long it takes
# on two cores. `{py}` is the Python of --env, `{csv}` the file.
TABLES = {
    "performance": ("performance.csv", [["{py}", "bench/compare.py", kind, "--csv", "{csv}"] for kind in ("train", "infer")], "torch", "40 min"),
    "memory": ("memory.csv", [["{py}", "bench/compare.py", "memory", "--modes", "eager,channels_last,compile,bf16,ours-bf16", "--csv", "{csv}"]], "torch", "5 min"),
    "int8": ("int8.csv", [
        ["{py}", "bench/compare.py", "infer", "--nets", "resnet-50", "--batch", "1", "--rounds", "7", "--seconds", "2", "--modes", "eager,channels_last,ours-int8", "--csv", "{csv}"],
        ["{py}", "bench/compare.py", "infer", "--nets", "resnet-50,resnext-29-8x64d", "--batch", "16", "--rounds", "5", "--seconds", "2.5", "--modes", "channels_last,ours-int8", "--csv", "{csv}"],
    ], "torch", "5 min"),
    "kernels": ("kernels.csv", [["{py}", "bench/compare.py", "kernels", "--csv", "{csv}"]], "torch", "30 min"),
    "roofline": ("roofline.csv", [["cargo", "run", "--release", "--quiet", "--example", "roofline", "--", "21", "--csv"]], "", "1 min"),
    "frontier": ("frontier.csv", [["{py}", "bench/frontier.py", "--data", f"{DATA}/cifar10-jpeg", "--csv", "{csv}"]], "torch, pillow, cifar10-jpeg", "45 min"),
    "full-data": ("full-data.csv", [["results/full-data.sh", "{runs}", f"{DATA}/cifar10-jpeg"]], "cifar10-jpeg", "75 min"),
    "scaling": ("scaling.csv", [["{py}", "bench/compare.py", "scaling", "--csv", "{csv}"]], "", "5 min"),
    "denoising-runtime": ("denoising-runtime.csv", [["{py}", "bench/denoising.py", "--csv", "{csv}"]], "torch, bm3d, bsd-train400", "40 min"),
    "denoising": ("denoising.csv", [["{py}", "bench/quality.py", "--folder", BSD68, "--csv", "{csv}"]], "bsd68", "30 min"),
    "photographs": ("photographs.csv", [["{py}", "bench/photographs.py", "--pictures", PHOTOS, "--count", "25", "--csv", "{csv}"]],
                    "numpy, opencv, imagenet-sample50", "20 min"),
    "compression": ("compression.csv", [["{py}", "bench/compression.py", "--grey", BSD68, "--colour", PHOTOS, "--csv", "{csv}"]],
                    "numpy, opencv, bsd68, imagenet-sample50", "5 min"),
    "noise-level": ("noise-level.csv", [["cargo", "run", "--release", "--quiet", "--example", "noise_level", "--", BSD68, "--csv"]], "bsd68", "3 min"),
    "optimisers": ("optimisers.csv", [["results/optimisers.sh", "{runs}"]], "", "60 min"),
    "continuous-limit": ("continuous-limit.csv", [["results/continuous-limit.sh", "{runs}"]], "", "20 min"),
}  # fmt: skip


def ancestor(name):
    """Did this commit lead to the one that is checked out?"""
    tested = subprocess.run(["git", "merge-base", "--is-ancestor", name, "HEAD"], cwd=ROOT, capture_output=True)
    return tested.returncode == 0


def strangers(path):
    """Rows of a table whose commit did not lead here, or was changed when they were measured."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    named = {row["commit"] for row in rows if row.get("commit")}
    changed = sorted(name for name in named if name.endswith("-dirty"))
    strange = sorted(name for name in named if not name.endswith("-dirty") and not ancestor(name))
    return len(rows), bool(named), changed, strange


def check(folder):
    """Says of every table whether its rows may stand; the exit status."""
    wrong = 0
    for path in sorted(folder.glob("*.csv")):
        count, named, changed, strange = strangers(path)
        words = f"{count} rows"
        if not named:
            words += ", no column of commits: its script makes the whole table anew"
        if changed:
            words += f", measured on changed files: {', '.join(changed)}"
        if strange:
            words += f", NOT of this history: {', '.join(strange)}"
            wrong += 1
        print(f"{path.name}: {words}")
    return 1 if wrong else 0


def measure(name, options, work):
    """One table, into `work` and from there to its place."""
    file, commands, _, _ = TABLES[name]
    made = work / file
    filled = {"py": options.env, "csv": str(made), "runs": str(work / "runs")}
    for line in commands:
        line = [part.format(**filled) for part in line]
        say(f"== {name}: {' '.join(line)}")
        own = str(made) in line
        done = subprocess.run(line, cwd=ROOT, check=False, stdout=None if own else subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"error: {name} ended with status {done.returncode}; {options.results / file} is as it was")
        if not own:
            made.write_text(done.stdout)
    if not made.exists() or len(made.read_text().splitlines()) < 2:
        sys.exit(f"error: {name} left no rows; {options.results / file} is as it was")
    shutil.copyfile(made, options.results / file)
    drawing = made.with_suffix(".svg")
    if drawing.exists():
        shutil.copyfile(drawing, options.results / drawing.name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", help="which (default: all)")
    parser.add_argument("--list", action="store_true", help="name the tables, what they need and how long they take")
    parser.add_argument("--check", action="store_true", help="only look whether every row's commit led to this one")
    parser.add_argument("--env", default=sys.executable, help="the Python that has PyTorch and the other rivals (default: this one)")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "results", help="where the tables lie (default: results)")
    options = parser.parse_args()
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown:
        parser.error(f"no table {unknown[0]}; hint: {', '.join(TABLES)}")
    if options.list:
        for name, (file, _, needs, time) in TABLES.items():
            print(f"{name:18} {file:24} {time:>7}  {needs}")
        return 0
    if options.check:
        return check(options.results)
    if commit().endswith("-dirty") or commit() == "unknown":
        sys.exit("error: files differ from the commit; hint: commit first, a number must be one that can be measured again")
    subprocess.run(BUILD, cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as work:
        for name in options.tables or TABLES:
            measure(name, options, pathlib.Path(work))
    return check(options.results)


if __name__ == "__main__":
    sys.exit(main())
