"""Do independent PyTorch networks, given our weights, get our logits and gradients?

One network of every family, with fewer steps or channels than published. ResNet and ResNeXt are
torchvision's, SE-ResNet and Inception-ResNet-v2 are timm's; the others are built below from their
published descriptions, independently of the Rust code. Only the names of the layers are ours.

    pip install torch torchvision timm safetensors numpy         # outside the repository
    TIMESTEP_GOLDEN=target/golden cargo test --release --workspace --test golden_networks
    python tests/golden/pytorch/families.py target/golden tests/golden/pytorch/families [NAMES...]

Afterwards `cargo test --release --workspace --test golden_networks` compares, without PyTorch.

    python tests/golden/pytorch/families.py --full target/full NAMES...

computes logits of networks of full size; see tests/golden/README.md.

Everything is computed in f64: where an activation is within rounding of zero, f32 gradients of two
correct programs differ by up to a percent. How far PyTorch's own f32 is off is printed.
"""

import json
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ENTRIES = 16  # of each gradient that are stored


def conv(cin, cout, kernel, stride=1, groups=1, bias=False):
    """Convolution that keeps the size, up to its stride."""
    return nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=bias)


def subsample_and_append_zeros(x, channels, stride):
    """Option A of He et al. 2015: the shortcut without parameters."""
    x = x[:, :, ::stride, ::stride]
    return F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1]))


def segments(config):
    """(index, steps, width, stride of the first step, width of grouped or narrow inner channels)"""
    imagenet = config["stem"].startswith("imagenet")
    widths = config["widths"] or [config["width"] << s for s in range(len(config["steps"]))]
    inner = config["inner_width"]
    for s, (steps, width) in enumerate(zip(config["steps"], widths)):
        yield s + 1, steps, width, 2 if s > 0 else 1, inner << s if inner else width
    assert not imagenet or len(widths) == 4


class Base(nn.Module):
    """Stem, segments layer1, layer2, ... and head."""

    def pool_stem(self, x):
        return F.max_pool2d(x, 3, 2, 1) if self.imagenet else x

    def make_stem(self, config, width, normed):
        self.imagenet = config["stem"].startswith("imagenet")
        self.conv1 = conv(3, width, 7, 2) if self.imagenet else conv(3, width, 3)
        if normed:
            self.bn1 = nn.BatchNorm2d(width)

    def layers(self, config):
        return [getattr(self, f"layer{s + 1}") for s in range(len(config["steps"]))]

    def classify(self, x):
        return self.fc(x.mean(dim=(2, 3)))


# ---------------------------------------------------------------- post-activation (He et al. 2015)


class PostBasic(nn.Module):
    def __init__(self, cin, width, inner, stride, config):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.stride, self.cout = stride, width

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + subsample_and_append_zeros(x, self.cout, self.stride))


class PostBottleneck(nn.Module):
    """ResNet's (groups 1; stride on the first 1x1) and ResNeXt's (grouped 3x3, stride there)."""

    def __init__(self, cin, width, inner, stride, config):
        super().__init__()
        groups = config["groups"] or 1
        early = config["name"].endswith("-v1")
        cout = 4 * width
        self.conv1, self.bn1 = conv(cin, inner, 1, stride if early else 1), nn.BatchNorm2d(inner)
        self.conv2 = conv(inner, inner, 3, 1 if early else stride, groups)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = conv(inner, cout, 1), nn.BatchNorm2d(cout)
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(conv(cin, cout, 1, stride), nn.BatchNorm2d(cout))
        self.cout = cout

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class PostActivation(Base):
    def __init__(self, config, block):
        super().__init__()
        channels = config["stem_width"] or config["width"]
        self.make_stem(config, channels, normed=True)
        for s, steps, width, stride, inner in segments(config):
            blocks = []
            for i in range(steps):
                blocks.append(block(channels, width, inner, stride if i == 0 else 1, config))
                channels = blocks[-1].cout
            setattr(self, f"layer{s}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, config["classes"])
        self.sequence = self.layers(config)

    def forward(self, x):
        x = self.pool_stem(F.relu(self.bn1(self.conv1(x))))
        for layer in self.sequence:
            x = layer(x)
        return self.classify(x)


# ------------------------------- pre-activation (He et al. 2016, Zagoruyko and Komodakis 2016), and
# ------------------------------------------- the multistep and Runge-Kutta networks built on it


class PreBranch(nn.Module):
    """f(u): BN-ReLU-conv3x3 twice, or BN-ReLU-conv 1x1, 3x3, 1x1."""

    def __init__(self, cin, width, inner, stride, bottleneck, early_stride, groups, first_norm=True):
        super().__init__()
        if first_norm:
            self.bn1 = nn.BatchNorm2d(cin)
        if bottleneck:
            self.cout = 4 * width
            self.conv1 = conv(cin, inner, 1, stride if early_stride else 1)
            self.bn2 = nn.BatchNorm2d(inner)
            self.conv2 = conv(inner, inner, 3, 1 if early_stride else stride, groups)
            self.bn3 = nn.BatchNorm2d(inner)
            self.conv3 = conv(inner, self.cout, 1)
        else:
            self.cout = width
            self.conv1 = conv(cin, width, 3, stride)
            self.bn2 = nn.BatchNorm2d(width)
            self.conv2 = conv(width, width, 3)

    def activated(self, u):
        return F.relu(self.bn1(u)) if hasattr(self, "bn1") else u

    def rest(self, y):
        y = self.conv2(F.relu(self.bn2(self.conv1(y))))
        return self.conv3(F.relu(self.bn3(y))) if hasattr(self, "conv3") else y

    def f(self, u):
        return self.rest(self.activated(u))

    def add_evaluation(self):
        """A second evaluation with the same weights and running statistics of its own."""
        self.stage1 = nn.ModuleDict(
            {n: Statistics(m.num_features) for n, m in self.named_children() if n.startswith("bn")}
        )

    def second(self, u):
        """f(u) again: BN with the same scale and shift."""

        def norm(name, x):
            bn, own = getattr(self, name), self.stage1[name]
            mean, var = own.running_mean, own.running_var
            return F.batch_norm(x, mean, var, bn.weight, bn.bias, self.training, 0.1, bn.eps)

        y = self.conv1(F.relu(norm("bn1", u)))
        y = self.conv2(F.relu(norm("bn2", y)))
        return self.conv3(F.relu(norm("bn3", y))) if hasattr(self, "conv3") else y


class Statistics(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))


def projection(cin, cout, stride):
    """BN-ReLU-conv1x1 with a norm of its own, as in the LM-ResNet authors' code."""
    return nn.Sequential(nn.BatchNorm2d(cin), nn.ReLU(), conv(cin, cout, 1, stride))


class PreBlock(PreBranch):
    def __init__(self, cin, width, inner, stride, config, shortcut):
        bottleneck = config["block"] != "preact"
        early = config["name"].startswith("preresnet-164")
        super().__init__(cin, width, inner, stride, bottleneck, early, config["groups"] or 1)
        self.changes = stride != 1 or cin != self.cout
        self.stride, self.kind = stride, shortcut
        if self.changes and shortcut == "shared":
            self.downsample = nn.Sequential(conv(cin, self.cout, 1, stride))
        elif self.changes and shortcut == "own":
            self.downsample = projection(cin, self.cout, stride)

    def transition(self, u):
        """P(u) and f(u) where the shape changes."""
        y = self.activated(u)
        if self.kind == "shared":
            return self.downsample(y), self.rest(y)
        if self.kind == "own":
            return self.downsample(u), self.rest(y)
        return subsample_and_append_zeros(u, self.cout, self.stride), self.rest(y)


class PreActivation(Base):
    """Every step is given the earlier states, newest first; they restart at each transition."""

    def __init__(self, config, shortcut, step, coefficients=0, history=False):
        super().__init__()
        channels = config["stem_width"] or config["width"]
        normed = config["stem"].startswith("imagenet")
        self.make_stem(config, channels, normed)
        for s, steps, width, stride, inner in segments(config):
            blocks = []
            earlier = 0  # states that step i can reach back to
            for i in range(steps):
                block = PreBlock(channels, width, inner, stride if i == 0 else 1, config, shortcut)
                if block.changes and history and s > 1:
                    block.history = projection(channels, block.cout, stride)
                    block.memory_k = nn.Parameter(torch.zeros(1))
                if not block.changes:
                    for j in range(min(earlier, coefficients)):
                        name = "memory_k" if j == 0 else f"memory_k{j + 1}"
                        setattr(block, name, nn.Parameter(torch.zeros(1)))
                if not block.changes and step in (midpoint, poly2):
                    block.add_evaluation()
                earlier += 1
                channels = block.cout
                blocks.append(block)
            setattr(self, f"layer{s}", nn.ModuleList(blocks))
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, config["classes"])
        self.step = step
        self.sequence = self.layers(config)

    def forward(self, x):
        u = self.conv1(x)
        if self.imagenet:
            u = self.pool_stem(F.relu(self.bn1(u)))
        past = []
        for layer in self.sequence:
            for i, block in enumerate(layer):
                if block.changes:
                    carried, branch = block.transition(u)
                    if hasattr(block, "history"):
                        k = block.memory_k
                        u = (1 - k) * carried + k * block.history(past[0]) + branch
                    else:
                        u = carried + branch
                    past = [carried]
                else:
                    assert i > 0 or not past  # only the very first layer starts without a transition
                    u, past = self.step(block, u, past), [u] + past
        return self.classify(F.relu(self.bn(u)))


def euler(block, u, past):
    return u + block.f(u)


def coefficients_of(block):
    names = ["memory_k", "memory_k2", "memory_k3"]
    return [getattr(block, n) for n in names if hasattr(block, n)]


def multistep(block, u, past):
    """LM: (1-k) u + k u_prev + f(u), and the same with more earlier states (lm3, dense)."""
    ks = coefficients_of(block)
    out = (1 - sum(ks)) * u if ks else u
    for k, earlier in zip(ks, past):
        out = out + k * earlier
    return out + block.f(u)


def momentum(block, u, past):
    """Sander et al. 2021 as a multistep method: v+ = g v + (1-g) f(u), u+ = u + v+, with g = -k."""
    if not past:
        return u + block.f(u)
    gamma = -block.memory_k
    velocity = gamma * (u - past[0]) + (1 - gamma) * block.f(u)
    return u + velocity


def zerosnet(block, u, past):
    """ZeroSNet with lambda = -9/5; Euler until there are two earlier states."""
    if len(past) < 2:
        return u + block.f(u)
    lam = -9 / 5
    a0, a1, a2 = (3 * lam + 3) / (4 * lam), -1 / lam, (lam + 1) / (4 * lam)
    return a0 * u + a1 * past[0] + a2 * past[1] + (3 * lam - 1) / (2 * lam) * block.f(u)


def midpoint(block, u, past):
    return u + block.second(u + block.f(u) / 2)


def poly2(block, u, past):
    first = block.f(u)
    return u + first + block.second(first)


# ------------------------------------------------------------------ FractalNet (Larsson et al. 2017)


class FractalUnit(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv, self.bn = conv(cin, cout, 3, bias=True), nn.BatchNorm2d(cout)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class FractalBlock(nn.Module):
    """f_C: 2^(C-1) rows; column c has a convolution that ends every 2^c rows."""

    def __init__(self, cin, cout, columns):
        super().__init__()
        self.columns, self.rows = columns, 1 << (columns - 1)
        count = 0
        for row in range(1, self.rows + 1):
            for c in self.ending(row):
                first = row == 1 << c
                setattr(self, f"stage{count}", FractalUnit(cin if first else cout, cout))
                count += 1

    def ending(self, row):
        return [c for c in range(self.columns) if row % (1 << c) == 0]

    def forward(self, x):
        state = [x] * self.columns
        count = 0
        for row in range(1, self.rows + 1):
            made = []
            for c in self.ending(row):
                made.append(getattr(self, f"stage{count}")(state[c]))
                count += 1
            joined = torch.stack(made).mean(dim=0)
            for c in self.ending(row):
                state[c] = joined
        return joined


class FractalNet(Base):
    def __init__(self, config, columns):
        super().__init__()
        channels = 3
        for s, width in enumerate(config["widths"]):
            setattr(self, f"layer{s + 1}", nn.Sequential(FractalBlock(channels, width, columns)))
            channels = width
        self.fc = nn.Linear(channels, config["classes"])
        self.sequence = self.layers(config)

    def forward(self, x):
        for layer in self.sequence:
            x = F.max_pool2d(layer(x), 2)
        return self.classify(x)


# ----------------------------------------------------------------------- RevNet (Gomez et al. 2017)


class RevHalf(PreBranch):
    """F or G, and what carries its half of the channels past it."""

    def __init__(self, cin, width, stride, bottleneck, first_norm, carried_from, carry_stride):
        super().__init__(cin, width, width, stride, bottleneck, True, 1, first_norm)
        self.carry_stride = carry_stride
        self.changes = carry_stride != 1 or carried_from != self.cout
        if self.changes and bottleneck:
            self.downsample = nn.Sequential(conv(carried_from, self.cout, 1, carry_stride))

    def carry(self, x):
        if hasattr(self, "downsample"):
            return self.downsample(x)
        if not self.changes:
            return x
        if self.carry_stride > 1:
            x = F.avg_pool2d(x, self.carry_stride)
        missing = self.cout - x.shape[1]
        return F.pad(x, (0, 0, 0, 0, missing // 2, missing - missing // 2))


class RevUnit(nn.Module):
    def __init__(self, cin, width, stride, bottleneck, first_norm):
        super().__init__()
        half, width = cin // 2, width // 2
        self.stage0 = RevHalf(half, width, stride, bottleneck, first_norm, half, stride)
        self.stage1 = RevHalf(self.stage0.cout, width, 1, bottleneck, True, half, stride)
        self.cout = 2 * self.stage0.cout

    def forward(self, x):
        x1, x2 = x.chunk(2, dim=1)
        y1 = self.stage0.carry(x1) + self.stage0.f(x2)
        y2 = self.stage1.carry(x2) + self.stage1.f(y1)
        return torch.cat([y1, y2], dim=1)


class RevNet(Base):
    def __init__(self, config, bottleneck):
        super().__init__()
        channels = config["stem_width"] or config["width"]
        self.make_stem(config, channels, normed=True)
        for s, steps, width, stride, _ in segments(config):
            units = []
            for i in range(steps):
                first_norm = s > 1 or i > 0
                stride = stride if i == 0 else 1
                units.append(RevUnit(channels, width, stride, bottleneck, first_norm))
                channels = units[-1].cout
            setattr(self, f"layer{s}", nn.Sequential(*units))
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels, config["classes"])
        self.sequence = self.layers(config)

    def forward(self, x):
        x = self.pool_stem(F.relu(self.bn1(self.conv1(x))))
        for layer in self.sequence:
            x = layer(x)
        return self.classify(F.relu(self.bn(x)))


# --------------------------------------------------------------------- Shake-Shake (Gastaldi 2017)

# The author's code (models/shakeshakeblock.lua) moves the image of the second path by one pixel
# wherever the number of channels changes, also in layer1.0, whose stride is 1.
SHIFT_AT_STRIDE_ONE = True


class ShakeBranch(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, cout, 3, stride), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = conv(cout, cout, 3), nn.BatchNorm2d(cout)

    def forward(self, x):
        y = self.bn1(self.conv1(F.relu(x)))
        return self.bn2(self.conv2(F.relu(y)))


class ShakeShortcut(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.path0, self.path1 = conv(cin, cout // 2, 1), conv(cin, cout // 2, 1)
        self.bn = nn.BatchNorm2d(cout)
        self.stride = stride

    def forward(self, x):
        x = F.relu(x)
        moved = x
        if self.stride > 1 or SHIFT_AT_STRIDE_ONE:
            moved = F.pad(x, (1, -1, 1, -1))  # down and right; zeros enter at the top and at the left
        s = self.stride
        paths = [self.path0(x[:, :, ::s, ::s]), self.path1(moved[:, :, ::s, ::s])]
        return self.bn(torch.cat(paths, dim=1))


class ShakeBlock(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.branch0, self.branch1 = ShakeBranch(cin, cout, stride), ShakeBranch(cin, cout, stride)
        self.downsample = nn.Identity() if cin == cout else ShakeShortcut(cin, cout, stride)

    def forward(self, x):
        return self.downsample(x) + 0.5 * self.branch0(x) + 0.5 * self.branch1(x)


class ShakeShake(Base):
    def __init__(self, config):
        super().__init__()
        channels = config["stem_width"]
        self.make_stem(config, channels, normed=True)
        for s, steps, width, stride, _ in segments(config):
            blocks = []
            for i in range(steps):
                blocks.append(ShakeBlock(channels, width, stride if i == 0 else 1))
                channels = width
            setattr(self, f"layer{s}", nn.Sequential(*blocks))
        self.fc = nn.Linear(channels, config["classes"])
        self.sequence = self.layers(config)

    def forward(self, x):
        x = self.bn1(self.conv1(x))
        for layer in self.sequence:
            x = layer(x)
        return self.classify(F.relu(x))


# ------------------------------------------------------------ Very Deep PolyNet (Zhang et al. 2017)

POLYNET_EPS = 1e-5


class ConvNorm(nn.Module):
    """conv-BN-ReLU; `shared` has the convolution where this one has none of its own."""

    def __init__(self, cin, cout, kernel=1, stride=1, pad=False, relu=True, own=True):
        super().__init__()
        kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = tuple(k // 2 for k in kernel) if pad else 0
        if own:
            self.conv = nn.Conv2d(cin, cout, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(cout, eps=POLYNET_EPS)
        self.relu = relu

    def forward(self, x, shared=None):
        y = self.bn((shared or self).conv(x))
        return F.relu(y) if self.relu else y


class Branches(nn.Module):
    """Branches side by side. A branch is a list of ConvNorm's arguments, or None: 3x3/2 max-pooling."""

    def __init__(self, cin, branches, own=True):
        super().__init__()
        self.number = len(branches)
        self.cout = 0
        for b, parts in enumerate(branches):
            if parts is None:
                self.cout += cin
                continue
            modules, channels = [], cin
            for cout, kernel, stride, pad in parts:
                modules.append(ConvNorm(channels, cout, kernel, stride, pad, own=own))
                channels = cout
            self.cout += channels
            branch = modules[0] if len(modules) == 1 else nn.ModuleList(modules)
            setattr(self, f"branch{b}", branch)

    def forward(self, x, shared=None):
        out = []
        for b in range(self.number):
            branch = getattr(self, f"branch{b}", None)
            if branch is None:
                out.append(F.max_pool2d(x, 3, 2))
                continue
            convs = getattr(shared, f"branch{b}") if shared is not None else None
            if isinstance(branch, ConvNorm):
                out.append(branch(x, convs))
                continue
            y = x
            for i, part in enumerate(branch):
                y = part(y, convs[i] if convs is not None else None)
            out.append(y)
        return torch.cat(out, dim=1)


def same(cout, kernel):
    return (cout, kernel, 1, True)


INCEPTION = {
    384: [[same(32, 1)], [same(32, 1), same(32, 3)], [same(32, 1), same(48, 3), same(64, 3)]],
    1152: [[same(192, 1)], [same(128, 1), same(160, (1, 7)), same(192, (7, 1))]],
    2048: [[same(192, 1)], [same(192, 1), same(224, (1, 3)), same(256, (3, 1))]],
}


class Inception(Branches):
    """Inception-ResNet-A, -B or -C without its shortcut; the last 1x1 has a norm and no ReLU."""

    def __init__(self, channels, own):
        super().__init__(channels, INCEPTION[channels], own)
        self.linear = ConvNorm(self.cout, channels, relu=False)

    def forward(self, x, shared=None):
        return self.linear(super().forward(x, shared))


class PolyStep(nn.Module):
    def __init__(self, channels, poly, scale):
        super().__init__()
        self.poly, self.scale = poly, scale
        self.stage0 = Inception(channels, own=True)
        self.stage1 = Inception(channels, own=not poly)
        if poly:
            self.stage2 = Inception(channels, own=False)

    def forward(self, x):
        if not self.poly:
            return F.relu(x + self.scale * (self.stage0(x) + self.stage1(x)))
        first = self.stage0(x)
        second = self.stage1(F.relu(first), self.stage0)
        third = self.stage2(F.relu(second), self.stage0)
        return F.relu(x + self.scale * (first + second + third))


class PolyStem(nn.Module):
    def __init__(self):
        super().__init__()
        parts = [ConvNorm(3, 32, 3, 2), ConvNorm(32, 32, 3), ConvNorm(32, 64, 3, pad=True)]
        self.conv1 = nn.Sequential(*parts)
        self.mixed1 = Branches(64, [None, [(96, 3, 2, False)]])
        last = (96, 3, 1, False)
        long = [same(64, 1), same(64, (7, 1)), same(64, (1, 7)), last]
        self.mixed2 = Branches(160, [[same(64, 1), last], long])
        self.mixed3 = Branches(192, [[(192, 3, 2, False)], None])

    def forward(self, x):
        return self.mixed3(self.mixed2(self.mixed1(self.conv1(x))))


class PolyLayer(nn.ModuleDict):
    def forward(self, x):
        for module in self.values():
            x = module(x)
        return x


def reduction(channels):
    def shrink(cout):
        return (cout, 3, 2, False)

    if channels == 384:
        return Branches(384, [[same(256, 1), same(256, 3), shrink(384)], [shrink(384)], None])
    deep = [same(256, 1), same(256, 3), shrink(256)]
    return Branches(1152, [deep, [same(256, 1), shrink(256)], [same(256, 1), shrink(384)], None])


class VeryDeepPolyNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.stem = PolyStem()
        total, done = sum(config["steps"]), 0
        channels = 384
        for s, steps in enumerate(config["steps"]):
            modules = {}
            if s > 0:
                modules["reduction"] = reduction(channels)
                channels = modules["reduction"].cout
            for i in range(steps):
                scale = 1 - 0.3 * done / (total - 1)
                modules[str(i)] = PolyStep(channels, s > 0 and i % 2 == 0, scale)
                done += 1
            setattr(self, f"layer{s + 1}", PolyLayer(modules))
        self.fc = nn.Linear(channels, config["classes"])

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.stem(x))))
        return self.fc(x.mean(dim=(2, 3)))


# ------------------------------------------------------------------------ torchvision's and timm's


def torchvision_resnet(config):
    from torchvision.models.resnet import Bottleneck, ResNet

    groups = config["groups"] or 1
    width = config["inner_width"] // groups if config["inner_width"] else 64
    return ResNet(
        Bottleneck, config["steps"], config["classes"], groups=groups, width_per_group=width
    )


def timm_se_resnet(config):
    from timm.models.resnet import Bottleneck, ResNet

    return ResNet(
        Bottleneck, config["steps"], config["classes"], block_args=dict(attn_layer="se")
    )


def timm_inception_resnet(config):
    from timm.models.inception_resnet_v2 import InceptionResnetV2

    net = InceptionResnetV2(num_classes=config["classes"])
    a, b, c = config["steps"]
    # Its last Block8 has a name of its own.
    net.repeat, net.repeat_1, net.repeat_2 = net.repeat[:a], net.repeat_1[:b], net.repeat_2[: c - 1]
    return net


def build(config):
    name = config["name"]
    if name.startswith("inception-resnet"):
        return timm_inception_resnet(config)
    if name.startswith("se-resnet"):
        return timm_se_resnet(config)
    if name.startswith(("resnext", "resnet")) and config["stem"] == "imagenet":
        if config["width"] == 64 and not name.endswith("-v1"):
            return torchvision_resnet(config)
        return PostActivation(config, PostBottleneck)
    if name.startswith("resnext"):
        return PostActivation(config, PostBottleneck)
    if name.startswith("resnet"):
        return PostActivation(config, PostBasic)
    if name.startswith(("preresnet-50", "preresnet-101", "preresnet-152", "preresnet-164", "wrn")):
        return PreActivation(config, "shared", euler)
    if name.startswith("preresnet"):
        return PreActivation(config, "option-a", euler)
    if name.startswith("lm-res"):
        return PreActivation(config, "own", multistep, 1, history=name.endswith("-history"))
    if name.startswith("lm3"):
        return PreActivation(config, "option-a", multistep, 2)
    if name.startswith("dense"):
        return PreActivation(config, "option-a", multistep, 3)
    if name.startswith("momentum"):
        return PreActivation(config, "option-a", momentum, 1)
    if name.startswith("zerosnet"):
        return PreActivation(config, "option-a", zerosnet)
    if name.startswith("em-resnet"):
        return PreActivation(config, "option-a", midpoint)
    if name.startswith("polynet"):
        return PreActivation(config, "option-a", poly2)
    if name.startswith("fractalnet"):
        return FractalNet(config, columns={"fractalnet-20": 3, "fractalnet-40": 4}[name])
    if name.startswith("revnet"):
        return RevNet(config, bottleneck=name not in ("revnet-38", "revnet-110"))
    if name.startswith("shake-shake"):
        return ShakeShake(config)
    if name == "very-deep-polynet":
        return VeryDeepPolyNet(config)
    raise ValueError(f"no network for {name}")


# --------------------------------------------------------------------------------------- running


def config_of(path):
    with safe_open(path, "pt") as file:
        return json.loads(json.loads(file.metadata()["timestep"])["config"])


def loaded(folder, name):
    path = f"{folder}/{name}.safetensors"
    net = build(config_of(path))
    found = net.load_state_dict(load_file(path), strict=False)
    missing = [k for k in found.missing_keys if not k.endswith("num_batches_tracked")]
    assert not missing and not found.unexpected_keys, (name, missing, found.unexpected_keys)
    return net


def everything(net, images, labels):
    """Without random draws: the networks here have neither dropout nor drop-path."""
    out = {}
    with torch.no_grad():
        out["logits_eval"] = net.eval()(images)
    logits = net.train()(images)
    loss = F.cross_entropy(logits, labels, label_smoothing=0.1)
    loss.backward()
    out["logits_train"] = logits.detach()
    out["loss"] = loss.detach().reshape(1)
    for key, p in net.named_parameters():
        grad = p.grad.reshape(-1)
        out[f"norm.{key}"] = grad.norm().reshape(1)
        out[f"grad.{key}"] = grad[:ENTRIES].clone()
    return out


def differences(single, double):
    """Of logits relative to the largest, of gradients relative to the norm of the parameter's."""
    off = {}
    for key in ["logits_eval", "logits_train"]:
        error = (single[key].double() - double[key]).abs().max()
        off[key] = (error / double[key].abs().max()).item()
    floor = 1e-5 * max(v.item() for k, v in double.items() if k.startswith("norm."))
    off["gradients"] = 0.0
    for key, want in double.items():
        if key.startswith(("norm.", "grad.")):
            norm = max(double["norm." + key[5:]].item(), floor)
            error = (single[key].double() - want).abs().max().item()
            off["gradients"] = max(off["gradients"], error / norm)
    return "  ".join(f"{k} {v:.1e}" for k, v in off.items())


def families(source, target, names):
    for name in names:
        batch = load_file(f"{source}/{name}.batch.safetensors")
        images, labels = batch["images"], batch["labels"].long()
        single = everything(loaded(source, name), images, labels)
        net = loaded(source, name).double()
        double = everything(net, images.double(), labels)
        parameters = sum(p.numel() for p in net.parameters())
        print(f"{name}: {parameters} parameters; PyTorch's f32 against f64: {differences(single, double)}")
        file = {k: v.float().contiguous() for k, v in double.items()}
        save_file(file, f"{target}/{name}.safetensors")


def full(folder, names):
    for name in names:
        images = load_file(f"{folder}/{name}.batch.safetensors")["images"]
        net = loaded(folder, name).eval()
        with torch.no_grad():
            logits = net(images)
        save_file({"logits_eval": logits.contiguous()}, f"{folder}/{name}.logits.safetensors")
        print(f"{name}: {sum(p.numel() for p in net.parameters())} parameters, {type(net).__module__}")


def names_in(folder):
    from pathlib import Path

    suffix = ".batch.safetensors"
    return sorted(p.name.removesuffix(suffix) for p in Path(folder).glob(f"*{suffix}"))


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    arguments = sys.argv[1:]
    if arguments[:1] == ["--full"] and len(arguments) > 2:
        full(arguments[1], arguments[2:])
    elif len(arguments) >= 2:
        families(arguments[0], arguments[1], arguments[2:] or names_in(arguments[0]))
    else:
        sys.exit(__doc__)
    print("torch", torch.__version__)


if __name__ == "__main__":
    main()
