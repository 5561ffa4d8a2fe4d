"""Which PyTorch networks are the rivals, and are they the same networks as ours?

The published architectures, written as a good PyTorch user writes them: fused ATen operations, ReLU and
additions in place where nothing saves the overwritten value, no copies. Names of parameters follow
`tests/golden/pytorch/networks.py`, which stays apart because it is the reference of a correctness test.

    python bench/networks.py            # checks parameter counts and that shapes.json is current
    python bench/networks.py --write    # writes shapes.json (costs and convolution shapes, read by compare.py)
"""

import json
import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

SHAPES = pathlib.Path(__file__).with_name("shapes.json")

# Trained numbers, without / plus learned coefficients (He et al. 2015, 2016; Xie et al. 2017; Lu et al. 2018).
PARAMETERS = {
    "resnet-20": 269_722,
    "resnet-32": 464_154,
    "resnet-44": 658_586,
    "resnet-56": 853_018,
    "resnet-110": 1_727_962,
    "preresnet-20": 269_722,
    "preresnet-32": 464_154,
    "preresnet-44": 658_586,
    "preresnet-56": 853_018,
    "preresnet-110": 1_727_962,
    "preresnet-164": 1_703_258,
    "lm-resnet-20": 272_378 + 6,
    "lm-resnet-32": 466_810 + 12,
    "lm-resnet-44": 661_242 + 18,
    "lm-resnet-56": 855_674 + 24,
    "lm-resnet-110": 1_730_618 + 51,
    "lm-resnet-164": 1_703_674 + 51,
    "resnext-29-8x64d": 34_426_698,
    "resnet-50": 25_557_032,
}


def conv(cin, cout, k, stride=1, groups=1):
    return nn.Conv2d(cin, cout, k, stride, (k - 1) // 2, groups=groups, bias=False)


def norm_relu(norm, u):
    # The norm's backward reads its input, not its output: the ReLU may overwrite it.
    return F.relu(norm(u), inplace=True)


def option_a(u, stride, channels):
    """Shortcut without weights: subsampling and zero channels (He et al. 2015)."""
    if stride != 1:
        u = u[:, :, ::stride, ::stride]
    return F.pad(u, (0, 0, 0, 0, 0, channels - u.shape[1])) if u.shape[1] != channels else u


def projection(cin, cout, stride):
    """Shortcut of a pre-activation network with its own norm: BN-ReLU-conv1x1."""
    return nn.Sequential(nn.BatchNorm2d(cin), nn.ReLU(inplace=True), conv(cin, cout, 1, stride))


class PreBasic(nn.Module):
    """BN-ReLU-conv3x3-BN-ReLU-conv3x3 (He et al. 2016); gives the carried state and the slope."""

    expansion = 1

    def __init__(self, cin, width, stride, separate):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(cin), conv(cin, width, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3)
        self.stride, self.width = stride, width
        change = stride != 1 or cin != width
        self.downsample = projection(cin, width, stride) if separate and change else None

    def forward(self, u):
        slope = self.conv1(norm_relu(self.bn1, u))
        slope = self.conv2(norm_relu(self.bn2, slope))
        carried = self.downsample(u) if self.downsample else option_a(u, self.stride, self.width)
        return carried, slope


class PreBottleneck(nn.Module):
    """BN-ReLU-conv1x1, 3x3, 1x1. Shared: the projection starts from the first BN-ReLU, stride on the
    first 1x1 (He et al. 2016). Separate: its own BN-ReLU, stride on the 3x3 (Lu et al. 2018)."""

    expansion = 4

    def __init__(self, cin, width, stride, separate):
        super().__init__()
        out = width * self.expansion
        first, middle = (1, stride) if separate else (stride, 1)
        self.bn1, self.conv1 = nn.BatchNorm2d(cin), conv(cin, width, 1, first)
        self.bn2, self.conv2 = nn.BatchNorm2d(width), conv(width, width, 3, middle)
        self.bn3, self.conv3 = nn.BatchNorm2d(width), conv(width, out, 1)
        self.separate, self.downsample = separate, None
        if stride != 1 or cin != out:
            self.downsample = projection(cin, out, stride) if separate else conv(cin, out, 1, stride)

    def forward(self, u):
        entry = norm_relu(self.bn1, u)
        slope = self.conv1(entry)
        slope = self.conv2(norm_relu(self.bn2, slope))
        slope = self.conv3(norm_relu(self.bn3, slope))
        if self.downsample is None:
            return u, slope
        return self.downsample(u if self.separate else entry), slope


class PreActivationNet(nn.Module):
    """Three segments of n steps; with `lm`, u+ = (1-k) u + k u_prev + f(u) after each segment's first step."""

    def __init__(self, block, n, lm, classes=10):
        super().__init__()
        self.conv1 = conv(3, 16, 3)
        cin = 16
        for s, width in enumerate([16, 32, 64]):
            steps = []
            for i in range(n):
                step = block(cin, width, 2 if s > 0 and i == 0 else 1, separate=lm)
                if lm and i > 0:
                    step.memory_k = nn.Parameter(torch.empty(1).uniform_(-0.1, 0.0))
                steps.append(step)
                cin = width * block.expansion
            setattr(self, f"layer{s + 1}", nn.ModuleList(steps))
        self.bn, self.fc = nn.BatchNorm2d(cin), nn.Linear(cin, classes)
        self.lm = lm

    def forward(self, x):
        u = self.conv1(x)
        for segment in (self.layer1, self.layer2, self.layer3):
            past = None
            for step in segment:
                carried, slope = step(u)
                if self.lm and past is not None:
                    # (1-k) u + k past in one pass; under autocast k is f32 and u is not.
                    carried = torch.lerp(u, past, step.memory_k.to(u.dtype))
                    past = u
                elif self.lm:
                    past = carried
                # No convolution saves its output: the sum may overwrite it.
                slope += carried
                u = slope
        u = norm_relu(self.bn, u)
        return self.fc(F.adaptive_avg_pool2d(u, 1).flatten(1))


class PostBasic(nn.Module):
    """conv3x3-BN-ReLU-conv3x3-BN, plus the option A shortcut, ReLU (He et al. 2015)."""

    def __init__(self, cin, width, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3), nn.BatchNorm2d(width)
        self.stride, self.width, self.out = stride, width, width

    def forward(self, u):
        y = norm_relu(self.bn1, self.conv1(u))
        y = self.bn2(self.conv2(y))
        y += option_a(u, self.stride, self.width)
        return F.relu(y, inplace=True)


class PostBottleneck(nn.Module):
    """1x1, 3x3 (stride, groups), 1x1 with BN and ReLU; projection conv1x1-BN: ResNet v1.5 and ResNeXt."""

    def __init__(self, cin, width, stride, out, groups=1):
        super().__init__()
        self.conv1, self.bn1 = conv(cin, width, 1), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv(width, width, 3, stride, groups), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = conv(width, out, 1), nn.BatchNorm2d(out)
        self.downsample, self.out = None, out
        if stride != 1 or cin != out:
            self.downsample = nn.Sequential(conv(cin, out, 1, stride), nn.BatchNorm2d(out))

    def forward(self, u):
        y = norm_relu(self.bn1, self.conv1(u))
        y = norm_relu(self.bn2, self.conv2(y))
        y = self.bn3(self.conv3(y))
        y += u if self.downsample is None else self.downsample(u)
        return F.relu(y, inplace=True)


class PostActivationNet(nn.Module):
    """Stem conv-BN-ReLU (ImageNet: 7x7 stride 2 and max-pooling), segments, pooling, linear."""

    def __init__(self, stem, block, steps, imagenet=False, classes=10):
        super().__init__()
        self.conv1 = conv(3, stem, 7, 2) if imagenet else conv(3, stem, 3)
        self.bn1, self.imagenet, cin = nn.BatchNorm2d(stem), imagenet, stem
        self.segments = len(steps)
        for s, n in enumerate(steps):
            blocks = []
            for i in range(n):
                blocks.append(block(cin, s, 2 if s > 0 and i == 0 else 1))
                cin = blocks[-1].out
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(cin, classes)

    def forward(self, x):
        u = norm_relu(self.bn1, self.conv1(x))
        if self.imagenet:
            u = F.max_pool2d(u, 3, 2, 1)
        for s in range(self.segments):
            u = getattr(self, f"layer{s + 1}")(u)
        return self.fc(F.adaptive_avg_pool2d(u, 1).flatten(1))


def build(name):
    """The network called `name`, He-initialised; ValueError for a name that is not published."""
    if name not in PARAMETERS:
        raise ValueError(f"unknown network {name}; there are {', '.join(PARAMETERS)}")
    family, depth = name.rsplit("-", 1)
    if name == "resnet-50":
        block = lambda cin, s, stride: PostBottleneck(cin, 64 << s, stride, 256 << s)  # noqa: E731
        net = PostActivationNet(64, block, [3, 4, 6, 3], imagenet=True, classes=1000)
    elif name == "resnext-29-8x64d":
        block = lambda cin, s, stride: PostBottleneck(cin, 512 << s, stride, 256 << s, groups=8)  # noqa: E731
        net = PostActivationNet(64, block, [3, 3, 3])
    elif family == "resnet":
        block = lambda cin, s, stride: PostBasic(cin, 16 << s, stride)  # noqa: E731
        net = PostActivationNet(16, block, [(int(depth) - 2) // 6] * 3)
    else:
        block, each = (PreBottleneck, 9) if depth == "164" else (PreBasic, 6)
        net = PreActivationNet(block, (int(depth) - 2) // each, lm=family == "lm-resnet")
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return net


def image_size(name):
    """Side of the images the network was published for."""
    return 224 if name == "resnet-50" else 32


def describe(name):
    """Parameters, multiply-adds of one image, distinct convolutions with their counts; by forward hooks."""
    with torch.device("meta"):  # shapes only: nothing is computed
        net = build(name)
        image = torch.empty(1, 3, image_size(name), image_size(name))
    adds, shapes = [0], {}

    def seen(module, inputs, output):
        if isinstance(module, nn.Linear):
            adds[0] += module.weight.numel()
            return
        adds[0] += module.weight.numel() * output.shape[2] * output.shape[3]
        _, cin, h, w = inputs[0].shape
        key = (h, w, cin, output.shape[1], module.kernel_size[0], module.stride[0], module.groups)
        shapes[key] = shapes.get(key, 0) + 1

    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(seen)
    net(image)
    names = ("h", "w", "cin", "cout", "k", "stride", "groups")
    return {
        "size": image_size(name),
        "parameters": sum(p.numel() for p in net.parameters()),
        "multiply_adds": adds[0],
        "convolutions": [dict(zip(names, key), count=count) for key, count in shapes.items()],
    }


def main(write):
    facts = {name: describe(name) for name in PARAMETERS}
    for name, fact in facts.items():
        assert fact["parameters"] == PARAMETERS[name], (name, fact["parameters"], PARAMETERS[name])
        kinds = len(fact["convolutions"])
        print(f"{name:18} {fact['parameters']:>12,} parameters {fact['multiply_adds']:>14,} multiply-adds {kinds:>3} convolutions")
    entries = []
    for name, fact in facts.items():
        convolutions = ",\n   ".join(json.dumps(c) for c in fact.pop("convolutions"))
        head = json.dumps(fact)[:-1]
        entries.append(f' "{name}": {head}, "convolutions": [\n   {convolutions}]}}')
    text = "{\n" + ",\n".join(entries) + "\n}\n"
    if write:
        SHAPES.write_text(text)
    elif not SHAPES.exists() or SHAPES.read_text() != text:
        sys.exit("shapes.json is not what the networks say; hint: python bench/networks.py --write")


if __name__ == "__main__":
    main(write="--write" in sys.argv[1:])
