#!/usr/bin/env python3
"""The random numbers of `timestep_numerics::random`, written a second time from its documentation.

    python tests/golden/random/stream.py > tests/golden/random/stream.txt     # needs mpmath
    python tests/golden/random/stream.py --numpy                              # NumPy draws the same

Each line of the output: what is drawn, seed, purpose, time, image, and the numbers; separated by tabs.
"""
import math
import sys

from ziggurat import table

MASK = (1 << 64) - 1
WHOLE = MASK


def purpose_of(name):
    """FNV-1a, 64 bits."""
    hash = 0xCBF29CE484222325
    for byte in name.encode():
        hash = (hash ^ byte) * 0x100000001B3 & MASK
    return hash


def philox(counter, key):
    a, b, c, d = counter
    left, right = key
    for _ in range(10):
        p, q = a * 0xD2E7470EE14C6C93, c * 0xCA5A826395121157
        a, b, c, d = (q >> 64) ^ b ^ left, q & MASK, (p >> 64) ^ d ^ right, p & MASK
        left, right = left + 0x9E3779B97F4A7C15 & MASK, right + 0xBB67AE8584CAA73B & MASK
    return [a, b, c, d]


EDGES, BASE = table()


class Stream:
    def __init__(self, seed, purpose, time, image, mirrored=False):
        self.key, self.counter, self.block = (seed, purpose_of(purpose)), [0, time, image, 0], []
        self.mirrored = mirrored

    def raw(self):
        if not self.block:
            self.counter[0] += 1
            self.block = philox(self.counter, self.key)
        return self.block.pop(0)

    def u64(self):
        return self.raw() ^ MASK if self.mirrored else self.raw()

    def unit(self):
        return (self.u64() >> 11) * 2.0**-53

    def open_unit(self):
        return ((self.u64() >> 12) + 0.5) * 2.0**-52

    def below(self, n):
        while True:
            product = self.u64() * n
            if (product & MASK) >= 2**64 % n:
                return product >> 64

    def plain(self):
        return (self.raw() >> 11) * 2.0**-53

    def normal(self):
        x = self.ziggurat()
        return -x if self.mirrored else x

    def ziggurat(self):
        f = lambda x: math.exp(-0.5 * x * x)
        while True:
            bits = self.raw()
            layer, negative, place = bits & 255, bits >> 8 & 1, bits >> 9 & (1 << 52) - 1
            width, sure = (EDGES[layer], EDGES[layer - 1]) if layer else (BASE, EDGES[255])
            x = place * 2.0**-52 * width
            if x < sure:
                return -x if negative else x
            if layer:
                if (f(EDGES[layer - 1]) - f(EDGES[layer])) * self.plain() + f(EDGES[layer]) < f(x):
                    return -x if negative else x
                continue
            while True:
                x, y = -math.log1p(-self.plain()) / EDGES[255], -math.log1p(-self.plain())
                if 2 * y > x * x:
                    return -(EDGES[255] + x) if place >> 8 & 1 else EDGES[255] + x

    def shuffled(self, n):
        items = list(range(n))
        for last in range(n - 1, 0, -1):
            other = self.below(last + 1)
            items[last], items[other] = items[other], items[last]
        return items

    def gamma(self, shape):
        if shape < 1:
            return self.gamma(shape + 1) * self.open_unit() ** (1 / shape)
        b = shape - 1 / 3
        c = 1 / math.sqrt(9 * b)
        while True:
            x = self.normal()
            v = 1 + c * x
            if v <= 0:
                continue
            v, u = v**3, self.unit()
            if u < 1 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + b * (1 - v + math.log(v)):
                return b * v

    def beta(self, a, b):
        if a > 1 or b > 1:
            g, h = self.gamma(a), self.gamma(b)
            return g / (g + h)
        while True:
            x, y = self.unit() ** (1 / a), self.unit() ** (1 / b)
            if x + y <= 1:
                return x / (x + y)


# What is drawn, how it is drawn once, and how many.
DRAWS = {
    "u64": (lambda s: s.u64(), 10),
    "unit": (lambda s: s.unit(), 6),
    "open": (lambda s: s.open_unit(), 6),
    "below 6": (lambda s: s.below(6), 12),
    # Half of the products are rejected.
    "below 9223372036854775809": (lambda s: s.below(2**63 + 1), 6),
    "normal": (lambda s: s.normal(), 12),
    "gamma 0.3": (lambda s: s.gamma(0.3), 6),
    "gamma 1": (lambda s: s.gamma(1), 6),
    "gamma 4.5": (lambda s: s.gamma(4.5), 6),
    "beta 0.2 0.2": (lambda s: s.beta(0.2, 0.2), 6),
    "beta 1 0.5": (lambda s: s.beta(1, 0.5), 6),
    "beta 2 3": (lambda s: s.beta(2, 3), 6),
}
STREAMS = [
    (0, "", 0, 0),
    (1, "order", 2, WHOLE),
    (2**64 - 1, "noise 3", 12345, 2**40),
    (7, "größe", WHOLE, 1),
]


def cases():
    for name, (draw, count) in DRAWS.items():
        for where in STREAMS:
            stream = Stream(*where)
            yield name, where, [draw(stream) for _ in range(count)]
    for where in STREAMS:
        yield "shuffle", where, Stream(*where).shuffled(20)
        mirror = Stream(*where, mirrored=True)
        yield "mirrored", where, [mirror.unit(), mirror.open_unit(), mirror.normal()]
        # The sum of many: layers that are cut, and the tail.
        stream = Stream(*where)
        values = [stream.normal() for _ in range(20_000)]
        yield "normal 20000", where, [min(values), max(values), math.fsum(values)]


def compare():
    import numpy as np

    count = 0
    for where in STREAMS:
        seed, purpose, time, image = where
        key = np.array([seed, purpose_of(purpose)], np.uint64)
        counter = np.array([0, time, image, 0], np.uint64)
        for draw, theirs in [
            (lambda s: s.u64(), lambda g, n: [int(x) for x in g.bit_generator.random_raw(n)]),
            (lambda s: s.unit(), lambda g, n: g.random(n)),
            (lambda s: s.normal(), lambda g, n: g.standard_normal(n)),
            (lambda s: s.beta(0.2, 0.2), lambda g, n: g.beta(0.2, 0.2, n)),
            (lambda s: s.beta(1, 0.5), lambda g, n: g.beta(1, 0.5, n)),
            (lambda s: s.gamma(4.5), lambda g, n: g.standard_gamma(4.5, n)),
        ]:
            stream, n = Stream(*where), 50_000
            other = list(theirs(np.random.Generator(np.random.Philox(counter=counter, key=key)), n))
            ours = [draw(stream) for _ in range(n)]
            worst = max(abs(a - b) / max(abs(a), 1e-300) for a, b in zip(ours, other))
            print(f"{where} {count % 6}: {sum(a != b for a, b in zip(ours, other))} of {n} differ, worst {worst:.1e}")
            count += 1


if __name__ == "__main__":
    if "--numpy" in sys.argv:
        compare()
    else:
        for name, where, values in cases():
            print(name, *where, " ".join(map(repr, values)), sep="\t")
