"""How fast do other programs denoise? A process that stays alive and answers one line a command.

    OMP_NUM_THREADS=2 python bench/denoise_worker.py --contender bm3d --threads 2

It prints `{"ready": true, "name": ..., "version": ...}`, then reads one JSON command a line and answers each with one JSON line:

    {"cmd":"restore","method":"bm3d","model":FILE,"side":512,"sigma":25,"noisy":FILE,"clean":FILE,"repeats":3,"warm":1}

-> seconds of each run, PSNR of the last, processor seconds over seconds; `"result": FILE` writes it. Files are raw little-endian
`f32`, rows of `side` pixels in 0..255. Conversion of the picture to what a contender takes is not timed.
"""

import argparse
import json
import os
import sys
import time

import numpy as np

CONTENDERS = ("torch", "torch-channels-last", "torch-compile", "bm3d", "opencv")


def read(path, side):
    return np.fromfile(path, dtype="<f4").reshape(side, side)


class Torch:
    """Our class `torch_trd.Trd`, in one layout."""

    def __init__(self, contender, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.models, self.contender = torch, {}, contender
        self.name, self.version = contender.replace("torch", "pytorch"), torch.__version__

    def prepare(self, noisy, command):
        import torch_trd

        path = command["model"]
        if path not in self.models:
            layout = self.contender == "torch-channels-last"
            self.models[path] = torch_trd.Trd(path, channels_last=layout, compiled=self.contender == "torch-compile")
        model, picture = self.models[path], self.torch.from_numpy(noisy.copy())
        return lambda: model(picture).numpy()


class Bm3d:
    """PyPI's `bm3d`, the authors' own binary, in its default (normal) profile."""

    def __init__(self, _, threads):
        import importlib.metadata

        import bm3d

        self.bm3d, self.threads = bm3d, threads
        self.name, self.version = "PyPI bm3d", importlib.metadata.version("bm3d")

    def prepare(self, noisy, command):
        picture, sigma = noisy / np.float32(255), command["sigma"] / 255
        profile = self.bm3d.BM3DProfile()
        profile.num_threads = self.threads
        return lambda: 255 * self.bm3d.bm3d(picture, sigma, profile)


class OpenCv:
    """Fast non-local means of 8-bit pictures: another and easier task, for information."""

    def __init__(self, _, threads):
        import cv2

        cv2.setNumThreads(threads)
        self.cv2 = cv2
        self.name, self.version = "OpenCV fastNlMeans", cv2.__version__

    def prepare(self, noisy, command):
        picture = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        return lambda: self.cv2.fastNlMeansDenoising(picture, None, command["sigma"])


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2))


def restore(contender, command):
    side = command["side"]
    run = contender.prepare(read(command["noisy"], side), command)
    for _ in range(command.get("warm", 1)):
        run()
    seconds, busy = [], time.process_time()
    for _ in range(max(1, command.get("repeats", 1))):
        began = time.perf_counter()
        restored = run()
        seconds.append(time.perf_counter() - began)
    busy = (time.process_time() - busy) / sum(seconds)
    if "result" in command:
        restored.astype("<f4").tofile(command["result"])
    return {"seconds": seconds, "psnr": psnr(restored, read(command["clean"], side)), "processors": busy}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contender", choices=CONTENDERS, required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    # Only answers may reach standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(line):
        print(json.dumps(line), file=answers, flush=True)

    kinds = {"bm3d": Bm3d, "opencv": OpenCv}
    contender = kinds.get(arguments.contender, Torch)(arguments.contender, arguments.threads)
    answer({"ready": True, "name": contender.name, "version": contender.version})
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            command = json.loads(line)
            if command["cmd"] == "quit":
                break
            if command["cmd"] != "restore":
                raise ValueError(f"unknown command {command['cmd']}")
            answer(restore(contender, command))
        except Exception as error:  # one bad command must not end a session
            text = " ".join(str(error).split())[:400]
            answer({"error": f"{type(error).__name__}: {text}"})


if __name__ == "__main__":
    main()
