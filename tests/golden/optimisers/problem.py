"""Which problem do the scripts of this folder step through? The same numbers for every optimiser.

24 weights in three runs: decayed, not decayed, decayed. Gradients do not depend on the weights, so
that a difference in one step is not made larger by the next ones; some are 0 in every step, and one
weight has gradients of very different sizes. The rate changes from step to step.
"""

import numpy as np

STEPS = 5
DECAYED = [(0, 10), (16, 24)]
UNDECAYED = [(10, 16)]
RATES = [1.0, 1.0, 0.5, 0.2, 0.2]


def problem():
    random = np.random.default_rng(20181)
    values = random.normal(size=24).astype(np.float32)
    gradients = random.normal(size=(STEPS, 24)).astype(np.float32)
    gradients[:, 3] = 0
    gradients[:, 12] *= np.float32(10.0) ** np.array([-6, 3, 0, -3, 6], np.float32)
    values[5] = 0
    return values, gradients


def write(path, head, rates, values, gradients, results, state):
    """One line for each list of numbers: what it is, after how many steps, the numbers in full."""
    with open(path, "w", encoding="utf-8") as out:
        print(f"# {head}", file=out)

        def line(what, step, numbers):
            print(",".join([what, str(step), *(repr(float(x)) for x in numbers)]), file=out)

        line("rates", 0, rates)
        line("values", 0, values)
        for step in range(STEPS):
            line("gradients", step + 1, gradients[step])
            line("values", step + 1, results[step])
        for name, numbers in state.items():
            line(name, STEPS, numbers)
