#!/usr/bin/env python3
"""Edges of the 256 layers under exp(-x^2/2), for `crates/numerics/src/random/layers.rs`.

    python tests/golden/random/ziggurat.py > crates/numerics/src/random/layers.rs     # needs mpmath

All layers have the area v. Layer i = 1..255 is the rectangle of width x_i between the heights f(x_i) and
f(x_{i-1}); layer 0 is the rectangle of width x_255 = r below f(r), and the tail. r is the number for which the
top comes out at x_0 = 0. (Marsaglia and Tsang 2000.)
"""
from mpmath import mp, mpf, sqrt, exp, log, erfc, pi, findroot

mp.dps = 60
LAYERS = 256


def f(x):
    return exp(-x * x / 2)


def area(r):
    return r * f(r) + sqrt(pi / 2) * erfc(r / sqrt(2))


def edges(r):
    """x_255, x_254, ..., x_1, and the height that the top layer reaches above f(x_1)."""
    v, out = area(r), [r]
    for _ in range(LAYERS - 2):
        x = out[-1]
        out.append(sqrt(-2 * log(v / x + f(x))))
    return out, v / out[-1] + f(out[-1])


def table():
    """[x_0 = 0, x_1, ..., x_255 = r] and the width of layer 0 if it were a rectangle, v/f(r)."""
    r = findroot(lambda r: edges(r)[1] - 1, (mpf("3.654"), mpf("3.6542")))
    found, top = edges(r)
    assert abs(top - 1) < mpf(10) ** -45
    return [0.0] + [float(x) for x in reversed(found)], float(area(r) / f(r))


if __name__ == "__main__":
    xs, base = table()
    print("//! Where do the layers under the normal density end? Made by `tests/golden/random/ziggurat.py`.\n")
    print("/// Width that layer 0 would have if it were a rectangle: `v/f(r)`.")
    print(f"pub(super) const BASE: f64 = {base!r};\n")
    print("/// `x_0 = 0` to `x_255 = r`: layer `i` reaches to `x_i`, and lies under the density up to `x_(i-1)`.")
    print("#[rustfmt::skip]\npub(super) const EDGES: [f64; 256] = [")
    for at in range(0, LAYERS, 5):
        print("    " + " ".join(f"{x!r}," for x in xs[at : at + 5]))
    print("];")
