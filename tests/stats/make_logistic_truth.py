"""Prints as JSON scikit-learn's logistic regressions, searched to the end, with their probabilities on rows of their own and on new
ones (read by logistic_test.cpp).

Exit status 3: scikit-learn is not installed.
"""

import json
import sys
import warnings

try:
    import numpy as np
    from sklearn.linear_model import LogisticRegression
except ImportError:
    sys.exit(3)

warnings.simplefilter("ignore")  # where doubles are exhausted, newton-cg says that its line search failed
rng = np.random.default_rng(8)


def case(name, n, p, k, c=1.0, balanced=False, kind="normal", seen=None):
    truth = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    if seen is not None:
        truth = np.asarray(seen)[truth % len(seen)]
    new = 7
    y = np.concatenate([truth, rng.integers(0, k, new)])
    if kind == "counts":  # mostly zeros, one gene much greater than the rest
        x = rng.poisson(np.where(np.arange(p) == 0, 40, 0.3), (n + new, p)) + (y[:, None] % 3 == np.arange(p) % 3) * rng.poisson(0.2, (n + new, p))
        x = x.astype(float)
    else:
        x = np.round(4 + rng.normal(size=(n + new, p)) + 0.3 * y[:, None] * (np.arange(p) % 5 == 0), 3)
    # newton-cg and newton-cholesky agree on all of these to 1.3e-7; lbfgs stops up to 1.5e-4 away from both
    model = LogisticRegression(C=c, solver="newton-cg", tol=1e-12, max_iter=100000, class_weight="balanced" if balanced else None)
    model.fit(x[:n], truth)
    probability = np.zeros((n + new, k))
    probability[:, model.classes_] = model.predict_proba(x)
    return {"name": name, "n": n, "p": p, "k": k, "c": c, "balanced": balanced, "truth": truth.tolist(), "x": x.ravel().tolist(),
            "probability": probability.ravel().tolist()}


cases = []
for k in (2, 4):
    for c in (0.001, 1.0, 100.0):
        for balanced in (False, True):
            for kind in ("normal", "counts"):
                cases.append(case(f"{k} classes, few features, C {c}, {kind}", 80, 6, k, c, balanced, kind))
                cases.append(case(f"{k} classes, more features than rows, C {c}, {kind}", 40, 150, k, c, balanced, kind))
cases.append(case("rows too many for their inner products", 410, 430, 2, 1.0, False, "counts"))
cases.append(case("three classes named, two seen", 30, 50, 3, seen=[0, 2]))
cases.append(case("four classes named, three seen", 30, 5, 4, seen=[3, 1, 2]))
json.dump(cases, sys.stdout)
