"""What does the untrained start of TRD make of a small picture? Written without looking at the Rust code.

Equations: Chen, Yu, Pock, "On learning optimized reaction diffusion processes", CVPR 2015. Gaussians are evaluated
from their definition, borders by numpy's symmetric padding. Run: python3 trd_start.py > trd_start.csv
"""
import numpy as np

MU = np.arange(-310, 311, 10.0)


def rbf(z):
    return np.exp(-((z[..., None] - MU) ** 2) / 200.0)


def start_weights():
    z = np.arange(-310, 311, 1.0)
    curve = 0.05 * 2 * (z / 20) / (1 + (z / 20) ** 2)
    return np.linalg.lstsq(rbf(z), curve, rcond=None)[0]


def dct_filters(f):
    n = np.arange(f)
    rows = [np.cos(np.pi * (n + 0.5) * k / f) * np.sqrt((1 if k == 0 else 2) / f) for k in range(f)]
    return [np.outer(rows[a], rows[b]) for a in range(f) for b in range(f) if (a, b) != (0, 0)]


def correlate(u, k):
    f = k.shape[0]
    h, w = u.shape[0] - f + 1, u.shape[1] - f + 1
    return sum(k[a, b] * u[a : a + h, b : b + w] for a in range(f) for b in range(f))


def run(noisy, f):
    u = noisy.copy()
    w0 = start_weights()
    for t in range(5):
        scale = [10, 5, 1, 1, 1][t]
        lam = 1.0 if t == 0 else 0.1
        wide = np.pad(u, 2 * (f // 2), mode="symmetric")
        g = np.zeros_like(u)
        for k in dct_filters(f):
            g += correlate(rbf(correlate(wide, k)) @ (scale * w0), k[::-1, ::-1])
        u = u - (g + lam * (u - noisy))
    return u


for size in (5, 7):
    rng = np.random.default_rng(size)
    y, x = np.mgrid[0:12, 0:15]
    clean = 100 + 60 * (x > 7) + 20 * np.sin(y / 2.0)
    noisy = np.round(clean + 25 * rng.standard_normal(clean.shape), 3)
    print(f"# {size}x{size}: noisy rows, then rows after five steps")
    for block in (noisy, run(noisy, size)):
        for row in block:
            print(",".join(f"{v:.5f}" for v in row))
