"""Makes the Python wheel and the release archive of a program that is built.

    cargo build --release
    python python/package.py            # writes dist/timestep-VERSION-….whl and dist/timestep-VERSION-….tar.gz
    python python/check.py              # installs both in fresh places and runs them

It needs Python alone. The program is asked for everything that goes beside it: completions, help (as man pages), the names of
networks and recipes. Equal programs give equal files.
"""

import argparse
import base64
import gzip
import hashlib
import io
import platform
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
#: The date of everything: 1980-01-01, which is the first that a zip file can hold.
DATE = (1980, 1, 1, 0, 0, 0)
SECONDS = 315532800
SHELLS = {"bash": "timestep.bash", "zsh": "_timestep", "fish": "timestep.fish"}


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def glibc(program):
    """The newest version of glibc whose symbols a Linux program asks for, such as (2, 34)."""
    names = re.findall(rb"GLIBC_(\d+)\.(\d+)", program.read_bytes())
    return max((int(a), int(b)) for a, b in names)


def tag(program):
    """The platform of a wheel of this program."""
    machine = platform.machine().lower()
    if sys.platform == "linux":
        major, minor = glibc(program)
        return f"manylinux_{max((major, minor), (2, 17))[0]}_{max((major, minor), (2, 17))[1]}_{machine}"
    if sys.platform == "darwin":
        return f"macosx_11_0_{'arm64' if machine == 'arm64' else 'x86_64'}"
    return "win_amd64"


def triple():
    machine = platform.machine().lower()
    system = {"linux": "unknown-linux-gnu", "darwin": "apple-darwin"}.get(sys.platform, "pc-windows-msvc")
    return f"{machine}-{system}"


def wheel(program, out):
    name = f"timestep-{version()}"
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    metadata = "\n".join(
        [
            "Metadata-Version: 2.4",
            "Name: timestep",
            f"Version: {version()}",
            f"Summary: {project['description']}",
            f"License-Expression: {project['license']}",
            "License-File: LICENSE-APACHE",
            "License-File: LICENSE-MIT",
            f"Requires-Python: {project['requires-python']}",
            *[f"Requires-Dist: {need}" for need in project["dependencies"]],
            "Description-Content-Type: text/markdown",
            "",
            (HERE / "README.md").read_text(),
        ]
    )
    platform_tag = tag(program)
    about = f"Wheel-Version: 1.0\nGenerator: timestep\nRoot-Is-Purelib: false\nTag: py3-none-{platform_tag}\n"
    files = [(f"timestep/{p.name}", p.read_bytes(), 0o644) for p in sorted((HERE / "timestep").glob("*.py"))]
    files.append((f"{name}.data/scripts/{program.name}", program.read_bytes(), 0o755))
    info = f"{name}.dist-info"
    files += [(f"{info}/METADATA", metadata.encode(), 0o644), (f"{info}/WHEEL", about.encode(), 0o644)]
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"]:
        files.append((f"{info}/licenses/{licence}", (ROOT / licence).read_bytes(), 0o644))
    record = ""
    for path, data, _ in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(data)}\n"
    files.append((f"{info}/RECORD", (record + f"{info}/RECORD,,\n").encode(), 0o644))
    path = out / f"{name}-py3-none-{platform_tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file, data, mode in files:
            entry = zipfile.ZipInfo(file, DATE)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path


def ask(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def commands(program):
    """The commands of the program, from its help."""
    section = ask(program, "--help").split("Commands:")[1].split("Options:")[0]
    names = re.findall(r"^  ([a-z][a-z-]*)\s", section, re.MULTILINE)
    return [name for name in names if name != "help"]


def escape(text):
    lines = text.replace("\\", "\\\\").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def man(program, name, arguments):
    """A man page: the help as it is, under the headings that such pages have."""
    text = ask(program, *arguments, "--help")
    first, _, rest = text.partition("\n")
    title = name.upper()
    return (
        f'.TH {title} 1 "" "timestep {version()}"\n.SH NAME\n{escape(name)} \\- {escape(first)}\n'
        f".SH DESCRIPTION\n.nf\n{escape(rest.strip())}\n.fi\n"
    )


def archive(program, out):
    name = f"timestep-{version()}-{triple()}"
    files = [(program.name, program.read_bytes(), 0o755)]
    for file in ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"]:
        files.append((file, (ROOT / file).read_bytes(), 0o644))
    for shell, file in SHELLS.items():
        files.append((f"completions/{file}", ask(program, "completions", shell).encode(), 0o644))
    files.append(("man/timestep.1", man(program, "timestep", []).encode(), 0o644))
    for command in commands(program):
        page = man(program, f"timestep-{command}", [command]).encode()
        files.append((f"man/timestep-{command}.1", page, 0o644))
    path = out / f"{name}.tar.gz"
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file, data, mode in files:
            entry = tarfile.TarInfo(f"{name}/{file}")
            entry.size, entry.mode, entry.mtime = len(data), mode, SECONDS
            tar.addfile(entry, io.BytesIO(data))
    with open(path, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(raw.getvalue())
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    suffix = ".exe" if sys.platform == "win32" else ""
    parser.add_argument("--program", type=Path, default=ROOT / f"target/release/timestep{suffix}")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    program = args.program.resolve()
    for path in [wheel(program, args.out), archive(program, args.out)]:
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
