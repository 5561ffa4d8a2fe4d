"""Every step that SciPy's embedded pairs take on four problems, up to time 1.

    python3 tests/golden/numerics/adaptive.py > tests/golden/numerics/adaptive.txt

Written with SciPy 1.17.1 and NumPy 2. A line: pair, problem, rtol, atol, evaluations of f, times after each step.
"""

from scipy.integrate import solve_ivp

from problems import PROBLEMS

print("# pair, problem, rtol, atol, evaluations of f, times after each step")
for pair, method in (("bosh3", "RK23"), ("dopri5", "RK45")):
    for name in ("logistic", "lotka-volterra", "van-der-pol", "brusselator"):
        start, f = PROBLEMS[name]
        rtol, atol = 1e-5, 1e-8
        found = solve_ivp(f, (0, 1), start, method=method, rtol=rtol, atol=atol)
        assert found.success
        print(pair, name, rtol, atol, found.nfev, *(f"{t:.12e}" for t in found.t[1:]))
