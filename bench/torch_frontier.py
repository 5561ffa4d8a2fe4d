"""The same training in PyTorch: one JSON line per epoch, with the seconds so far and the share of test images that is right.

    python bench/torch_frontier.py --data DIR --recipe '{"epochs":10,...}' --seed 0 --mode channels_last

`recipe` is what `bench/frontier.py` reads out of the run of ours: network, batches, rate and its curve, weight decay, smoothed labels,
border, and flips that alternate. Images lie in memory as bytes and are varied a batch at a time by tensor operations; the clock
starts when they are decoded and a first step was taken, so that neither decoding nor compilation counts.
"""

import argparse
import json
import math
import os
import pathlib
import sys
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", type=pathlib.Path, required=True)
parser.add_argument("--recipe", type=json.loads, required=True)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--mode", choices=("eager", "channels_last", "compile", "compile_channels_last"), required=True)
parser.add_argument("--threads", type=int, required=True)
arguments = parser.parse_args()
# OpenMP reads it once, when torch is imported.
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

import numpy  # noqa: E402
import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from networks import conv, norm_relu  # noqa: E402
from PIL import Image  # noqa: E402

RECIPE = arguments.recipe
FORMAT = torch.channels_last if arguments.mode.endswith("channels_last") else torch.contiguous_format
torch.set_num_threads(arguments.threads)
torch.set_num_interop_threads(1)


class Step(nn.Module):
    """BN-ReLU-conv3x3-BN-ReLU-conv3x3; where the shape changes, a 1x1 convolution of the first BN-ReLU beside it."""

    def __init__(self, cin, width, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(cin), conv(cin, width, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3)
        self.shortcut = conv(cin, width, 1, stride) if stride != 1 or cin != width else None

    def forward(self, u):
        entry = norm_relu(self.bn1, u)
        slope = self.conv2(norm_relu(self.bn2, self.conv1(entry)))
        slope += u if self.shortcut is None else self.shortcut(entry)
        return slope


class FastWide(nn.Module):
    """`fast-wrn-D-k`: a stem of stride 2 and three segments of (D - 4) / 6 steps."""

    def __init__(self, name, classes):
        super().__init__()
        depth, factor = (int(part) for part in name.split("-")[-2:])
        widths = [16 * factor << s for s in range(3)]
        self.stem = conv(3, widths[0], 3, 2)
        steps, cin = [], widths[0]
        for s, width in enumerate(widths):
            for i in range((depth - 4) // 6):
                steps.append(Step(cin, width, 2 if s > 0 and i == 0 else 1))
                cin = width
        self.steps = nn.Sequential(*steps)
        self.bn, self.fc = nn.BatchNorm2d(cin), nn.Linear(cin, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, x):
        u = norm_relu(self.bn, self.steps(self.stem(x)))
        return self.fc(F.adaptive_avg_pool2d(u, 1).flatten(1))


def decoded(folder):
    """Bytes of all pictures of a folder of folders, and the number of the folder that each lies in."""
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    files = [(path, label) for label, one in enumerate(classes) for path in sorted(one.iterdir())]
    pixels = numpy.stack([numpy.asarray(Image.open(path).convert("RGB")) for path, _ in files])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.tensor([label for _, label in files]), len(classes)


class Training:
    def __init__(self):
        torch.manual_seed(arguments.seed)
        self.images, self.labels, classes = decoded(arguments.data / "train")
        self.tests, self.truth, _ = decoded(arguments.data / "test")
        unit = self.images.float().div_(255)
        self.mean = unit.mean((0, 2, 3)).view(1, 3, 1, 1)
        self.std = unit.std((0, 2, 3), unbiased=False).view(1, 3, 1, 1)
        del unit
        self.net = FastWide(RECIPE["network"], classes).to(memory_format=FORMAT)
        self.call = self.net
        if arguments.mode.startswith("compile"):
            # Falling back to eager silently would be measured as "compiled".
            torch._dynamo.config.fail_on_recompile_limit_hit = True
            self.call = torch.compile(self.net, dynamic=False)
        self.optimizer = torch.optim.SGD(
            self.net.parameters(), lr=RECIPE["lr"], momentum=RECIPE["momentum"], nesterov=RECIPE["nesterov"],
            weight_decay=RECIPE["weight_decay"], fused=True,
        )  # fmt: skip
        self.batch = RECIPE["batch"]
        self.per_epoch = math.ceil(len(self.images) / self.batch)
        self.total = self.per_epoch * RECIPE["epochs"]
        self.turned = torch.rand(len(self.images)) < 0.5
        self.step = 0

    def normal(self, pixels):
        return pixels.float().div_(255).sub_(self.mean).div_(self.std).contiguous(memory_format=FORMAT)

    def varied(self, which, epoch):
        """A batch: a border, a window of it, mirrored in every other epoch."""
        pad = RECIPE["pad"]
        pixels = F.pad(self.images[which].float(), (pad,) * 4, mode=RECIPE["pad_mode"])
        n, side = len(which), 2 * pad + 1
        rows = torch.randint(side, (n, 1)) + torch.arange(32)
        columns = torch.randint(side, (n, 1)) + torch.arange(32)
        turned = self.turned[which] ^ (epoch % 2 == 1)
        columns = torch.where(turned[:, None], columns.flip(1), columns)
        cut = pixels[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]
        return self.normal(cut.permute(0, 3, 1, 2))

    def rate(self):
        """Up in a line, down along half a cosine."""
        peak = round(RECIPE["peak_at"] * self.total)
        if self.step < peak:
            return RECIPE["lr"] * (0.1 + 0.9 * self.step / peak)
        return RECIPE["lr"] * 0.5 * (1 + math.cos(math.pi * (self.step - peak) / (self.total - peak)))

    def take(self, images, labels):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.call(images), labels, label_smoothing=RECIPE["label_smoothing"])
        loss.backward()
        self.optimizer.step()

    def warm(self):
        """Every shape once, and then everything as it was."""
        state = {name: value.clone() for name, value in self.net.state_dict().items()}
        self.net.train()
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        sizes = {self.batch, len(self.images) % self.batch or self.batch}
        for n in sizes:
            self.take(self.varied(torch.arange(n), 0), self.labels[:n])
        self.right()
        self.net.load_state_dict(state)
        self.optimizer.state.clear()

    def epoch(self, number):
        self.net.train()
        for which in torch.randperm(len(self.images)).split(self.batch):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate()
            self.take(self.varied(which, number), self.labels[which])
            self.step += 1

    def right(self):
        self.net.eval()
        with torch.inference_mode():
            batches = zip(self.tests.split(500), self.truth.split(500))
            hits = sum((self.call(self.normal(pixels)).argmax(1) == labels).sum().item() for pixels, labels in batches)
        return hits / len(self.truth)


def main():
    training = Training()
    training.warm()
    parameters = sum(p.numel() for p in training.net.parameters())
    print(json.dumps({"version": torch.__version__, "parameters": parameters}), flush=True)
    start = time.perf_counter()
    for number in range(RECIPE["epochs"]):
        training.epoch(number)
        top1 = training.right()
        print(json.dumps({"epoch": number + 1, "seconds": time.perf_counter() - start, "top1": top1}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
