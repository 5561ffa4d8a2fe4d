"""How fast does PyTorch do one piece of work? A process that stays alive and answers one line a command.

    python bench/torch_worker.py --mode eager --threads 2 [--device cuda]

It prints `{"ready": true, "name": ..., "version": ...}`, then reads one JSON command a line from standard
input and answers each with exactly one JSON line; `{"error": ...}` when a command cannot be done.

    {"cmd":"train","net":"lm-resnet-20","batch":128,"size":32,"steps":3}   full training steps -> seconds of all
    {"cmd":"infer", same fields}                                          evaluation mode, inference_mode
    {"cmd":"conv","n":128,"h":32,"w":32,"cin":16,"cout":16,"k":3,"stride":1,"groups":1,
     "pass":"forward"|"grad_input"|"grad_weight","repeat":5}              median seconds of one pass
    {"cmd":"memory","net":..,"batch":..,"size":..}                        two training steps -> peak and RSS before
    {"cmd":"forget"}                                                      drops every cached network
    {"cmd":"quit"}

`memory` means something only as the first command of a fresh process: a peak never comes down again.
Images and labels are random, made once from a fixed seed, and the same in every step.
"""

import argparse
import gc
import json
import math
import os
import resource
import statistics
import sys
import time

MODES = ("eager", "channels_last", "compile", "bf16")
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--mode", choices=MODES, required=True)
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
arguments = parser.parse_args()
# OpenMP reads it once, when torch is imported.
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

import networks  # noqa: E402

MODE, DEVICE = arguments.mode, arguments.device
# f32 means f32: convolutions of cuDNN round their factors to 11 bits otherwise.
torch.backends.cudnn.allow_tf32 = False
FORMAT = torch.channels_last if MODE == "channels_last" else torch.contiguous_format
SEED = 0


class Work:
    """One network with its optimiser and its batch."""

    def __init__(self, name, batch, size):
        torch.manual_seed(SEED)
        self.net = networks.build(name).to(DEVICE, memory_format=FORMAT)
        self.images = torch.randn(batch, 3, size, size).to(DEVICE).contiguous(memory_format=FORMAT)
        self.labels = torch.randint(self.net.fc.out_features, (batch,)).to(DEVICE)
        # Shapes never change: let the compiler use them.
        self.call = torch.compile(self.net, dynamic=False) if MODE == "compile" else self.net
        # The fused update is the faster one on a CPU too (since 2.4), and not the default.
        # A small rate: hundreds of steps on one batch of noise must stay finite in every network.
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4, fused=True)

    def logits(self):
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=MODE == "bf16"):
            return self.call(self.images)

    def train(self, steps):
        self.net.train()
        wait()
        start = time.perf_counter()
        for _ in range(steps):
            self.optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(self.logits().float(), self.labels)
            loss.backward()
            self.optimizer.step()
        wait()
        seconds = time.perf_counter() - start
        return seconds, loss.item()

    def infer(self, steps):
        self.net.eval()
        with torch.inference_mode():
            wait()
            start = time.perf_counter()
            for _ in range(steps):
                logits = self.logits()
            wait()
            seconds = time.perf_counter() - start
            return seconds, F.cross_entropy(logits.float(), self.labels).item()


def wait():
    """Until everything that was asked of the device is done."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


CACHE = {}


def work(command):
    key = (command["net"], command["batch"], command["size"])
    if key not in CACHE:
        CACHE[key] = Work(*key)
    return CACHE[key]


def timed(command, run):
    steps = command["steps"]
    if steps < 1:
        raise ValueError("steps must be at least 1")
    seconds, loss = run(steps)
    # JSON has no NaN.
    return {"seconds": seconds, "steps": steps, "loss": loss if math.isfinite(loss) else None}


def conv(command):
    """One pass of one convolution through the operation that autograd itself would call."""
    n, h, w, k, stride, groups = (command[key] for key in ("n", "h", "w", "k", "stride", "groups"))
    pad = (k - 1) // 2
    torch.manual_seed(SEED)
    kind = torch.bfloat16 if MODE == "bf16" else torch.float32

    def random(*shape):
        return torch.randn(*shape).to(kind).contiguous(memory_format=FORMAT)

    # Layouts are converted here, outside the timing; what oneDNN reorders inside a call is part of the call.
    x = random(n, command["cin"], h, w)
    weight = random(command["cout"], command["cin"] // groups, k, k)
    out = random(n, command["cout"], (h + 2 * pad - k) // stride + 1, (w + 2 * pad - k) // stride + 1)
    common = ([stride, stride], [pad, pad], [1, 1], False, [0, 0], groups)
    if command["pass"] == "forward":
        run = lambda: torch.ops.aten.convolution(x, weight, None, *common)  # noqa: E731
    else:
        mask = {"grad_input": [True, False, False], "grad_weight": [False, True, False]}[command["pass"]]
        run = lambda: torch.ops.aten.convolution_backward(out, x, weight, None, *common, mask)  # noqa: E731
    seconds = []
    with torch.inference_mode():
        run()  # makes the primitive and touches the memory
        for _ in range(command.get("repeat", 5)):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds)}


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def memory(command):
    before = resident_mib()
    work(command).train(2)
    # Kilobytes on Linux.
    return {"peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "before_mib": before}


def forget(_command):
    CACHE.clear()
    gc.collect()
    if MODE == "compile":
        torch._dynamo.reset()
    return {"forgotten": True}


COMMANDS = {
    "train": lambda command: timed(command, work(command).train),
    "infer": lambda command: timed(command, work(command).infer),
    "conv": conv,
    "memory": memory,
    "forget": forget,
}


def main():
    # Only answers may reach standard output: anything that compilers print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(line):
        print(json.dumps(line), file=answers, flush=True)

    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    if MODE == "compile":
        import torch._dynamo as dynamo

        # Training and evaluation of several networks share code; falling back to eager silently would be
        # measured as "compiled".
        dynamo.config.recompile_limit = 256
        dynamo.config.fail_on_recompile_limit_hit = True
    answer({"ready": True, "name": f"pytorch {MODE}", "version": torch.__version__})
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            command = json.loads(line)
            if command["cmd"] == "quit":
                break
            if command["cmd"] not in COMMANDS:
                raise ValueError(f"unknown command {command['cmd']}")
            answer(COMMANDS[command["cmd"]](command))
        except Exception as error:  # one bad command must not end a session of an hour
            text = " ".join(str(error).split())[:400]
            answer({"error": f"{type(error).__name__}: {text}"})


if __name__ == "__main__":
    main()
