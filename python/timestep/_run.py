"""What did a run measure, and which numbers did it find?"""

import csv
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ._program import call

DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I64": "<i8"}


def read_weights(path):
    """The arrays of a safetensors file by name."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + length])
    arrays = {}
    for name, entry in table.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            raw = data[8 + length + first : 8 + length + last]
            arrays[name] = np.frombuffer(raw, DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


@dataclass
class Run:
    """A run: its folder, and what is in it."""

    folder: Path
    #: The columns of `metrics.csv`: one number for each epoch, NaN where nothing was measured.
    history: dict = field(repr=False)
    #: All settings.
    recipe: dict = field(repr=False)

    @property
    def weights(self):
        """The best weights by name."""
        return read_weights(self.folder / "weights" / "best.safetensors")

    @property
    def last_weights(self):
        """The weights of the last epoch by name."""
        return read_weights(self.folder / "weights" / "last.safetensors")

    @property
    def events(self):
        """Everything that was logged, in order."""
        lines = (self.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line]


def load(folder):
    """The run in a folder."""
    folder = Path(folder)
    with open(folder / "metrics.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
        names = rows[0].keys() if rows else []
    history = {name: np.array([number(row[name]) for row in rows]) for name in names}
    with open(folder / "recipe.toml", "rb") as file:
        recipe = tomllib.load(file)
    return Run(folder, history, recipe)


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return float("nan")


def train(recipe=None, *, folder=None, show=False, **settings):
    """Trains, and returns the run.

    `recipe` is what `timestep train` takes: `digits/lm-resnet-20`, a recipe file. `settings` are its options with `_` for `-`
    (`epochs=3, data_dir="pets"`); `set` is a dictionary of settings by their full names. `folder` is where the program
    starts, and where `runs/` is made.
    """
    arguments = ["train", *([] if recipe is None else [recipe])]
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if name == "set":
            arguments += [part for key, v in value.items() for part in (flag, f"{key}={v}")]
        elif value is True:
            arguments.append(flag)
        elif value is not None and value is not False:
            arguments += [flag, value]
    lines = call([*arguments, "--json"], folder, show).splitlines()
    events = [json.loads(line) for line in lines]
    paths = [event["path"] for event in events if event.get("event") == "checkpoint"]
    if not paths:
        raise ValueError("the program trained nothing: ask it for one run, not for a plan")
    # RUN/weights/last.safetensors
    return load(Path(folder or ".") / Path(paths[-1]).parent.parent)
