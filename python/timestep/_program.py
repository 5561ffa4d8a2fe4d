"""Where is the program, and how is it started?"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path


class TimestepError(RuntimeError):
    """The program refused or failed; the text is what it said, `code` its exit code."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def program():
    """The path of the program: `TIMESTEP` if it is set, the one beside this module, or the first in the path."""
    named = os.environ.get("TIMESTEP")
    if named:
        return named
    name = "timestep.exe" if sys.platform == "win32" else "timestep"
    places = [Path(sysconfig.get_path("scripts")), Path(sys.executable).parent]
    user = sysconfig.get_path("scripts", f"{os.name}_user")
    for place in [*places, Path(user)]:
        if (place / name).is_file():
            return str(place / name)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError("the program `timestep` is not installed; TIMESTEP can name it")
    return found


def call(arguments, folder=None, show=False):
    """What the program writes to standard output; its progress is shown if `show` says so."""
    done = subprocess.run(
        [program(), *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=None if show else subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    if done.returncode != 0:
        text = (done.stderr or "").strip() or f"timestep ended with {done.returncode}"
        raise TimestepError(text, done.returncode)
    return done.stdout
