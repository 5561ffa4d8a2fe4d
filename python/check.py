"""Do the wheel and the archive work where nothing else is? Installs both in fresh places, and runs the main job and a guide.

    python python/package.py && python python/check.py

The wheel is installed in a new virtual environment (NumPy and, for a figure of the guide, Matplotlib come from the package
index), the archive is unpacked in an empty folder; both train on the digits, and the module reads the run and denoises an
array. The files of `docs/guides/use-from-python.md` run as they stand there. Times are printed.
"""

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

JOB = """
import numpy as np
import timestep

run = timestep.train("digits/lm-resnet-20", epochs=3, name="first", set={"data.limit": 512}, quiet=True)
top1 = [name for name in run.history if name.endswith("top1")]
assert top1, list(run.history)
assert all(len(column) == 3 for column in run.history.values())
assert np.isfinite(run.history[top1[0]]).any()
assert run.weights["conv1.weight"].shape == (16, 1, 3, 3)
assert run.events and run.recipe
again = timestep.load(run.folder)
assert set(again.weights) == set(run.weights)

y, x = np.mgrid[0:48, 0:64]
clean = 0.5 + 0.3 * np.sin(x / 9.0) * np.cos(y / 7.0)
noisy = clean + np.random.default_rng(1).normal(0, 25 / 255, clean.shape)
for kind, scale in [(np.float32, 1), (np.float64, 1), (np.uint8, 255), (np.uint16, 65535)]:
    given = np.clip(noisy * scale, 0, scale) if scale > 1 else noisy
    found = timestep.denoise(given.astype(kind), sigma=25)
    assert found.shape == clean.shape and found.dtype == kind, (found.shape, found.dtype)
    error = np.sqrt(np.mean((found / scale - clean) ** 2))
    assert error < 0.4 * 25 / 255, (kind, error)
colours = timestep.denoise(np.clip(np.stack([noisy] * 3, 2), 0, 1).astype(np.float32), sigma=25)
assert colours.shape == (48, 64, 3)
try:
    timestep.train("digits/lm-resnet-2000")
except timestep.TimestepError as error:
    assert error.code == 2 and "lm-resnet-20" in str(error), error
else:
    raise AssertionError("a network that is not there was trained")
"""


def timed(what, arguments, folder):
    begin = time.time()
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{what}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    print(f"{what}: {time.time() - begin:.1f} s")
    return done.stdout


def guide(python, place):
    """Runs the files of the guide, in its order."""
    text = (ROOT / "docs/guides/use-from-python.md").read_text(encoding="utf-8")
    files = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL)
    assert files and len(files) == text.count("```python"), "a block is no file"
    place.mkdir()
    timed("guide: Matplotlib installed", [python, "-m", "pip", "install", "-q", "matplotlib"], place)
    for name, code in files:
        (place / name).write_text(code, encoding="utf-8")
        timed(f"guide: {name}", [python, name], place)
    assert (place / "errors.pdf").is_file()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    args = parser.parse_args()
    [wheel] = args.dist.resolve().glob("timestep-*.whl")
    [archive] = args.dist.resolve().glob("timestep-*.tar.gz")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        scripts = place / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        timed("wheel: installed", [scripts / "python", "-m", "pip", "install", "-q", wheel], place)
        print("wheel:", timed("wheel: first answer", [scripts / "timestep", "--version"], place).strip())
        (place / "job.py").write_text(JOB)
        timed("wheel: trained, read, denoised", [scripts / "python", "job.py"], place)
        guide(scripts / "python", place / "guide")
        with tarfile.open(archive) as tar:
            tar.extractall(place / "archive", filter="data")
        [top] = (place / "archive").iterdir()
        names = {str(p.relative_to(top)) for p in top.rglob("*")}
        for expected in ["man/timestep-train.1", "completions/_timestep", "LICENSE-MIT", "README.md"]:
            assert expected in names, expected
        job = [top / "timestep", "train", "--epochs", "1", "--set", "data.limit=512", "--name", "first"]
        timed("archive: trained and reported", job, place)
        assert (place / "runs/first/report.html").is_file()
    print("both work")


if __name__ == "__main__":
    main()
