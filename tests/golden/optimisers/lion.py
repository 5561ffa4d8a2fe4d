"""Does our Lion move weights as its authors say? Five steps of algorithm 2 of Chen et al. 2023.

Written from the paper in numpy, in f32: PyTorch has no Lion.

    pip install numpy                  # outside the repository
    python tests/golden/optimisers/lion.py tests/golden/optimisers
"""

import sys

import numpy as np

from problem import RATES, STEPS, UNDECAYED, problem, write

LR, BETA1, BETA2, DECAY = 0.001, 0.9, 0.99, 1.0


def main(folder):
    values, gradients = problem()
    decay = np.full(values.shape, DECAY, np.float32)
    for a, b in UNDECAYED:
        decay[a:b] = 0
    f32 = np.float32
    weights, momentum, results = values.copy(), np.zeros_like(values), []
    rates = [LR * rate for rate in RATES]
    for step in range(STEPS):
        gradient, rate = gradients[step], f32(rates[step])
        direction = np.sign(f32(BETA1) * momentum + f32(1 - BETA1) * gradient)
        momentum = f32(BETA2) * momentum + f32(1 - BETA2) * gradient
        weights = weights - rate * (direction + decay * weights)
        assert weights.dtype == momentum.dtype == np.float32
        results.append(weights)
    head = f"numpy {np.__version__}, Lion, betas=({BETA1}, {BETA2}), weight_decay={DECAY}"
    state = {"momentum": momentum}
    write(f"{folder}/lion.csv", head, rates, values, gradients, results, state)


if __name__ == "__main__":
    main(sys.argv[1])
