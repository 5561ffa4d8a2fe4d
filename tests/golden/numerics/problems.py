"""Solutions at time 1 of the problems on which orders are measured, by SciPy's DOP853.

    python3 tests/golden/numerics/problems.py > tests/golden/numerics/problems.txt

Written with SciPy 1.17.1 and NumPy 2; the equations are typed here anew.
"""

import numpy as np
from scipy.integrate import solve_ivp

PROBLEMS = {
    "linear": ([1.0], lambda t, u: [-u[0]]),
    "logistic": ([0.25], lambda t, u: [u[0] * (1 - u[0])]),
    "oscillator": ([1.0, 0.0], lambda t, u: [u[1], -u[0]]),
    "pendulum": ([2.0, 0.0], lambda t, u: [u[1], -np.sin(u[0])]),
    "lotka-volterra": ([2.0, 1.0], lambda t, u: [u[0] * (2 - u[1]), u[1] * (u[0] - 1)]),
    "van-der-pol": ([2.0, 0.0], lambda t, u: [u[1], 20 * (1 - u[0] ** 2) * u[1] - u[0]]),
    "brusselator": (
        [1.5, 3.0],
        lambda t, u: [1 + u[0] ** 2 * u[1] - 4 * u[0], 3 * u[0] - u[0] ** 2 * u[1]],
    ),
    "allen-cahn": (
        [0.2, 0.4, 0.6, 0.5, 0.3, 0.1, -0.1, -0.3, -0.4, -0.2, 0.0, 0.3, 0.5, 0.4, 0.2],
        lambda t, u: 12.8 * np.convolve(u, [1, -2, 1], mode="same") + u - u**3,
    ),
}

if __name__ == "__main__":
    print("# problem, then the components of u(1)")
    for name, (start, f) in PROBLEMS.items():
        # The smallest relative tolerance that SciPy takes is 100 roundings.
        found = solve_ivp(f, (0, 1), start, method="DOP853", rtol=2.3e-14, atol=1e-16)
        assert found.success
        print(name, *(f"{x:.16e}" for x in found.y[:, -1]))
