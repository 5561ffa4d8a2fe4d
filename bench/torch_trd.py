"""How would one run a trained reaction-diffusion model in PyTorch? As published: convolution, table, convolution.

Reads the weights of `crates/restore/models`: coefficients of filters in the cosine basis, weights of 63 Gaussians for each influence
function, `ln λ`. Weights are trained through the piecewise cubic that touches the sum of Gaussians on knots 10 apart, so that is the
function here too; the Gaussians themselves would change pixels by up to 0.3 grey levels. It is looked up in tables of 3201 entries
0.2 apart on [-320, 320] with linear interpolation, the index clamped at both ends.

At every step the picture is mirrored beyond its border (edge pixel repeated) by twice the reach of a filter, and the
convolutions are valid ones. The scheme is Euler's.
"""

import json
import math

import torch
import torch.nn.functional as F
from safetensors import safe_open

REACH, STEP = 320.0, 0.2
ENTRIES = round(2 * REACH / STEP) + 1
# A step is taken tile by tile, so that its maps stay near the caches: 48 maps of a picture of 3072 x 3072 are 1.8 GB. So many
# columns, and so many rows for each thread.
TILE = 128


def cosines(size):
    """The orthonormal cosine basis (DCT-II) without the constant, one filter a row."""
    n = torch.arange(size, dtype=torch.float64)
    waves = torch.cos(math.pi * (n[None, :] + 0.5) * n[:, None] / size) * math.sqrt(2 / size)
    waves[0] /= math.sqrt(2)
    both = torch.einsum("ay,bx->abyx", waves, waves)
    return both.reshape(size * size, size * size)[1:]


def tabulated(functions):
    """The functions at the places of the table: cubic Hermite interpolants, as in `crates/kernels/src/diffusion/tables.rs`."""
    knots = torch.arange(-REACH, REACH + 1, 10, dtype=torch.float64)
    centres = torch.arange(63, dtype=torch.float64) * 10 - 310
    apart = knots[None, :] - centres[:, None]
    bells = torch.exp(-(apart**2) / 200)
    at_knots, rises = functions @ bells, functions @ (-apart / 100 * bells) * 10
    places = torch.arange(ENTRIES, dtype=torch.float64) * STEP / 10
    piece = places.floor().long().clamp(max=len(knots) - 2)
    a, b, da, db = at_knots[:, piece], at_knots[:, piece + 1], rises[:, piece], rises[:, piece + 1]
    t = places - piece
    return a + t * (da + t * (3 * (b - a) - 2 * da - db + t * (2 * (a - b) + da + db)))


class Step:
    """What one step learned, ready to run."""

    def __init__(self, size, coefficients, functions, log_lambda, memory_format):
        count = size * size - 1
        taps = coefficients @ cosines(size)
        taps /= coefficients.norm(dim=1, keepdim=True)
        taps = taps.float().reshape(count, 1, size, size)
        self.analysis = taps.contiguous(memory_format=memory_format)
        # A convolution with filters turned by 180 degrees, summed over all of them.
        self.synthesis = taps.flip(2, 3).transpose(0, 1).contiguous(memory_format=memory_format)
        values = tabulated(functions).float()
        # Beyond the last entry nothing changes.
        slopes = torch.diff(values, dim=1, append=values[:, -1:])
        self.values, self.slopes = values.reshape(-1), slopes.reshape(-1)
        self.starts = (torch.arange(count, dtype=torch.int32) * ENTRIES).reshape(1, count, 1, 1)
        self.weight = math.exp(log_lambda)
        self.channels_last = memory_format == torch.channels_last

    def influence(self, v):
        """All functions at once, each on its own map. `index_select` on 32-bit places took least time of four ways."""
        place = v.mul_(1 / STEP).add_(REACH / STEP).clamp_(0, ENTRIES - 1)
        index = place.to(torch.int32)
        part = place.sub_(index)
        index.add_(self.starts)
        # In the order of memory, which is no copy in either layout.
        order, back = ((0, 2, 3, 1), (0, 3, 1, 2)) if self.channels_last else ((0, 1, 2, 3), (0, 1, 2, 3))
        index = index.permute(order)

        def look(table):
            return table.index_select(0, index.reshape(-1)).view(index.shape).permute(back)

        return torch.addcmul(look(self.values), look(self.slopes), part)


class Trd:
    """A model; `channels_last` asks for that layout of the feature maps, `compiled` for `torch.compile`."""

    def __init__(self, path, channels_last=False, compiled=False):
        memory_format = torch.channels_last if channels_last else torch.contiguous_format
        with safe_open(path, framework="pt") as file:
            about = json.loads(file.metadata()["timestep"])
            if about["scheme"] != "euler":
                raise ValueError(f"{path} is stepped by {about['scheme']}, and only Euler's scheme is here")
            self.size, count = int(about["size"]), int(about["steps"])

            def step(t):
                arrays = [file.get_tensor(f"steps.{t}.{name}").double() for name in ("filters", "functions", "log_lambda")]
                return Step(self.size, arrays[0], arrays[1], arrays[2].item(), memory_format)

            self.steps = [step(t) for t in range(count)]
        self.memory_format = memory_format
        self.slope = torch.compile(self._slope, dynamic=False) if compiled else self._slope

    def _slope(self, step, padded):
        v = F.conv2d(padded, step.analysis)
        return F.conv2d(step.influence(v), step.synthesis)

    @torch.no_grad()
    def __call__(self, noisy):
        """A picture `height x width` of floats in 0..255."""
        height, width = noisy.shape
        pad = self.size - 1  # twice the reach
        rows = mirrored(height, pad)
        columns = mirrored(width, pad)
        tall = TILE * torch.get_num_threads()
        u = noisy
        for step in self.steps:
            padded = u[rows][:, columns][None, None]
            force = (u - noisy).mul_(step.weight)
            for top in range(0, height, tall):
                for left in range(0, width, TILE):
                    part = padded[:, :, top : top + tall + 2 * pad, left : left + TILE + 2 * pad]
                    slope = self.slope(step, part.contiguous(memory_format=self.memory_format))
                    force[top : top + tall, left : left + TILE].add_(slope[0, 0])
            u = u - force
        return u


def mirrored(length, pad):
    """Indices of a line with its mirror image on both sides, edge repeated."""
    at = torch.arange(-pad, length + pad) % (2 * length)
    return torch.where(at < length, at, 2 * length - 1 - at)
