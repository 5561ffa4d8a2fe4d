"""How do we talk to a contender? One process each, one JSON line a command, blocked on its input while others run."""

import json
import os
import pathlib
import queue
import shlex
import subprocess
import sys
import tempfile
import threading

BENCH = pathlib.Path(__file__).resolve().parent
ROOT = BENCH.parent
OURS = "target/release/examples/bench_worker"
MODES = ("eager", "channels_last", "compile", "bf16")
# Ours on another of our devices: a contender only if it is asked for.
DEVICES = {"ours-bf16": "cpu-bf16", "ours-int8": "cpu-int8"}

# A first compiled step of a network with hundreds of layers takes minutes.
PATIENCE_SECONDS = 3600
START_SECONDS = 180


class WorkerError(Exception):
    """A contender that cannot go on at all: missing, dead or silent. One sentence with a hint."""


class Refused(Exception):
    """A contender answered that it cannot do this command; the session goes on without it."""


class Worker:
    """A living contender. `key` is `ours` or a mode of PyTorch, `label` what tables call it."""

    def __init__(self, key, command, hint):
        self.key, self.hint, self.label = key, hint, key
        self.talk = tempfile.TemporaryFile("w+")  # what it says on standard error
        # Workers import their neighbours; leave no compiled files in the source folder.
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.talk, text=True, cwd=ROOT, env=environment
            )
        except OSError as error:
            raise WorkerError(f"cannot start {shlex.join(command)}: {error.strerror}; hint: {hint}") from None
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        hello = self._next(START_SECONDS)
        if not hello.get("ready"):
            self.close()
            raise WorkerError(f"{key}: the first line is not ready but {json.dumps(hello)[:200]}; hint: {hint}")
        self.label = " ".join(str(hello[field]) for field in ("name", "version") if hello.get(field)) or key

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def _last_words(self):
        self.talk.seek(0)
        lines = [line.strip() for line in self.talk.read().splitlines() if line.strip()]
        return lines[-1][:300] if lines else "it said nothing"

    def _next(self, seconds):
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self.close()
            raise WorkerError(f"{self.label} gave no answer in {seconds} s; hint: {self.hint}") from None
        if line is None:
            status, words = self.process.wait(), self._last_words()
            self.close()
            if "No module named 'torch'" in words:
                raise WorkerError(
                    f"PyTorch is not installed for {sys.executable}; "
                    "hint: pip install -r bench/requirements.txt in an environment of its own, or add --ours-only"
                )
            killed = " (killed: out of memory?)" if status == -9 else ""
            raise WorkerError(f"{self.label} died with status {status}{killed}: {words}; hint: {self.hint}")
        try:
            return json.loads(line)
        except ValueError:
            self.close()
            raise WorkerError(f"{self.label} answered with something else than JSON: {line.strip()[:200]}") from None

    def ask(self, command, patience=PATIENCE_SECONDS):
        """The answer to one command; `Refused` when it is an error, `WorkerError` when there is none."""
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError):
            pass  # it died: the missing answer says so, with its last words
        answer = self._next(patience)
        if "error" in answer:
            raise Refused(f"{self.label}: {answer['error']}")
        return answer

    def close(self):
        """Ends it, politely first."""
        if self.process.poll() is None:
            try:
                self.process.stdin.write('{"cmd":"quit"}\n')
                self.process.stdin.close()
                self.process.wait(timeout=5)
            except (OSError, ValueError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()


def start(key, threads, ours=OURS, devices=("cpu", "cpu")):
    """Starts the contender called `key` on our device, or on PyTorch's."""
    own = key == "ours" or key in DEVICES
    if own:
        command = shlex.split(ours)
        hint = "cargo build --release --workspace --examples"
        if not (ROOT / command[0]).exists():
            raise WorkerError(f"{command[0]} does not exist; hint: {hint}")
        command[0] = str(ROOT / command[0])
    else:
        command = [sys.executable, str(BENCH / "torch_worker.py"), "--mode", key]
        hint = f"run {shlex.join(command)} and see what it says"
    device = DEVICES.get(key) or devices[not own]
    worker = Worker(key, [*command, "--threads", str(threads), "--device", device], hint)
    if key in DEVICES:
        worker.label += f" --device {device}"
    return worker


class Session:
    """All contenders alive together, so that they meet the same machine; close with `with`."""

    def __init__(self, keys, threads, ours=OURS, devices=("cpu", "cpu")):
        self.workers = []
        try:
            for key in keys:
                self.workers.append(start(key, threads, ours, devices))
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.close()

    def ours(self):
        return next((worker for worker in self.workers if worker.key == "ours"), None)

    def forget(self):
        """Lets every contender drop its networks: memory of one table is not for the next."""
        for worker in self.workers:
            try:
                worker.ask({"cmd": "forget"})
            except Refused:
                pass  # it keeps none

    def peak(self):
        """Measured f32 FMA peak in GFLOP/s, or None where ours cannot measure it."""
        ours = self.ours()
        try:
            return ours.ask({"cmd": "peak"})["gflops"] if ours else None
        except Refused:
            return None
