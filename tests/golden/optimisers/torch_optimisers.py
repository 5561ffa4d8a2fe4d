"""Do our optimisers move weights as PyTorch's do? Five steps of torch.optim.SGD and AdamW, in f32.

    pip install torch numpy            # outside the repository
    python tests/golden/optimisers/torch_optimisers.py tests/golden/optimisers

Afterwards `cargo test --release --workspace optimisers` compares, without PyTorch.
"""

import sys

import numpy as np
import torch

from problem import DECAYED, RATES, STEPS, UNDECAYED, problem, write

CASES = {
    "sgd": (torch.optim.SGD, 0.1, dict(momentum=0.9), 0.1, {"velocity": "momentum_buffer"}),
    "sgd-nesterov": (
        torch.optim.SGD, 0.1, dict(momentum=0.9, nesterov=True), 0.1,
        {"velocity": "momentum_buffer"},
    ),
    "sgd-plain": (torch.optim.SGD, 0.1, dict(momentum=0.0), 0.1, {}),
    "adamw": (
        torch.optim.AdamW, 0.003, dict(betas=(0.9, 0.999), eps=1e-8), 0.3,
        {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    ),
    "adamw-short": (
        torch.optim.AdamW, 0.01, dict(betas=(0.4, 0.7), eps=1e-3), 0.3,
        {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"},
    ),
}


def run(kind, lr, settings, decay):
    values, gradients = problem()
    ranges = DECAYED + UNDECAYED
    tensors = [torch.tensor(values[a:b], requires_grad=True) for a, b in ranges]
    groups = [
        dict(params=tensors[: len(DECAYED)], weight_decay=decay),
        dict(params=tensors[len(DECAYED) :], weight_decay=0.0),
    ]
    optimiser = kind(groups, lr=lr, foreach=False, **settings)
    results = []
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = lr * RATES[step]
        for tensor, (a, b) in zip(tensors, ranges):
            tensor.grad = torch.tensor(gradients[step, a:b])
        optimiser.step()
        results.append(gather([t.detach() for t in tensors], ranges))
    return values, gradients, results, optimiser, tensors, ranges


def gather(parts, ranges):
    numbers = np.zeros(24, np.float32)
    for part, (a, b) in zip(parts, ranges):
        numbers[a:b] = part.numpy()
    return numbers


def main(folder):
    for name, (kind, lr, settings, decay, names) in CASES.items():
        values, gradients, results, optimiser, tensors, ranges = run(kind, lr, settings, decay)
        state = {
            ours: gather([optimiser.state[t][theirs] for t in tensors], ranges)
            for ours, theirs in names.items()
        }
        head = f"torch {torch.__version__}, {kind.__name__}, {settings}, weight_decay={decay}"
        rates = [lr * rate for rate in RATES]
        write(f"{folder}/{name}.csv", head, rates, values, gradients, results, state)


if __name__ == "__main__":
    main(sys.argv[1])
