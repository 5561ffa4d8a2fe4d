"""Makes the small checkpoints of this folder, which the tests of `foreign` read.

    python tests/golden/import/make.py

Needs PyTorch 1.6 or later. Values are counting numbers, so that the tests can name them.
The files come out the same each time, but for addresses of memory in `legacy.pth`.
`malicious.pth` asks for `os.system`; it is only ever written here, never loaded.
"""

import os
import pathlib
import pickle
import zipfile
from collections import OrderedDict

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class Net(nn.Module):
    """Convolution, norm and linear layer with two or three channels."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 3, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(3)
        self.fc = nn.Linear(3, 2)
        with torch.no_grad():
            for tensor in self.state_dict().values():
                if tensor.dtype == torch.float32:
                    tensor.copy_(count(tensor.numel()).view(tensor.shape))


def count(n):
    return torch.arange(n, dtype=torch.float32)


def entries(name):
    """Names (without the outer folder) and contents of a checkpoint."""
    with zipfile.ZipFile(HERE / name) as archive:
        return {i.filename.split("/", 1)[1]: archive.read(i) for i in archive.infolist()}


def archive(name, files, root="archive/"):
    with zipfile.ZipFile(HERE / name, "w") as out:
        for file, content in files.items():
            out.writestr(zipfile.ZipInfo(root + file), content)


torch.manual_seed(0)
net = Net()
torch.save(net.state_dict(), HERE / "plain.pth")

# What a training script saves: the weights of a data-parallel network beside everything else.
parallel = nn.DataParallel(Net())
optimizer = torch.optim.SGD(parallel.parameters(), lr=0.1, momentum=0.9)
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [80, 120])
for parameter in parallel.parameters():
    parameter.grad = torch.ones_like(parameter)
state = parallel.state_dict()
saved = {k: v.clone() for k, v in state.items()}
optimizer.step()
parallel.load_state_dict(saved)
torch.save(
    {
        "epoch": 3,
        "arch": "net",
        "best": torch.tensor(0.91),
        "state_dict": parallel.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": {"milestones": schedule.milestones, "base_lrs": [0.1], "none": None},
    },
    HERE / "nested.pth",
)
torch.save({"model": net.state_dict(), "net": net.state_dict()}, HERE / "ambiguous.pth")

torch.save(
    OrderedDict(
        f16=torch.tensor([0.0, 1.5, -2.0, 6.1035156e-05, 5.9604645e-08]).half(),
        bf16=torch.tensor([0.0, 1.5, -2.0, 3e38]).bfloat16(),
        f64=torch.tensor([0.5, 1e-3], dtype=torch.float64),
        i32=torch.tensor([-7, 7], dtype=torch.int32),
        i8=torch.tensor([-1, 127], dtype=torch.int8),
        u8=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False]),
    ),
    HERE / "types.pth",
)

shared = count(6)
torch.save(
    OrderedDict(
        transposed=count(6).view(2, 3).t(),
        sliced=count(10)[4:9:2],
        expanded=torch.tensor([5.0]).expand(2, 3),
        scalar=torch.tensor(7.0),
        empty=torch.zeros(0, 3),
        whole=shared,
        part=shared[2:4],
        parameter=nn.Parameter(count(2)),
    ),
    HERE / "views.pth",
)
torch.save(net.state_dict(), HERE / "protocol4.pth", pickle_protocol=4)
torch.save(net.state_dict(), HERE / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(net, HERE / "whole-module.pth")

# The same weights as a big-endian machine writes them.
files = entries("plain.pth")
for file, content in files.items():
    if file.startswith("data/"):
        size = 8 if file == "data/5" else 4  # the counter of the norm
        numbers = [content[i : i + size][::-1] for i in range(0, len(content), size)]
        files[file] = b"".join(numbers)
archive("big-endian.pth", files | {"byteorder": b"big"})

# A tensor that claims 4 numbers of a storage of 3, and one whose storage is too short.
torch.save(OrderedDict(a=count(3)), HERE / "outside.pth")
files = entries("outside.pth")
description = files["data.pkl"]
SHAPE, STRIDE = b"K\x00K\x03\x85q", b"K\x01\x85"  # (offset 0), shape (3,); stride (1,)
assert description.count(SHAPE) == 1 and description.count(STRIDE) == 1


def reshaped(shape, stride=STRIDE):
    changed = description.replace(SHAPE, shape).replace(STRIDE, stride)
    return files | {"data.pkl": changed}


archive("outside.pth", reshaped(b"K\x00K\x04\x85q"))
archive("short-storage.pth", files | {"data/0": b"\0" * 8})
# Two thousand million numbers out of three, by a stride of 0.
archive("huge.pth", reshaped(b"K\x00J\xff\xff\xff\x7f\x85q", b"K\x00\x85"))


class Attack:
    """An object whose reader would be told to run a command."""

    def __reduce__(self):
        return os.system, ("echo this must never run",)


attack = pickle.dumps(OrderedDict(a=Attack()), protocol=2)
archive("malicious.pth", files | {"data.pkl": attack})
archive("torchscript.pth", files | {"constants.pkl": b"\x80\x02)."})
archive("empty.pth", {})
(HERE / "text.pth").write_text("<!DOCTYPE html><html><body>404: not found</body></html>\n")
whole = (HERE / "plain.pth").read_bytes()
(HERE / "truncated.pth").write_bytes(whole[: len(whole) // 2])
