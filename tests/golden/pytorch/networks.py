"""Does PyTorch, given our weights, get our logits and gradients?

Builds LM-ResNet-20 and pre-activation ResNet-20 from their published descriptions, independently of
the Rust code, loads the safetensors that the Rust test writes, and stores what PyTorch computes.

    pip install torch safetensors numpy            # outside the repository
    TIMESTEP_GOLDEN=target/golden cargo test --release --workspace --test golden
    python tests/golden/pytorch/networks.py target/golden tests/golden/pytorch

Afterwards `cargo test --release --workspace --test golden` compares, without PyTorch.
"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


class Block(nn.Module):
    """Pre-activation basic block: BN-ReLU-conv3x3-BN-ReLU-conv3x3 (He et al. 2016)."""

    def __init__(self, cin, cout, stride, projection):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(cin)
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.stride, self.cout = stride, cout
        if projection and (stride != 1 or cin != cout):
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(cin), nn.ReLU(), nn.Conv2d(cin, cout, 1, stride, bias=False)
            )

    def forward(self, x):
        y = self.conv1(F.relu(self.bn1(x)))
        return self.conv2(F.relu(self.bn2(y)))

    def shortcut(self, x):
        if hasattr(self, "downsample"):
            return self.downsample(x)
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.cout - x.shape[1]))


class ResNet(nn.Module):
    """Three segments of n steps; with `lm`, u+ = (1-k) u + k u_prev + f(u) after each restart."""

    def __init__(self, n=3, classes=10, lm=False):
        super().__init__()
        self.lm = lm
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        width = 16
        for s, out in enumerate([16, 32, 64]):
            blocks = []
            for i in range(n):
                block = Block(width, out, 2 if s > 0 and i == 0 else 1, projection=lm)
                if lm and i > 0:
                    block.memory_k = nn.Parameter(torch.zeros(1))
                blocks.append(block)
                width = out
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.bn = nn.BatchNorm2d(64)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        u = self.conv1(x)
        for s in range(3):
            for i, block in enumerate(getattr(self, f"layer{s + 1}")):
                if i == 0:
                    carried = block.shortcut(u)
                    u, past = carried + block(u), carried
                elif self.lm:
                    k = block.memory_k
                    u, past = (1 - k) * u + k * past + block(u), u
                else:
                    u = u + block(u)
        u = F.relu(self.bn(u))
        return self.fc(u.mean(dim=(2, 3)))


def main(source, target):
    torch.manual_seed(0)
    torch.use_deterministic_algorithms(True)
    batch = load_file(f"{source}/batch.safetensors")
    labels = batch["labels"].long()
    for name, lm in [("lm-resnet-20", True), ("preresnet-20", False)]:
        net = ResNet(lm=lm)
        missing = net.load_state_dict(load_file(f"{source}/{name}.safetensors"))
        print(name, missing, sum(p.numel() for p in net.parameters()), "parameters")
        out = {}
        images = batch["images"]
        # In f64: where an activation is within rounding of zero, f32 gradients of two correct programs
        # differ by up to a percent. How far PyTorch's own f32 gradients are off is printed.
        single = {}
        F.cross_entropy(net.train()(images), labels, label_smoothing=0.1).backward()
        for key, p in net.named_parameters():
            single[key] = p.grad.double()
        net = ResNet(lm=lm)
        net.load_state_dict(load_file(f"{source}/{name}.safetensors"))
        net = net.double()
        images = images.double()
        net.eval()
        with torch.no_grad():
            out["logits_eval"] = net(images)
        net.train()
        logits = net(images)
        out["logits_train"] = logits.detach()
        loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
        loss.backward()
        out["loss"] = loss.detach().reshape(1)
        for key, p in net.named_parameters():
            grad = p.grad.reshape(-1)
            out[f"norm.{key}"] = grad.norm().reshape(1)
            out[f"grad.{key}"] = grad[:128].clone()
        off = max(((single[k] - p.grad).abs().max() / p.grad.abs().max()).item() for k, p in net.named_parameters())
        print(f"  PyTorch's gradients in f32 against f64: largest relative difference {off:.1e}")
        for key, b in net.named_buffers():
            if "running" in key:
                out[f"buffer.{key}"] = b.clone()
        save_file(out, f"{target}/{name}.safetensors")
    print("torch", torch.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
